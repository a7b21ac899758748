"""Pies and rings, with their shares beside, inside or in the legend."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from PIL import ImageDraw

from kantu.synth.draw.canvas import Canvas
from kantu.synth.families.chart.axes import Place, free, smooth
from kantu.synth.families.chart.data import Data
from kantu.synth.families.chart.look import Look
from kantu.synth.families.chart.plots import Cells, legible
from kantu.synth.page import Box, Color


@dataclass(frozen=True)
class _Slice:
    index: int
    start: float
    end: float

    @property
    def middle(self) -> float:
        """Radians, clockwise from three o'clock."""
        return math.radians((self.start + self.end) / 2)


def draw_pie(canvas: Canvas, area: Box, data: Data, look: Look, *, named: bool, start: float) -> Cells | None:
    """A pie in `area`. `named`: each slice's name stands beside it (and with labels its share), else only shares do.

    None, and nothing drawn, where there is no room for that: without their names nobody knows the slices.
    """
    type_, scale = look.type("number"), look.style.scale
    x1, y1, x2, y2 = area
    beside = named or (look.labels and not look.inside)
    texts = [_text(data, index, named=named, labels=look.labels) for index in range(len(data.categories))]
    reach = 12 * scale
    wide = max(map(type_.width, texts)) + reach + 4 * scale if beside else 0.0
    tall = type_.size + reach * 0.6 if beside else 0.0
    radius = min((x2 - x1) / 2 - wide, (y2 - y1) / 2 - tall)
    if radius < 34 * scale:
        return None
    cx, cy = (x1 + x2) / 2, (y1 + y2) / 2
    slices, angle = [], start
    for index, value in enumerate(data.values[0]):
        turn = 360 * value / sum(data.values[0])
        slices.append(_Slice(index, angle, angle + turn))
        angle += turn
    ring = look.hole * radius

    taken: list[Box] = [line.box for line in canvas.lines]
    placed: list[tuple[int, str, float, float, Color]] = []
    for each, text in zip(slices, texts, strict=True):
        c, s = math.cos(each.middle), math.sin(each.middle)
        width, height = type_.width(text), type_.size
        if beside:
            x, y = cx + c * (radius + reach), cy + s * (radius + reach * 0.8)
            left = x if c > 0.25 else x - width if c < -0.25 else x - width / 2
            top = y - height / 2 if abs(c) > 0.25 else y - height if s < 0 else y
            fitting = free((left, top, left + width, top + height), taken, area)
            ink = type_.fill
        else:
            middle = (radius + ring) / 2 if ring else radius * 0.64
            left, top = cx + c * middle - width / 2, cy + s * middle - height / 2
            chord = 2 * middle * math.sin(math.radians(min(each.end - each.start, 180)) / 2)
            room = radius - ring if ring else radius * 0.6
            fitting = chord > math.hypot(width, height) * 0.9 and room > width + 2
            ink = legible(look.color(each.index))
        if fitting:
            taken.append((left, top, left + width, top + height))
            placed.append((each.index, text, left, top, ink))
    if named and len(placed) < len(slices):
        return None

    def paint(draw: ImageDraw.ImageDraw, place: Place, fine: int) -> None:
        box = (*place(cx - radius, cy - radius), *place(cx + radius, cy + radius))
        for each in slices:
            draw.pieslice(box, each.start, each.end, fill=look.color(each.index), outline=look.ground, width=fine)
        if ring:
            draw.ellipse((*place(cx - ring, cy - ring), *place(cx + ring, cy + ring)), fill=look.ground)
        if beside:
            for each in slices:
                c, s = math.cos(each.middle), math.sin(each.middle)
                ends = [place(cx + c * r, cy + s * r) for r in (radius, radius + reach * 0.7)]
                draw.line(ends, fill=look.color(each.index), width=fine)

    smooth(canvas, (cx - radius - reach, cy - radius - reach, cx + radius + reach, cy + radius + reach), paint)
    canvas.element("pie", data.title, (cx - radius, cy - radius, cx + radius, cy + radius))
    if not beside and not look.labels:
        return frozenset()
    for index, text, left, top, ink in placed:
        canvas.text(left, top, text, replace(type_, fill=ink), role="number", name=f"value0-{index}")
    return frozenset((0, index) for index, *_ in placed) if look.labels else frozenset()


def _text(data: Data, index: int, *, named: bool, labels: bool) -> str:
    share = data.write(data.values[0][index])
    if not named:
        return share
    return f"{data.categories[index]} {share}" if labels else data.categories[index]
