"""What stands around an order's facts: its buttons, and what shops would rather have the user look at."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.layout import Piece, backed, box, column, pad, picture, row, spread, text
from kantu.synth.draw.palette import contrast, mix
from kantu.synth.draw.parts import emoji
from kantu.synth.families.order.record import Order
from kantu.synth.families.order.style import OrderStyle
from kantu.synth.families.order.values import told
from kantu.synth.families.order.words import PICTURES
from kantu.synth.page import Box, Color
from kantu.synth.words import vocabulary


def _button(name: str, style: OrderStyle, primary: bool, height: float, width: float, form: str) -> Piece:
    edge = mix(style.card, style.ink, 0.25)
    fill: Color | None = None
    outline: Color | None = edge
    ink = style["button"].fill
    if primary:
        fill, outline, ink = style.accent, None, style.on_accent
        if form == "outline":
            fill, outline, ink = None, style.accent, style.accent
        elif form == "tinted":
            fill, outline, ink = style.tint, None, style.accent
    elif form == "tinted":
        fill, outline = mix(style.card, style.ink, 0.06), None
    type_ = replace(style["button"], fill=ink, spacing=0.0)
    label = text(name, type_, role="button", name="button" if primary else "")
    radius = min(style.button_radius, height / 2)
    gradient = primary and form == "filled" and style.radius in (6.0, 12.0, 20.0)

    def paint(canvas: Canvas, area: Box) -> None:
        canvas.element("button", name, area)
        if gradient and contrast(style.on_accent, style.accent_end) > 2:
            canvas.gradient(area, style.accent_end, style.accent, radius=radius, vertical=False)
        elif not (form == "bare" and not primary):
            canvas.rounded(area, radius, fill, outline=outline)

    piece = backed(box(label, max(width, label.width + 2 * type_.size * 0.8), height), paint)
    return piece.showing(told("button", name)) if primary else piece


def buttons_row(order: Order, style: OrderStyle, width: float, rng: random.Random) -> Piece:
    """One to three buttons, the primary one coloured; equal widths, right-aligned or centred."""
    form = style.forms["button"]
    form = "filled" if form == "bare" and len(order.buttons) == 1 else form
    height = round(style["button"].size * rng.choice((1.9, 2.1, 2.4, 2.8)))
    type_ = style["button"]
    names = list(order.buttons)
    natural = [type_.width(name) + 2 * type_.size * 0.8 for name in names]
    while len(names) > 1 and sum(natural[: len(names)]) + 10 * (len(names) - 1) > width:
        names.pop()
    equal = rng.random() < (0.4 if len(names) > 1 else 0.5)
    share = (width - 10 * (len(names) - 1)) / len(names)
    equal = equal and max(natural[: len(names)]) <= share
    pieces = [
        _button(name, style, index == 0, height, share if equal else 0.0, form) for index, name in enumerate(names)
    ]
    if rng.random() < 0.7:
        pieces.reverse()
    line = row(pieces, 10)
    return box(line, width, height, align=rng.choice((1.0, 1.0, 0.5, 0.0)))


def promotion(style: OrderStyle, width: float, rng: random.Random) -> Piece:
    """Something the shop would rather have the user look at."""
    slogan = rng.choice(
        (
            "邀好友各得{}元红包",
            "会员专享{}折",
            "下单返{}积分",
            "签到领{}元券",
            "满{}元减10元",
            "新人礼包限领{}份",
            "本店好评返{}元",
            "{}天无忧退换",
        )
    ).format(rng.randint(2, 99))
    face = style["body"]
    words = text(slogan, replace(face, fill=style.accent), role="clutter")
    mark = emoji(rng.choice("🎁🧧🎉🎫⭐🔥"), face.size * 1.5)
    go = text(
        rng.choice(("去看看", "领取", "立即参与", "开通")),
        replace(style["small"], fill=style.on_accent),
        role="clutter",
    )
    pill = backed(pad(go, 8, 4), lambda canvas, area: canvas.rounded(area, 30, style.accent))
    inner = width - 20
    if mark.width + words.width + pill.width + 20 > inner:
        line = (
            box(row([mark, words], 6), inner, mark.height, align=0.0) if mark.width + words.width + 6 <= inner else mark
        )
        line = box(line, inner, line.height, align=0.0)
    else:
        line = spread(row([mark, words], 8), pill, inner)
    return backed(pad(line, 10, 9), lambda canvas, area: canvas.rounded(area, min(style.radius, 12), style.tint))


def recommendations(style: OrderStyle, width: float, rng: random.Random) -> Piece:
    """A strip of other goods, as below every order page."""
    count = 2 if width < 420 else rng.choice((3, 4))
    gap = 10
    share = (width - gap * (count - 1)) / count
    cells = []
    for _ in range(count):
        shot = picture(share, share * 0.62, _tile(rng.choice(PICTURES), style))
        small = style["small"]
        name = text(
            small.fit(vocabulary.goods_name(rng), share),
            replace(small, fill=style.soft),
            role="clutter",
        )
        cost = text(f"¥{rng.randint(5, 999)}", replace(small, fill=style.ink), role="clutter")
        cells.append(column([shot, name, cost], 5, width=share))
    title = text(rng.choice(("猜你喜欢", "为你推荐", "大家还买了", "看了又看")), style["title"], role="clutter")
    return column([title, row(cells, gap, valign=0)], 9, width=width)


def _tile(mark: str, style: OrderStyle) -> Callable[[Canvas, Box], None]:
    def paint(canvas: Canvas, area: Box) -> None:
        canvas.rounded(area, min(style.radius, 10), mix(style.card, style.ink, 0.05))
        size = (area[3] - area[1]) * 0.6
        x, y = (area[0] + area[2] - size) / 2, (area[1] + area[3] - size) / 2
        canvas.emoji(mark, (x, y, x + size, y + size))

    return paint


def help_links(style: OrderStyle, width: float, rng: random.Random) -> Piece:
    """Small grey words at the foot of a page."""
    notes = (
        "遇到问题？联系客服",
        "交易安全由平台保障",
        "如需帮助请联系在线客服",
        "—— 已经到底了 ——",
        "本页信息仅供参考",
        "服务时间 9:00-21:00",
    )
    note = text(style["small"].fit(rng.choice(notes), width), style["small"], role="clutter")
    return box(note, width, note.height)
