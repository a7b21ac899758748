"""Small shapes with smooth edges, as screens show them: drawn larger and shrunk."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from PIL import Image, ImageDraw

from kantu.synth.draw.canvas import Canvas
from kantu.synth.page import Box, Color

_TIMES = 3

Point = tuple[float, float]


class Pen:
    """Draws in the coordinates of a canvas, on a piece of it that is `_TIMES` as large."""

    def __init__(self, draw: ImageDraw.ImageDraw, left: int, top: int) -> None:
        self._draw = draw
        self._left, self._top = left, top

    def _box(self, box: Box) -> Box:
        x1, y1 = (box[0] - self._left) * _TIMES, (box[1] - self._top) * _TIMES
        x2, y2 = (box[2] - self._left) * _TIMES - 1, (box[3] - self._top) * _TIMES - 1
        return x1, y1, max(x2, x1), max(y2, y1)

    def rounded(
        self, box: Box, radius: float, fill: Color | None, *, outline: Color | None = None, width: float = 1
    ) -> None:
        """A rectangle with round corners."""
        x1, y1, x2, y2 = self._box(box)
        radius = min(radius * _TIMES, (x2 - x1) / 2, (y2 - y1) / 2)
        thick = max(1, round(width * _TIMES))
        self._draw.rounded_rectangle((x1, y1, x2, y2), radius, fill=fill, outline=outline, width=thick)

    def disc(self, box: Box, fill: Color | None, *, outline: Color | None = None, width: float = 1) -> None:
        """An ellipse."""
        self._draw.ellipse(self._box(box), fill=fill, outline=outline, width=max(1, round(width * _TIMES)))

    def arc(self, box: Box, start: float, end: float, fill: Color, width: float) -> None:
        """A part of an ellipse, in degrees clockwise from the right."""
        self._draw.arc(self._box(box), start, end, fill=fill, width=max(1, round(width * _TIMES)))

    def line(self, points: Sequence[Point], fill: Color, width: float) -> None:
        """A stroke with round joints."""
        at = [((x - self._left) * _TIMES, (y - self._top) * _TIMES) for x, y in points]
        self._draw.line(at, fill=fill, width=max(1, round(width * _TIMES)), joint="curve")

    def polygon(self, points: Sequence[Point], fill: Color) -> None:
        """A filled shape."""
        self._draw.polygon([((x - self._left) * _TIMES, (y - self._top) * _TIMES) for x, y in points], fill=fill)


@contextmanager
def pen(canvas: Canvas, box: Box, margin: float = 2.0) -> Iterator[Pen]:
    """A pen for what lies within `box` and `margin` pixels around it; what it drew is on the canvas at the end."""
    left, top = max(math.floor(box[0] - margin), 0), max(math.floor(box[1] - margin), 0)
    right, bottom = min(math.ceil(box[2] + margin), canvas.width), min(math.ceil(box[3] + margin), canvas.height)
    if right <= left or bottom <= top:
        yield Pen(ImageDraw.Draw(Image.new("RGB", (1, 1))), left, top)  # all of it is outside
        return
    size = ((right - left) * _TIMES, (bottom - top) * _TIMES)
    tile = canvas.image.crop((left, top, right, bottom)).resize(size, Image.Resampling.NEAREST)
    yield Pen(ImageDraw.Draw(tile), left, top)
    canvas.image.paste(tile.reduce(_TIMES), (left, top))
