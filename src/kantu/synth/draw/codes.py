"""Things that look like the codes of squares and bars on papers and screens; they encode nothing."""

from __future__ import annotations

import random

from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.layout import Piece, picture
from kantu.synth.page import Box, Color


def squares(rng: random.Random, size: float, ink: Color) -> Piece:
    """Something that looks like a QR code."""
    pattern = rng.getrandbits(21 * 21)

    def paint(canvas: Canvas, area: Box) -> None:
        step = size / 21
        for index in range(21 * 21):
            y, x = divmod(index, 21)
            corner = next(((x - a, y - b) for a in (0, 14) for b in (0, 14) if (a, b) != (14, 14)
                           and 0 <= x - a < 7 and 0 <= y - b < 7), None)  # fmt: skip
            dark = pattern >> index & 1
            if corner:
                dark = max(abs(corner[0] - 3), abs(corner[1] - 3)) != 2
            if dark:
                left, top = area[0] + x * step, area[1] + y * step
                canvas.draw.rectangle((left, top, left + step - 0.4, top + step - 0.4), fill=ink)
        canvas.element("picture", "二维码", area)

    return picture(size, size, paint)


def bars(rng: random.Random, width: float, height: float, ink: Color) -> Piece:
    """Something that looks like a bar code."""
    widths = [rng.choice((1, 1, 2, 3)) for _ in range(60)]

    def paint(canvas: Canvas, area: Box) -> None:
        unit, at = width / sum(widths), area[0]
        for index, wide in enumerate(widths):
            if index % 2 == 0:
                canvas.draw.rectangle((at, area[1], at + wide * unit - 0.5, area[3]), fill=ink)
            at += wide * unit
        canvas.element("picture", "条形码", area)

    return picture(width, height, paint)
