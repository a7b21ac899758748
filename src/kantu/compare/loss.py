"""Where the pipeline loses a fact: the first of its stages whose output no longer holds what the right answer states.

What a right answer states is known: its values, the fields of its record, its text, or its box. A stage holds

- a printed value where the value is found in its text as `solve.evidence` finds it (width and blanks do not count,
  every digit does, it may be broken over lines);
- a text where at least nine in ten of its characters stand there in this order;
- a box where a line, words in lines, an element or a table covers the true one with an IoU of a half; from the
  description on, where the name of what stands in the box is held: a model without eyes names it, and `finish` looks
  its place up;
- what is to be seen (the state of a switch, what a picture shows, how many there are) where its words name it.

The stages, in order, and what is looked at:

- `ocr`: the lines that were read. Only facts that are printed can be lost here: those that the drawn page is known to
  print; of a picture whose lines are not known, those that were read at least nearly.
- `layout`: what was seen besides the letters. It loses what is to be seen, a box where nothing was found, and a printed
  value that no longer stands with the words that the question names it by (see `_stand_together`).
- `description`: the words that the text model is given.
- `model`: its completion. It lost what the description still held, made something up, or obeyed the picture.
- `finish`: the answer that is wrong although the completion was right.

An answer that has to be worked out (a sum, a verdict, which is more) stands in no stage word for word: it is counted as
`worked_out`, and no stage is blamed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from kantu.compare.held import found_boxes, holds_box, holds_text, holds_value, plain_lines, seen_words
from kantu.contenders.pipeline.parts import Picture, Trace
from kantu.evaluation.items import Box, Item
from kantu.evaluation.measures import first_box
from kantu.evaluation.tables import RIGHT
from kantu.solve.evidence import verified
from kantu.solve.printed import near_places
from kantu.solve.reader import PrintedLine
from kantu.tasks.builtin import LOCATE, READ, READ_BOXES
from kantu.tasks.plain import plain

Stage = Literal["ocr", "layout", "description", "model", "finish", "worked_out"]
STAGES: tuple[Stage, ...] = ("ocr", "layout", "description", "model", "finish", "worked_out")

_SEEN_KINDS = frozenset(("state", "which", "where", "how_many", "doing"))
_WORKED_OUT_KINDS = frozenset(
    ("arithmetic", "compare", "count", "answer", "steps", "verdict", "match", "choice", "present", "copy")
)
_WORKED_OUT_TASKS = frozenset(("moderate", "match", "problem", "copy"))
_LEAST_ANCHOR = 2  # characters of a question that name what it asks for
_ROW = 0.5  # of the lower of two lines lies beside the other


@dataclass(frozen=True)
class Loss:
    """Where the first fact was lost, and which."""

    stage: Stage
    fact: str


@dataclass(frozen=True)
class _Fact:
    """What a right answer states: a value, a whole text, or what stands in a box (in thousandths)."""

    words: str
    is_text: bool = False
    box: Box | None = None


def first_loss(item: Item, trace: Trace, page: Sequence[PrintedLine] | None) -> Loss | None:
    """Where a wrong answer of the pipeline became wrong; None where it is right.

    Args:
        page: the lines that the first picture is known to show; None where that is not known.
    """
    if item.task.score(item.truth, trace.text) >= RIGHT:
        return None
    if item.task.score(item.truth, trace.completion.text) >= RIGHT:
        return Loss("finish", item.truth.answer)
    if item.truth.absent or item.truth.fooled(trace.completion.text):
        return Loss("model", item.truth.answer)
    if item.kind in _WORKED_OUT_KINDS or item.task.name in _WORKED_OUT_TASKS:
        return Loss("worked_out", item.truth.answer)
    found = [Loss(stage, fact.words) for fact in _facts(item) if (stage := _lost(fact, item, trace, page)) is not None]
    return min(found, key=lambda loss: STAGES.index(loss.stage), default=Loss("model", item.truth.answer))


def _facts(item: Item) -> Iterator[_Fact]:
    """What the right answer to a question states."""
    if item.task.name == LOCATE.name:
        label = next(_leaves(_json(item.truth.answer), only="label"), "")
        yield _Fact(label, box=first_box(item.truth.answer))
    elif item.task.name == READ.name:
        yield _Fact(item.truth.answer, is_text=True)
    elif item.task.name == READ_BOXES.name:
        yield _Fact("".join(_leaves(_json(item.truth.answer), only="text")), is_text=True)
    elif item.task.result is not None:
        yield from (_Fact(value) for value in _leaves(_json(item.truth.answer)))
    else:
        yield from (_Fact(value) for value in item.truth.values or (item.truth.answer,))


def _lost(fact: _Fact, item: Item, trace: Trace, page: Sequence[PrintedLine] | None) -> Stage | None:
    """The stage that lost one fact; None where the description still holds it, so that it was the model."""
    pictures = trace.pictures
    lines = [line for picture in pictures for line in picture.lines]
    words = "\n".join(picture.description for picture in pictures)
    if fact.box is not None:
        return _box_lost(fact.words, fact.box, trace, page)
    if fact.is_text:
        if not holds_text(fact.words, "".join(line.text for line in lines)):
            return "ocr"
        return None if holds_text(fact.words, words) else "description"
    if item.kind in _SEEN_KINDS or not _is_printed(fact.words, lines, page):
        if not any(holds_value(fact.words, seen_words(picture)) for picture in pictures):
            return "layout"
        return None if holds_value(fact.words, words) else "description"
    if not verified(fact.words, lines):
        return "ocr"
    if len(pictures) == 1 and not _stand_together(fact.words, item.question, pictures[0]):
        return "layout"
    return None if verified(fact.words, plain_lines(words)) else "description"


def _is_printed(value: str, lines: Sequence[PrintedLine], page: Sequence[PrintedLine] | None) -> bool:
    if page is not None:
        return verified(value, page)
    return verified(value, lines) or bool(near_places(value, lines))


def _box_lost(label: str, box: Box, trace: Trace, page: Sequence[PrintedLine] | None) -> Stage:
    """Of what stands in a box of the first picture."""
    picture = trace.pictures[0]
    if _is_printed(label, picture.lines, page) and not verified(label, picture.lines):
        return "ocr"
    if not holds_box(box, found_boxes(label, picture)):
        return "layout"
    if not holds_value(label, picture.description):
        return "description"
    return "finish" if holds_value(label, trace.completion.text) else "model"


def _stand_together(value: str, question: str, picture: Picture) -> bool:
    """Whether a value still stands with the words of the question that name it.

    These are the longest words of the question that a line has read, the value itself aside; a question that names
    nothing printed has lost nothing. They stand together in one line, in one row, in one element or table, or in lines
    one above the other with no line between them.
    """
    named = _named(question, value, picture.lines)
    if not named:
        return True
    holding = [number for number, line in enumerate(picture.lines) if holds_value(value, line.text)]
    if not holding:  # broken over lines
        return True
    groups = [set(row) for row in picture.seen.rows]
    groups += [set(element.lines) for element in picture.seen.elements]
    groups += [set(table.lines) for table in picture.seen.tables]
    return any(
        one == other
        or any({one, other} <= group for group in groups)
        or _is_next(picture.lines[one].box, picture.lines[other].box, [line.box for line in picture.lines])
        for one in named
        for other in holding
    )


def _named(question: str, value: str, lines: Sequence[PrintedLine]) -> list[int]:
    """Lines that hold the longest piece of the question that any line holds."""
    asked, best, found = plain(question).replace(plain(value), " "), _LEAST_ANCHOR - 1, list[int]()
    texts = [plain(line.text) for line in lines]
    for start in range(len(asked)):
        for end in range(len(asked), start + best, -1):
            piece = asked[start:end]
            if " " not in piece and (holding := [number for number, text in enumerate(texts) if piece in text]):
                best, found = end - start, holding
                break
    return found


def _is_next(
    a: tuple[int, int, int, int], b: tuple[int, int, int, int], every: Sequence[tuple[int, int, int, int]]
) -> bool:
    """Whether one box is the next one below the other, or beside it."""
    upper, lower = sorted((a, b), key=lambda box: box[1])
    beside = min(upper[3], lower[3]) - max(upper[1], lower[1])
    if beside > _ROW * min(upper[3] - upper[1], lower[3] - lower[1]):
        return True
    across = max(a[0], b[0]), min(a[2], b[2])
    if across[0] >= across[1]:
        return False
    return not any(
        upper[3] <= (box[1] + box[3]) / 2 <= lower[1] and min(box[2], across[1]) > max(box[0], across[0])
        for box in every
        if box not in (a, b)
    )


def _leaves(value: Any, only: str = "") -> Iterator[str]:
    """Texts and numbers of a JSON value, boxes left out; of objects only one key's where it is named."""
    if isinstance(value, dict):
        for key, each in value.items():
            if key != "bbox_2d" and (not only or key == only):
                yield from _leaves(each, only)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each, only)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def _json(text: str) -> Any:
    """A JSON value; of prose, the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return re.sub(r"\s+", "", text)
