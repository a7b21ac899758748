"""Puts the blocks of an order onto a page: bars, cards, gaps, what floats above, and what had to be left out."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from kantu.synth import vocabulary
from kantu.synth.canvas import Canvas, fit, text_width
from kantu.synth.layout import Piece, backed, box, column, pad, picture, row, space, spread, text
from kantu.synth.order_blocks import (
    address_block, buttons_row, emoji, goods_block, help_links, info_block, logistics_block, promotion, recommendations,
    shop_row, totals_block,
)  # fmt: skip
from kantu.synth.order_record import STATUSES, Order
from kantu.synth.order_rows import rule
from kantu.synth.order_status import Block, status_block, status_text
from kantu.synth.order_style import Style, mix
from kantu.synth.page import Box

_TITLES = "订单详情 订单详情 订单信息 我的订单 交易详情 订单 订单中心 详情 购买记录 订单查询".split()


_DROPPED_FIRST = ("promotion", "logistics", "address", "totals", "buttons", "info")


@dataclass(frozen=True)
class Sheet:
    """A page before it is drawn: what lies at the top, in the middle and at the bottom, each edge to edge."""

    width: int
    top: Piece
    middle: Piece
    bottom: Piece
    facts: dict[str, object]


def _phone_bar(style: Style, ink: tuple[int, int, int], rng: random.Random) -> Piece:
    clock = text(
        f"{rng.randint(0, 23):02d}:{rng.randint(0, 59):02d}",
        replace(style["small"], fill=ink, size=max(style["small"].size, 11)),
        role="clock",
    )
    share = rng.random()

    def signs(canvas: Canvas, area: Box) -> None:
        x, y = area[0], area[1]
        for index in range(4):
            canvas.draw.rectangle((x + index * 4, y + 8 - index * 2, x + index * 4 + 2, y + 10), fill=ink)
        canvas.draw.arc((x + 20, y + 1, x + 33, y + 14), 225, 315, fill=ink, width=2)
        canvas.draw.ellipse((x + 25, y + 7, x + 28, y + 10), fill=ink)
        canvas.rounded((x + 38, y + 1, x + 57, y + 10), 2, None, outline=ink)
        canvas.draw.rectangle((x + 40, y + 3, x + 40 + 15 * share, y + 8), fill=ink)
        canvas.draw.rectangle((x + 58, y + 4, x + 59, y + 7), fill=ink)

    return pad(spread(clock, picture(60, 12, signs), style.width - 32), 16, 5)


def _title_bar(style: Style, ink: tuple[int, int, int], rng: random.Random) -> Piece:
    type_ = replace(style["bar"], fill=ink, spacing=0.0)
    title = text(rng.choice(_TITLES), type_, role="title")

    def arrow(canvas: Canvas, area: Box) -> None:
        x1, y1, x2, y2 = area
        canvas.draw.line([(x2, y1), (x1, (y1 + y2) / 2), (x2, y2)], fill=ink, width=2)
        canvas.element("icon", "返回", area)

    def more(canvas: Canvas, area: Box) -> None:
        y = (area[1] + area[3]) / 2
        for index in range(3):
            x = area[0] + 3 + index * 7
            canvas.draw.ellipse((x - 1.6, y - 1.6, x + 1.6, y + 1.6), fill=ink)
        canvas.element("icon", "更多", area)

    back = picture(type_.size * 0.5, type_.size * 0.9, arrow) if rng.random() < 0.85 else space(1)
    end = picture(20, 14, more) if rng.random() < 0.5 else space(1)
    inner = style.width - 32
    if rng.random() < 0.7:
        half = (inner - title.width) / 2
        line = row([box(back, half, title.height, align=0.0), title, box(end, half, title.height, align=1.0)], 0)
    else:
        line = spread(row([back, title], 10), end, inner)
    return pad(line, 16, rng.choice((8, 10, 13)))


def _tabs(style: Style, rng: random.Random) -> Piece:
    """The row of lists an order page came from; its words are other orders' states."""
    words = rng.choice(
        (
            ("全部", "待付款", "待发货", "待收货", "待评价"),
            ("商品", "评价", "详情"),
            ("进行中", "历史订单", "售后"),
            ("线上单", "门店单"),
        )
    )
    small = replace(style["body"], spacing=0.0, fill=style.soft, size=min(style["body"].size, 14))
    share = (style.width - 16) / len(words)
    cells = [box(text(word, small, role="clutter"), share, small.size) for word in words]
    return backed(pad(row(cells), 8, 9), lambda canvas, area: canvas.draw.rectangle(area, fill=style.card))


def _notice(style: Style, rng: random.Random) -> Piece:
    words = rng.choice(
        (
            "谨防诈骗，客服不会索要验证码",
            "受天气影响部分地区配送延迟",
            "请勿脱离平台交易",
            "春节期间发货时间请咨询商家",
            "系统将于今晚升级",
        )
    )
    small = replace(style["small"], fill=mix(style.ink, (190, 110, 20), 0.6))
    shown = fit(words, small.face, small.size, style.width - 52)
    line = row([emoji("📢", small.size * 1.3), text(shown, small, role="clutter")], 6)
    tint = mix(style.card, (255, 190, 70), 0.18)
    return backed(
        pad(box(line, style.width - 24, line.height, align=0.0), 12, 7),
        lambda canvas, area: canvas.draw.rectangle(area, fill=tint),
    )


def _card(piece: Piece, style: Style, label: str) -> Piece:
    def paint(canvas: Canvas, area: Box) -> None:
        if style.shadow:
            canvas.shadow(area, style.radius, blur=5, color=(20, 20, 40), strength=style.shadow)
        outline = style.line if style.border else None
        canvas.rounded(area, style.radius, style.card, outline=outline)
        canvas.element("card", label, area)

    return backed(pad(piece, style.padding, style.padding * 0.9), paint)


def _blocks(order: Order, style: Style, inner: float, full: float, rng: random.Random) -> list[Block]:
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
        head = shop_row(order, style, inner, rng, right)
    elif rng.random() < 0.72:
        head = shop_row(order, style, inner, rng)
    if not badge and rng.random() < 0.975:
        blocks.append(status_block(order, style, inner, full, rng, told=told))
    brief = rng.random() < 0.45
    goods = goods_block(order, style, inner, rng, head)
    if brief and rng.random() < 0.7:
        total = totals_block(order, style, inner, rng, brief=True)
        goods = column([goods, *([rule(style, inner)] if style.dividers else []), total], max(style.row_gap, 10))
        blocks.append(Block("goods", goods, needed=True))
    else:
        blocks.append(Block("goods", goods, needed=True))
        if rng.random() < 0.92:
            blocks.append(Block("totals", totals_block(order, style, inner, rng, brief=brief)))
    shown = set(goods.facts) | {name for block in blocks for name in block.piece.facts}
    extra: list[Block] = []
    delivered = order.category not in ("ticket", "service")
    if rng.random() < (0.42 if delivered else 0.1):
        extra.append(Block("address", address_block(order, style, inner, rng)))
    late = (
        order.category in ("shipped", "arriving", "received", "done")
        or order.category == "invented"
        and rng.random() < 0.4
    )
    if late and rng.random() < 0.6:
        extra.append(Block("logistics", logistics_block(order, style, inner, rng)))
    shown |= {name for block in extra for name in block.piece.facts}
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


def _placed(blocks: Sequence[Block], style: Style, full: float, inner: float) -> Piece:
    """Cards one under the other, or all blocks in one card, `full` wide."""
    if style.forms["frame"] == "card":
        parts: list[Piece] = []
        for block in blocks:
            if parts and style.dividers:
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


def _least_needed(blocks: Sequence[Block], rng: random.Random) -> Block:
    """What a page too short for everything does without."""
    spare = [block for block in blocks if not block.needed]
    if spare and rng.random() < 0.75:
        return min(spare, key=lambda block: _DROPPED_FIRST.index(block.kind))
    return rng.choice(spare or [block for block in blocks if block.kind != "status"] or list(blocks))


def compose(order: Order, style: Style, height: int, rng: random.Random) -> Sheet:
    """Lay the order out within `height` pixels, leaving out what does not fit."""
    width = float(style.width)
    full = width - 2 * style.margin
    inner = full - 2 * style.padding
    edge = inner if style.forms["frame"] == "card" else full if style.margin and rng.random() < 0.5 else width
    if style.forms["frame"] != "card" and edge == width:
        full_bleed = width
    else:
        full_bleed = edge
    blocks = _blocks(order, style, inner, full_bleed, rng)
    tops: list[Piece] = []
    bottom = space(width, 0)
    if style.forms["frame"] == "phone":
        form = style.forms["header"]
        back = {"accent": style.accent, "card": style.card, "page": style.page}[form]
        ink = style.on_accent if form == "accent" else style.ink
        bars = [_phone_bar(style, ink, rng)] if rng.random() < 0.7 else []
        bars += [_title_bar(style, ink, rng)] if rng.random() < 0.9 else []
        if bars:
            tops.append(
                backed(column(bars, 0, width=width), lambda canvas, area: canvas.draw.rectangle(area, fill=back))
            )
        if rng.random() < 0.08:
            tops.append(_tabs(style, rng))
    elif rng.random() < 0.35 and style.forms["frame"] == "sheet":
        tops.append(_title_bar(style, style.ink, rng))
    if rng.random() < 0.09:
        tops.append(_notice(style, rng))
    if rng.random() < 0.86:
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
    top = column(tops, 0, width=width)
    while True:
        middle = _placed(blocks, style, full if style.forms["frame"] == "card" else width, inner)
        if style.forms["frame"] == "card":
            middle = pad(middle, style.margin, 0)
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
    facts = {**top.facts, **middle.facts, **bottom.facts}
    return Sheet(style.width, top, middle, bottom, facts)


def paint(sheet: Sheet, style: Style, height: int, rng: random.Random) -> Canvas:
    """Draw the sheet at `height` pixels."""
    canvas = Canvas(sheet.width, height, style.page)
    if rng.random() < 0.08:
        canvas.gradient((0, 0, sheet.width, height), mix(style.page, style.accent, 0.22), style.page)
    if style.forms["frame"] != "phone" and rng.random() < 0.06:
        canvas.gradient(
            (0, 0, sheet.width, height),
            mix(style.page, style.accent, 0.3),
            mix(style.page, style.accent_end, 0.3),
            vertical=False,
        )
    sheet.top.draw(canvas, 0, 0)
    spare = height - sheet.top.height - sheet.bottom.height - sheet.middle.height
    lead = min(style.gap, spare / 2) if style.forms["frame"] == "phone" else spare * rng.choice((0.5, 0.5, 0.3))
    sheet.middle.draw(canvas, 0, round(sheet.top.height + lead))
    if sheet.bottom.height:
        sheet.bottom.draw(canvas, 0, round(height - sheet.bottom.height))
    return canvas


def overlap(first: Box, second: Box) -> bool:
    """Whether two boxes share more than an edge."""
    return first[0] < second[2] and second[0] < first[2] and first[1] < second[3] and second[1] < first[3]


def cover(canvas: Canvas, style: Style, rng: random.Random) -> None:
    """Float a bubble or a toast over the page; text it hides leaves the truth, and text that matters is never hidden."""
    if rng.random() < 0.5:
        size = rng.choice((34, 40, 46))
        word = rng.choice("📞💬🎁🧧")
        spots = [(canvas.width - size - 8, rng.uniform(0.3, 0.9) * (canvas.height - size)) for _ in range(8)]
        areas = [(x, y, x + size, y + size) for x, y in spots]
        content: Piece = emoji(word, size * 0.6)
    else:
        type_ = replace(style["body"], fill=(255, 255, 255), spacing=0.0)
        content = text(
            rng.choice(("复制成功", "已提醒", "网络不稳定", "操作成功", "加载中", "已刷新", vocabulary.word(rng))),
            type_,
            role="clutter",
        )
        width, tall = content.width + 28, content.height + 18
        tops = [rng.uniform(0.2, 0.95) * (canvas.height - tall) for _ in range(8)]
        areas = [((canvas.width - width) / 2, y, (canvas.width + width) / 2, y + tall) for y in tops]
    for area in areas:
        hidden = [line for line in canvas.lines if overlap(line.box, area)]
        if any(line.role not in ("clutter", "news", "tag", "link", "step") for line in hidden):
            continue
        if any(element.kind == "button" and overlap(element.box, area) for element in canvas.elements):
            continue
        canvas.lines = [line for line in canvas.lines if line not in hidden]
        toast = content.height < 34 and content.width > 40
        canvas.rounded(
            area,
            8 if toast else (area[3] - area[1]) / 2,
            (60, 60, 62) if toast else style.card,
            outline=None if toast else style.line,
        )
        x = (area[0] + area[2] - content.width) / 2
        content.draw(canvas, x, (area[1] + area[3] - content.height) / 2)
        return


def watermark(canvas: Canvas, style: Style, rng: random.Random) -> None:
    """Pale slanted words over the whole page, too faint to count as text."""
    from PIL import Image, ImageDraw

    from kantu.synth import fonts

    word = rng.choice(("仅供参考", "内部资料", "截图留存")) if rng.random() < 0.5 else vocabulary.person(rng)
    tile = Image.new("L", (160, 110))
    ImageDraw.Draw(tile).text((20, 40), word, font=fonts.load(style["body"].face, 16), fill=rng.randint(14, 26))
    tile = tile.rotate(20)
    mask = Image.new("L", canvas.image.size)
    for x in range(0, canvas.width, 160):
        for y in range(0, canvas.height, 110):
            mask.paste(tile, (x, y))
    canvas.image.paste(style.ink, (0, 0), mask)


__all__ = ["STATUSES", "Sheet", "compose", "cover", "overlap", "paint", "text_width", "watermark"]
