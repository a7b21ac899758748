"""Label and value in the many forms order pages give them, and money."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.layout import Piece, backed, box, column, pad, paragraph, picture, row, spread, text
from kantu.synth.draw.palette import mix
from kantu.synth.draw.parts import rule
from kantu.synth.draw.typesetting import Type
from kantu.synth.facts import Pair
from kantu.synth.families.order.style import OrderStyle
from kantu.synth.families.order.words import KINDS
from kantu.synth.page import Box


@dataclass(frozen=True)
class Row:
    """One labelled value. `name` is its field; `money` says that a currency sign belongs to it; `sign` is a minus."""

    label: str
    value: str
    name: str = ""
    money: bool = False
    sign: str = ""
    strong: bool = False


def told(name: str, value: str, label: str = "") -> Pair:
    """The fact that the page shows field `name` of the order, under a printed label if it has one."""
    return Pair(label, value, KINDS.get(name, ""), name)


def money(
    amount: str,
    style: OrderStyle,
    type_: Type,
    *,
    name: str = "",
    role: str = "value",
    sign: str = "",
    strike: bool = False,
) -> Piece:
    """An amount as the page's style prints it: with the sign before or after, smaller, or the cents smaller."""
    form = style.forms["money"]
    if form == "plain" or style.currency in ("", "元") or strike:
        before, after = ("", style.currency) if style.currency == "元" else (style.currency, "")
        return text(f"{sign}{before}{amount}{after}", type_, role=role, name=name, strike=strike)
    small = replace(type_, size=max(round(type_.size * 0.72), 10))
    parts = [(sign + style.currency, small)]
    if form == "split" and "." in amount and type_.size >= 15:
        whole, cents = amount.split(".")
        parts += [(whole, type_), ("." + cents, small)]
    else:
        parts.append((amount, type_))
    pieces = [text(part, set_, role=role, name=name) for part, set_ in parts]
    drop = [pad(piece, 0, 0, top=(type_.size - piece.height) * 0.88) for piece in pieces]  # one baseline
    return row(drop, 0, valign=0, height=type_.size)


def value_piece(item: Row, style: OrderStyle, width: float, *, align: str = "l") -> Piece:
    """The value alone, broken into lines when it is wider than `width`."""
    if item.money:
        type_ = style["price"] if item.strong else replace(style["value"], face=style["money"].face)
        return money(item.value, style, type_, name=item.name, sign=item.sign)
    type_ = style["value"]
    while item.name in ("number", "tracking") and type_.size > 11 and type_.width(item.value) > width:
        type_ = replace(type_, size=type_.size - 1)  # codes shrink rather than break
    if item.name in ("payment", "") and style.forms["value"] == "pill" and type_.width(item.value) + 16 <= width:
        tint = mix(style.card, style.accent, 0.12)
        shown = text(item.value, replace(type_, fill=style.ink), role="value", name=item.name)
        return backed(pad(shown, 8, 3), lambda canvas, area: canvas.rounded(area, 10, tint))
    if type_.width(item.value) <= width:
        return text(item.value, type_, role="value", name=item.name)
    return paragraph(item.value, type_, width, role="value", name=item.name, align=align)


def _fact(piece: Piece, item: Row) -> Piece:
    return piece.showing(told(item.name, item.value, item.label))


def _copy_mark(style: OrderStyle, rng: random.Random) -> Piece:
    kind = rng.random()
    if kind < 0.6:
        mark = text("复制", replace(style["small"], fill=rng.choice((style.accent, style.soft))), role="link")
        if rng.random() < 0.5:
            radius = min(style.button_radius, 8)
            mark = backed(pad(mark, 5, 2), lambda c, b: c.rounded(b, radius, None, outline=style.line))
        return mark

    def icon(canvas: Canvas, area: Box) -> None:
        x1, y1, x2, y2 = area
        canvas.rounded((x1 + 3, y1, x2, y2 - 3), 2, None, outline=style.faint)
        canvas.rounded((x1, y1 + 3, x2 - 3, y2), 2, style.card, outline=style.faint)

    return picture(12, 12, icon)


def _tail(piece: Piece, item: Row, style: OrderStyle, width: float, rng: random.Random) -> Piece:
    """The value, in some pages followed by a copy mark."""
    if item.name in ("number", "tracking") and rng.random() < 0.35:
        mark = _copy_mark(style, rng)
        if piece.width + 8 + mark.width <= width:
            return row([piece, mark], 8)
    return piece


def _spread(item: Row, style: OrderStyle, width: float, rng: random.Random) -> Piece:
    label = text(item.label + style.colon, style["label"], role="label")
    room = width - label.width - 12
    if room < style["value"].size * 5:
        return column([label, value_piece(item, style, width)], 4, width=width)
    value = _tail(value_piece(item, style, room, align="r"), item, style, room, rng)
    if value.width > room:
        return column([label, value_piece(item, style, width)], 4, width=width)
    return spread(label, value, width, valign=0.0 if value.height > style["value"].size * 1.9 else 0.5)


def _inline(item: Row, style: OrderStyle, width: float, rng: random.Random, label_width: float) -> Piece:
    label = text(item.label + (style.colon or ""), style["label"], role="label")
    gap = 2 if style.colon else 10
    lead = box(label, max(label_width, label.width), label.height, align=0.0)
    room = width - lead.width - gap
    value = _tail(value_piece(item, style, room), item, style, room, rng)
    return row([lead, value], gap, valign=0.0 if value.height > style["value"].size * 1.9 else 0.5)


def _joined(item: Row, style: OrderStyle, width: float) -> Piece:
    currency = ("" if style.currency == "元" else style.currency) if item.money else ""
    unit = "元" if item.money and style.currency == "元" else ""
    line = f"{item.label}{style.colon or '：'}{item.sign}{currency}{item.value}{unit}"
    type_ = replace(style["value"], fill=style["label"].fill)
    return paragraph(line, type_, width, role="row", name=item.name)


def _under(item: Row, style: OrderStyle, width: float) -> Piece:
    label = text(item.label, style["label"], role="label")
    return column([label, value_piece(item, style, width)], max(3, style.row_gap // 3))


def _pairs(pieces: Sequence[Piece], width: float, gap: float) -> Piece:
    """Pieces two abreast where both fit half the width."""
    half = (width - 12) / 2
    lines: list[Piece] = []
    waiting: Piece | None = None
    for piece in pieces:
        if piece.width > half:
            if waiting:
                lines.append(waiting)
            lines.append(piece)
            waiting = None
        elif waiting is None:
            waiting = piece
        else:
            lines.append(row([box(waiting, half, waiting.height, align=0.0), piece], 12, valign=0.0))
            waiting = None
    if waiting:
        lines.append(waiting)
    return column(lines, gap, width=width)


def _table(items: Sequence[Row], style: OrderStyle, width: float) -> Piece:
    labels = [text(item.label, style["label"], role="label") for item in items]
    inset = 8.0
    first = min(max(label.width for label in labels) + 2 * inset, width * 0.45)
    shade = mix(style.card, style.ink, 0.04)
    lines: list[Piece] = []
    for item, label in zip(items, labels, strict=True):
        value = value_piece(item, style, width - first - 2 * inset)
        height = max(value.height, label.height) + style.row_gap
        cells = row(
            [
                box(pad(label, inset, 0), first, height, align=0.0),
                box(pad(value, inset, 0), width - first, height, align=0.0),
            ]
        )

        def paint(canvas: Canvas, area: Box) -> None:
            x1, y1, x2, y2 = (round(edge) for edge in area)
            canvas.draw.rectangle((x1, y1, round(x1 + first), y2), fill=shade)
            canvas.draw.rectangle((x1, y1, x2, y2), outline=style.line)
            canvas.draw.line((round(x1 + first), y1, round(x1 + first), y2), fill=style.line)

        lines.append(_fact(backed(cells, paint), item))
    return column(lines, 0, width=width)


def _tiles(items: Sequence[Row], style: OrderStyle, width: float, rng: random.Random) -> Piece:
    """Value over label or label over value, two or three abreast, each in its own tile; wide ones take a whole line."""
    most = 3 if width > 330 else 2
    inset, gap = 8.0, 8.0
    share = (width - gap * (most - 1)) / most
    above, align, shaded = rng.random() < 0.5, rng.choice("lm"), rng.random() < 0.5
    shade = mix(style.card, style.ink, 0.045)
    lines: list[list[Piece]] = [[]]
    for item in items:
        label = text(item.label, style["label"], role="label")
        value = value_piece(item, style, width - 2 * inset)
        wide = max(label.width, value.width) + 2 * inset
        room = share if wide <= share else width
        parts = [value, label] if above else [label, value]
        tile = box(column(parts, 5, align=align, width=room - 2 * inset), room, label.height + value.height + 21)
        if shaded:
            tile = backed(tile, lambda canvas, area: canvas.rounded(area, min(style.radius, 8), shade))
        tile = _fact(tile, item)
        if room == width or len(lines[-1]) == most or (lines[-1] and lines[-1][0].width > share):
            lines.append([])
        lines[-1].append(tile)
    return column([row(line, gap, valign=0.0) for line in lines if line], gap, width=width)


def rows(items: Sequence[Row], style: OrderStyle, width: float, rng: random.Random, form: str | None = None) -> Piece:
    """Labelled values in the page's form. Everything in `items` is shown; nothing is wider than `width`."""
    chosen = form or style.forms["rows"]
    if chosen == "tiles" and len(items) > 1:
        return _tiles(items, style, width, rng)
    gap = float(style.row_gap)
    if chosen == "table" and len(items) > 1:
        return _table(items, style, width)
    if chosen in ("under", "grid"):
        half = (width - 12) / 2
        pieces = []
        for item in items:
            narrow = _under(item, style, half) if chosen == "under" else _inline(item, style, 10_000, rng, 0)
            if narrow.width > half:
                narrow = _under(item, style, width) if chosen == "under" else _inline(item, style, width, rng, 0)
            pieces.append(_fact(narrow, item))
        return _pairs(pieces, width, gap)
    if chosen == "joined":
        return column([_fact(_joined(item, style, width), item) for item in items], gap * 0.8, width=width)
    lines: list[Piece] = []
    equal = rng.random() < 0.6
    common = max(style["label"].width(item.label + style.colon) for item in items) if equal else 0.0
    for item in items:
        built = _inline(item, style, width, rng, common) if chosen == "inline" else _spread(item, style, width, rng)
        lines.append(_fact(built, item))
    if style.divided and chosen == "spread" and len(lines) > 1:
        ruled = [lines[0]]
        for line in lines[1:]:
            ruled += [rule(style, width), line]
        return column(ruled, gap * 0.7, width=width)
    return column(lines, gap, width=width)
