"""The parts of an order page: goods, totals, order facts, address, logistics."""

from __future__ import annotations

import random
from dataclasses import replace

from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.layout import Piece, Run, backed, box, column, pad, paragraph, picture, row, space, spread, text
from kantu.synth.draw.palette import mix
from kantu.synth.draw.parts import chevron, emoji, grouped, rule
from kantu.synth.draw.rows import rows
from kantu.synth.draw.typesetting import Type
from kantu.synth.facts import Fact, Item
from kantu.synth.families.order.record import Good, Order
from kantu.synth.families.order.style import OrderStyle
from kantu.synth.families.order.values import labelled, money, told
from kantu.synth.families.order.words import EXTRA_ROWS, LABELS, each
from kantu.synth.page import Box
from kantu.synth.words import vocabulary

_SECTIONS = {
    "info": ("订单信息", "订单详情", "交易信息", "基本信息"),
    "totals": ("费用明细", "价格明细", "支付信息", "金额明细"),
    "address": ("收货信息", "收件信息", "配送信息", "地址信息"),
    "logistics": ("物流信息", "物流详情", "快递信息", "配送进度"),
    "goods": ("商品信息", "商品清单", "购买清单", "商品明细"),
}
_MARKS = {"info": "📋", "totals": "💰", "address": "📍", "logistics": "🚚", "goods": "🛒"}
_NEWS = each(
    """包裹已到达{city} | 快件已由驿站代收 | 正在发往下一站 | 包裹正在等待揽收 | 商家已通知快递员取件 | 包裹已交接
    包裹正在分拣"""
)


def section(kind: str, style: OrderStyle, rng: random.Random) -> Piece | None:
    """A block's printed title, when the page's style has such titles."""
    form = style.forms["section"]
    if form == "none":
        return None
    title = text(rng.choice(_SECTIONS[kind]), style["title"], role="title")
    if form == "bar":
        bar = picture(3, title.height * 0.9, lambda canvas, area: canvas.rounded(area, 1.5, style.accent))
        return row([bar, title], 6)
    if form == "emoji":
        return row([emoji(_MARKS[kind], title.height * 1.1), title], 6)
    return title


def titled(kind: str, body: Piece, style: OrderStyle, rng: random.Random) -> Piece:
    """The body under its section title, if any."""
    head = section(kind, style, rng)
    if head is None:
        return body
    if style.divided:
        return column([head, rule(style, body.width), body], style.row_gap * 0.8, width=body.width)
    return column([head, body], style.row_gap, width=body.width)


def shop_row(order: Order, style: OrderStyle, width: float, rng: random.Random, right: Piece | None = None) -> Piece:
    """The shop's name with a mark and a chevron; `right` stands at the other end."""
    room = width - (right.width + 10 if right else 0)
    type_ = style["title"] if rng.random() < 0.5 else replace(style["goods"])
    mark = emoji(rng.choice("🏪🏬🛍🏠🌿🍀⭐🐻"), type_.size * 1.15) if rng.random() < 0.6 else space()
    end = space()
    if rng.random() < 0.6:
        end = picture(type_.size * 0.45, type_.size * 0.75, lambda canvas, area: chevron(canvas, area, style.faint))
    named = rng.choice(LABELS["shop"])
    label = text(named + "：", style["label"], role="label") if rng.random() < 0.12 else space()
    budget = room - mark.width - end.width - label.width - 15
    if type_.width(order.shop) > budget:
        type_ = replace(type_, size=style["value"].size)
        mark = label = space()
        budget = room - end.width - 8
    shown = type_.fit(order.shop, budget)
    name = text(shown, replace(type_, spacing=0.0), role="shop", name="shop")
    piece = row([part for part in (mark, label, name, end) if part.width], 5)
    piece = piece.showing(told("shop", shown.removesuffix("…"), named if label.width else ""))
    return spread(piece, right, width) if right else piece


def number_row(order: Order, style: OrderStyle, width: float, rng: random.Random, right: Piece) -> Piece:
    """The order's number at the left and something at the right, as in lists of orders, if both fit."""
    type_ = style["label"]
    label = rng.choice(LABELS["number"])
    line = label + "：" + order.number
    if type_.width(line) + right.width + 12 > width:
        line, label = order.number, ""
    if type_.width(line) + right.width + 12 > width:
        return box(right, width, right.height, align=1.0)
    number = text(line, type_, role="row", name="number").showing(told("number", order.number, label))
    return spread(number, right, width)


def _thumbnail(good: Good, name: str, style: OrderStyle, size: float, rng: random.Random) -> Piece:
    tint = mix(
        style.card, rng.choice((style.accent, (250, 190, 120), (150, 190, 240), (170, 220, 170), style.ink)), 0.13
    )
    radius = min(style.radius, size / 5)

    def paint(canvas: Canvas, area: Box) -> None:
        canvas.rounded(area, radius, tint)
        inset = size * 0.14
        inner = (area[0] + inset, area[1] + inset, area[2] - inset, area[3] - inset)
        canvas.emoji(good.picture, inner)
        canvas.element("picture", name, area)

    return picture(size, size, paint)


def _clamped(content: str, type_: Type, width: float, most: int, *, name: str = "") -> tuple[Piece, str]:
    """At most `most` lines of `content`, the last one cut with … if need be, and what can be read of it."""
    lines, set_ = type_.broken(content, width)
    if len(lines) > most:
        lines = (*lines[: most - 1], set_.fit("".join(lines[most - 1 :]), width))
    return Run(lines, set_, 1.32, "goods", name).piece(), "".join(lines).removesuffix("…")


def _quantity(count: int, style: OrderStyle, name: str) -> Piece:
    form = style.forms["quantity"]
    printed = {"x": f"x{count}", "×": f"×{count}", "数量": f"数量：{count}", "件": f"{count}件"}[form]
    return text(printed, replace(style["small"], size=max(style["small"].size, 12)), role="value", name=name)


def good_piece(good: Good, index: int, single: bool, style: OrderStyle, width: float, rng: random.Random) -> Piece:
    """One article with its picture, name, specification, price and quantity."""
    where = style.forms["picture"]
    body = style["goods"]
    size = min(max(round(body.size * style.thumbnail), 40), width * 0.28)
    beside = where in ("left", "right")
    room = width - (size + 10 if beside else 0)
    price = money(good.price, style, style["money"], name="unit_price" if single else f"price_{index}")
    counted = _quantity(good.quantity, style, "quantity" if single else f"quantity_{index}")
    name_of = "goods" if index == 0 else f"goods_{index}"
    form = style.forms["goods"]
    right_room = max(price.width, counted.width) + 10 if form == "price_right" else 0.0
    if room - right_room < body.size * 5:
        form, right_room = "price_under", 0.0
    title, visible = _clamped(good.name, body, room - right_room, 2 if rng.random() < 0.9 else 1, name=name_of)
    left = [title]
    if good.spec:
        spec = text(
            style["small"].fit(good.spec, room - right_room - 14),
            style["small"],
            role="spec",
            name=f"spec_{index}",
        )
        if rng.random() < 0.25:
            spec = backed(
                pad(spec, 5, 3), lambda c, b: c.rounded(b, min(style.radius, 6), mix(style.card, style.ink, 0.05))
            )
        left.append(spec)
    if rng.random() < 0.12:
        tag = text(
            rng.choice(("七天无理由", "假一赔四", "极速退款", "包邮", "新品", "限时价", "次日达")),
            replace(style["small"], fill=style.accent, size=max(style["small"].size - 1, 10)),
            role="tag",
        )
        left.append(
            backed(pad(tag, 4, 2), lambda c, b: c.rounded(b, 3, None, outline=mix(style.card, style.accent, 0.6)))
        )
    if form == "price_right":
        side = column([price, counted], 6, align="r")
        words = grouped(column(left, 6, width=room - right_room))
        block = row([words, box(side, right_room, side.height, align=1.0)], valign=0)
    else:
        last = (
            spread(price, counted, room) if form == "price_under" or rng.random() < 0.5 else row([price, counted], 12)
        )
        block = column([*left, last], 6, width=room)
    if beside:
        shot = _thumbnail(good, visible, style, size, rng)
        block = row(
            [shot, block] if where == "left" else [box(block, room, block.height, align=0.0), shot], 10, valign=0
        )
    elif where == "top" and single:
        wide = picture(width, min(width * 0.42, 150), lambda canvas, area: _hero(canvas, area, good, visible, style))
        block = column([wide, block], 10, width=width)
    facts: list[Fact] = [Item(visible, good.price, str(good.quantity))]
    if index == 0:
        facts.append(told("goods", visible))
    if single:
        facts += [told("unit_price", good.price), told("quantity", str(good.quantity))]
    return box(block, width, block.height, align=0.0).showing(*facts)


def _hero(canvas: Canvas, area: Box, good: Good, name: str, style: OrderStyle) -> None:
    canvas.gradient(area, style.tint, mix(style.tint, style.accent_end, 0.3), radius=min(style.radius, 12))
    middle, size = (area[0] + area[2]) / 2, (area[3] - area[1]) * 0.74
    top = area[1] + (area[3] - area[1] - size) / 2
    canvas.emoji(good.picture, (middle - size / 2, top, middle + size / 2, top + size))
    canvas.element("picture", name, area)


def goods_block(order: Order, style: OrderStyle, width: float, rng: random.Random, head: Piece | None) -> Piece:
    """All articles, under the shop's row when there is one."""
    single = len(order.goods) == 1
    pieces = [good_piece(good, index, single, style, width, rng) for index, good in enumerate(order.goods)]
    body = [pieces[0]]
    for piece in pieces[1:]:
        body += [rule(style, width), piece] if style.divided else [piece]
    content = column(body, max(style.row_gap, 10.0), width=width)
    if head is None:
        return titled("goods", content, style, rng)
    parts = [head, rule(style, width), content] if style.divided else [head, content]
    return column(parts, max(style.row_gap, 9.0), width=width)


def totals_block(order: Order, style: OrderStyle, width: float, rng: random.Random, *, brief: bool) -> Piece:
    """What was paid: one right-aligned line when `brief`, else the sum in rows."""
    count = sum(good.quantity for good in order.goods)
    label = rng.choice(LABELS["price"])
    paid = money(order.price, style, style["price"], name="price")
    if brief and rng.random() < 0.18:
        large = replace(style["price"], size=min(style["price"].size + rng.randint(3, 9), 32))
        amount = money(order.price, style, large, name="price")
        named = text(label, style["label"], role="label")
        parts = [named, amount] if rng.random() < 0.7 else [amount, named]
        shown = column(parts, 7, align="m").showing(told("price", order.price, label))
        return box(shown, width, shown.height, align=rng.choice((0.5, 0.5, 0.0)))
    if brief:
        before = text(label + rng.choice(("：", "", ":", " ")), style["body"], role="label")
        line = row([before, paid], 3, valign=0.85)
        if rng.random() < 0.6:
            number = text(
                rng.choice(("共{}件", "共{}件商品", "合计{}件")).format(count),
                style["label"],
                role="value",
                name="quantity",
            )
            if number.width + line.width + 14 < width:
                line = row([number, line], 10, valign=0.85).showing(told("quantity", str(count)))
        shown = line.showing(told("price", order.price, label))
        align = rng.choice((1.0, 1.0, 1.0, 0.0))
        return box(shown, width, shown.height, align=align)
    items = [labelled(style, rng, rng.choice(LABELS["goods_total"]), order.goods_total, "goods_total")]
    if float(order.shipping.replace(",", "")) > 0 or rng.random() < 0.5:
        items.append(labelled(style, rng, rng.choice(LABELS["shipping"]), order.shipping, "shipping"))
    if float(order.discount.replace(",", "")) > 0:
        items.append(labelled(style, rng, rng.choice(LABELS["discount"]), order.discount, "discount", sign="-"))
    label = next(name for name in (label, *LABELS["price"]) if name not in {item.fact.label for item in items})
    items.append(labelled(style, rng, label, order.price, "price", strong=True))
    form = "spread" if rng.random() < 0.7 else style.forms["rows"]
    return titled("totals", rows(items, style, width, rng, form), style, rng)


def info_block(order: Order, style: OrderStyle, width: float, rng: random.Random, *, skip: frozenset[str]) -> Piece:
    """The order's number, times, payment and whatever else shops list there, in any order."""
    odds = {
        "number": 0.93,
        "date": 0.85,
        "pay_date": 0.4,
        "payment": 0.45,
        "remark": 0.22,
        "courier": 0.15,
        "tracking": 0.15,
        "recipient": 0.12,
        "phone": 0.1,
        "address": 0.12,
        "shop": 0.18,
        "status": 0.0,
        "price": 0.12,
    }
    if order.category == "unpaid":
        odds |= {"pay_date": 0.0, "payment": 0.1}
    if order.category in ("unpaid", "unshipped", "cancelled"):
        odds |= {"courier": 0.03, "tracking": 0.0}
    chosen = [name for name, share in odds.items() if name not in skip and rng.random() < share] or ["number"]
    items = [labelled(style, rng, rng.choice(LABELS[name]), getattr(order, name), name) for name in chosen]
    taken = {item.fact.label for item in items}
    if rng.random() < 0.4:
        for label in rng.sample(tuple(EXTRA_ROWS), rng.choice((1, 1, 2, 3))):
            if label not in taken:
                items.append(labelled(style, rng, label, rng.choice(EXTRA_ROWS[label])))
    if rng.random() < 0.15:
        items.append(
            labelled(
                style, rng, vocabulary.random_han(rng, rng.randint(2, 4)), vocabulary.random_han(rng, rng.randint(2, 6))
            )
        )
    if rng.random() < 0.5:
        rng.shuffle(items)
    return titled("info", rows(items, style, width, rng, style.forms["rows"]), style, rng)


def address_block(order: Order, style: OrderStyle, width: float, rng: random.Random) -> Piece:
    """Who receives the parcel and where."""
    if rng.random() < 0.3:
        names = ("recipient", "phone", "address")
        items = [labelled(style, rng, rng.choice(LABELS[name]), getattr(order, name), name) for name in names]
        return titled("address", rows(items, style, width, rng, style.forms["rows"]), style, rng)
    person = text(order.recipient, style["title"], role="value", name="recipient")
    phone = text(order.phone, style["value"], role="value", name="phone")
    mark = emoji("📍", style["title"].size * 1.3) if rng.random() < 0.6 else space()
    room = width - (mark.width + 8 if mark.width else 0)
    who = row([person, phone], 10) if rng.random() < 0.8 else spread(person, phone, room)
    where = paragraph(order.address, style["value"], room, role="value", name="address")
    lines = [who, where] if rng.random() < 0.75 else [where, who]
    body = column(lines, style.row_gap * 0.8, width=room)
    piece = row([mark, body], 8, valign=rng.choice((0.0, 0.5))) if mark.width else body
    return piece.showing(*(told(name, getattr(order, name)) for name in ("recipient", "phone", "address")))


def logistics_block(order: Order, style: OrderStyle, width: float, rng: random.Random) -> Piece:
    """The courier, the parcel's number, and sometimes the latest news of it."""
    if rng.random() < 0.45:
        items = [
            labelled(style, rng, rng.choice(LABELS[name]), getattr(order, name), name)
            for name in ("courier", "tracking")
        ]
        return titled("logistics", rows(items, style, width, rng, style.forms["rows"]), style, rng)
    mark = emoji(rng.choice("🚚📦🛵"), style["title"].size * 1.4)
    room = width - mark.width - 8
    company = text(order.courier, style["title"], role="value", name="courier")
    code = text(order.tracking, style["value"], role="value", name="tracking")
    head = row([company, code], 8) if company.width + code.width + 8 <= room else column([company, code], 5)
    lines = [head]
    if rng.random() < 0.5:
        news = rng.choice(_NEWS).format(city=vocabulary.address(rng)[:2])
        lines.append(paragraph(news, style["reason"], room, role="news"))
    body = column(lines, style.row_gap * 0.7, width=room)
    piece = row([mark, body], 8, valign=rng.choice((0.0, 0.5)))
    return piece.showing(told("courier", order.courier), told("tracking", order.tracking))
