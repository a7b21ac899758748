"""The part of a picture that a question names by coordinates, in thousandths of its sides: what stands there."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kantu.contenders.pipeline.boxes import area_of
from kantu.contenders.pipeline.parts import Picture
from kantu.contenders.pipeline.seen import Box, SeenElement
from kantu.contenders.pipeline.wording import element_words
from kantu.solve.printed import Span, boxes_of
from kantu.tasks.judges import overlap

_NUMBERS = re.compile(r"[\[(（【]\s*(\d{1,4}(?:\s*[,，、]\s*\d{1,4}){1,3})\s*[\])）】]")
_WHOLE = 1000
_WITHIN = 0.5  # of a character lies in the region: it is read
_AGREES = 0.4  # IoU: an element is the region that was named


def named_region(question: str) -> tuple[int, ...] | None:
    """The first box (four numbers) or point (two) in a question; None where there is none.

    >>> named_region("[120, 40, 600,90]这个框里的字是什么")
    (120, 40, 600, 90)
    """
    for match in _NUMBERS.finditer(question):
        numbers = tuple(map(int, re.findall(r"\d+", match[1])))
        if len(numbers) != 3 and max(numbers) <= _WHOLE:
            return numbers
    return None


def told_region(region: tuple[int, ...], picture: Picture) -> str:
    """What stands in a box or at a point: words row by row, then elements; empty where nothing does."""
    width, height = picture.size
    x1, y1 = region[0] * width / _WHOLE, region[1] * height / _WHOLE
    if len(region) == 2:
        return "\n".join(_at_point(x1, y1, picture))
    x2, y2 = region[2] * width / _WHOLE, region[3] * height / _WHOLE
    return "\n".join(_in_box((x1, y1, x2, y2), picture))


def _in_box(box: tuple[float, float, float, float], picture: Picture) -> Iterator[str]:
    for row in picture.seen.rows:
        words = [text for number in row if (text := _words_in(box, number, picture))]
        if words:
            yield " ".join(words)
    for element in picture.seen.elements:
        if overlap(box, element.box) >= _AGREES:
            yield _told(element)


def _words_in(box: tuple[float, float, float, float], number: int, picture: Picture) -> str:
    """The characters of a line that lie in a box."""
    line = picture.lines[number]
    if _share_within(line.box, box) == 0:
        return ""
    places = [boxes_of((Span(number, at, at + 1),), picture.lines)[0] for at in range(len(line.text))]
    return "".join(
        char for char, place in zip(line.text, places, strict=True) if _share_within(place, box) >= _WITHIN
    ).strip()


def _at_point(x: float, y: float, picture: Picture) -> Iterator[str]:
    """The smallest element around a point and the words there; else the line nearest to it."""
    around = [element for element in picture.seen.elements if _distance(x, y, element.box) == 0]
    if around:
        yield _told(min(around, key=lambda element: area_of(element.box)))
    if picture.lines:
        nearest = min(picture.lines, key=lambda line: _distance(x, y, line.box))
        yield nearest.text


def _told(element: SeenElement) -> str:
    return f"〔{element_words(element)}〕{element.text or element.label}"


def _share_within(box: Box, outer: tuple[float, float, float, float]) -> float:
    """How much of a box lies in another."""
    across = min(box[2], outer[2]) - max(box[0], outer[0])
    down = min(box[3], outer[3]) - max(box[1], outer[1])
    return max(across, 0) * max(down, 0) / max(area_of(box), 1)


def _distance(x: float, y: float, box: Box) -> float:
    across = max(box[0] - x, 0, x - box[2])
    down = max(box[1] - y, 0, y - box[3])
    return float(across + down)
