"""Small pages drawn for the tests of the vision stage: exact pixels, and the lines a perfect reader would give."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from kantu.contenders.pipeline.seen import Box, Seen
from kantu.contenders.pipeline.vision import look
from kantu.solve.reader import PrintedLine
from kantu.synth.draw import faces

RGB = tuple[int, int, int]

WHITE: RGB = (255, 255, 255)
INK: RGB = (30, 30, 30)
RED: RGB = (220, 40, 40)
GREEN: RGB = (40, 180, 90)
BLUE: RGB = (40, 110, 230)
ORANGE: RGB = (245, 150, 30)
GREY: RGB = (200, 200, 200)


class Sheet:
    """A page under construction."""

    def __init__(self, width: int, height: int, ground: RGB = WHITE) -> None:
        self.image = Image.new("RGB", (width, height), ground)
        self.draw = ImageDraw.Draw(self.image)
        self.lines: list[PrintedLine] = []

    def text(self, x: int, y: int, text: str, *, color: RGB = INK, size: int = 16) -> int:
        """Print a line with its em box at x, y; gives its number."""
        font = faces.load(faces.closest("sans", 400), size)
        self.draw.text((x, y + round(0.88 * size)), text, font=font, fill=color, anchor="ls")
        width = round(font.getlength(text))
        self.lines.append(PrintedLine(text, (x, y, x + width, y + size), 1.0))
        return len(self.lines) - 1

    def plate(self, box: Box, color: RGB | None, *, radius: int = 6, text: str = "", ink: RGB = WHITE) -> None:
        """A rounded rectangle, a frame without `color`, with a text in its middle."""
        x1, y1, x2, y2 = box
        outline = None if color else INK
        self.draw.rounded_rectangle((x1, y1, x2 - 1, y2 - 1), radius, fill=color, outline=outline)
        if text:
            self.text((x1 + x2 - 16 * len(text)) // 2, (y1 + y2) // 2 - 8, text, color=ink)

    @property
    def pixels(self) -> npt.NDArray[np.uint8]:
        return np.asarray(self.image)

    def look(self) -> Seen:
        """What the vision stage makes of the page."""
        return look(self.pixels, self.lines)


def near(box: Box, other: Box, slack: int = 3) -> bool:
    """Whether two boxes are the same but for a few pixels."""
    return all(abs(a - b) <= slack for a, b in zip(box, other, strict=True))
