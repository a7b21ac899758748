"""The window around a conversation: bars above and below, the list of chats beside it, what lies behind it."""

from __future__ import annotations

import random

from kantu.synth.draw import palette
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.handset import home_bar, status_bar
from kantu.synth.draw.layout import Piece, backed, box, column, picture, row, space, spread, text
from kantu.synth.draw.parts import chevron, emoji
from kantu.synth.draw.signs import sign
from kantu.synth.draw.style import Style
from kantu.synth.facts import Fact, Pair
from kantu.synth.families.chat.record import Conversation
from kantu.synth.page import Box, Color
from kantu.synth.words import vocabulary
from kantu.synth.words.icons import ICONS


def _icon(name: str, side: float, ink: Color) -> Piece:
    return picture(side, side, lambda canvas, area: sign(canvas, name, area, ink))


def head(rng: random.Random, style: Style, chat: Conversation, width: float, *, phone: bool) -> Piece:
    """The title: with whom, how many there are, and signs to call or for more."""
    surface, side = style.on, float(style["title"].size)
    name = text(chat.title, style["title"], role="title", name="title")
    facts: list[Fact] = [Pair("", chat.title, "", "title")]
    title = name
    if chat.group and rng.random() < 0.75:
        count = text(f"({chat.members})", style["title"], role="title", name="members")
        title = row([name, count], side * 0.1)
        facts.append(Pair("", str(chat.members), "count", "members"))
    elif not chat.group and rng.random() < 0.3:
        state = rng.choice(("在线", "手机在线", "对方正在输入", "离线", "刚刚在线"))
        title = column([name, text(state, style["stamp"], role="note")], side * 0.25, align="m")
    left: list[Piece] = []
    if phone:
        left.append(picture(side * 0.5, side * 0.9, lambda canvas, area: chevron(canvas, area, surface.ink, back=True)))
        if rng.random() < 0.3:
            left.append(text(str(rng.randint(1, 99)), style["stamp"], role="note"))
    right = [
        _icon(name, side, surface.ink)
        for name in rng.sample(("更多", "电话", "搜索", "我的", "菜单"), rng.choice((1, 1, 2)))
    ]
    lead, end = row(left, side * 0.3), row(right, side * 0.7)
    inner = width - side * 1.6
    tall = max(title.height, side) + side * rng.uniform(0.8, 1.4)
    half = (inner - title.width) / 2
    if phone and rng.random() < 0.7 and half > max(lead.width, end.width):
        line = row([box(lead, half, side, align=0.0), title, box(end, half, side, align=1.0)])
    else:
        line = spread(row([lead, title], side * 0.5 if left else 0.0), end, inner)
    return box(line, width, tall).showing(*facts)


def foot(rng: random.Random, style: Style, width: float, *, phone: bool) -> Piece:
    """Where one writes."""
    ink, side = style.soft, style["message"].size * 1.5
    field = palette.mix(style.card, style.ink, 0.06)
    said = rng.choice(("", "", "发消息", "输入消息", "说点什么…", "请输入"))
    hint = text(said, style["stamp"], role="hint") if said else space()
    radius = rng.choice((4.0, 8.0, 99.0)) * style.scale
    if phone:
        ends = [_icon(name, side, ink) for name in rng.choice((("表情", "添加"), ("图片", "表情", "添加"), ("添加",)))]
        starts = [_icon("语音", side, ink)] if rng.random() < 0.7 else []
        room = width - (len(ends) + len(starts)) * side * 1.4 - side * 0.8
        inner = box(hint, room, side * 1.35, align=0.05)
        inner = backed(inner, lambda canvas, area: canvas.rounded(area, min(radius, side * 0.67), field))
        return box(row([*starts, inner, *ends], side * 0.35), width, side * 1.35 + 14 * style.scale)
    names = rng.sample(("表情", "图片", "文件夹", "语音", "日历", "电话"), 4)
    tools = row([_icon(name, side * 0.8, ink) for name in names], side * 0.6)
    send = text(rng.choice(("发送", "发送(S)", "发出")), style["button"], role="button")
    area = [box(tools, width - side, side, align=0.0), box(hint, width - side, side, align=0.0)]
    return box(column([*area, box(send, width - side, side, align=1.0)], side * 0.2), width, side * 4.2)


def chats(rng: random.Random, style: Style, chat: Conversation, width: float, height: float) -> Piece:
    """The list of chats at the left of a desk's window; the one that is open stands out."""
    size = float(style["message"].size)
    side = size * 2.2
    tall = side + size
    rows = max(int(height / tall), 1)
    chosen = rng.randrange(rows)
    lit = palette.mix(style.card, style.ink, 0.1)
    pieces = []
    for index in range(rows):
        name = chat.title if index == chosen else vocabulary.word(rng) + rng.choice(("", "群", vocabulary.word(rng)))
        room = width - side - size * 1.5
        when = rng.choice(("昨天", "星期一", f"{rng.randint(0, 23):02d}:{rng.randint(0, 59):02d}"))
        time = text(when, style["stamp"], role="list")
        first = text(style["name"].fit(name, room - time.width - 4), style["name"], role="list")
        last = text(style["stamp"].fit(vocabulary.sentence(rng), room), style["stamp"], role="list")
        lines = column([spread(first, time, room), box(last, room, last.height, align=0.0)], size * 0.4)
        cell = box(row([emoji(rng.choice(tuple(ICONS)), side * 0.8), lines], size * 0.5), width, tall)
        if index == chosen:
            cell = backed(cell, lambda canvas, area: canvas.draw.rectangle(area, fill=lit))
        pieces.append(cell)
    return column(pieces, width=width)


def ground(rng: random.Random, style: Style) -> tuple[str, tuple[Color, ...]]:
    """What lies behind the messages, and its colours."""
    form = rng.choices(("page", "plain", "gradient", "circles", "scenery"), (42, 20, 14, 12, 12))[0]
    if form == "page":
        return form, style.page
    dark = style.dark

    def color() -> Color:
        value = rng.uniform(0.1, 0.3) if dark else rng.uniform(0.85, 1.0)
        return palette.hsv(rng.random(), rng.uniform(0.05, 0.4), value)

    first = color()
    if form == "plain":
        return form, (first,)
    second = palette.hsv(
        rng.random(), rng.uniform(0.05, 0.4), rng.uniform(0.1, 0.3) if dark else rng.uniform(0.85, 1.0)
    )
    return form, (first, second)


def paint_ground(canvas: Canvas, area: Box, form: str, colors: tuple[Color, ...], rng: random.Random) -> None:
    """Wallpaper, which no text depends on."""
    if len(colors) == 1:
        canvas.draw.rectangle(area, fill=colors[0])
        return
    canvas.gradient(area, colors[0], colors[1], vertical=rng.random() < 0.8)
    wide, tall = area[2] - area[0], area[3] - area[1]
    middle = palette.mix(colors[0], colors[1], 0.5)
    if form == "circles":
        for _ in range(rng.randint(4, 14)):
            side = rng.uniform(0.03, 0.25) * wide
            x, y = area[0] + rng.random() * wide, area[1] + rng.random() * tall
            canvas.draw.ellipse(
                (x - side, y - side, x + side, y + side), fill=palette.mix(middle, colors[1], rng.random())
            )
    elif form == "scenery":
        for share in (0.55, 0.7, 0.85):
            top = area[1] + tall * share
            points = [(area[0] + wide * i / 6, top + rng.uniform(-0.06, 0.06) * tall) for i in range(7)]
            shade = palette.mix(middle, colors[0], rng.random())
            canvas.draw.polygon([*points, (area[2], area[3]), (area[0], area[3])], fill=shade)


def frame(rng: random.Random, style: Style, chat: Conversation, width: float, *, phone: bool) -> tuple[Piece, Piece]:
    """What stands over the messages and under them, each on a ground of its own."""
    back = style.card
    edge = style.line
    over: list[Piece] = [head(rng, style, chat, width, phone=phone)]
    under: list[Piece] = [foot(rng, style, width, phone=phone)] if rng.random() < 0.85 else []
    if phone:
        over = [status_bar(rng, style, width, style.ink), *over] if rng.random() < 0.7 else over
        under.append(home_bar(rng, style, width, style.soft, back))
    if rng.random() < 0.1:
        over = []

    def paint(canvas: Canvas, area: Box) -> None:
        canvas.draw.rectangle(area, fill=back)
        canvas.draw.line((area[0], area[3], area[2], area[3]), fill=edge)

    top, bottom = column(over, width=width), column(under, width=width)
    return backed(top, paint) if over else top, backed(bottom, paint) if bottom.height else bottom
