"""What every family of `synth` returns: a picture and the exact truth about it."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from PIL import Image

from kantu.synth.facts import Fact, Pair
from kantu.tasks.builtin import ASK

Box = tuple[float, float, float, float]
"""x1, y1, x2, y2 in pixels of the picture it belongs to."""

Color = tuple[int, int, int]
"""Red, green and blue, 0 to 255."""


@dataclass(frozen=True)
class Line:
    """One run of text drawn with one font in one colour.

    `char_boxes` has one box per character of `text` (spaces included). `size` is the em in pixels, `color` that of the
    ink as drawn. `role` says what the line is on the page ("label", "value", "title", "button", "status", ...); `name`
    links it to a key of `Page.fields` when it shows one.
    """

    text: str
    box: Box
    char_boxes: tuple[Box, ...]
    size: float
    role: str = ""
    name: str = ""
    color: Color = (0, 0, 0)


@dataclass(frozen=True)
class Element:
    """Something that is not text: a button, a picture, an icon, a card.

    A control may have a `state` ("on", "off", "selected", "unselected", "disabled", "empty") and a `color`, that of its
    ground where it has one of its own.
    """

    kind: str
    label: str
    box: Box
    state: str = ""
    color: Color | None = None


@dataclass(frozen=True)
class Question:
    """A question a user would ask about the page, and one right answer.

    `kind` names what is asked (a field, "transcribe", "record", "box", "next_step", "unanswerable", ...), so that
    accuracy can be told by kind. `values` are the exact strings a right answer must contain; empty when only the whole
    answer can be compared. `task` is the name of the task it belongs to, by which an answer is judged (`kantu.tasks`);
    where the thing asked for is `absent`, a right answer says that the picture does not show it. No right answer
    contains a string that is `forbidden`.
    """

    kind: str
    question: str
    answer: str
    values: tuple[str, ...] = ()
    task: str = ASK.name
    absent: bool = False
    forbidden: tuple[str, ...] = ()


@dataclass(frozen=True)
class Page:
    """A drawn picture with its truth. Equal (family, seed) gives an equal page, byte for byte.

    `more(rng, count)` makes up to `count` further questions of the family's kinds; None where it has no more to ask.
    """

    family: str
    seed: int
    image: Image.Image
    lines: tuple[Line, ...]
    elements: tuple[Element, ...] = ()
    facts: tuple[Fact, ...] = ()
    questions: tuple[Question, ...] = ()
    more: Callable[[random.Random, int], tuple[Question, ...]] | None = field(default=None, compare=False, repr=False)

    @property
    def fields(self) -> Mapping[str, str]:
        """The values the page shows, by the family's name for them or, where it has none, by the printed label."""
        return {fact.key: fact.value for fact in self.facts if isinstance(fact, Pair)}
