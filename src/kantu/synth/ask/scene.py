"""A page ready to be asked about: its texts, rows in reading order, neighbours."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from kantu.synth.draw import distractors
from kantu.synth.draw.reading_order import hull, reading_rows
from kantu.synth.facts import Fact, Pair
from kantu.synth.page import Box, Color, Line, Page, Question

_COLONS = "：: "
_ALL_THERE_IS = frozenset(("transcribe", "at_box", "box"))  # kinds of question

F = TypeVar("F", bound=Fact)


@dataclass(frozen=True)
class Text:
    """One text of the page: the lines it was broken into, as one. `index` is its first line's in `Page.lines`."""

    text: str
    box: Box
    size: float
    ink: Color
    index: int
    broken: bool


def texts_of(page: Page) -> tuple[Text, ...]:
    """The texts of a page in drawing order: consecutive lines with the same name and role are one broken text."""
    groups: list[list[int]] = []
    for index, line in enumerate(page.lines):
        before = page.lines[index - 1] if index else None
        if before and line.name and (line.name, line.role) == (before.name, before.role):
            groups[-1].append(index)
        else:
            groups.append([index])
    return tuple(
        Text(
            "".join(page.lines[index].text for index in group),
            hull([page.lines[index].box for index in group]),
            max(page.lines[index].size for index in group),
            page.lines[group[0]].color,
            group[0],
            len(group) > 1,
        )
        for group in groups
    )


@dataclass(frozen=True)
class Scene:
    """A page as it is shown, and before it was worn (`flat`): rows and neighbours are told from straight boxes."""

    rng: random.Random
    page: Page
    flat: Page

    @cached_property
    def texts(self) -> tuple[Text, ...]:
        """What is written, broken texts as one."""
        return texts_of(self.flat)

    @cached_property
    def rows(self) -> list[list[Line]]:
        """The page's lines in reading order."""
        return reading_rows(self.flat.lines, self.flat.elements)

    def facts(self, kind: type[F]) -> list[F]:
        """The page's facts of one kind."""
        return [fact for fact in self.page.facts if isinstance(fact, kind)]

    def unique(self, text: str) -> bool:
        """Whether `text` stands once on the page, and in no other text."""
        return sum(text in each.text for each in self.texts) == 1

    def shown(self, text: str) -> bool:
        """Whether `text` can be read on the page as one line or a broken text."""
        return any(text in each.text for each in self.texts)

    def relative(self, box: Box) -> list[int]:
        """`box` in thousandths of the page's sides, as Qwen3-VL writes boxes."""
        return relative(box, self.page)

    def some_text(self, longest: int = 16) -> Text | None:
        """A text that can be pointed at by quoting it."""
        choices = [each for each in self.texts if 2 <= len(each.text) <= longest and self.unique(each.text)]
        return self.rng.choice(choices) if choices else None

    @cached_property
    def _foreign(self) -> frozenset[str]:
        """Texts that lie over the page and are none of its business."""
        broken = {each.text for each in self.texts if self.flat.lines[each.index].role in distractors.ROLES}
        return frozenset(broken | {line.text for line in self.flat.lines if line.role in distractors.ROLES})

    def distracts(self, question: Question) -> bool:
        """Whether a distractor is what the question is answered with, though nothing but the page was meant.

        Who reads out or looks into a box reads all there is.
        """
        return question.kind not in _ALL_THERE_IS and not self._foreign.isdisjoint(question.values)

    @cached_property
    def labelled(self) -> list[Pair]:
        """The pairs whose label means one place of the page."""
        pairs = [pair for pair in self.facts(Pair) if pair.label]
        labels = Counter(pair.label for pair in pairs)
        return [pair for pair in pairs if labels[pair.label] == 1 and self._points(pair.label)]

    def _points(self, label: str) -> bool:
        """Whether one text only is this label, with or without a colon, or begins with it and a colon."""

        def is_it(text: str) -> bool:
            head, rest = text[: len(label)], text[len(label) :]
            return head == label and (not rest.strip(_COLONS) or rest[0] in _COLONS)

        return sum(is_it(each.text) for each in self.texts) == 1


def relative(box: Box, page: Page) -> list[int]:
    """The box in thousandths of the picture's sides."""
    sides = (page.image.width, page.image.height) * 2
    return [min(max(round(1000 * edge / side), 0), 1000) for edge, side in zip(box, sides, strict=True)]


def neighbour(texts: Sequence[Text], text: Text, direction: str) -> Text | None:
    """The text next to `text` to its right, left, above or below; None when none or more than one could be meant."""
    across = direction in ("right", "left")
    a, b = (0, 2) if across else (1, 3)  # edges along the direction
    c, d = (1, 3) if across else (0, 2)  # edges across it
    sign = 1 if direction in ("right", "below") else -1

    def overlap(other: Text) -> float:
        shared = min(text.box[d], other.box[d]) - max(text.box[c], other.box[c])
        return shared / min(text.box[d] - text.box[c], other.box[d] - other.box[c])

    def distance(other: Text) -> float:
        return other.box[a] - text.box[b] if sign > 0 else text.box[a] - other.box[b]

    ahead = [o for o in texts if o is not text and distance(o) > -2 and overlap(o) > (0.5 if across else 0.02)]
    if not ahead:
        return None
    ahead.sort(key=distance)
    first = ahead[0]
    if not across:
        if distance(first) > 3 * text.size or overlap(first) < 0.3:
            return None
        # another text beside `first` in the same band, also under or over the reference, would be as right
        if any(distance(other) < distance(first) + 0.8 * first.size for other in ahead[1:]):
            return None
    return first
