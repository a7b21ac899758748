"""Reads what the pictures of a family say and what is asked of them from `families/NAME.toml`.

A `[[page]]` names its `layout` (a template of the folder `families/NAME`), `width`, `height`, `scale` and `font`; all
else is for the template. In its strings `|` parts the pieces of one row, and `*` at a piece's end means that it is
chosen. A template draws a piece with `m(piece)`, or writes `k(piece)` into the tag of an element whose box is that of
the piece; both mark it for the browser where a question rests on it. `boxed` are the pieces whose place is asked for.

A line of `ask` is `kind | question | answer | !forbidden; forbidden`:

- in an answer the braces stand around the values: `它是{关}着的。` They hold no more than what every right
  answer has: `{64}.00 元`;
- of a `box` the answer is the piece, or `piece=label`;
- of a `record` it is `name=piece; name=null`;
- an `unanswerable` one has no values.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape
from page import KAI, MICRO, SANS, SERIF, ZEN, Question, Screen

FAMILIES = Path(__file__).resolve().parent / "families"
FONTS = {"sans": SANS, "serif": SERIF, "micro": MICRO, "zen": ZEN, "kai": KAI}
FRAME = ("layout", "width", "height", "scale", "font", "ask")
#: What a template uses and does not draw as words that can be read.
UNREAD = ("accent", "look", "behind")
BRACES = re.compile(r"\{([^{}]+)\}")
#: What stands before the words of a check box, a radio button, or a message that is not only words.
TICK = re.compile(r"^(?:[\[(][x ][\])]|[vpfmr]:)")
PARTS = re.compile(r"\||>>")
#: Kinds whose values may stand nowhere on the page.
DERIVED = frozenset(
    {"count", "how_many", "compare", "arithmetic", "choice", "state", "which", "where", "doing", "injected"}
)


def pages(family: str) -> list[Screen]:
    """The screens of a family, in the order of its file."""
    text = (FAMILIES / f"{family}.toml").read_text(encoding="utf-8")
    return [screen_of(number, page) for number, page in enumerate(tomllib.loads(text)["page"], 1)]


def screen_of(number: int, page: Mapping[str, Any]) -> Screen:
    """One screen of a page's table."""
    shown = {name: value for name, value in page.items() if name not in FRAME}
    questions = tuple(question_of(line) for line in page["ask"].strip().splitlines())
    pieces = list(dict.fromkeys(pieces_of(value for name, value in shown.items() if name not in UNREAD)))
    truth = {piece: piece for question in questions for piece in rests_on(question, pieces)}
    boxed = {question.box for question in questions}
    return Screen(
        number, page["width"], page.get("height", 0), f"{page['layout']}.html", truth, questions,
        {"accent": "#1677ff", "look": "", "note": "", "boxed": boxed, **shown, **marks(truth)}, page.get("scale", 1),
        FONTS[page.get("font", "sans")],
    )  # fmt: skip


def pieces_of(values: Iterable[Any]) -> Iterable[str]:
    """Every piece of text in a page's table."""
    for value in values:
        if isinstance(value, str):
            for piece in PARTS.split(value):
                yield TICK.sub("", piece.strip()).removesuffix("*").removeprefix(">")
        elif isinstance(value, Mapping):
            yield from pieces_of(value.values())
        elif isinstance(value, list):
            yield from pieces_of(value)


def question_of(line: str) -> Question:
    """A question from its line."""
    kind, question, answer, *rest = (part.strip() for part in line.split(" | "))
    forbidden = tuple(text.strip() for part in rest for text in part.removeprefix("!").split(";"))
    if kind == "box":
        piece, _, label = answer.partition("=")
        return Question(kind, question, task="locate", box=piece, label=label or piece)
    if kind == "record":
        pairs = (pair.split("=", 1) for pair in answer.split("; "))
        named = {name: None if piece == "null" else piece for name, piece in pairs}
        return Question(kind, question, task="extract", record=named)
    if kind == "unanswerable":
        return Question(kind, question, answer, absent=True, forbidden=forbidden)
    if kind == "transcribe":
        return Question(kind, question, answer, task="read")
    values = tuple(BRACES.findall(answer))
    return Question(kind, question, BRACES.sub(r"\1", answer), values, forbidden=forbidden)


def rests_on(question: Question, pieces: list[str]) -> Iterable[str]:
    """The pieces that hold what a right answer says: the quoted one, else the shortest with a value."""
    if question.box is not None:
        yield question.box
    for piece in (question.record or {}).values():
        if piece is not None:
            yield piece
    for value in question.values:
        holding = sorted((piece for piece in pieces if value in piece), key=len)
        quoted = [piece for piece in holding if piece in question.answer and len(piece) > 1]
        if question.kind not in DERIVED:
            yield from quoted[-1:] or holding[:1]
        elif len(value) > 1:
            yield from quoted[-1:]


def marks(truth: Mapping[str, str]) -> dict[str, Any]:
    """The functions `m` and `k` of a template. A piece that is drawn twice is marked the first time."""
    waiting = set(truth)

    def key(piece: str) -> Markup:
        if piece not in waiting:
            return Markup()
        waiting.remove(piece)
        return Markup(' data-truth="{}" data-whole').format(piece)

    def mark(piece: str) -> Markup:
        if piece not in waiting:
            return escape(piece)
        waiting.remove(piece)
        return Markup('<span data-truth="{}">{}</span>').format(piece, piece)

    return {"m": mark, "k": key}
