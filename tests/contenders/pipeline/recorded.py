"""A pipeline without a reader: pictures, stages and what they hand on, out of a few recorded lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from kantu.contenders.contender import Contender
from kantu.contenders.pipeline.describe import describe
from kantu.contenders.pipeline.intake import take_in
from kantu.contenders.pipeline.language import Language
from kantu.contenders.pipeline.ocr import Ocr
from kantu.contenders.pipeline.parts import Picture, Style
from kantu.contenders.pipeline.seen import ColorName, Seen, SeenElement, Table
from kantu.contenders.pipeline.stages import Stages, describing, finishing, prompting
from kantu.solve.reader import PrintedLine

SIZE = (400, 800)

LINES = (PrintedLine("待付款", (40, 40, 160, 70), 0.99), PrintedLine(" 35元 ", (300, 100, 380, 130), 0.98))


class Recorded:
    """A reader that has always read the same; remembers the sizes of what it was shown."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def read(self, pixels: npt.NDArray[np.uint8]) -> tuple[PrintedLine, ...]:
        self.shapes.append(pixels.shape)
        return LINES


def line(text: str, x: int, y: int, *, height: int = 20) -> PrintedLine:
    """A line whose characters are as wide as they are high."""
    return PrintedLine(text, (x, y, x + height * len(text), y + height), 0.99)


def seen(
    lines: Sequence[PrintedLine],
    *elements: SeenElement,
    tables: tuple[Table, ...] = (),
    colors: Mapping[int, ColorName] | None = None,
) -> Seen:
    """A white page on which lines with equal tops are a row; inks are black where `colors` does not say otherwise."""
    levels: dict[int, list[int]] = {}
    for number, each in enumerate(lines):
        levels.setdefault(each.box[1], []).append(number)
    inks: list[ColorName] = [(colors or {}).get(number, "黑") for number in range(len(lines))]
    rows = tuple(tuple(levels[top]) for top in sorted(levels))
    grounds: list[ColorName] = ["白"] * len(lines)
    return Seen(elements, "白", rows, tables, tuple(inks), tuple(grounds))


def picture(lines: Sequence[PrintedLine], *elements: SeenElement, style: Style = "markdown") -> Picture:
    """A described picture of `SIZE`."""
    found = seen(lines, *elements)
    return Picture(SIZE, 1.0, tuple(lines), found, describe(lines, found, SIZE, style))


def recorded_stages(model: Contender, reader: Recorded | None = None) -> Stages:
    """Stages of which the reader and classical vision have always found the same."""
    return Stages(
        intake=take_in,
        ocr=Ocr(lambda threads: reader or Recorded()),
        vision=lambda request: seen(request.lines),
        describe=describing,
        language=Language(model),
        prompt=prompting("short"),
        finish=finishing(),
    )
