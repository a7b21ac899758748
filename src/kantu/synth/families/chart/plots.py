"""Bars, lying bars, stacks, groups and lines. Each says which of its values can be read beside their marks."""

from __future__ import annotations

from dataclasses import dataclass, replace

from PIL import ImageDraw

from kantu.synth.draw import palette
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.parts import plate
from kantu.synth.families.chart.axes import Place, Plane, free, smooth
from kantu.synth.families.chart.look import Look
from kantu.synth.page import Box, Color

Cells = frozenset[tuple[int, int]]
"""(series, category) of values."""


@dataclass(frozen=True)
class Mark:
    """A bar or a piece of one: whose it is and where it lies."""

    series: int
    category: int
    box: Box


def _marks(found: Plane, look: Look, stacked: bool) -> list[Mark]:
    data = found.data
    count = 1 if stacked else len(data.series)
    wide = found.slot * min(look.thick, 0.9 if count == 1 else 0.86)
    each = wide / count
    marks = []
    for category in range(len(data.categories)):
        below = 0
        for series, row in enumerate(data.values):
            start = found.middle(category) - wide / 2 + (0 if stacked else series * each)
            end = start + each - (0 if count == 1 else max(1, each * 0.06))
            low, high = found.at(below if stacked else 0), found.at((below if stacked else 0) + row[category])
            below += row[category]
            box = (low, start, high, end) if found.lying else (start, high, end, low)
            marks.append(Mark(series, category, box))
    return marks


def _paint_bar(canvas: Canvas, box: Box, color: Color, found: Plane, look: Look, *, stacked: bool) -> None:
    left, top, right, bottom = map(round, box)
    box = (left, top, max(right, left + 1), max(bottom, top + 1))
    radius = 0.0 if stacked else min(look.radius, (box[3] - box[1]) / 2, (box[2] - box[0]) / 2)
    if look.fill == "gradient":
        pale = palette.mix(color, look.ground, 0.45)
        canvas.gradient(
            box, *((pale, color) if found.lying else (color, pale)), radius=radius, vertical=not found.lying
        )
    elif look.fill == "outline":
        inner = palette.mix(color, look.ground, 0.6)
        canvas.rounded(box, radius, inner, outline=color, width=max(1, round(look.style.scale)))
    else:
        plate(canvas, box, radius, (color,))
        if stacked:
            canvas.draw.rectangle(box, outline=look.ground)


def draw_bars(canvas: Canvas, found: Plane, look: Look, *, stacked: bool, varied: bool) -> Cells:
    """Bars of one series, groups of several, or stacks; `varied` gives each bar of one series its own colour."""
    data, type_ = found.data, look.type("number")
    gap, scale = 3 * look.style.scale, look.style.scale
    marks = _marks(found, look, stacked)
    for mark in marks:
        color = look.color(mark.category if varied else mark.series)
        _paint_bar(canvas, mark.box, color, found, look, stacked=stacked)
        of = data.categories[mark.category]
        label = of if len(data.series) == 1 else f"{of}的{data.series[mark.series]}"
        canvas.element("bar", label, mark.box)
    if not look.labels:
        return frozenset()
    labels: list[tuple[Mark, str, Box, bool]] = []
    for mark in marks:
        text = data.write(data.values[mark.series][mark.category])
        width, height = type_.width(text), float(type_.size)
        x1, y1, x2, y2 = mark.box
        across, along = (y2 - y1, x2 - x1) if found.lying else (x2 - x1, y2 - y1)
        wide, long = (height, width) if found.lying else (width, height)
        inside = (stacked or look.inside) and along > long + 2 * gap and across > wide + 2
        if stacked and not inside:
            continue
        room = found.slot if len(data.series) == 1 and not found.lying else across + 2 * scale
        if wide > room:
            return frozenset()  # numbers on some bars only would look broken
        if found.lying:
            left = x2 + gap if not inside else (x1 + x2 - width) / 2 if stacked else x2 - gap - width
            box = (left, (y1 + y2 - height) / 2, left + width, (y1 + y2 + height) / 2)
        else:
            top = y1 - gap - height if not inside else (y1 + y2 - height) / 2 if stacked else y1 + gap
            box = ((x1 + x2 - width) / 2, top, (x1 + x2 + width) / 2, top + height)
        labels.append((mark, text, box, inside))
    within = (0.0, 0.0, float(canvas.width), float(canvas.height))
    taken: list[Box] = [line.box for line in canvas.lines]
    printed = set()
    for mark, text, box, inside in labels:
        if not free(box, taken, within):
            continue
        taken.append(box)
        color = look.color(mark.category if varied else mark.series)
        if inside and look.fill == "outline":
            color = palette.mix(color, look.ground, 0.6)
        ink = legible(color) if inside else type_.fill
        canvas.text(
            box[0], box[1], text, replace(type_, fill=ink), role="number", name=f"value{mark.series}-{mark.category}"
        )
        printed.add((mark.series, mark.category))
    return frozenset(printed)


def legible(back: Color) -> Color:
    """White or nearly black, whichever can be read on `back`."""
    white, black = palette.grey(255), palette.grey(20)
    return white if palette.contrast(white, back) >= 3.0 else black


def draw_lines(canvas: Canvas, found: Plane, look: Look, *, filled: bool) -> Cells:
    """A line a series through the middles of the categories; numbers over or under their points."""
    data, type_, scale = found.data, look.type("number"), look.style.scale
    points = [[(found.middle(category), found.at(value)) for category, value in enumerate(row)] for row in data.values]
    size = 2.6 * scale

    def paint(draw: ImageDraw.ImageDraw, place: Place, fine: int) -> None:
        for series, row in enumerate(points):
            color = look.color(series)
            mapped = [place(x, y) for x, y in row]
            draw.line(mapped, fill=color, width=max(2, round(1.7 * scale * fine)), joint="curve")
            for x, y in mapped:
                radius = size * fine
                box = (x - radius, y - radius, x + radius, y + radius)
                if look.markers == "dot":
                    draw.ellipse(box, fill=color)
                elif look.markers == "ring":
                    draw.ellipse(box, fill=look.ground, outline=color, width=fine)
                elif look.markers == "square":
                    draw.rectangle(box, fill=color)

    if filled:
        for series, row in enumerate(points):
            floor = found.area[3]
            shade = palette.mix(look.color(series), look.ground, 0.75)
            canvas.draw.polygon([(row[0][0], floor), *row, (row[-1][0], floor)], fill=shade)
    margin = size + 2 * scale
    x1, y1, x2, y2 = found.area
    smooth(canvas, (x1 - margin, y1 - margin, x2 + margin, y2 + margin), paint)
    if not look.labels:
        return frozenset()
    within = (0.0, 0.0, float(canvas.width), float(canvas.height))
    taken: list[Box] = [line.box for line in canvas.lines]
    dots = [(x - size, y - size, x + size, y + size) for row in points for x, y in row]
    printed = set()
    for series, row in enumerate(points):
        for category, (x, y) in enumerate(row):
            text = data.write(data.values[series][category])
            half, height = type_.width(text) / 2, type_.size
            near = size + 2 * scale
            others = [other[category][1] for other in points if other is not row]
            tops = [y - near - height, y + near]
            if any(other < y for other in others) and not any(other > y for other in others):
                tops.reverse()
            for top in tops:
                box = (x - half, top, x + half, top + height)
                mine = (x - size, y - size, x + size, y + size)
                if free(box, [*taken, *(dot for dot in dots if dot != mine)], within):
                    taken.append(box)
                    ink = look.color(series) if len(points) > 1 else type_.fill
                    if palette.contrast(ink, look.ground) < 2.6:
                        ink = type_.fill
                    canvas.text(
                        box[0], top, text, replace(type_, fill=ink), role="number", name=f"value{series}-{category}"
                    )
                    printed.add((series, category))
                    break
    return frozenset(printed)
