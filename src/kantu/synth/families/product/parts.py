"""Parts of product pages: pictures, prices, promises, coupons, particulars, bars to buy."""

from __future__ import annotations

import random
from dataclasses import replace

from kantu.synth.draw import faces, palette
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.layout import Piece, backed, box, column, pad, paragraph, picture, row, spread, text
from kantu.synth.draw.parts import emoji
from kantu.synth.draw.rows import FORMS, plain_row, rows
from kantu.synth.draw.style import Style
from kantu.synth.draw.typesetting import Type
from kantu.synth.facts import Fact, Marked, Pair
from kantu.synth.families.product.record import PARTICULARS, Product
from kantu.synth.page import Box

_MONEY = frozenset(("price", "original", "coupon", "member", "freight"))
_PRICE_LABELS = ("到手价", "现价", "活动价", "售价", "秒杀价", "特价", "促销价", "价格", "零售价", "限时价")
_ORIGINAL_LABELS = ("原价", "吊牌价", "日常价", "市场价", "划线价", "专柜价")


def fact(name: str, value: str) -> Pair:
    """A value of the product, known by its name."""
    return Pair("", value, "money" if name in _MONEY else "choice", name)


def photo(thing: str, style: Style, width: float, height: float, rng: random.Random) -> Piece:
    """The thing on a ground, with what shops stick onto pictures."""
    first = palette.hsv(rng.random(), rng.uniform(0.0, 0.35), rng.uniform(0.85, 1.0))
    second = palette.mix(first, palette.hsv(rng.random(), 0.4, 0.9), rng.uniform(0.0, 0.5))
    radius = rng.choice((0.0, style.radius))
    size = min(width, height) * rng.uniform(0.5, 0.85)
    place, count = rng.uniform(0.2, 0.8), rng.choice((1, 1, 1, 1, 2, 3))
    pages = f"{rng.randint(1, 3)}/{rng.randint(4, 9)}" if rng.random() < 0.3 else ""
    small = replace(style["small"], fill=(255, 255, 255))

    def paint(canvas: Canvas, area: Box) -> None:
        canvas.gradient(area, first, second, radius=radius)
        wide = min(size, (area[2] - area[0]) / count * 0.95)
        left = area[0] + (area[2] - area[0] - wide * count) * place
        top = area[1] + (area[3] - area[1] - wide) / 2
        for index in range(count):
            spot = (left + index * wide, top, left + (index + 1) * wide, top + wide)
            canvas.emoji(thing, spot)
        canvas.element("photo", "", area)
        if pages and height > 5 * small.size:
            wide = small.width(pages) + 14
            right, low = area[2] - 8, area[3] - 8
            canvas.rounded((right - wide, low - small.size - 8, right, low), 99, (70, 70, 74))
            text(pages, small, role="clutter").draw(canvas, right - wide + 7, low - small.size - 4)

    return picture(width, height, paint)


def _sum(value: str, style: Style, type_: Type, name: str, rng: random.Random, *, strike: bool = False) -> Piece:
    """A sum with its sign before or its unit after it, the sign often smaller."""
    number = text(value, type_, role="price", name=name, strike=strike).showing(fact(name, value))
    kind = rng.random()
    if kind < 0.15:
        return number
    small = type_ if rng.random() < 0.4 else replace(type_, size=faces.snap(max(type_.size * 0.65, 11)))
    if kind < 0.75:
        return row([text(rng.choice("¥￥"), small, role="sign"), number], 1, valign=0.85)
    return row([number, text("元", small, role="sign")], 1, valign=0.85)


def price_block(product: Product, style: Style, width: float, rng: random.Random) -> Piece:
    """The price, large, with labels, the original price and what members pay, as far as they fit."""
    big = replace(style["price"], fill=style.accent if rng.random() < 0.7 else style["price"].fill)
    parts = []
    if rng.random() < 0.5:
        parts.append(text(rng.choice(_PRICE_LABELS), style["label"], role="label"))
    parts.append(_sum(product.price, style, big, "price", rng))
    if product.unit:
        parts.append(text(f"/{product.unit}", style["small"], role="unit"))
    if product.original:
        label = rng.choice(("", rng.choice(_ORIGINAL_LABELS)))
        struck = _sum(product.original, style, style["small"], "original", rng, strike=rng.random() < 0.6 or not label)
        parts.append(row([text(label, style["small"], role="label"), struck], 3) if label else struck)
    if product.member:
        sum_ = _sum(product.member, style, style["body"], "member", rng)
        parts.append(row([text(rng.choice(("会员价", "会员", "PLUS价")), style["small"], role="label"), sum_], 3))
    lines: list[list[Piece]] = [[]]
    gap = 7 * style.scale
    for part in parts:
        if lines[-1] and sum(each.width + gap for each in lines[-1]) + part.width > width:
            lines.append([])
        lines[-1].append(part)
    return column([row(line, gap, valign=0.9) for line in lines], 4 * style.scale)


def title(product: Product, style: Style, width: float, *, align: str = "l") -> Piece:
    """The product's name."""
    piece = paragraph(product.title, style["title"], width, leading=1.3, role="title", name="title", align=align)
    return piece.showing(Marked("title", product.title), Pair("", product.title, "goods", "title"))


def _chip(words: str, style: Style, rng: random.Random, form: str, name: str, fact_: Fact | None) -> Piece:
    type_ = replace(style["small"], fill=style.accent if form != "solid" else style.on_accent)
    piece = pad(text(words, type_, role="tag", name=name), 6 * style.scale, 3 * style.scale)
    if fact_:
        piece = piece.showing(fact_)
    fill = {"solid": style.accent, "tint": style.tint, "line": None}[form]
    radius = min(style.button_radius, 9.0)
    return backed(
        piece, lambda canvas, area: canvas.rounded(area, radius, fill, outline=style.accent if form == "line" else None)
    )


def _flowing(pieces: list[Piece], gap: float, width: float, most: int) -> Piece | None:
    """Pieces in at most so many rows."""
    lines: list[list[Piece]] = [[]]
    for piece in pieces:
        if piece.width > width:
            continue
        if lines[-1] and sum(each.width + gap for each in lines[-1]) + piece.width > width:
            if len(lines) == most:
                break
            lines.append([])
        lines[-1].append(piece)
    full = [row(line, gap) for line in lines if line]
    return column(full, gap * 0.8) if full else None


def promises(product: Product, style: Style, width: float, rng: random.Random) -> Piece | None:
    """What the shop promises, as chips or as words parted by dots."""
    form = rng.choice(("solid", "tint", "line"))
    chips = [
        _chip(words, style, rng, form, f"promise{i}", fact("promise", words))
        for i, words in enumerate(product.promises)
    ]
    return _flowing(chips, 6 * style.scale, width, 2)


def points(product: Product, style: Style, width: float, rng: random.Random) -> Piece:
    """What is good about it, a line each."""
    mark = rng.choice(("·", "✓", "1", "◆", ""))
    lines = []
    for index, words in enumerate(product.points):
        head = {"✓": "", "◆": "", "1": f"{index + 1}. "}.get(mark, mark)
        piece = paragraph(words, style["body"], width - 30, role="point", name=f"point{index}").showing(
            fact("point", words)
        )
        if mark in ("✓", "◆"):
            piece = row([emoji("✅" if mark == "✓" else "⭐", style["body"].size), piece], 5, valign=0.0)
        elif head:
            piece = row([text(head, style["body"], role="mark"), piece], 2, valign=0.0)
        lines.append(piece)
    return column(lines, style.row_gap * 0.8)


def facts_line(product: Product, style: Style, width: float, rng: random.Random) -> Piece | None:
    """Sold, in stock, freight, where from: small words in a row."""
    told: list[tuple[str, str, tuple[str, ...], str]] = [
        ("sales", product.sales, ("已售", "月销", "销量", "已拼"), rng.choice(("", "件"))),
        ("stock", product.stock, ("库存", "仅剩", "剩余"), rng.choice(("", "件"))),
        ("rating", product.rating, ("好评率", "好评") if "%" in product.rating else ("评分", "综合评分"), ""),
        ("sent_from", product.sent_from, ("发货地", "发自", "产地直发"), ""),
        ("freight", "" if product.freight == "0" else product.freight, ("运费", "快递"), "元"),
    ]
    pieces = []
    for name, value, labels, unit in told:
        if value:
            label = rng.choice(labels) + rng.choice(("", "：", " "))
            number = text(value, style["small"], role="value", name=name).showing(fact(name, value))
            parts = [text(label, style["small"], role="label"), number]
            pieces.append(row([*parts, text(unit, style["small"], role="unit")] if unit else parts, 1))
    if product.freight == "0":
        free = rng.choice(("包邮", "免运费", "快递免邮"))
        pieces.append(text(free, style["small"], role="value", name="free").showing(fact("free", free)))
    rng.shuffle(pieces)
    return _flowing(pieces, 12 * style.scale, width, 2) if pieces else None


def coupon(product: Product, style: Style, width: float, rng: random.Random) -> Piece | None:
    """A coupon to be taken."""
    if not product.coupon:
        return None
    sum_ = _sum(product.coupon, style, replace(style["title"], fill=style.accent), "coupon", rng)
    words = text(rng.choice(("优惠券", "店铺券", "立减券", "领券立减")), style["body"], role="label")
    take = text(rng.choice(("领取", "立即领取", "去使用")), replace(style["small"], fill=style.accent), role="button")
    left = row([words, sum_], 8)
    inner = width - 20 * style.scale
    line = spread(left, take, inner) if left.width + take.width + 12 < inner else left
    tint = palette.mix(style.card, style.accent, 0.1)
    return backed(
        pad(box(line, inner, line.height, align=0.0), 10 * style.scale, 7 * style.scale),
        lambda canvas, area: canvas.rounded(area, 6, tint),
    )


def particulars(product: Product, style: Style, width: float, rng: random.Random, most: int) -> Piece | None:
    """Labelled particulars in one of the forms rows have."""
    shown = product.particulars[:most]
    if not shown:
        return None
    facts = [Pair(rng.choice(PARTICULARS[name][0]), value, PARTICULARS[name][2], name) for name, value in shown]
    return rows([plain_row(each, style) for each in facts], style, width, rng, rng.choice(FORMS))


def shop_row(product: Product, style: Style, width: float, rng: random.Random) -> Piece | None:
    """The shop, with a picture and a word to go there."""
    if not product.shop:
        return None
    mark = emoji(rng.choice("🏠🎁📦🌸⭐"), style["body"].size * 1.6)
    name = style["body"].fit(product.shop, width - mark.width - style["body"].size * 5)
    left = row([mark, text(name, style["body"], role="shop", name="shop").showing(fact("shop", name))], 8)
    go = text(rng.choice(("进店", "关注", "逛店铺", "客服")), style["small"], role="link")
    return spread(left, go, width) if rng.random() < 0.7 else left


def buttons(style: Style, width: float, rng: random.Random) -> Piece:
    """One or two buttons to buy with."""
    words = rng.choice(
        (
            ("加入购物车", "立即购买"),
            ("立即购买",),
            ("领券购买",),
            ("单独买", "发起拼单"),
            ("加购", "去结算"),
            ("马上抢",),
        )
    )
    gap = 8 * style.scale
    wide = (width - gap * (len(words) - 1)) / len(words)
    height = style["button"].size * 2.3

    def one(label: str, filled: bool) -> Piece:
        type_ = replace(style["button"], fill=style.on_accent if filled else style.accent)
        inner = box(text(type_.fit(label, wide), type_, role="button"), wide, height)

        def paint(canvas: Canvas, area: Box) -> None:
            radius = min(style.button_radius, height / 2)
            canvas.rounded(area, radius, style.accent if filled else None, outline=style.accent)
            canvas.element("button", label, area)

        return backed(inner, paint)

    return row([one(label, index == len(words) - 1) for index, label in enumerate(words)], gap)


def barcode(value: str, style: Style, width: float, rng: random.Random) -> Piece:
    """Bars, and the digits under them."""
    height, type_ = rng.uniform(18, 34) * style.scale, style["small"]
    wide = min(width, max(type_.width(value) + 8, 100 * style.scale))

    def bars(canvas: Canvas, area: Box) -> None:
        x, ink = area[0], palette.grey(20) if not style.dark else palette.grey(230)
        for digit in value * 4:
            step = (1 + int(digit) % 3) * style.scale
            if x + step > area[2]:
                break
            canvas.draw.rectangle((x, area[1], x + step / 2, area[3]), fill=ink)
            x += step * 1.5

    number = text(value, type_, role="code", name="barcode").showing(fact("barcode", value))
    return column([picture(wide, height, bars), number], 3, align="m")
