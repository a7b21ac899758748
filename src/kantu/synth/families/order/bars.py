"""What lies at the top of an order page: the phone's status bar, the title bar, tabs, notices."""

from __future__ import annotations

import random
from dataclasses import replace

from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.layout import Piece, backed, box, column, pad, picture, row, space, spread, text
from kantu.synth.draw.palette import mix
from kantu.synth.draw.parts import chevron, emoji
from kantu.synth.families.order.style import OrderStyle
from kantu.synth.families.order.words import each
from kantu.synth.page import Box

_TITLES = each(
    """订单详情 | 订单详情 | 订单信息 | 我的订单 | 交易详情 | 订单 | 订单中心 | 详情 | 购买记录 | 订单查询"""
)


def _phone_bar(style: OrderStyle, ink: tuple[int, int, int], rng: random.Random) -> Piece:
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


def _title_bar(style: OrderStyle, ink: tuple[int, int, int], rng: random.Random) -> Piece:
    type_ = replace(style["bar"], fill=ink, spacing=0.0)
    title = text(rng.choice(_TITLES), type_, role="title")

    def arrow(canvas: Canvas, area: Box) -> None:
        chevron(canvas, area, ink, back=True)
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


def _tabs(style: OrderStyle, rng: random.Random) -> Piece:
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


def _notice(style: OrderStyle, rng: random.Random) -> Piece:
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
    shown = small.fit(words, style.width - 52)
    line = row([emoji("📢", small.size * 1.3), text(shown, small, role="clutter")], 6)
    tint = mix(style.card, (255, 190, 70), 0.18)
    return backed(
        pad(box(line, style.width - 24, line.height, align=0.0), 12, 7),
        lambda canvas, area: canvas.draw.rectangle(area, fill=tint),
    )


def top_bars(style: OrderStyle, rng: random.Random) -> Piece:
    """Everything above the first block, edge to edge; of no height on many cards."""
    width = style.width
    tops: list[Piece] = []
    if style.forms["frame"] == "phone":
        form = style.forms["header"]
        back = {"accent": style.accent, "card": style.card, "page": style.page[0]}[form]
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
    return column(tops, 0, width=width)
