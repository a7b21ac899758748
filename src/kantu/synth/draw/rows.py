"""Labelled values one beside or under the other, in the forms that pages give them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.layout import Piece, backed, box, column, pad, paragraph, row, spread, text
from kantu.synth.draw.palette import mix
from kantu.synth.draw.parts import grouped, rule
from kantu.synth.draw.style import Style
from kantu.synth.facts import Pair
from kantu.synth.page import Box

FORMS = ("spread", "inline", "joined", "table", "under", "grid", "tiles")
"""Value at the other end of its label's row; after it; in one line with it; in a ruled table; under it; two abreast;
in tiles."""


@dataclass(frozen=True)
class Row:
    """One labelled value: the fact, how it is `printed` in running text, and the piece that shows it alone.

    `value` makes that piece for a width, with its lines to the l(eft) or r(ight).
    """

    fact: Pair
    printed: str
    value: Callable[[float, str], Piece]


def plain_row(fact: Pair, style: Style) -> Row:
    """A value set in the style's type for values, broken into lines where it must be."""

    def value(width: float, align: str) -> Piece:
        return paragraph(fact.value, style["value"], width, role="value", name=fact.key, align=align)

    return Row(fact, fact.value, value)


def _stating(piece: Piece, item: Row) -> Piece:
    return piece.showing(item.fact)


def _spread(item: Row, style: Style, width: float) -> Piece:
    label = text(item.fact.label + style.colon, style["label"], role="label")
    room = width - label.width - 12
    if room < style["value"].size * 5:
        return column([label, item.value(width, "l")], 4, width=width)
    value = item.value(room, "r")
    if value.width > room:
        return column([label, item.value(width, "l")], 4, width=width)
    return spread(label, value, width, valign=0.0 if value.height > style["value"].size * 1.9 else 0.5)


def _inline(item: Row, style: Style, width: float, label_width: float) -> Piece:
    label = text(item.fact.label + (style.colon or ""), style["label"], role="label")
    gap = 2 if style.colon else 10
    lead = box(label, max(label_width, label.width), label.height, align=0.0)
    room = width - lead.width - gap
    value = item.value(room, "l")
    return row([lead, value], gap, valign=0.0 if value.height > style["value"].size * 1.9 else 0.5)


def _joined(item: Row, style: Style, width: float) -> Piece:
    line = f"{item.fact.label}{style.colon or '：'}{item.printed}"
    type_ = replace(style["value"], fill=style["label"].fill)
    return paragraph(line, type_, width, role="row", name=item.fact.key)


def _under(item: Row, style: Style, width: float) -> Piece:
    label = text(item.fact.label, style["label"], role="label")
    return column([label, item.value(width, "l")], max(3, style.row_gap // 3))


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
            left = box(grouped(waiting), half, waiting.height, align=0.0)
            lines.append(row([left, grouped(piece)], 12, valign=0.0))
            waiting = None
    if waiting:
        lines.append(waiting)
    return column(lines, gap, width=width)


def _table(items: Sequence[Row], style: Style, width: float) -> Piece:
    labels = [text(item.fact.label, style["label"], role="label") for item in items]
    inset = 8.0
    first = min(max(label.width for label in labels) + 2 * inset, width * 0.45)
    shade = mix(style.card, style.ink, 0.04)
    lines: list[Piece] = []
    for item, label in zip(items, labels, strict=True):
        value = item.value(width - first - 2 * inset, "l")
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

        lines.append(_stating(backed(cells, paint), item))
    return column(lines, 0, width=width)


def _tiles(items: Sequence[Row], style: Style, width: float, rng: random.Random) -> Piece:
    """Value over label or label over value, two or three abreast, each in its own tile; wide ones take a whole line."""
    most = 3 if width > 330 else 2
    inset, gap = 8.0, 8.0
    share = (width - gap * (most - 1)) / most
    above, align, shaded = rng.random() < 0.5, rng.choice("lm"), rng.random() < 0.5
    shade = mix(style.card, style.ink, 0.045)
    lines: list[list[Piece]] = [[]]
    for item in items:
        label = text(item.fact.label, style["label"], role="label")
        value = item.value(width - 2 * inset, "l")
        wide = max(label.width, value.width) + 2 * inset
        room = share if wide <= share else width
        parts = [value, label] if above else [label, value]
        tile = box(column(parts, 5, align=align, width=room - 2 * inset), room, label.height + value.height + 21)
        if shaded:
            tile = backed(tile, lambda canvas, area: canvas.rounded(area, min(style.radius, 8), shade))
        tile = _stating(grouped(tile), item)
        if room == width or len(lines[-1]) == most or (lines[-1] and lines[-1][0].width > share):
            lines.append([])
        lines[-1].append(tile)
    return column([row(line, gap, valign=0.0) for line in lines if line], gap, width=width)


def rows(items: Sequence[Row], style: Style, width: float, rng: random.Random, form: str) -> Piece:
    """Labelled values in one of `FORMS`. Everything in `items` is shown; nothing is wider than `width`."""
    if form == "tiles" and len(items) > 1:
        return _tiles(items, style, width, rng)
    gap = float(style.row_gap)
    if form == "table" and len(items) > 1:
        return _table(items, style, width)
    if form in ("under", "grid"):
        half = (width - 12) / 2
        pieces = []
        for item in items:
            narrow = _under(item, style, half) if form == "under" else _inline(item, style, 10_000, 0)
            if narrow.width > half:
                narrow = _under(item, style, width) if form == "under" else _inline(item, style, width, 0)
            pieces.append(_stating(narrow, item))
        return _pairs(pieces, width, gap)
    if form == "joined":
        return column([_stating(_joined(item, style, width), item) for item in items], gap * 0.8, width=width)
    lines: list[Piece] = []
    equal = rng.random() < 0.6
    common = max(style["label"].width(item.fact.label + style.colon) for item in items) if equal else 0.0
    for item in items:
        built = _inline(item, style, width, common) if form == "inline" else _spread(item, style, width)
        lines.append(_stating(built, item))
    if style.divided and form == "spread" and len(lines) > 1:
        ruled = [lines[0]]
        for line in lines[1:]:
            ruled += [rule(style, width), line]
        return column(ruled, gap * 0.7, width=width)
    return column(lines, gap, width=width)
