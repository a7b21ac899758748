"""Puts the blocks of an order onto a page: bars, cards, gaps, what floats above, and what had to be left out."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.layout import Piece, backed, box, column, pad, row, space
from kantu.synth.draw.palette import mix
from kantu.synth.draw.parts import card, rule
from kantu.synth.facts import Fact, Pair
from kantu.synth.families.order.bars import top_bars
from kantu.synth.families.order.blocks import (
    address_block,
    goods_block,
    info_block,
    logistics_block,
    number_row,
    shop_row,
    totals_block,
)
from kantu.synth.families.order.extras import buttons_row, help_links, promotion, recommendations
from kantu.synth.families.order.record import Order
from kantu.synth.families.order.status import Block, status_block, status_text
from kantu.synth.families.order.style import OrderStyle
from kantu.synth.page import Box

_DROPPED_FIRST = ("promotion", "logistics", "address", "buttons", "totals", "info")


@dataclass(frozen=True)
class Sheet:
    """A page before it is drawn: what lies at the top, in the middle and at the bottom, each edge to edge."""

    width: int
    top: Piece
    middle: Piece
    bottom: Piece

    @property
    def used(self) -> float:
        """Pixels of the page's height that are filled."""
        return self.top.height + self.middle.height + self.bottom.height

    @property
    def facts(self) -> tuple[Fact, ...]:
        return self.top.facts + self.middle.facts + self.bottom.facts


def _card(piece: Piece, style: OrderStyle, label: str) -> Piece:
    return card(piece, style, label, outline=style.line if style.border else None, inset=0.9)


def _names(pieces: Iterable[Piece]) -> set[str]:
    """The fields these pieces show."""
    return {fact.name for piece in pieces for fact in piece.facts if isinstance(fact, Pair)}


def _blocks(order: Order, style: OrderStyle, inner: float, full: float, rng: random.Random) -> list[Block]:
    told = rng.random() < 0.62
    badge = style.forms["status"] == "badge"
    blocks: list[Block] = []
    head: Piece | None = None
    if badge:
        right = status_text(order, style, inner * 0.45, most=16)
        if rng.random() < 0.35:
            pill = mix(style.card, style.accent, 0.12)
            right = status_text(order, style, inner * 0.42, style.accent, most=14)
            right = backed(pad(right, 8, 4), lambda canvas, area: canvas.rounded(area, 6, pill))
        make_head = number_row if rng.random() < 0.3 else shop_row
        head = make_head(order, style, inner, rng, right)
    elif rng.random() < 0.72:
        head = shop_row(order, style, inner, rng)
    if not badge and rng.random() < 0.975:
        blocks.append(status_block(order, style, inner, full, rng, told=told))
    brief = rng.random() < 0.45
    goods = goods_block(order, style, inner, rng, head)
    if brief and rng.random() < 0.7:
        total = totals_block(order, style, inner, rng, brief=True)
        goods = column([goods, *([rule(style, inner)] if style.divided else []), total], max(style.row_gap, 10))
        blocks.append(Block("goods", goods, needed=True))
    else:
        blocks.append(Block("goods", goods, needed=True))
        if rng.random() < 0.92:
            blocks.append(Block("totals", totals_block(order, style, inner, rng, brief=brief)))
    shown = _names([goods, *(block.piece for block in blocks)])
    extra: list[Block] = []
    delivered = order.category not in ("ticket", "service")
    if rng.random() < (0.42 if delivered else 0.1):
        extra.append(Block("address", address_block(order, style, inner, rng)))
    late = order.category in ("shipped", "arriving", "received", "done") or (
        order.category == "invented" and rng.random() < 0.4
    )
    if late and rng.random() < 0.6:
        extra.append(Block("logistics", logistics_block(order, style, inner, rng)))
    shown |= _names([block.piece for block in extra])
    if rng.random() < 0.95:
        extra.append(Block("info", info_block(order, style, inner, rng, skip=frozenset(shown))))
    if rng.random() < 0.75:
        rng.shuffle(extra)
    if rng.random() < 0.5:
        blocks += extra
    else:
        for block in extra:
            blocks.insert(rng.randint(1, len(blocks)), block)
    if rng.random() < 0.1:
        rng.shuffle(blocks)
    return blocks


def _placed(blocks: Sequence[Block], style: OrderStyle, full: float, inner: float) -> Piece:
    """Cards one under the other, or all blocks in one card, `full` wide."""
    if style.forms["frame"] == "card":
        parts: list[Piece] = []
        for block in blocks:
            if parts and style.divided:
                parts.append(rule(style, inner))
            piece = block.piece
            if block.how == "bleed":
                piece = box(piece, inner, piece.height)
            parts.append(piece)
        return _card(column(parts, max(style.gap, 12), width=inner), style, "订单")
    pieces = []
    for block in blocks:
        if block.how == "bleed":
            pieces.append(block.piece)
        elif block.how == "bare":
            pieces.append(pad(block.piece, style.padding, 4))
        else:
            pieces.append(_card(block.piece, style, block.kind))
    return column([box(piece, full, piece.height) for piece in pieces], style.gap, width=full)


def _arranged(blocks: Sequence[Block], style: OrderStyle, columns: int, full: float, inner: float) -> Piece:
    """All blocks across the page's width, in one column or in two of like height."""
    carded = style.forms["frame"] == "card"
    if columns == 1:
        return (
            pad(_placed(blocks, style, full, inner), style.margin, 0)
            if carded
            else _placed(blocks, style, style.width, inner)
        )
    halves: tuple[list[Block], list[Block]] = ([], [])
    for block in blocks:
        left, right = (sum(member.piece.height for member in half) for half in halves)
        halves[left > right].append(block)
    sides = [_placed(half, style, full, inner) for half in halves if half]
    return pad(row(sides, style.gap, valign=0.0), style.margin, 0)


def _least_needed(blocks: Sequence[Block], rng: random.Random) -> Block:
    """What a page too short for everything does without."""
    spare = [block for block in blocks if not block.needed]
    if spare and rng.random() < 0.85:
        return min(spare, key=lambda block: _DROPPED_FIRST.index(block.kind))
    return rng.choice(spare or [block for block in blocks if block.kind != "status"] or list(blocks))


def compose(order: Order, style: OrderStyle, height: int, rng: random.Random) -> Sheet:
    """Lay the order out within `height` pixels, leaving out what does not fit."""
    width = float(style.width)
    columns = 2 if width >= 544 and style.forms["frame"] != "phone" and rng.random() < 0.4 else 1
    full = (width - 2 * style.margin - style.gap * (columns - 1)) / columns
    inner = full - 2 * style.padding
    edge = (
        inner
        if style.forms["frame"] == "card"
        else full
        if columns == 2 or (style.margin and rng.random() < 0.5)
        else width
    )
    blocks = _blocks(order, style, inner, edge, rng)
    bottom = space(width, 0)
    if rng.random() < 0.88:
        if style.forms["buttons"] == "bottom" and style.forms["frame"] == "phone":
            line = pad(buttons_row(order, style, width - 2 * style.padding, rng), style.padding, 9)

            def paint(canvas: Canvas, area: Box) -> None:
                canvas.draw.rectangle((*area[:2], area[2], canvas.height), fill=style.card)
                canvas.draw.line((area[0], area[1], area[2], area[1]), fill=style.line)

            bottom = backed(line, paint)
        else:
            block = Block("buttons", buttons_row(order, style, inner, rng), rng.choice(("card", "bare")))
            place = len(blocks) if rng.random() < 0.75 else rng.randint(1, len(blocks))
            blocks.insert(place, block)
    if rng.random() < 0.22:
        blocks.insert(rng.randint(1, len(blocks)), Block("promotion", promotion(style, inner, rng), "bare"))
    top = top_bars(style, rng)
    while True:
        middle = _arranged(blocks, style, columns, full, inner)
        room = height - top.height - bottom.height - 2 * style.gap
        if middle.height <= room or not blocks:
            break
        blocks.remove(_least_needed(blocks, rng))
    if room - middle.height > 150 and style.forms["frame"] == "phone" and rng.random() < 0.7:
        more = recommendations(style, inner, rng)
        if middle.height + more.height + 3 * style.gap + 2 * style.padding < room:
            middle = column(
                [middle, box(_card(more, style, "推荐"), width, more.height + 1.8 * style.padding)],
                style.gap,
                width=width,
            )
    if room - middle.height > 40 and rng.random() < 0.3:
        middle = column([middle, box(help_links(style, inner, rng), width, 20)], style.gap, width=width)
    return Sheet(style.width, top, middle, bottom)


def paint(sheet: Sheet, style: OrderStyle, height: int, rng: random.Random) -> Canvas:
    """Draw the sheet at `height` pixels."""
    canvas = Canvas(sheet.width, height, style.page[0])
    grounds = style.page
    if style.forms["frame"] != "phone" and rng.random() < 0.06:
        grounds = mix(style.card, style.accent, 0.3), mix(style.card, style.accent_end, 0.3)
    if len(grounds) > 1:
        canvas.gradient((0, 0, sheet.width, height), grounds[1], grounds[0], vertical=rng.random() < 0.7)
    sheet.top.draw(canvas, 0, 0)
    spare = height - sheet.top.height - sheet.bottom.height - sheet.middle.height
    lead = min(style.gap, spare / 2) if style.forms["frame"] == "phone" else spare * rng.choice((0.5, 0.5, 0.3))
    sheet.middle.draw(canvas, 0, round(sheet.top.height + lead))
    if sheet.bottom.height:
        sheet.bottom.draw(canvas, 0, round(height - sheet.bottom.height))
    return canvas
