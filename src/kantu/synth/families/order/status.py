"""The forms in which an order page states its status and the reason."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Literal

from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.layout import Piece, backed, box, column, pad, paragraph, picture, row, space, spread, text
from kantu.synth.draw.palette import mix
from kantu.synth.draw.parts import emoji, rule
from kantu.synth.draw.rows import rows
from kantu.synth.families.order.record import Order
from kantu.synth.families.order.style import OrderStyle
from kantu.synth.families.order.values import labelled, told
from kantu.synth.families.order.words import LABELS
from kantu.synth.page import Box

_MARKS = {
    "unpaid": "⏰💰💳⌛",
    "unshipped": "📦⏳🏬🕒",
    "shipped": "🚚📦✈",
    "arriving": "🛵🚚📍",
    "received": "✅🎁📬",
    "done": "✅🎉👍",
    "cancelled": "❌🚫🗑",
    "refund": "💰🔄💳",
    "ticket": "🎫🎬🏨🚄",
    "service": "🔧🧹🏠",
    "invented": "⏳📦🔔📋🕒",
}


@dataclass(frozen=True)
class Block:
    """A piece and how it wants to be placed: edge to edge ("bleed"), in a card, or bare on the page."""

    kind: str
    piece: Piece
    how: Literal["bleed", "card", "bare"] = "card"
    needed: bool = False


def _mark(order: Order, size: float, rng: random.Random) -> Piece:
    return emoji(rng.choice(_MARKS[order.category]), size)


def status_text(
    order: Order, style: OrderStyle, width: float, fill: tuple[int, int, int] | None = None, *, most: int = 40
) -> Piece:
    """The status alone, its size lowered until it fits `width`."""
    type_ = style["status"]
    size = min(type_.size, most)
    while size > 11 and replace(type_, size=size).width(order.status) > width:
        size -= 1
    set_ = replace(type_, size=size, fill=fill or type_.fill)
    return text(order.status, set_, role="status", name="status").showing(told("status", order.status))


def _reason(
    order: Order, style: OrderStyle, width: float, fill: tuple[int, int, int] | None = None, *, align: str = "l"
) -> Piece:
    type_ = replace(style["reason"], fill=fill) if fill else style["reason"]
    words = paragraph(order.reason, type_, width, role="reason", name="reason", align=align)
    return words.showing(told("reason", order.reason))


def _banner(order: Order, style: OrderStyle, width: float, rng: random.Random, told: bool) -> Piece:
    white = style.on_accent
    side = rng.choice((0.0, 0.0, 30.0, 44.0))
    inner = width - 2 * style.padding
    room = inner - (side + 10 if side else 0)
    centred = not side and rng.random() < 0.3
    lines = [status_text(order, style, room, white)]
    if told:
        lines.append(_reason(order, style, room, mix(white, style.accent, 0.14), align="m" if centred else "l"))
    words = column(lines, rng.choice((6, 8, 10)), align="m" if centred else "l", width=room)
    if side:
        mark = _mark(order, side, rng)
        words = row([words, mark] if rng.random() < 0.6 else [mark, words], 10)
    above = rng.choice((12, 16, 22))
    whole = pad(box(words, inner, words.height, align=0.0), style.padding, above)
    end = style.accent_end if rng.random() < 0.6 else style.accent
    down = rng.random() < 0.5
    return backed(whole, lambda canvas, area: canvas.gradient(area, style.accent, end, vertical=down))


def _pill(order: Order, style: OrderStyle, width: float, rng: random.Random, told: bool) -> Piece:
    solid = rng.random() < 0.4
    outlined = not solid and rng.random() < 0.4
    fill = style.on_accent if solid else style.accent
    label = status_text(order, style, width - 24, fill, most=18)
    back = style.accent if solid else None if outlined else style.tint
    radius = rng.choice((4, 8, 40))
    pill = backed(
        pad(label, 11, 6),
        lambda canvas, area: canvas.rounded(
            area, min(radius, (area[3] - area[1]) / 2), back, outline=style.accent if outlined else None
        ),
    )
    if not told:
        return box(pill, width, pill.height, align=rng.choice((0.0, 0.0, 0.5)))
    return column([pill, _reason(order, style, width)], 9, width=width)


def _steps(order: Order, style: OrderStyle, width: float, rng: random.Random) -> Piece:
    names = rng.choice(
        (
            ("提交订单", "付款", "出库", "配送", "完成"),
            ("下单", "支付", "备货", "送达"),
            ("提交", "审核", "处理", "完结"),
            ("拍下", "付款", "发货", "评价"),
        )
    )
    reached = {"unpaid": 0, "unshipped": 1, "shipped": 2, "arriving": 2, "cancelled": 0}.get(
        order.category, len(names) - 1
    )
    if order.category in ("invented", "service", "ticket", "refund"):
        reached = rng.randint(0, len(names) - 1)
    small = replace(style["small"], spacing=0.0, size=min(style["small"].size, 13))
    share = width / len(names)
    dot = 8.0
    cells = []
    for index, name in enumerate(names):
        color = style.accent if index <= reached else style.line

        def paint(canvas: Canvas, area: Box, color: tuple[int, int, int] = color, index: int = index) -> None:
            middle, level = (area[0] + area[2]) / 2, (area[1] + area[3]) / 2
            if index < len(names) - 1:
                after = style.accent if index < reached else style.line
                canvas.draw.line((middle, level, middle + share, level), fill=after, width=2)
            canvas.draw.ellipse((middle - dot / 2, level - dot / 2, middle + dot / 2, level + dot / 2), fill=color)

        label = text(name, replace(small, fill=style.accent if index == reached else style.faint), role="step")
        cells.append(column([picture(share, dot + 4, paint), box(label, share, label.height)], 4, width=share))
    return row(cells, 0, valign=0)


def _timeline(order: Order, style: OrderStyle, width: float, rng: random.Random, told: bool) -> Piece:
    gutter = 18.0
    room = width - gutter
    first = [status_text(order, style, room, most=18)]
    if told:
        first.append(_reason(order, style, room))
    small = style["small"]
    entries = [column(first, 5)]
    for event in rng.sample(
        ("订单提交成功", "系统已审核", "库存确认完毕", "信息核对无误", "付款完成"), rng.choice((1, 1, 2))
    ):
        when = f"{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d} {rng.randint(0, 23):02d}:{rng.randint(0, 59):02d}"
        if rng.random() < 0.5:
            entries.append(
                row([text(event, replace(small, fill=style.soft), role="news"), text(when, small, role="news")], 8)
            )
        else:
            entries.append(text(event, replace(small, fill=style.soft), role="news"))
    gap = max(style.row_gap, 10)
    lines = []
    for index, entry in enumerate(entries):
        last = index == len(entries) - 1

        def paint(canvas: Canvas, area: Box, index: int = index, last: bool = last) -> None:
            x, y = area[0] + 5, area[1] + 7
            if not last:
                canvas.draw.line((x, y, x, area[3] + gap + 4), fill=style.line, width=1)
            radius = 4 if index == 0 else 3
            fill = style.accent if index == 0 else style.line
            canvas.draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill)

        lines.append(row([picture(gutter, entry.height, paint), entry], 0, valign=0))
    return column(lines, gap, width=width)


def status_block(
    order: Order, style: OrderStyle, width: float, full: float, rng: random.Random, *, told: bool
) -> Block:
    """The status in the page's form; `width` is a card's inside, `full` edge to edge; `told` adds the reason."""
    form = style.forms["status"]
    if form == "banner":
        return Block("status", _banner(order, style, full, rng, told), "bleed", True)
    if form == "pill":
        piece = _pill(order, style, width, rng, told)
    elif form == "stepper":
        head: list[Piece] = [status_text(order, style, width)]
        if told:
            head.append(_reason(order, style, width))
        steps = _steps(order, style, width, rng)
        parts = [column(head, 6), steps] if rng.random() < 0.7 else [steps, column(head, 6)]
        piece = column(parts, 12, width=width)
    elif form == "timeline":
        piece = _timeline(order, style, width, rng, told)
    elif form == "row":
        items = [labelled(style, rng, rng.choice(LABELS["status"]), order.status, "status")]
        if told:
            items.append(labelled(style, rng, rng.choice(LABELS["reason"]), order.reason, "reason"))
        piece = rows(items, style, width, rng, style.forms["rows"])
    elif form == "centre":
        parts = [_mark(order, rng.choice((26, 36, 48)), rng)] if rng.random() < 0.7 else []
        parts.append(status_text(order, style, width))
        if told:
            parts.append(_reason(order, style, width, align="m"))
        piece = column(parts, 8, align="m", width=width)
    else:
        piece = _plain(order, style, width, rng, told)
    how: Literal["card", "bare"] = "card" if rng.random() < 0.6 else "bare"
    return Block("status", box(piece, width, piece.height, align=0.0), how, True)


def _plain(order: Order, style: OrderStyle, width: float, rng: random.Random, told: bool) -> Piece:
    mark = _mark(order, style["status"].size * 1.2, rng) if rng.random() < 0.4 else space()
    room = width - (mark.width + 8 if mark.width else 0)
    word = status_text(order, style, room)
    head = row([mark, word], 8) if mark.width else word
    if not told:
        return head
    reason = _reason(order, style, width)
    if head.width + reason.width + 14 < width and reason.height < 20 and rng.random() < 0.3:
        return spread(head, reason, width, valign=0.8)
    parts = [head, reason] if rng.random() < 0.9 else [reason, head]
    if style.divided and rng.random() < 0.4:
        return column([head, rule(style, width), reason], 8, width=width)
    return column(parts, rng.choice((5, 8, 10)), width=width)
