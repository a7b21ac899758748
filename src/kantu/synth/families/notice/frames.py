"""Where a notice is put up: paper, a group's announcement, a chat bubble, a poster, a board, a short message, chalk."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from kantu.synth.draw import effects, faces, palette
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.grounds import regrounded
from kantu.synth.draw.layout import Piece, text
from kantu.synth.draw.parts import chevron
from kantu.synth.draw.style import Style
from kantu.synth.page import Box, Color
from kantu.synth.words import vocabulary


@dataclass(frozen=True)
class Frame:
    """Room for a notice: the style on its ground, how large it may be, and `put`, which paints and draws it."""

    style: Style
    width: float
    height: float
    put: Callable[[Canvas, Piece], None]


def _paper(rng: random.Random, style: Style, width: int, height: int) -> Frame:
    """A sheet with white around it, or one as large as the page."""
    edge = rng.choice((0, 0, 8, 14)) * style.scale
    inset = max(effects.margin(width, height), width * rng.uniform(0.04, 0.09))
    color = rng.choice(((255, 255, 255), (252, 250, 244), (247, 243, 230), (255, 253, 235), (244, 246, 248)))
    desk = palette.paper(rng, rng.random() < 0.5, plain=0.2)
    border = rng.choice((None, None, (60, 60, 60), (190, 40, 40), palette.mix(color, (0, 0, 0), 0.2)))

    def put(canvas: Canvas, piece: Piece) -> None:
        canvas.draw.rectangle((0, 0, width, height), fill=desk if edge else color)
        canvas.draw.rectangle((edge, edge, width - edge - 1, height - edge - 1), fill=color)
        if border:
            line = edge + inset * 0.4
            canvas.draw.rectangle(
                (line, line, width - line, height - line), outline=border, width=max(1, round(style.scale))
            )
        slack = max(height - 2 * (edge + inset) - piece.height, 0)
        piece.draw(canvas, edge + inset, edge + inset + slack * rng.choice((0.0, 0.0, 0.3, 0.5)))

    ground = regrounded(style, rng, color)
    return Frame(ground, width - 2 * (edge + inset), height - 2 * (edge + inset), put)


def _poster(rng: random.Random, style: Style, width: int, height: int) -> Frame:
    """A strong colour or a gradient, with some shapes and pictures at its edges."""
    dark = rng.random() < 0.6
    hue = rng.random()
    if dark:
        colors = tuple(palette.hsv(hue + shift, rng.uniform(0.5, 0.95), rng.uniform(0.25, 0.6)) for shift in (0, 0.06))
    else:
        colors = tuple(palette.hsv(hue + shift, rng.uniform(0.1, 0.45), rng.uniform(0.9, 1.0)) for shift in (0, 0.08))
    inset = max(effects.margin(width, height), width * rng.uniform(0.05, 0.1))
    circles = rng.randint(0, 5)

    def put(canvas: Canvas, piece: Piece) -> None:
        canvas.gradient((0, 0, width, height), colors[0], colors[1], vertical=rng.random() < 0.7)
        for _ in range(circles):
            x, y, r = rng.uniform(0, width), rng.choice((0, height)), rng.uniform(0.06, 0.25) * width
            shade = palette.mix(colors[y > 0], colors[y == 0], rng.uniform(0.5, 1.0))
            canvas.draw.ellipse((x - r, y - r, x + r, y + r), fill=shade)
        slack = max(height - 2 * inset - piece.height, 0)
        piece.draw(canvas, inset, inset + slack * rng.choice((0.2, 0.4, 0.5)))

    return Frame(regrounded(style, rng, *colors), width - 2 * inset, height - 2 * inset, put)


def _board(rng: random.Random, style: Style, width: int, height: int) -> Frame:
    """A note pinned to a board of cork, felt or steel."""
    cork = rng.choice(((196, 154, 108), (120, 84, 56), (70, 96, 80), (150, 156, 164), (84, 60, 110)))
    note = rng.choice(((255, 255, 255), (255, 246, 180), (220, 240, 255), (255, 226, 226), (232, 250, 220)))
    edge = rng.uniform(0.05, 0.1) * width
    inset = rng.uniform(0.04, 0.07) * width
    pin: Color = rng.choice(((214, 40, 40), (30, 90, 200), (30, 140, 70), (240, 180, 20)))

    def put(canvas: Canvas, piece: Piece) -> None:
        canvas.draw.rectangle((0, 0, width, height), fill=cork)
        tall = min(piece.height + 2 * inset + 12 * style.scale, height - 2 * edge)
        top = edge + max(height - 2 * edge - tall, 0) * rng.choice((0.0, 0.3, 0.5))
        canvas.shadow((edge, top, width - edge, top + tall), 2, blur=5, color=(20, 20, 20), strength=0.3)
        canvas.draw.rectangle((edge, top, width - edge, top + tall), fill=note)
        r = 4.5 * style.scale
        for x in rng.choice(((width / 2,), (edge + 3 * r, width - edge - 3 * r))):
            canvas.draw.ellipse((x - r, top + 2, x + r, top + 2 + 2 * r), fill=pin)
        piece.draw(canvas, edge + inset, top + inset + 9 * style.scale)

    ground = regrounded(style, rng, note)
    return Frame(ground, width - 2 * (edge + inset), height - 2 * (edge + inset) - 12 * style.scale, put)


def _chalk(rng: random.Random, style: Style, width: int, height: int) -> Frame:
    """A blackboard in a wooden frame, written on with chalk."""
    ground: Color = rng.choice(((30, 62, 48), (24, 50, 44), (36, 38, 42), (20, 44, 62)))
    wood: Color = rng.choice(((150, 104, 62), (116, 76, 44), (190, 170, 140)))
    edge = rng.choice((6, 10, 14)) * style.scale
    inset = max(effects.margin(width, height) - edge, 0) + width * 0.05
    hand = faces.closest("kai", 400) if rng.random() < 0.75 else style["body"].face
    types = {role: replace(type_, face=hand, latin=None) for role, type_ in style.types.items()}

    def put(canvas: Canvas, piece: Piece) -> None:
        canvas.draw.rectangle((0, 0, width, height), fill=wood)
        canvas.draw.rectangle((edge, edge, width - edge, height - edge), fill=ground)
        piece.draw(canvas, edge + inset, edge + inset)

    written = regrounded(replace(style, types=types), rng, ground)
    return Frame(written, width - 2 * (edge + inset), height - 2 * (edge + inset), put)


def _bar(canvas: Canvas, style: Style, title: str, tall: float, color: Color, ink: Color) -> None:
    """The bar over a phone's page: an arrow back, a title, three dots."""
    unit = style.scale
    canvas.draw.rectangle((0, 0, canvas.width, tall), fill=color)
    middle = tall / 2
    chevron(canvas, (14 * unit, middle - 6 * unit, 20 * unit, middle + 6 * unit), ink, back=True)
    for index in range(3):
        x, r = canvas.width - (16 + 6 * index) * unit, 1.5 * unit
        canvas.draw.ellipse((x - r, middle - r, x + r, middle + r), fill=ink)
    type_ = replace(style["body"], fill=ink)
    text(type_.fit(title, canvas.width - 80 * unit), type_, role="bar").draw(
        canvas, (canvas.width - type_.width(type_.fit(title, canvas.width - 80 * unit))) / 2, middle - type_.size / 2
    )


_BARS = ("群公告", "公告详情", "通知", "消息详情", "通知公告", "详情", "公告", "班级通知", "物业通知", "消息")


def _app(rng: random.Random, style: Style, width: int, height: int) -> Frame:
    """A page of an app: a bar, then the notice on a card or on the page."""
    tall = rng.uniform(36, 50) * style.scale
    carded = rng.random() < 0.7
    title = rng.choice(_BARS) if rng.random() < 0.75 else vocabulary.word(rng) + rng.choice(("通知", "公告", "群", ""))
    colored = rng.random() < 0.3
    bar: Color = style.solid(rng) if colored else style.card
    ink = palette.ink(rng, bar, least=4.5, colourful=0.0)
    ground = style.card if carded else style.page[0]
    outer = max(style.margin, 6 * style.scale) if carded else 0.0
    inset = max(style.padding, 8 * style.scale) if carded else max(14 * style.scale, effects.margin(width, height))

    def put(canvas: Canvas, piece: Piece) -> None:
        canvas.draw.rectangle((0, 0, width, height), fill=style.page[0])
        _bar(canvas, style, title, tall, bar, ink)
        top = tall + max(style.gap, 6)
        if carded:
            area = (outer, top, width - outer, top + piece.height + 2 * inset)
            canvas.rounded(area, style.radius, style.card, outline=style.line if style.border else None)
            canvas.element("card", "通知", area)
        piece.draw(canvas, outer + inset, top + inset)

    room = height - tall - max(style.gap, 6) - 2 * inset - effects.margin(width, height)
    return Frame(regrounded(style, rng, ground), width - 2 * (outer + inset), room, put)


def _bubble(rng: random.Random, style: Style, width: int, height: int) -> Frame:
    """A message in a chat: a face, a name and a bubble."""
    unit = style.scale
    tall = rng.uniform(36, 48) * unit
    page: Color = rng.choice(((237, 237, 237), (245, 245, 247), (255, 255, 255), (17, 17, 17), style.page[0]))
    dark = palette.luminance(page) < 0.2
    bubble: Color = rng.choice(
        ((44, 44, 44), (38, 60, 50)) if dark else ((255, 255, 255), (149, 236, 105), (232, 240, 254))
    )
    face = rng.choice("👩👨👵👴🧑👧🐱🐶🌸🌲⭐🏠")
    side = 32 * unit
    named, stamped = rng.random() < 0.7, rng.random() < 0.6
    nick = vocabulary.person(rng) if rng.random() < 0.5 else vocabulary.word(rng)
    clock = rng.choice(("", "昨天 ", "上午", "星期三 ", "今天 ")) + f"{rng.randint(1, 12)}:{rng.randint(0, 59):02d}"
    group = (
        vocabulary.word(rng)
        + rng.choice(("业主群", "家长群", "工作群", "团购群", "交流群"))
        + f"({rng.randint(3, 500)})"
    )
    ink = palette.ink(rng, page, least=3.0, colourful=0.0)
    small = replace(style["small"], fill=palette.fade(ink, (page,), 0.4, least=2.4))
    inset = 10 * unit
    left = 12 * unit + side + 10 * unit

    def put(canvas: Canvas, piece: Piece) -> None:
        canvas.draw.rectangle((0, 0, width, height), fill=page)
        _bar(canvas, style, group, tall, page, ink)
        top = tall + 10 * unit
        if stamped:
            text(clock, small, role="clutter").draw(canvas, (width - small.width(clock)) / 2, top)
            top += small.size + 12 * unit
        canvas.rounded((12 * unit, top, 12 * unit + side, top + side), 5 * unit, palette.mix(page, ink, 0.12))
        canvas.emoji(face, (14 * unit, top + 2 * unit, 10 * unit + side, top + side - 2 * unit))
        if named:
            text(small.fit(nick, width * 0.5), small, role="clutter").draw(canvas, left, top)
            top += small.size + 5 * unit
        area: Box = (left, top, left + piece.width + 2 * inset, top + piece.height + 2 * inset)
        canvas.rounded(area, min(style.radius, 12 * unit), bubble)
        canvas.element("card", "消息", area)
        piece.draw(canvas, left + inset, top + inset)

    used = tall + 10 * unit + 2 * inset + 2 * (small.size + 12 * unit) + effects.margin(width, height)
    room = width - left - 2 * inset - rng.choice((12, 30)) * unit
    return Frame(regrounded(style, rng, bubble), room, height - used, put)


_FRAMES = ((_paper, 5), (_poster, 4), (_board, 2), (_chalk, 2), (_app, 5), (_bubble, 4))


def choose_frame(rng: random.Random, style: Style, width: int, height: int) -> Frame:
    """One of them for a page of this size."""
    makers, weights = zip(*_FRAMES, strict=True)
    make: Callable[[random.Random, Style, int, int], Frame] = rng.choices(makers, weights)[0]
    return make(rng, style, width, height)
