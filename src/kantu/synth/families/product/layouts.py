"""How products are shown: pages of shops, price tags, posters, specification sheets, shelves, menus."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from kantu.synth.draw import effects, faces, palette
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.grounds import regrounded, zoomed
from kantu.synth.draw.layout import Piece, box, column, pad, paragraph, row, spread, text
from kantu.synth.draw.parts import card, grouped, plate, rule
from kantu.synth.draw.style import Style
from kantu.synth.facts import Fact, Listing, Marked, Pair
from kantu.synth.families.product import parts
from kantu.synth.families.product.record import Offer, Product, make_offers
from kantu.synth.page import Box
from kantu.synth.words import vocabulary


@dataclass(frozen=True)
class Placed:
    """A drawn page and what it states; `offers` where it shows several things."""

    canvas: Canvas
    facts: tuple[Fact, ...]
    offers: tuple[Offer, ...] = ()


_ORDERS = (
    ("photo", "price", "title", "line", "promises", "coupon", "rows", "shop", "buttons"),
    ("photo", "title", "price", "coupon", "promises", "line", "shop", "buttons"),
    ("title", "photo", "points", "price", "line", "buttons"),
    ("shop", "photo", "title", "line", "price", "promises", "buttons"),
    ("photo", "coupon", "price", "title", "rows", "points"),
    ("title", "price", "rows", "shop", "line"),
    ("title", "rows", "points", "price"),
    ("photo", "title", "points", "promises", "price", "buttons"),
    ("price", "title", "promises", "photo", "rows", "buttons"),
)


def _blocks(product: Product, style: Style, width: float, rng: random.Random) -> dict[str, Piece | None]:
    return {
        "price": parts.price_block(product, style, width, rng),
        "title": parts.title(product, style, width),
        "line": parts.facts_line(product, style, width, rng),
        "promises": parts.promises(product, style, width, rng),
        "coupon": parts.coupon(product, style, width, rng),
        "rows": parts.particulars(product, style, width, rng, rng.randint(2, 8)),
        "points": parts.points(product, style, width, rng),
        "shop": parts.shop_row(product, style, width, rng),
        "buttons": parts.buttons(style, width, rng),
    }


def _fitted(made: dict[str, Piece | None], order: list[str], gap: float, room: float) -> list[str]:
    """The order without what has no room; the price and the name stay to the end."""
    spare = [name for name in ("coupon", "promises", "points", "line", "buttons", "shop", "rows") if name in order]
    while sum(piece.height + gap for name in order if (piece := made.get(name))) > room and spare:
        order.remove(spare.pop(0))
    return order


def page(product: Product, style: Style, width: int, height: int, rng: random.Random) -> Placed | None:
    """A page of a shop on a phone."""
    edge = max(effects.margin(width, height), rng.choice((6, 10, 14)) * style.scale)
    carded = rng.random() < 0.4
    inner = width - 2 * edge - (2 * style.padding if carded else 0)
    room = height - 2 * edge - (2 * style.padding if carded else 0)
    gap = max(style.gap, 7 * style.scale)
    made = _blocks(product, style, inner, rng)
    order = [name for name in rng.choice(_ORDERS) if name == "photo" or made[name]]
    pictured = "photo" in order
    least = inner * 0.35 if pictured else 0.0
    order = _fitted(made, order, gap, room - least)
    used = sum(piece.height + gap for name in order if name != "photo" and (piece := made.get(name)))
    if used - gap + least > room:
        return None
    bleed = pictured and order[0] == "photo" and not carded
    if pictured:
        wide = width if bleed else inner
        tall = min(room - used, wide * rng.uniform(0.5, 1.0))
        made["photo"] = parts.photo(product.thing, style, wide, tall, rng)
    pieces = [
        box(piece, inner, piece.height, align=0.0)
        for name in order
        if (piece := made[name]) and not (bleed and name == "photo")
    ]
    if style.divided and len(pieces) > 2 and rng.random() < 0.4:
        at = rng.randint(1, len(pieces) - 1)
        if sum(piece.height + gap for piece in pieces) + gap < room - (
            made["photo"].height if bleed and made["photo"] else 0
        ):
            pieces.insert(at, rule(style, inner))
    whole = column(pieces, gap, width=inner)
    if carded:
        whole = card(whole, style, "商品", outline=style.line if style.border else None)
    canvas = Canvas(width, height, style.page[0])
    top = float(edge)
    shot = made.get("photo")
    if bleed and shot:
        shot.draw(canvas, 0, 0)
        top = shot.height + gap
    slack = max(height - top - edge - whole.height, 0)
    whole.draw(canvas, edge, top + slack * rng.choice((0.0, 0.0, 0.5)))
    return Placed(canvas, whole.facts)


def wide_page(product: Product, style: Style, width: int, height: int, rng: random.Random) -> Placed | None:
    """Picture at one side, words at the other, as on a computer or a leaflet."""
    if width < 360 * style.scale:
        return None
    edge = max(effects.margin(width, height), 12 * style.scale)
    left = (width - 3 * edge) * rng.uniform(0.35, 0.5)
    right = width - 3 * edge - left
    gap = max(style.gap, 8 * style.scale)
    made = _blocks(product, style, right, rng)
    order = [name for name in rng.choice(_ORDERS) if name != "photo" and made[name]]
    order = _fitted(made, order, gap, height - 2 * edge)
    words = column([piece for name in order if (piece := made[name])], gap, width=right)
    if words.height > height - 2 * edge:
        return None
    shot = parts.photo(product.thing, style, left, min(height - 2 * edge, left * rng.uniform(0.8, 1.4)), rng)
    canvas = Canvas(width, height, style.page[0])
    places = [(edge, shot), (2 * edge + left, words)]
    if rng.random() < 0.35:
        places = [(2 * edge + right, shot), (edge, words)]
    for x, piece in places:
        grouped(piece).draw(canvas, x, edge)
    return Placed(canvas, words.facts)


def tag(product: Product, style: Style, width: int, height: int, rng: random.Random) -> Placed | None:
    """A price tag on a shelf: a strip of colour, the name, a huge price, particulars, a barcode."""
    paper = rng.choice(((255, 255, 255), (255, 242, 0), (255, 250, 220), (255, 235, 235), (235, 245, 255)))
    strip = palette.hsv(rng.choice((0.0, 0.02, 0.33, 0.58, 0.6, 0.1)), rng.uniform(0.7, 1.0), rng.uniform(0.5, 0.9))
    shelf = palette.paper(rng, rng.random() < 0.6, plain=0.5)
    edge = max(effects.margin(width, height), width * rng.uniform(0.03, 0.1))
    ground = regrounded(style, rng, paper)
    inner = width - 2 * edge - 24 * style.scale
    head = text(
        rng.choice(("商品标价签", "特价商品", "会员特价", "今日特价", "价签", vocabulary.word(rng) + "超市")),
        replace(style["label"], fill=palette.ink(rng, strip, least=4.0, colourful=0.1)),
        role="head",
    )
    bar = box(head, width - 2 * edge, head.height * 2.0)
    large = replace(
        ground["price"],
        size=faces.snap(min(ground["price"].size * rng.uniform(1.2, 2.2), inner / max(len(product.price), 3))),
    )
    huge = replace(ground, types={**ground.types, "price": large})
    gap = max(style.gap, 7 * style.scale)
    blocks = [parts.title(product, ground, inner), parts.price_block(product, huge, inner, rng)]
    if rng.random() < 0.3:
        blocks.reverse()
    rows = parts.particulars(product, ground, inner, rng, rng.randint(2, 6))
    coded = dict(product.particulars).get("barcode", "")
    if rows:
        blocks.append(rows)
    if coded and not (rows and any(isinstance(each, Pair) and each.name == "barcode" for each in rows.facts)):
        blocks.append(parts.barcode(coded, ground, inner, rng))
    room = height - 2 * edge - bar.height - 24 * style.scale
    while len(blocks) > 1 and sum(block.height + gap for block in blocks) - gap > room:
        blocks.pop()
    whole = column(blocks, gap, width=inner)
    if whole.height > room or not any(isinstance(each, Pair) and each.name == "price" for each in whole.facts):
        return None
    canvas = Canvas(width, height, shelf)
    tall = whole.height + bar.height + 24 * style.scale
    top = edge + max(height - 2 * edge - tall, 0) * rng.choice((0.0, 0.3, 0.5))
    canvas.rounded((edge, top, width - edge, top + tall), min(style.radius, 8), paper)
    canvas.draw.rectangle((edge, top, width - edge, top + bar.height), fill=strip)
    bar.draw(canvas, edge, top)
    whole.draw(canvas, edge + 12 * style.scale, top + bar.height + 12 * style.scale)
    return Placed(canvas, whole.facts)


def poster(product: Product, style: Style, width: int, height: int, rng: random.Random) -> Placed | None:
    """A poster: a slogan, the thing, a price, until when, where to call."""
    hue, dark = rng.random(), rng.random() < 0.55
    value = (0.25, 0.6) if dark else (0.9, 1.0)
    colors = tuple(
        palette.hsv(hue + shift, rng.uniform(0.25, 0.9) * (1 if dark else 0.5), rng.uniform(*value))
        for shift in (0, 0.08)
    )
    ground = zoomed(regrounded(style, rng, *colors), rng.choice((1.0, 1.3, 1.6)), 44)
    edge = max(effects.margin(width, height), width * 0.06)
    inner = width - 2 * edge
    align = rng.choice("lm")
    big = ground["big"]
    slogan = paragraph(product.slogan, big, inner, leading=1.2, role="slogan", name="slogan", align=align)
    pieces = [
        slogan.showing(parts.fact("slogan", product.slogan)),
        parts.title(product, ground, inner, align=align),
        parts.price_block(product, ground, inner, rng),
    ]
    for name, value_, label in (
        ("period", product.period, "活动时间"),
        ("phone", product.phone, rng.choice(("订购热线", "咨询电话", "电话"))),
    ):
        if value_:
            line = [
                text(label + "：", ground["body"], role="label"),
                text(value_, ground["body"], role="value", name=name).showing(parts.fact(name, value_)),
            ]
            if line[0].width + line[1].width < inner:
                pieces.append(row(line, 2))
    if rng.random() < 0.5:
        pieces.insert(rng.randint(1, len(pieces)), parts.points(product, ground, inner, rng))
    gap = max(style.gap, 9 * style.scale)
    used = sum(piece.height + gap for piece in pieces)
    rest = height - 2 * edge - used
    if rest < 0 or slogan.width > inner + 1:
        return None
    if rest > inner * 0.3:
        pieces.insert(
            rng.randint(0, len(pieces)),
            parts.photo(product.thing, ground, inner, min(rest, inner * rng.uniform(0.4, 0.9)), rng),
        )
    whole = column(pieces, gap, width=inner, align=align)
    canvas = Canvas(width, height, colors[0])
    canvas.gradient((0, 0, width, height), colors[0], colors[1], vertical=rng.random() < 0.7)
    whole.draw(canvas, edge, edge + max(height - 2 * edge - whole.height, 0) * rng.choice((0.0, 0.5)))
    return Placed(canvas, whole.facts)


def _cell(offer: Offer, style: Style, width: float, rng: random.Random, index: int) -> Piece:
    """One thing of a shelf: picture, name, price."""
    shot = parts.photo(offer.thing, style, width, width * 0.8, random.Random(index))
    name = paragraph(offer.title, style["body"], width, leading=1.25, role="goods", name=f"goods{index}")
    sign = text(rng.choice("¥￥"), style["small"], role="sign")
    large, room = style["value"], width - sign.width - 1
    if (needed := large.width(offer.price)) > room:
        large = replace(large, size=faces.snap(0.93 * large.size * room / needed))
    sum_ = text(offer.price, large, role="price", name=f"price{index}")
    return column([shot, name, row([sign, sum_], 1, valign=0.9)], 5 * style.scale, width=width)


def _offer_facts(offers: tuple[Offer, ...]) -> tuple[Fact, ...]:
    return (
        *(Pair(offer.title, offer.price, "money", f"price{i}") for i, offer in enumerate(offers)),
        Listing(tuple(offer.title for offer in offers), "商品"),
    )


def shelf(product: Product, style: Style, width: int, height: int, rng: random.Random) -> Placed | None:
    """Several things in a grid, as search results and shops show them."""
    edge = max(effects.margin(width, height), 8 * style.scale)
    across = 2 if width < 460 * style.scale else rng.choice((2, 3, 4))
    gap = rng.choice((8, 10, 14)) * style.scale
    wide = (width - 2 * edge - gap * (across - 1)) / across
    inset = rng.choice((0.0, 6.0)) * style.scale
    offers = make_offers(rng, across * rng.choice((1, 2, 2, 3)))
    lines: list[Piece] = []
    used, shown = 0.0, 0
    for start in range(0, len(offers), across):
        cells = [
            _cell(offer, style, wide - 2 * inset, rng, start + i)
            for i, offer in enumerate(offers[start : start + across])
        ]
        tall = max(cell.height for cell in cells) + 2 * inset
        if used + tall > height - 2 * edge:
            break
        plates = [_tile(pad(cell, inset), style, wide, tall, inset > 0) for cell in cells]
        lines.append(row(plates, gap, valign=0.0))
        used, shown = used + tall + gap, start + len(cells)
    if shown < 2:
        return None
    canvas = Canvas(width, height, style.page[0])
    column(lines, gap).draw(canvas, edge, edge)
    return Placed(canvas, _offer_facts(offers[:shown]), offers[:shown])


def _tile(piece: Piece, style: Style, width: float, height: float, plated: bool) -> Piece:
    def draw(canvas: Canvas, x: float, y: float) -> None:
        area: Box = (x, y, x + width, y + height)
        if plated:
            plate(canvas, area, min(style.radius, 10), (style.card,))
        canvas.element("column", "", area)
        piece.draw(canvas, x, y)

    return Piece(width, height, draw, piece.facts)


def menu(product: Product, style: Style, width: int, height: int, rng: random.Random) -> Placed | None:
    """A list of names and prices, as on the wall of a shop."""
    edge = max(effects.margin(width, height), width * rng.uniform(0.05, 0.1))
    back = palette.paper(rng, rng.random() < 0.5, plain=0.3)
    ground = zoomed(regrounded(style, rng, back), rng.choice((1.0, 1.2, 1.5)))
    inner = width - 2 * edge
    shop = vocabulary.shop_name(rng) if rng.random() < 0.3 else ""
    name = shop or rng.choice(("价目表", "菜单", "今日供应", "点单"))
    head = paragraph(name, ground["title"], inner, role="title", name="title", align="m").showing(Marked("title", name))
    unit = rng.choice(("", "元", "¥", "￥"))
    dotted = rng.random() < 0.3
    offers = make_offers(rng, rng.randint(3, 14))
    gap = max(style.row_gap, 6 * style.scale)
    lines, used, shown = [box(head, inner, head.height)], head.height + gap, 0
    for index, offer in enumerate(offers):
        left = text(offer.title, ground["body"], role="goods", name=f"goods{index}")
        number = text(offer.price, ground["value"], role="price", name=f"price{index}")
        sign = text(unit, ground["value"], role="sign") if unit else None
        right = number if sign is None else row([number, sign] if unit == "元" else [sign, number], 1)
        if left.width + right.width + 20 > inner:
            continue
        line = spread(left, right, inner)
        if used + line.height + gap > height - 2 * edge:
            break
        if dotted:
            line = column([line, rule(style, inner)], 3)
        lines.append(line)
        used += line.height + gap
        shown = index + 1
    kept, told = offers[:shown], (parts.fact("shop", shop),) if shop else ()
    if shown < 2 or len(lines) - 1 != shown:
        return None
    canvas = Canvas(width, height, back)
    column(lines, gap, width=inner).draw(canvas, edge, edge)
    return Placed(canvas, (Marked("title", name), *told, *_offer_facts(kept)), kept)


def place(product: Product, style: Style, width: int, height: int, rng: random.Random) -> Placed | None:
    """The product in some layout; None where that has no room."""
    kinds = (page, wide_page, tag, poster, shelf, menu)
    make = rng.choices(kinds, (7, 3 if width > height else 0.6, 2.5, 2.5, 2, 1.5))[0]
    return make(product, style, width, height, rng)
