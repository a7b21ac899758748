"""What a "reading" page says where: texts, rows in reading order, neighbours, names of colours."""

from __future__ import annotations

import colorsys
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from kantu.synth.draw.reading_order import hull, reading_rows
from kantu.synth.families.reading.blocks import Fact
from kantu.synth.page import Box, Color, Line, Page

_HUES = {"红色": 0.0, "橙色": 0.08, "黄色": 0.15, "绿色": 0.36, "蓝色": 0.6, "紫色": 0.77, "粉色": 0.9}


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
            page.lines[group[0]].size,
            page.lines[group[0]].color,
            group[0],
            len(group) > 1,
        )
        for group in groups
    )


def color_name(color: Color) -> str:
    """The everyday name of a strong colour, "" for greys and what lies between names."""
    hue, saturation, value = colorsys.rgb_to_hsv(*(part / 255 for part in color))
    if saturation < 0.5 or value < 0.35:
        return ""
    for name, center in _HUES.items():
        if min(abs(hue - center), 1 - abs(hue - center)) < 0.035:
            return name
    return ""


def vivid(color: Color) -> bool:
    _, saturation, value = colorsys.rgb_to_hsv(*(part / 255 for part in color))
    return saturation > 0.3 and value > 0.3


@dataclass(frozen=True)
class Scene:
    """A page ready to be asked about: as it is shown, and before it was rotated (`flat`), for rows and neighbours."""

    rng: random.Random
    page: Page
    flat: Page
    facts: tuple[Fact, ...]
    texts: tuple[Text, ...]

    @cached_property
    def rows(self) -> list[list[Line]]:
        """The page's lines in reading order."""
        return reading_rows(self.flat.lines, self.flat.elements)

    def unique(self, text: str) -> bool:
        """Whether `text` stands once on the page, and in no other text."""
        return sum(text in each.text for each in self.texts) == 1

    def shown(self, text: str) -> bool:
        """Whether `text` can be read on the page as one line or a broken text."""
        return any(text in each.text for each in self.texts)

    def relative(self, box: Box) -> list[int]:
        """`box` in thousandths of the page."""
        width, height = self.page.image.size
        scaled = (box[0] / width, box[1] / height, box[2] / width, box[3] / height)
        return [min(1000, max(0, round(1000 * part))) for part in scaled]

    def some_text(self, longest: int = 16) -> Text | None:
        """A text that can be pointed at by quoting it."""
        choices = [each for each in self.texts if 2 <= len(each.text) <= longest and self.unique(each.text)]
        return self.rng.choice(choices) if choices else None


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


def hues_apart(a: Color, b: Color) -> bool:
    hues = [colorsys.rgb_to_hsv(*(part / 255 for part in each))[0] for each in (a, b)]
    gap = abs(hues[0] - hues[1])
    return min(gap, 1 - gap) > 0.09
