"""Lists as phones show them: rows of many kinds, a parcel's journey, values by the hour, posts of people."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from kantu.synth.draw import palette
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.layout import Piece, backed, box, column, paragraph, picture, row, space, spread, text
from kantu.synth.draw.parts import emoji, grouped, plate, rule
from kantu.synth.draw.pen import pen
from kantu.synth.draw.signs import sign
from kantu.synth.facts import Table
from kantu.synth.families.phone.screens import Rows
from kantu.synth.families.phone.values import flowing
from kantu.synth.families.ui.desk import Desk
from kantu.synth.page import Box, Color
from kantu.synth.words.icons import ICONS

_Row = Callable[[Sequence[str]], Piece | None]
"""Makes the piece for one row's cells; None where they do not fit."""


def cell(desk: Desk, said: str, role: str, width: float, *, fill: Color | None = None, align: str = "l") -> Piece:
    """A cell, broken into lines where it must be; its lines are known to belong together."""
    type_ = desk.style[role]
    if fill:
        type_ = replace(type_, fill=fill)
    return paragraph(said, type_, width, leading=1.3, role="cell", name=f"cell {said}", align=align)


def _most_lines(piece: Piece, desk: Desk, role: str) -> float:
    return piece.height / desk.style[role].size


def avatar(desk: Desk, side: float, form: str) -> Piece:
    """A face, a thing or nothing but colour."""
    rng = desk.rng
    if form == "emoji":
        return emoji(rng.choice(tuple(ICONS)), side)
    start = desk.style.solid(rng)
    end = palette.mix(start, palette.hsv(rng.random(), 0.5, 0.9), 0.5)
    radius = side / 2 if form == "disc" else side * 0.22
    return picture(side, side, lambda canvas, area: plate(canvas, area, radius, (start, end)))


def _lead(desk: Desk, form: str) -> Piece:
    side = desk.style["row"].size * 2.1
    if form == "none":
        return space()
    if form == "sign":
        return desk.leader(side * 0.6)
    return box(avatar(desk, side * 0.9, form), side, side)


def _sum_ink(desk: Desk, said: str, tinted: bool) -> Color | None:
    """Sums that come in or go up may have a colour."""
    return desk.style.accent if tinted and said.startswith("+") else None


def _two_lines(desk: Desk, part: Rows, width: float) -> _Row:
    """Name, and under it the other cells; the last of them at the right."""
    rng = desk.rng
    form = rng.choice(("none", "none", "sign", "emoji", "disc", "tile"))
    top, tinted, apart = rng.random() < 0.5, rng.random() < 0.4, rng.random() < 0.5
    last_role = rng.choice(("value", "row", "hint"))
    gap = desk.pixels(9)

    def make(cells: Sequence[str]) -> Piece | None:
        name, *middle, last = cells
        lead = _lead(desk, form)
        room = width - lead.width - (gap if lead.width else 0)
        end = cell(desk, last, last_role, room * 0.5, fill=_sum_ink(desk, last, tinted))
        said = cell(desk, name, "row", room - end.width - gap)
        if _most_lines(said, desk, "row") > 2.4 or _most_lines(end, desk, last_role) > 2.4:
            return None
        beside = room if top else room - end.width - gap
        small = [cell(desk, each, "hint", beside) for each in middle]
        under = flowing(small, beside, desk.pixels(10), desk.pixels(4)) if small else space()
        if top:
            parts = [spread(said, end, room, valign=0.0), *([under] if small else [])]
            body = column(parts, desk.pixels(6), width=room)
        else:
            body = spread(column([said, *([under] if small else [])], desk.pixels(6)), grouped(end), room,
                          valign=0.5 if apart else 0.0)  # fmt: skip
        return row([lead, body], gap) if lead.width else body

    return make


def _one_line(desk: Desk, part: Rows, width: float) -> _Row:
    """All cells in one line: the name at the left, the others at the right."""
    gap = desk.pixels(desk.rng.choice((10, 14)))
    tinted = desk.rng.random() < 0.4

    def make(cells: Sequence[str]) -> Piece | None:
        name, *rest = cells
        end = row([cell(desk, each, "value", width, fill=_sum_ink(desk, each, tinted)) for each in rest], gap)
        room = width - end.width - gap
        if room < desk.style["row"].size * 4:
            return None
        said = cell(desk, name, "row", room)
        return spread(said, end, width) if _most_lines(said, desk, "row") < 2.4 else None

    return make


def _stacked(desk: Desk, part: Rows, width: float) -> _Row:
    """The name over labelled lines."""
    colon = desk.style.colon or "："

    def make(cells: Sequence[str]) -> Piece | None:
        lines = [cell(desk, cells[0], "row", width)]
        for column_, said in zip(part.columns[1:], cells[1:], strict=True):
            label = text(column_ + colon, desk.style["label"], role="label")
            lines.append(row([label, cell(desk, said, "hint", width - label.width - 2)], 2, valign=0.0))
        return column(lines, desk.pixels(6), width=width)

    return make


def _columned(desk: Desk, part: Rows, width: float) -> _Row | None:
    """Cells in columns that all rows share; None where they do not fit."""
    style = desk.style
    gap = desk.pixels(8)
    needed = [
        max(style["value"].width(said) for said in (head, *cells))
        for head, cells in zip(part.columns, zip(*part.rows, strict=True), strict=True)
    ]
    room = width - sum(needed[1:]) - gap * len(needed[1:])
    if room < min(needed[0], style["value"].size * 5):
        return None
    spare = max(room - needed[0], 0) / len(needed)
    widths = [room - spare * (len(needed) - 1), *(each + spare for each in needed[1:])]
    aligns = ["l", *(desk.rng.choice("mr") for _ in needed[1:])]

    def make(cells: Sequence[str]) -> Piece:
        made = [
            box(cell(desk, said, "value", wide), wide, style["value"].size, align={"l": 0.0, "m": 0.5, "r": 1.0}[align])
            for said, wide, align in zip(cells, widths, aligns, strict=True)
        ]
        made[0] = cell(desk, cells[0], "value", widths[0])
        return row([box(made[0], widths[0], made[0].height, align=0.0), *made[1:]], gap)

    return make


def _placed(desk: Desk, part: Rows, width: float) -> tuple[_Row, bool]:
    """How each row looks, and whether the columns' names stand over them."""
    makers = [_two_lines, _two_lines, _one_line, _stacked] if len(part.columns) > 2 else [_two_lines, _one_line]
    if desk.rng.random() < 0.25 and (made := _columned(desk, part, width)):
        return made, True
    return desk.rng.choice(makers)(desk, part, width), False


def _kept(made: list[tuple[tuple[str, ...], Piece]], gap: float, height: float) -> list[Piece]:
    """As many pieces as there is room for, from the first on."""
    kept: list[Piece] = []
    used = 0.0
    for _, piece in made:
        if used + piece.height > height:
            break
        kept.append(piece)
        used += piece.height + gap
    return kept


def _shown(piece: Piece, part: Rows, rows: Sequence[tuple[str, ...]]) -> Piece:
    return piece.showing(Table(part.columns, tuple(rows)))


def listing(desk: Desk, part: Rows, width: float, height: float) -> Piece | None:
    """Rows in one of many forms; what does not fit is left out."""
    rng, style = desk.rng, desk.style
    carded = rng.random() < 0.25
    inner = width - 2 * style.padding if carded else width
    make, headed = _placed(desk, part, inner)
    made = [(cells, piece) for cells in part.rows if (piece := make(cells)) and piece.width <= inner + 1]
    if carded:
        made = [(cells, desk.card(box(piece, inner, piece.height, align=0.0), "条目")) for cells, piece in made]
    ruled = style.divided and not carded
    gap = max(style.row_gap * (1.0 if carded else 1.2), desk.pixels(8)) * (2.0 if ruled else 1.0)
    over: list[Piece] = []
    if headed:
        head = make(part.columns)
        over = [head] if head else []
        height -= sum(piece.height + gap for piece in over)
    kept = _kept(made, gap, height)
    if not kept:
        return None
    lines: list[Piece] = list(over)
    for piece in kept:
        if ruled and lines:
            lines.append(rule(style, width))
        lines.append(piece)
    piece = column(lines, gap / 2 if ruled else gap, width=width)
    return _shown(piece, part, [cells for cells, _ in made[: len(kept)]])


def steps(desk: Desk, part: Rows, width: float, height: float) -> Piece | None:
    """What happened when, beside a line with a mark for each."""
    rng, style = desk.rng, desk.style
    side = style["row"].size * 0.7
    gap = max(style.row_gap * 1.3, desk.pixels(12))
    times_at_left = rng.random() < 0.3
    time_width = max(style["hint"].width(time) for _, time in part.rows)
    if times_at_left and time_width > width * 0.42:
        times_at_left = False
    first, hollow, lit = rng.random() < 0.5, rng.random() < 0.4, rng.random() < 0.7
    left = side * 2 + (time_width + desk.pixels(6) if times_at_left else 0)
    made: list[tuple[tuple[str, ...], Piece]] = []
    for index, cells in enumerate(part.rows):
        said, time = cells
        fill = style.accent if index == 0 and lit else None
        words = cell(desk, said, "row" if index == 0 else "value", width - left, fill=fill)
        when = cell(desk, time, "hint", max(time_width, 1) + 1)
        if times_at_left:
            tall = max(words.height, when.height)
            piece = row([box(when, left, tall, align=0.0, valign=0.0), words], valign=0.0)
        else:
            body = column([words, when] if first else [when, words], desk.pixels(5))
            piece = row([space(left, body.height), body], valign=0.0)
        made.append((cells, piece))
    kept = _kept(made, gap, height)
    if not kept:
        return None
    ink, rest = style.accent, palette.mix(style.card, style.ink, 0.3)

    def paint(canvas: Canvas, area: Box) -> None:
        x = area[0] + left - side * 1.2
        y = area[1] + style["row"].size * 0.5
        for index, piece in enumerate(kept):
            radius = side * (0.5 if index == 0 else 0.36)
            color = ink if index == 0 else rest
            if index + 1 < len(kept):
                below = y + piece.height + gap
                canvas.draw.line((x, y + radius, x, below - side * 0.4), fill=rest, width=max(1, round(desk.scale)))
            disc = (x - radius, y - radius, x + radius, y + radius)
            with pen(canvas, disc) as tip:
                tip.disc(disc, None if hollow and index else color, outline=color, width=max(1.0, desk.scale))
            y += piece.height + gap

    piece = backed(column(kept, gap, width=width), paint)
    return _shown(piece, part, part.rows[: len(kept)])


def strip(desk: Desk, part: Rows, width: float, height: float) -> Piece | None:
    """A value for each of some hours, side by side, perhaps with a curve."""
    rng, style = desk.rng, desk.style
    gap = desk.pixels(8)
    share = max(max(style["hint"].width(said) for cells in part.rows for said in cells),
                max(style["value"].width(cells[1]) for cells in part.rows)) + gap  # fmt: skip
    count = min(len(part.rows), int(width / share))
    if count < 2:
        return None
    share = width / count
    curve = style["row"].size * rng.uniform(1.5, 3.0) if rng.random() < 0.5 else 0.0
    first = rng.random() < 0.6
    shown = part.rows[:count]
    cells = []
    for hour, value in shown:
        parts = [cell(desk, hour, "hint", share), cell(desk, value, "value", share)]
        if not first:
            parts.reverse()
        if curve:
            parts.insert(1, space(1, curve))
        cells.append(box(grouped(column(parts, desk.pixels(7), align="m")), share, curve + style["value"].size * 3))
    piece = row(cells)
    if piece.height > height:
        return None
    numbers = [int(re.sub(r"[^-\d]", "", value)) for _, value in shown]
    low, span = min(numbers), max(max(numbers) - min(numbers), 1)

    def paint(canvas: Canvas, area: Box) -> None:
        middle = (area[1] + area[3]) / 2
        points = [
            (area[0] + share * (index + 0.5), middle + curve * (0.35 - 0.7 * (number - low) / span))
            for index, number in enumerate(numbers)
        ]
        with pen(canvas, (area[0], middle - curve / 2, area[2], middle + curve / 2)) as tip:
            tip.line(points, style.accent, max(1.0, 1.6 * desk.scale))

    return _shown(backed(piece, paint) if curve else piece, part, shown)


def feed(desk: Desk, part: Rows, width: float, height: float) -> Piece | None:
    """What people posted: who, when, what, perhaps pictures, and how many liked it."""
    rng, style = desk.rng, desk.style
    side = style["row"].size * rng.uniform(1.9, 2.6)
    form = rng.choice(("emoji", "disc", "tile"))
    gap, indented = desk.pixels(9), rng.random() < 0.4
    liked = rng.choice(("👍", "❤"))
    below, carded = rng.random() < 0.5, rng.random() < 0.4
    small, whole = style["hint"].size * 1.2, width
    width -= 2 * style.padding if carded else 0
    made: list[tuple[tuple[str, ...], Piece]] = []

    def counted(drawn: Piece, said: str) -> Piece:
        return row([drawn, cell(desk, said, "hint", width)], desk.pixels(5))

    def comment(canvas: Canvas, area: Box) -> None:
        sign(canvas, "消息", area, style.soft)

    for cells in part.rows:
        name, time, words, likes, comments = cells
        room = width - side - gap
        who = cell(desk, name, "row", room * 0.62)
        when = cell(desk, time, "hint", room)
        if below or who.width + when.width + gap > room:
            head = column([who, when], desk.pixels(5))
        else:
            head = spread(who, when, room)
        top = row([avatar(desk, side, form), head], gap)
        wide = room if indented else width
        parts = [cell(desk, words, "body", wide)]
        if rng.random() < 0.35:
            parts.append(_pictures(desk, wide))
        counts = [counted(emoji(liked, small), likes), counted(picture(small, small, comment), comments)]
        parts.append(row(counts, desk.pixels(24)))
        body = column(parts, desk.pixels(9), width=wide)
        if indented:
            body = row([space(side + gap, body.height), body])
        piece = column([top, body], desk.pixels(9), width=width)
        made.append((cells, desk.card(piece, "动态") if carded else piece))
    spacing = max(style.gap, desk.pixels(14))
    kept = _kept(made, spacing, height)
    return _shown(column(kept, spacing, width=whole), part, part.rows[: len(kept)]) if kept else None


def _pictures(desk: Desk, width: float) -> Piece:
    """One to three pictures: two colours and some things."""
    rng = desk.rng
    count, gap = rng.randint(1, 3), desk.pixels(5)
    side = (width - 2 * gap) / 3
    made = []
    for _ in range(count):
        start, end = desk.style.solid(rng), palette.hsv(rng.random(), rng.uniform(0.1, 0.5), rng.uniform(0.6, 1.0))
        thing = emoji(rng.choice(tuple(ICONS)), side * rng.uniform(0.4, 0.7))

        def paint(canvas: Canvas, area: Box, start: Color = start, end: Color = end) -> None:
            plate(canvas, area, 4 * desk.scale, (start, end))

        made.append(backed(box(thing, side, side, align=rng.random(), valign=rng.random()), paint))
    return row(made, gap)
