"""Labelled values as phones show them: one large with others about it, rows, tiles, a card or ticket."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

from kantu.synth.draw import faces, palette
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.codes import bars, squares
from kantu.synth.draw.layout import Piece, backed, box, column, pad, paragraph, picture, row, space, spread, text
from kantu.synth.draw.parts import grouped, plate
from kantu.synth.draw.rows import FORMS, plain_row, rows
from kantu.synth.draw.signs import NAMES, sign
from kantu.synth.facts import Pair
from kantu.synth.families.ui.desk import Desk
from kantu.synth.page import Box, Color


def printed(desk: Desk, pair: Pair, role: str, width: float, *, larger: float = 1.0, align: str = "l") -> Piece:
    """The value in the type of `role`, `larger` than usual where it fits, broken where it must be."""
    type_ = desk.style[role]
    sized = replace(type_, size=faces.snap(type_.size * larger))
    if sized.width(pair.value) > width:
        sized = type_ if type_.width(pair.value) <= width else desk.style["value"]
    return paragraph(pair.value, sized, width, leading=1.3, role="value", name=pair.key, align=align)


def labelled(desk: Desk, pair: Pair, width: float, *, stacked: bool, align: str) -> Piece:
    """A value beside or under its label, or alone where it has none."""
    style, rng = desk.style, desk.rng
    value = printed(desk, pair, "value", width, align=align)
    if not pair.label:
        return value.showing(pair)
    if stacked:
        label = text(pair.label, style["label"], role="label")
        parts = [label, value]
        return grouped(column(parts, desk.pixels(5), align=align)).showing(pair)
    label = text(pair.label + style.colon, style["label"], role="label")
    gap = desk.pixels(rng.choice((5, 8)))
    if label.width + gap + value.width > width:
        return column([label, value], desk.pixels(5), align=align).showing(pair)
    return row([label, value], gap).showing(pair)


def flowing(pieces: Sequence[Piece], width: float, across: float, down: float, *, align: str = "l") -> Piece:
    """Pieces side by side, in as many lines as they need."""
    lines: list[list[Piece]] = []
    used = 0.0
    for piece in pieces:
        if not lines or used + across + piece.width > width:
            lines.append([])
            used = 0.0
        lines[-1].append(piece)
        used += piece.width + across
    return column([row(line, across) for line in lines], down, align=align, width=width)


def ground_of(desk: Desk) -> Color:
    """A strong or a tinted colour for what stands on a ground of its own."""
    rng, style = desk.rng, desk.style
    if rng.random() < 0.6:
        return desk.strong if rng.random() < 0.6 else style.solid(rng)
    return style.tinted(rng, rng.uniform(0.08, 0.3))


def banner(desk: Desk, width: float, make: Callable[[Desk, float], Piece]) -> Piece:
    """What `make` makes, on a plate of another colour."""
    start = ground_of(desk)
    end = palette.mix(start, palette.hsv(desk.rng.random(), 0.6, 0.6), 0.25)
    colors = (start, end) if desk.rng.random() < 0.4 else (start,)
    inset = max(desk.style.padding, desk.pixels(12))
    inner = make(desk.standing_on(*colors), width - 2 * inset)
    piece = box(pad(inner, inset), width, inner.height + 2 * inset, align=0.0)
    return backed(piece, lambda canvas, area: plate(canvas, area, desk.style.radius, colors))


def _emblem(desk: Desk, side: float) -> Piece:
    """A sign in a disc, as over results and places."""
    name, back = desk.rng.choice(NAMES), desk.style.solid(desk.rng)
    ink = palette.ink(desk.rng, back, least=3.0, colourful=0.0)

    def paint(canvas: Canvas, area: Box) -> None:
        plate(canvas, area, side / 2, (back,))
        inset = side * 0.25
        sign(canvas, name, (area[0] + inset, area[1] + inset, area[2] - inset, area[3] - inset), ink)

    return picture(side, side, paint)


def hero(desk: Desk, pairs: Sequence[Pair], width: float, form: str = "", larger: float = 0.0) -> Piece:
    """The value that matters, large; the others under it or at its side (`form` is middle, left or side)."""
    rng, style = desk.rng, desk.style
    form = form or rng.choice(("middle", "middle", "left", "left", "side"))
    align = "m" if form == "middle" else "l"
    first, rest = pairs[0], pairs[1:]
    short = len(first.value) < 7
    larger = larger or rng.choice((1.0, 1.0, 1.3, 1.7, 2.2) if short else (0.8, 1.0, 1.0, 1.2))
    value = printed(desk, first, "big", width, larger=larger, align=align)
    parts = [value]
    if first.label:
        label = text(first.label, style["label"], role="label")
        parts = [label, value] if rng.random() < 0.65 else [value, label]
    main = grouped(column(parts, desk.pixels(rng.choice((6, 8, 12))), align=align)).showing(first)
    stacked = rng.random() < 0.4
    if form == "side" and rest:
        made = [labelled(desk, pair, width * 0.5, stacked=False, align="l") for pair in rest]
        side = column(made, style.row_gap, align="r" if rng.random() < 0.5 else "l")
        if main.width + side.width + desk.pixels(16) <= width:
            return spread(main, grouped(side), width)
    made = [labelled(desk, pair, width, stacked=stacked, align=align) for pair in rest]
    gap = max(style.row_gap, desk.pixels(6))
    lines: list[Piece] = [main]
    if form != "side" and rng.random() < 0.2:
        lines.insert(0, _emblem(desk, style["title"].size * rng.uniform(1.6, 2.6)))
    if made:
        one_line = rng.random() < 0.5
        across = desk.pixels(rng.choice((10, 14, 20)))
        lines.append(flowing(made, width, across, gap, align=align) if one_line else column(made, gap, align=align))
    return column(lines, max(gap, desk.pixels(8)), align=align, width=width)


def fields(desk: Desk, pairs: Sequence[Pair], width: float, form: str = "") -> Piece:
    """Rows of labels and values."""
    style = desk.style
    form = form or desk.rng.choice(("spread", "spread", *FORMS))
    if max(style["label"].width(pair.label + style.colon) for pair in pairs) > 0.5 * width:
        form = "under"
    return rows([plain_row(pair, style) for pair in pairs], style, width, desk.rng, form)


def tiles(desk: Desk, pairs: Sequence[Pair], width: float) -> Piece:
    """Values over or under their labels, some abreast, with or without lines between them."""
    rng, style = desk.rng, desk.style
    across = 2 if width < desk.pixels(300) else rng.choice((2, 3, 3, 4))
    if rng.random() < 0.35 or len(pairs) < 2:
        return fields(desk, pairs, width, rng.choice(("tiles", "grid", "under")))
    share = width / across
    above, larger, lined = rng.random() < 0.6, rng.choice((1.0, 1.2, 1.5)), rng.random() < 0.4
    cells: list[Piece] = []
    for pair in pairs:
        value = printed(desk, pair, "value", share - desk.pixels(10), larger=larger, align="m")
        label = text(pair.label, style["label"], role="label")
        if max(label.width, value.width) > share - desk.pixels(6):
            return fields(desk, pairs, width, "spread")
        parts = [value, label] if above else [label, value]
        cells.append(grouped(column(parts, desk.pixels(6), align="m")).showing(pair))
    lines = []
    for start in range(0, len(cells), across):
        line = cells[start : start + across]
        tall = max(cell.height for cell in line)
        lines.append(row([box(cell, share, tall, valign=0.0) for cell in line]))
    piece = column(lines, max(style.row_gap * 1.4, desk.pixels(10)), width=width)

    def paint(canvas: Canvas, area: Box) -> None:
        for index in range(1, across):
            x = area[0] + index * share
            canvas.draw.line((x, area[1], x, area[3]), fill=style.line)

    return backed(piece, paint) if lined and len(pairs) >= across else piece


def _route(desk: Desk, pairs: dict[str, Pair], width: float) -> Piece | None:
    """Where a journey starts and ends, with times, and what goes there in the middle; None where it doesn't fit."""
    rng, style = desk.rng, desk.style

    def end(place: str, time: str) -> Piece:
        parts = [
            printed(desk, pairs[name], role, width * 0.4).showing(replace(pairs[name], label=""))
            for name, role in ((place, "title"), (time, "value"))
            if name in pairs
        ]
        if flipped:
            parts.reverse()
        return grouped(column(parts, desk.pixels(6), align="m"))

    flipped = rng.random() < 0.5
    left, right = end("start", "depart"), end("end", "arrive")
    train = pairs.get("train")
    middle = space(desk.pixels(30), style["value"].size)
    if train:
        middle = grouped(printed(desk, train, "value", width * 0.3)).showing(replace(train, label=""))
    room = width - left.width - right.width
    if room < middle.width + desk.pixels(16):
        return None

    def paint(canvas: Canvas, area: Box) -> None:
        y = area[3] + desk.pixels(3)
        canvas.draw.line((area[0] + desk.pixels(8), y, area[2] - desk.pixels(8), y), fill=style.soft,
                         width=max(1, round(desk.scale)))  # fmt: skip

    return row([left, backed(box(middle, room, middle.height), paint), right])


def _codes(desk: Desk, width: float) -> Piece:
    rng = desk.rng
    ink, paper = palette.grey(rng.randint(0, 40)), palette.grey(255)
    if rng.random() < 0.65:
        side = min(width * 0.5, desk.pixels(rng.randint(70, 130)))
        code = squares(rng, side, ink)
    else:
        code = bars(rng, min(width * 0.8, desk.pixels(230)), desk.pixels(rng.randint(34, 56)), ink)
    edge = desk.pixels(6)
    return backed(pad(code, edge), lambda canvas, area: plate(canvas, area, 3 * desk.scale, (paper,)))


_ROUTE = ("train", "start", "end", "depart", "arrive")


def ticket(desk: Desk, pairs: Sequence[Pair], width: float) -> Piece:
    """A ticket or a card: a route or one large value, the others about it, perhaps a code."""
    rng, style = desk.rng, desk.style
    named = {pair.name: pair for pair in pairs}
    parts: list[Piece] = []
    rest = list(pairs)
    route = _route(desk, named, width) if {"start", "end"} <= named.keys() else None
    if route:
        parts.append(route)
        rest = [pair for pair in pairs if pair.name not in _ROUTE]
    else:
        first, *rest = pairs
        lead = printed(desk, first, "title", width, larger=rng.choice((1.0, 1.2)))
        if first.label and rng.random() < 0.5:
            label = text(first.label, style["label"], role="label")
            parts.append(column([label, lead], desk.pixels(5)).showing(first))
        else:
            parts.append(lead.showing(replace(first, label="")))
    bare = [pair for pair in rest if not pair.label]
    told = [pair for pair in rest if pair.label]
    parts += [printed(desk, pair, "value", width, larger=rng.choice((1.0, 1.3))).showing(pair) for pair in bare]
    if told:
        parts.append(fields(desk, told, width, rng.choice(("grid", "under", "inline", "spread"))))
    if "bank" not in named and rng.random() < 0.5:
        code = _codes(desk, width)
        parts.append(box(code, width, code.height, align=rng.choice((0.0, 0.5, 0.5, 1.0))))
    return column(parts, max(style.row_gap * 1.3, desk.pixels(10)), width=width)


def notched(desk: Desk, piece: Piece, rng: random.Random, page: Color) -> Piece:
    """The ticket with a bite at each side."""
    side, share = desk.pixels(7), rng.uniform(0.25, 0.75)

    def draw(canvas: Canvas, x: float, y: float) -> None:
        piece.draw(canvas, x, y)
        middle = y + piece.height * share
        for at in (x, x + piece.width):
            canvas.draw.ellipse((at - side, middle - side, at + side, middle + side), fill=page)

    return replace(piece, draw=draw)
