"""What classical vision has seen on a page besides the letters: the message between stage 3 and stage 4."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Box = tuple[int, int, int, int]
"""x1, y1, x2, y2 in pixels of the prepared picture."""

Kind = Literal[
    "banner", "button", "tag", "input", "card", "bubble", "tab", "switch", "checkbox", "radio", "slider", "progress",
    "bar", "slice", "point", "picture", "icon",
]  # fmt: skip

State = Literal["", "on", "off", "selected", "unselected", "left", "right"]

ColorName = Literal["", "红", "橙", "黄", "绿", "青", "蓝", "紫", "粉", "棕", "灰", "黑", "白"]
"""A colour as people name it; "" where there is none to name, such as that of a picture."""


@dataclass(frozen=True, slots=True)
class SeenElement:
    """Something on the page that is not a line of text.

    Attributes:
        color: that of its ground; of a checkbox or a radio, its mark's.
        state: "on" or "off" for switches and checkboxes, "selected" or "unselected" for tabs and radios, "left" or
            "right" for the side a bubble stands on.
        text: what is printed inside it, lines joined by a space.
        label: what is printed beside it and belongs to it: the name of a switch, a bar's category, a slice's legend.
        series: of a bar or a point, what the legend calls its colour.
        value: what its length tells: a bar's height on its axis, a slice's, slider's or progress bar's share in
            percent. None where it tells nothing.
        lines: which of the page's lines lie in it.
    """

    kind: Kind
    box: Box
    color: ColorName = ""
    state: State = ""
    text: str = ""
    label: str = ""
    series: str = ""
    value: float | None = None
    lines: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """Lines that stand in columns: `cells` has a text for each row and column, "" where nothing is printed."""

    box: Box
    cells: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """A page as stage 3 has seen it. Lines are told by their number in what the reader gave.

    Attributes:
        elements: from top to bottom, those at one height from left to right.
        ground: the colour of most of the page.
        rows: lines printed at one height, from left to right; rows from top to bottom.
        tables: rows whose lines stand in columns.
        line_colors: the colour of each line's ink.
        line_grounds: the colour behind each line.
    """

    elements: tuple[SeenElement, ...]
    ground: ColorName
    rows: tuple[tuple[int, ...], ...]
    tables: tuple[Table, ...]
    line_colors: tuple[ColorName, ...]
    line_grounds: tuple[ColorName, ...]
