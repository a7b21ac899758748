"""A table as it is drawn: ruled, striped or bare, with merged headers, sums below, letters and numbers at its edges."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from kantu.synth.draw import palette
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.style import Style
from kantu.synth.draw.typesetting import Type
from kantu.synth.families.table.content import Content
from kantu.synth.page import Box, Color

RULES = ("all", "all", "all", "rows", "rows", "none", "three", "outer", "columns")
_LETTERS = "ABCDEFGHIJKL"


@dataclass(frozen=True)
class Look:
    """How one table is set. Lengths are in drawn pixels; `numbers` and `texts` are l(eft), m(iddle) or r(ight)."""

    head: Type
    cell: Type
    rules: str
    striped: bool
    header: Color | None
    first: bool
    pad: float
    high: float
    numbers: str
    texts: str
    sheet: bool
    line: Color
    stripe: Color
    heavy: Color


def make_look(rng: random.Random, style: Style, ground: Color, *, sheet: bool = False) -> Look:
    """A random look on `ground`; `sheet`: like a spreadsheet, with letters over its columns and numbers before rows."""
    far = palette.grey(255 if palette.luminance(ground) < 0.25 else 0)
    kind = rng.random()
    header: Color | None = None
    if kind < 0.3:
        header = palette.mix(ground, far, rng.uniform(0.04, 0.14))
    elif kind < 0.5:
        header = style.solid(rng)
    elif kind < 0.65:
        header = palette.mix(ground, style.accent, rng.uniform(0.1, 0.3))
    bold = rng.random() < 0.5
    head = style["head"] if bold else replace(style["head"], face=style["cell"].face)
    if header:
        head = replace(head, fill=style.surface(rng, header).ink)
    return Look(
        head=replace(head, size=style["cell"].size) if rng.random() < 0.7 else head,
        cell=style["cell"],
        rules="all" if sheet else rng.choice(RULES),
        striped=not sheet and rng.random() < 0.25,
        header=header,
        first=rng.random() < 0.15,
        pad=rng.choice((4, 5, 6, 8, 10)) * style.scale,
        high=rng.choice((3, 4, 5, 6, 8, 10)) * style.scale,
        numbers=rng.choice("rrmml") if not sheet else "r",
        texts=rng.choice("llmmm") if not sheet else "l",
        sheet=sheet,
        line=palette.mix(ground, far, rng.choice((0.12, 0.18, 0.3, 0.6, 0.85))),
        stripe=palette.mix(ground, far, rng.uniform(0.025, 0.07)),
        heavy=palette.mix(ground, far, rng.uniform(0.5, 0.9)),
    )


@dataclass(frozen=True)
class Placed:
    """A table on the page: its content and the boxes of its rows and of its cells' texts, by (row, column)."""

    content: Content
    box: Box
    rows: tuple[Box, ...]
    cells: dict[tuple[int, int], Box]


def _anchored(left: float, wide: float, pad: float, align: str) -> float:
    return {"l": left + pad, "m": left + wide / 2, "r": left + wide - pad}[align]


def widths(content: Content, look: Look) -> list[float]:
    """How wide each column has to be."""
    found = []
    for column in content.columns:
        texts = [look.cell.width(text) for text in (*column.cells, column.total)]
        found.append(max(*texts, look.head.width(column.name)) + 2 * look.pad)
    if content.total:
        found[0] = max(found[0], look.cell.width(content.total) + 2 * look.pad)
    start = 0
    while start < len(found):  # a merged header needs room over its columns together
        group = content.columns[start].group
        end = start + 1
        while group and end < len(found) and content.columns[end].group == group:
            end += 1
        lacking = look.head.width(group) + 2 * look.pad - sum(found[start:end])
        for index in range(start, end):
            found[index] += max(lacking, 0) / (end - start)
        start = end
    return found


def row_height(look: Look) -> float:
    """Pixels a row takes."""
    return max(look.head.size, look.cell.size) + 2 * look.high


def lines_of(content: Content) -> int:
    """Rows it takes with its header and sums."""
    return len(content.keys) + bool(content.total) + (2 if any(column.group for column in content.columns) else 1)


def draw_table(
    canvas: Canvas, x: float, y: float, wide: float, content: Content, look: Look, ground: Color, *, empty: int = 0
) -> Placed:
    """Draw at (x, y); columns share what `wide` leaves over. The caller has seen to it that all fits.

    A sheet goes on for `empty` rows under the table.
    """
    sizes = widths(content, look)
    edge = look.cell.width("00") + look.pad if look.sheet else 0.0
    extra = max(wide - edge - sum(sizes), 0) / len(sizes)
    sizes = [size + extra for size in sizes]
    tall = row_height(look)
    left, top = x + edge, y + (tall if look.sheet else 0)
    lefts = [left + sum(sizes[:index]) for index in range(len(sizes))]
    right = left + sum(sizes)
    heads = 2 if any(column.group for column in content.columns) else 1
    count = len(content.keys)
    bottom = top + tall * (heads + count + bool(content.total))
    if look.sheet:
        _edges(canvas, x, y, edge, tall, lefts, sizes, heads + count + bool(content.total) + empty, look, ground)
    _grounds(canvas, (left, top, right, bottom), tall, heads, count, content, look, sizes[0])
    _rules(canvas, (left, top, right, bottom), tall, heads, count, content, look, [*lefts, right])
    _header(canvas, top, tall, heads, content, look, lefts, sizes)
    cells: dict[tuple[int, int], Box] = {}
    for column_index, column in enumerate(content.columns):
        align = look.numbers if column.number else look.texts
        at = _anchored(lefts[column_index], sizes[column_index], look.pad, align)
        for row_index, text in enumerate((*column.cells, column.total)):
            line_top = top + tall * (heads + row_index) + (tall - look.cell.size) / 2
            last = row_index == count
            shown = content.total if last and column_index == 0 and content.total else text
            if shown:
                role = "total" if last else "cell"
                cells[row_index, column_index] = canvas.text(at, line_top, shown, look.cell, anchor=align, role=role)
    rows = tuple((left, top + tall * (heads + i), right, top + tall * (heads + i + 1)) for i in range(count))
    box = (x, y, right, bottom)
    canvas.element("table", content.title, box)
    for key, row_box in zip(content.keys, rows, strict=True):
        canvas.element("row", key, row_box)
    return Placed(content, box, rows, cells)


def _grounds(
    canvas: Canvas, box: Box, tall: float, heads: int, count: int, content: Content, look: Look, first: float
) -> None:
    left, top, right, bottom = box
    if look.striped:
        for index in range(1, count, 2):
            start = top + tall * (heads + index)
            canvas.draw.rectangle((left, start, right, start + tall), fill=look.stripe)
    if look.first:
        canvas.draw.rectangle((left, top + tall * heads, left + first, bottom), fill=look.stripe)
    if look.header:
        canvas.draw.rectangle((left, top, right, top + tall * heads), fill=look.header)
    if content.total and look.striped:
        canvas.draw.rectangle((left, bottom - tall, right, bottom), fill=look.stripe)


def _rules(
    canvas: Canvas, box: Box, tall: float, heads: int, count: int, content: Content, look: Look, edges: list[float]
) -> None:
    left, top, right, bottom = map(round, box)
    draw, thin = canvas.draw, max(1, round(tall / 40))
    body = round(top + tall * heads)
    if look.rules == "three":
        for at in (top, bottom):
            draw.line((left, at, right, at), fill=look.heavy, width=2 * thin)
        draw.line((left, body, right, body), fill=look.heavy, width=thin)
        return
    if look.rules in ("all", "rows", "columns"):
        lines = range(count + bool(content.total) + 1)
        for index in lines if look.rules != "columns" else (0,):
            at = round(body + tall * index)
            draw.line((left, at, right, at), fill=look.line, width=thin)
    if look.rules in ("all", "columns"):
        split = {
            i
            for i, column in enumerate(content.columns)
            if i and column.group and column.group == content.columns[i - 1].group
        }
        for index, edge in enumerate(edges):
            start = top + tall if index in split else top
            draw.line((round(edge), round(start), round(edge), bottom), fill=look.line, width=thin)
        for index, column in enumerate(content.columns):
            if column.group:
                draw.line(
                    (round(edges[index]), round(top + tall), round(edges[index + 1]), round(top + tall)),
                    fill=look.line,
                    width=thin,
                )
    if look.rules in ("all", "outer", "columns"):
        draw.rectangle((left, top, right, bottom), outline=look.line, width=thin)


def _edges(
    canvas: Canvas, x: float, y: float, edge: float, tall: float, lefts: list[float], sizes: list[float], count: int,
    look: Look, ground: Color,
) -> None:  # fmt: skip
    """Letters over the columns and numbers before the rows."""
    far = palette.grey(255 if palette.luminance(ground) < 0.25 else 0)
    shade, type_ = palette.mix(ground, far, 0.07), replace(look.cell, fill=palette.mix(ground, far, 0.6))
    right, bottom = lefts[-1] + sizes[-1], y + tall * (count + 1)
    canvas.draw.rectangle((x, y, right, y + tall), fill=shade)
    canvas.draw.rectangle((x, y, x + edge, bottom), fill=shade)
    for index, (left, wide) in enumerate(zip(lefts, sizes, strict=True)):
        canvas.draw.line((left, y, left, bottom), fill=look.line)
        canvas.text(left + wide / 2, y + (tall - type_.size) / 2, _LETTERS[index], type_, anchor="m", role="edge")
    for index in range(count):
        top = y + tall * (index + 1)
        canvas.draw.line((x, top, right, top), fill=look.line)
        canvas.text(x + edge / 2, top + (tall - type_.size) / 2, str(index + 1), type_, anchor="m", role="edge")


def _header(
    canvas: Canvas, top: float, tall: float, heads: int, content: Content, look: Look, lefts: list[float],
    sizes: list[float],
) -> None:  # fmt: skip
    for index, column in enumerate(content.columns):
        align = "m" if heads > 1 else look.numbers if column.number else look.texts
        at = _anchored(lefts[index], sizes[index], look.pad, align)
        high = tall if column.group else tall * heads
        start = top + (tall if column.group else 0)
        canvas.text(at, start + (high - look.head.size) / 2, column.name, look.head, anchor=align, role="head")
        if column.group and (index == 0 or content.columns[index - 1].group != column.group):
            wide = sum(size for size, c in zip(sizes, content.columns, strict=True) if c.group == column.group)
            middle = lefts[index] + wide / 2
            canvas.text(middle, top + (tall - look.head.size) / 2, column.group, look.head, anchor="m", role="head")
