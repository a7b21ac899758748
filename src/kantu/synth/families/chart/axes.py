"""The axes of a chart: where numbers lie on the picture, ticks with their gridlines, the categories' names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PIL import ImageDraw

from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.typesetting import Type
from kantu.synth.families.chart.data import Data
from kantu.synth.families.chart.look import Look
from kantu.synth.page import Box

Lines = tuple[tuple[str, ...], ...]
"""The lines each category's name is broken into."""

Place = Callable[[float, float], tuple[float, float]]
"""A point of the canvas -> the same point of the surface that `smooth` paints on."""

_FINE = 2  # marks that are not upright are painted this much larger, and shrunk


@dataclass(frozen=True)
class Plane:
    """The area between the axes. Numbers run upwards, or to the right where the chart lies on its side."""

    area: Box
    data: Data
    lying: bool

    def at(self, value: float) -> float:
        """Where a value lies along the numbers' axis, in pixels."""
        x1, y1, x2, y2 = self.area
        share = value / self.data.top
        return x1 + share * (x2 - x1) if self.lying else y2 - share * (y2 - y1)

    @property
    def slot(self) -> float:
        """Pixels a category takes."""
        x1, y1, x2, y2 = self.area
        return ((y2 - y1) if self.lying else (x2 - x1)) / len(self.data.categories)

    def middle(self, category: int) -> float:
        """Where a category's middle lies along the other axis."""
        return (self.area[1] if self.lying else self.area[0]) + (category + 0.5) * self.slot


def broken_names(data: Data, type_: Type, width: float, most: int) -> Lines | None:
    """The categories' names in at most `most` lines of `width`, or None where one does not fit."""
    names = tuple(type_.broken(name, width)[0] for name in data.categories)
    wide = any(type_.width(line) > width for name in names for line in name)
    split = any(len(name) > 1 and name[0][-1].isascii() and name[1][0].isascii() for name in names)
    return None if wide or split or any(len(name) > most for name in names) else names


def plane(data: Data, look: Look, area: Box, *, lying: bool) -> tuple[Plane, Lines] | None:
    """The plane within `area` once its ticks and names have their room; None where they do not fit."""
    x1, y1, x2, y2 = area
    tick, name = look.type("tick"), look.type("name")
    gap = 5 * look.style.scale
    if lying:
        names = broken_names(data, name, (x2 - x1) * 0.34, 2)
        if names is None:
            return None
        left = max(name.width(line) for lines in names for line in lines) + gap
        bottom = tick.size + gap if look.ticks else gap / 2
        right = tick.width(data.tick(data.top)) / 2 + 1 if look.ticks else 0.0
        found = Plane((x1 + left, y1, x2 - right, y2 - bottom), data, lying)
        tall = max(len(lines) for lines in names) * name.size * 1.15
        fits = found.slot >= tall + 2 * look.style.scale
        fits = fits and found.area[2] - found.area[0] > 70 * look.style.scale
        count = data.top // data.step
        fits = fits and (
            not look.ticks or tick.width(data.tick(data.top)) + gap < (found.area[2] - found.area[0]) / count
        )
        return (found, names) if fits else None
    left = max(tick.width(data.tick(value)) for value in (data.top, data.step)) + gap if look.ticks else gap / 2
    slot = (x2 - x1 - left) / len(data.categories)
    names = broken_names(data, name, slot - 4 * look.style.scale, 2)
    if names is None:
        return None
    bottom = max(len(lines) for lines in names) * name.size * 1.15 + gap
    found = Plane((x1 + left, y1 + tick.size / 2, x2, y2 - bottom), data, lying)
    fits = found.area[3] - found.area[1] > max(70 * look.style.scale, 1.25 * tick.size * (data.top // data.step))
    return (found, names) if fits else None


def draw_axes(canvas: Canvas, found: Plane, names: Lines, look: Look) -> None:
    """Gridlines and ticks, the axes themselves, the categories' names."""
    x1, y1, x2, y2 = found.area
    data, line = found.data, look.style.line
    tick, name = look.type("tick"), look.type("name")
    wide = max(1, round(look.style.scale))
    gap = 5 * look.style.scale
    for value in range(0, data.top + 1, data.step):
        at = round(found.at(value))
        ends = ((at, y1), (at, y2)) if found.lying else ((x1, at), (x2, at))
        if look.grid == "line" or (look.grid == "dashed" and value == 0):
            canvas.draw.line(ends, fill=line, width=wide)
        elif look.grid == "dashed":
            _dash(canvas.draw, *ends, fill=line, width=wide, step=4 * look.style.scale)
        if look.ticks:
            text = data.tick(value)
            if found.lying:
                canvas.text(at, y2 + gap, text, tick, anchor="m", role="tick")
            else:
                canvas.text(x1 - gap, at - tick.size / 2, text, tick, anchor="r", role="tick")
    if look.frame:
        canvas.draw.rectangle(found.area, outline=look.style.soft, width=wide)
    elif look.axis:
        end = (x1, y1) if found.lying else (x2, y2)
        canvas.draw.line(((x1, y2), end), fill=look.style.soft, width=wide)
    for index, lines in enumerate(names):
        middle = found.middle(index)
        for row, text in enumerate(lines):
            if found.lying:
                top = middle - len(lines) * name.size * 1.15 / 2 + row * name.size * 1.15
                canvas.text(x1 - gap, top, text, name, anchor="r", role="name", name=f"name{index}")
            else:
                top = y2 + gap + row * name.size * 1.15
                canvas.text(middle, top, text, name, anchor="m", role="name", name=f"name{index}")


def _dash(
    draw: ImageDraw.ImageDraw, start: tuple[float, float], end: tuple[float, float], *,
    fill: tuple[int, int, int], width: int, step: float,
) -> None:  # fmt: skip
    length = abs(end[0] - start[0]) + abs(end[1] - start[1])
    for index in range(int(length / step / 2) + 1):
        a, b = (min(part * step / length, 1.0) for part in (2 * index, 2 * index + 1))
        points = [tuple(s + (e - s) * share for s, e in zip(start, end, strict=True)) for share in (a, b)]
        draw.line(points, fill=fill, width=width)


def smooth(canvas: Canvas, area: Box, paint: Callable[[ImageDraw.ImageDraw, Place, int], None]) -> None:
    """Paint marks in `area` with soft edges: `paint` gets a larger surface, how to map points onto it, and how much."""
    left, top, right, bottom = int(area[0]), int(area[1]), round(area[2]) + 1, round(area[3]) + 1
    part = canvas.image.crop((left, top, right, bottom))
    large = part.resize((part.width * _FINE, part.height * _FINE), 0)
    paint(ImageDraw.Draw(large), lambda x, y: ((x - left) * _FINE, (y - top) * _FINE), _FINE)
    canvas.image.paste(large.reduce(_FINE), (left, top))


def free(box: Box, taken: Sequence[Box], within: Box) -> bool:
    """Whether `box` lies in `within` and clear of all `taken`."""
    if box[0] < within[0] or box[1] < within[1] or box[2] > within[2] or box[3] > within[3]:
        return False
    return not any(
        min(box[2], b[2]) - max(box[0], b[0]) > -2 and min(box[3], b[3]) - max(box[1], b[1]) > -1 for b in taken
    )
