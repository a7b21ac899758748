"""Pictures as the first stages of the pipeline hand them on, out of a few recorded lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kantu.contenders.pipeline.describe import describe
from kantu.contenders.pipeline.parts import Picture, Style
from kantu.contenders.pipeline.seen import ColorName, Seen, SeenElement, Table
from kantu.solve.reader import PrintedLine

SIZE = (400, 800)


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
    return Seen(elements, "白", rows, tables, tuple(inks), ("白",) * len(lines))


def picture(lines: Sequence[PrintedLine], *elements: SeenElement, style: Style = "markdown") -> Picture:
    """A described picture of `SIZE`."""
    found = seen(lines, *elements)
    return Picture(SIZE, 1.0, tuple(lines), found, describe(lines, found, SIZE, style))
