"""Blocks of a "reading" page that show fields: labels with values in rows, columns, grids, pills and inputs."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from kantu.synth.draw import palette
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.layout import Piece, Run
from kantu.synth.draw.parts import divide, plate
from kantu.synth.draw.style import Surface
from kantu.synth.draw.typesetting import Type
from kantu.synth.facts import Fact, Listing, Pair, Table
from kantu.synth.families.reading.blocks import Press
from kantu.synth.words import lexicon, vocabulary
from kantu.synth.words.icons import ICONS


def _fits(type_: Type, width: float, text: str) -> bool:
    return type_.width(text) <= width


def _center(outer: float, inner: float) -> float:
    return (outer - inner) / 2


def field_rows(press: Press, surface: Surface, width: float) -> Piece | None:
    """1 to 7 fields, one a row: value after the label, in a column of its own, or at the right edge."""
    style, rng = press.style, press.rng
    form = rng.choice(("after", "after", "column", "justified", "justified", "right"))
    icon = style["label"].size * 1.25 if rng.random() < 0.15 else 0.0
    chevron = style["label"].size * 0.45 if form == "justified" and rng.random() < 0.15 else 0.0
    indent = icon + 0.5 * style["label"].size if icon else 0.0
    edge = width - (chevron + 0.5 * style["label"].size if chevron else 0.0)
    column = style["label"].size * rng.uniform(4.4, 6.5)
    gap = style["label"].size * rng.choice((0.3, 0.5, 1.0))
    strong = style["value"] if rng.random() < 0.7 else style["body"]

    def room(label_width: float) -> float:
        if form == "column":
            return edge - indent - column if label_width <= column - 4 else 0
        return edge - indent - label_width - gap

    fields: list[tuple[Pair, Run, Run]] = []
    for _ in range(rng.choice((1, 2, 3, 3, 4, 4, 5, 6, 7))):
        most = 1 if form == "justified" else rng.choice((1, 1, 2))
        field = press.pair(style["label"], strong, surface, room, most=most, colon=style.colon)
        if field:
            fields.append(field)
    if not fields:
        return None
    icons = [rng.choice(tuple(ICONS)) for _ in fields]
    heights = [max(label.height, value.height, icon) for _, label, value in fields]
    zebra = palette.mix(surface.back[0], surface.line, 0.4) if rng.random() < 0.08 else None

    def draw(canvas: Canvas, x: float, y: float) -> None:
        for index, ((_, label, value), height) in enumerate(zip(fields, heights, strict=True)):
            if zebra and index % 2 == 0:
                pad = style.row_gap / 2
                plate(canvas, (x - pad, y - pad, x + width + pad, y + height + pad), 0, (zebra,))
            if icon:
                top = y + _center(height, icon)
                canvas.emoji(icons[index], (x, top, x + icon, top + icon), label=ICONS[icons[index]])
            several = len(value.lines) > 1
            first = (value.type.size - label.type.size) / 2 if several else _center(height, label.height)
            value_y = y if several else y + _center(height, value.height)
            if form == "right":
                used = label.width + gap + value.width
                label.draw(canvas, x + width - used, y + first)
                value.draw(canvas, x + width - value.width, value_y)
            else:
                label.draw(canvas, x + indent, y + first)
                if form == "justified":
                    value.draw(canvas, x + edge, value_y, "r")
                else:
                    offset = column if form == "column" else label.width + gap
                    value.draw(canvas, x + indent + offset, value_y)
            if chevron:
                tip, middle = x + width, y + height / 2
                points = [(tip - chevron, middle - chevron), (tip, middle), (tip - chevron, middle + chevron)]
                canvas.draw.line(points, fill=surface.soft, width=max(1, round(style.scale)))
            y += height + style.row_gap
            if index < len(fields) - 1:
                divide(canvas, style, surface.line, x, y - style.row_gap / 2, width)

    facts: list[Fact] = [pair for pair, _, _ in fields]
    if len(fields) > 2:
        facts.append(Listing(tuple(pair.label for pair, _, _ in fields), "信息"))
    return Piece(width, sum(heights) + style.row_gap * (len(fields) - 1), draw, tuple(facts))


def field_grid(press: Press, surface: Surface, width: float) -> Piece | None:
    """Fields in 2 to 4 columns, the value under or over its label, perhaps with rules between."""
    style, rng = press.style, press.rng
    columns = rng.choice((2, 2, 3) if width < 300 * style.scale else (2, 3, 3, 4))
    rows = rng.choice((1, 1, 2, 2, 3))
    cell = width / columns
    inside = cell - 8 * style.scale
    over, anchor = rng.random() < 0.35, rng.choice("lmm")
    types: tuple[Type, Type] = (style["label"], style["big"] if over and rng.random() < 0.3 else style["value"])
    near = style.scale * rng.choice((2, 3, 4, 6))
    gap = max(
        style.row_gap, near + 0.4 * style["label"].size
    )  # a value must be nearer to its own label than to the next
    fields = []
    for _ in range(rows * columns):
        field = press.pair(*types, surface, lambda _: inside, most=rng.choice((1, 1, 2)))
        if field and field[1].width <= inside:
            fields.append(field)
    if len(fields) < 2:
        return None
    rows = -(-len(fields) // columns)
    heights = [
        max(label.height + near + value.height for _, label, value in fields[row * columns : (row + 1) * columns])
        for row in range(rows)
    ]
    ruled = rng.random() < 0.25

    def draw(canvas: Canvas, x: float, y: float) -> None:
        for index, (_, label, value) in enumerate(fields):
            row, place = divmod(index, columns)
            top = y + sum(heights[:row]) + row * gap
            left = x + place * cell
            at = left if anchor == "l" else left + inside / 2
            first, second = (value, label) if over else (label, value)
            canvas.element("column", "", (left, top, left + cell, top + first.height + near + second.height))
            first.draw(canvas, at, top, anchor)
            second.draw(canvas, at, top + first.height + near, anchor)
            if ruled and place:
                rule = left - 5 * style.scale
                canvas.draw.line((rule, top, rule, top + heights[row]), fill=surface.line, width=round(style.scale))

    return Piece(width, sum(heights) + gap * (rows - 1), draw, tuple(pair for pair, _, _ in fields))


def big_field(press: Press, surface: Surface, width: float) -> Piece | None:
    """One field shown large, its label over or under it: a code to collect something with, a balance, a score."""
    style, rng = press.style, press.rng
    spread = replace(style["big"], spacing=rng.choice((0.0, 0.0, 1.0, 3.0, 6.0)) * style.scale)
    field = press.pair(style["label"], spread, surface, lambda _: width)
    if field is None or field[1].width > width:
        return None
    pair, label, value = field
    above, anchor, near = rng.random() < 0.7, rng.choice("lmmr"), style.scale * rng.choice((3, 6, 10))

    def draw(canvas: Canvas, x: float, y: float) -> None:
        at = x + {"l": 0.0, "m": width / 2, "r": width}[anchor]
        first, second = (label, value) if above else (value, label)
        first.draw(canvas, at, y, anchor)
        second.draw(canvas, at, y + first.height + near, anchor)

    return Piece(width, label.height + near + value.height, draw, (pair,))


def field_pills(press: Press, surface: Surface, width: float) -> Piece | None:
    """Fields in rounded pills, flowing from left to right."""
    style, rng = press.style, press.rng
    pad, high = style.scale * rng.choice((5, 8, 10)), style.scale * rng.choice((3, 4, 6))
    outlined = rng.random() < 0.4
    color = palette.mix(surface.back[0], palette.hsv(style.hue, 0.6, 0.5 if style.dark else 1.0), rng.uniform(0.1, 0.3))
    inner = surface if outlined else style.surface(rng, color)
    near = style["label"].size * 0.4
    rows: list[list[tuple[Pair, Run, Run]]] = [[]]
    used = 0.0
    for _ in range(rng.randint(2, 5)):
        field = press.pair(
            style["label"], style["label"], inner, lambda label: width - 2 * pad - label - near, colon=style.colon
        )
        if field is None:
            continue
        size = field[1].width + near + field[2].width + 2 * pad
        if used and used + size > width:
            rows.append([])
            used = 0.0
        rows[-1].append(field)
        used += size + style.gap
    if not rows[0]:
        return None
    height = style["label"].size + 2 * high

    def draw(canvas: Canvas, x: float, y: float) -> None:
        for row in rows:
            left = x
            for _, label, value in row:
                right = left + label.width + near + value.width + 2 * pad
                box = (left, y, right, y + height)
                if outlined:
                    canvas.rounded(box, min(style.button_radius, height / 2), None, outline=surface.line)
                else:
                    plate(canvas, box, style.button_radius, (color,))
                label.draw(canvas, left + pad, y + high)
                value.draw(canvas, left + pad + label.width + near, y + high)
                left = right + style.gap
            y += height + style.row_gap

    facts = tuple(pair for row in rows for pair, _, _ in row)
    return Piece(width, height * len(rows) + style.row_gap * (len(rows) - 1), draw, facts)


def inputs(press: Press, surface: Surface, width: float) -> Piece | None:
    """A form: the label over or before a framed box that holds the value."""
    style, rng = press.style, press.rng
    beside, pad = rng.random() < 0.4, style.scale * rng.choice((5, 7, 9))
    column = style["label"].size * 5.6
    frame = style.surface(rng, palette.mix(surface.back[0], surface.line, rng.choice((0.0, 0.35))))
    left = column if beside else 0.0
    fields = []
    for _ in range(rng.randint(1, 4)):
        field = press.pair(
            style["label"], style["body"], frame,
            lambda label: width - left - 2 * pad if not beside or label <= column - 4 else 0,
        )  # fmt: skip
        if field:
            pair, label, value = field
            again = press.run(label.lines[0], style["label"], surface.soft, "label", name=label.name)
            if again is not None:
                fields.append((pair, again, value))
    if not fields:
        return None
    tall = style["body"].size + 2 * pad
    near = style.scale * 4
    gap = style.row_gap if beside else max(style.row_gap, near + 0.4 * style["label"].size)
    step = tall if beside else style["label"].size + near + tall

    def draw(canvas: Canvas, x: float, y: float) -> None:
        for _, label, value in fields:
            top = y if beside else y + label.height + near
            label.draw(canvas, x, y + (tall - label.height) / 2 if beside else y)
            box = (x + left, top, x + width, top + tall)
            canvas.rounded(box, min(style.radius, tall / 2), frame.back[0], outline=surface.line)
            value.draw(canvas, x + left + pad, top + pad)
            y += step + gap

    height = step * len(fields) + gap * (len(fields) - 1)
    return Piece(width, height, draw, tuple(pair for pair, _, _ in fields))


def table(press: Press, surface: Surface, width: float) -> Piece | None:
    """A table with a header row, ruled or striped; columns as wide as their widest cell."""
    style, rng = press.style, press.rng
    kinds = rng.sample(("goods", "money", "count", "time", "person", "choice", "place", "code"), k=4)
    head, cell_type = style["label"], style["body"]
    pad = style.scale * rng.choice((3, 5, 7))
    columns: list[list[Run]] = []
    used, count = 0.0, rng.randint(2, 5)
    header_fill = style.solid(rng) if rng.random() < 0.3 else palette.mix(surface.back[0], surface.line, 0.5)
    on_header = style.surface(rng, header_fill)
    for kind in kinds[: rng.choice((2, 3, 3, 4))]:
        title = press.new(lambda r, kind=kind: r.choice(lexicon.LABELS[kind]))  # type: ignore[misc]
        if title is None:
            return None
        room = width - used - 2 * pad
        top = press.run(title, head, on_header.ink, "header", width=room)
        most = min(room, width * 0.45)
        cells = []
        for _ in range(count):
            text = press.new(vocabulary.VALUES[kind], partial(_fits, cell_type, most))
            cell = press.run(text, cell_type, surface.ink, "cell") if text else None
            if cell:
                cells.append(cell)
        if top is None or len(cells) < count:
            break
        columns.append([top, *cells])
        used += max(run.width for run in columns[-1]) + 2 * pad
    if len(columns) < 2:
        return None
    extra = (width - used) / len(columns)
    widths = [max(run.width for run in column) + 2 * pad + extra for column in columns]
    tall = max(head.size, cell_type.size) + 2 * pad
    ruled, striped = rng.random() < 0.5, rng.random() < 0.3
    filled = rng.random() < 0.6
    if not filled:
        on_plain = surface.ink
        for column in columns:
            column[0] = replace(column[0], type=replace(column[0].type, fill=on_plain))
    stripe = palette.mix(surface.back[0], surface.line, 0.3)
    anchor = rng.choice("llm")

    def draw(canvas: Canvas, x: float, y: float) -> None:
        for row in range(count + 1):
            box = (x, y + row * tall, x + width, y + (row + 1) * tall)
            if row == 0 and filled:
                plate(canvas, box, 0, (header_fill,))
            elif striped and row % 2 == 0:
                plate(canvas, box, 0, (stripe,))
        if ruled:
            for row in range(count + 2):
                canvas.draw.line((x, y + row * tall, x + width, y + row * tall), fill=surface.line)
            for place in range(len(widths) + 1):
                at = x + sum(widths[:place])
                canvas.draw.line((at, y, at, y + tall * (count + 1)), fill=surface.line)
        left = x
        for column, wide in zip(columns, widths, strict=True):
            for row, run in enumerate(column):
                at = left + (pad if anchor == "l" else wide / 2)
                run.draw(canvas, at, y + row * tall + (tall - run.type.size) / 2, anchor)
            left += wide

    header = tuple(column[0].lines[0] for column in columns)
    rows = tuple(tuple(column[row].lines[0] for column in columns) for row in range(1, count + 1))
    return Piece(width, tall * (count + 1), draw, (Table(header, rows), Listing(tuple(row[0] for row in rows), "数据")))
