"""What lies over an order page: floating bubbles, toasts, watermarks."""

from __future__ import annotations

import random
from dataclasses import replace

from PIL import Image, ImageDraw

from kantu.synth.draw import faces
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.layout import Piece, text
from kantu.synth.draw.parts import emoji
from kantu.synth.families.order.style import OrderStyle
from kantu.synth.page import Box
from kantu.synth.words import vocabulary

_MAY_BE_HIDDEN = frozenset(("clutter", "news", "tag", "link", "step"))  # roles no question asks about
_TILE = (160, 110)


def overlap(first: Box, second: Box) -> bool:
    """Whether two boxes share more than an edge."""
    return first[0] < second[2] and second[0] < first[2] and first[1] < second[3] and second[1] < first[3]


def _bubble(canvas: Canvas, rng: random.Random) -> tuple[Piece, list[Box]]:
    size = rng.choice((34, 40, 46))
    x = canvas.width - size - 8
    tops = [rng.uniform(0.3, 0.9) * (canvas.height - size) for _ in range(8)]
    return emoji(rng.choice("📞💬🎁🧧"), size * 0.6), [(x, y, x + size, y + size) for y in tops]


def _toast(canvas: Canvas, style: OrderStyle, rng: random.Random) -> tuple[Piece, list[Box]]:
    type_ = replace(style["body"], fill=(255, 255, 255), spacing=0.0)
    words = ("复制成功", "已提醒", "网络不稳定", "操作成功", "加载中", "已刷新", vocabulary.word(rng))
    content = text(rng.choice(words), type_, role="clutter")
    width, height = content.width + 28, content.height + 18
    left, right = (canvas.width - width) / 2, (canvas.width + width) / 2
    tops = [rng.uniform(0.2, 0.95) * (canvas.height - height) for _ in range(8)]
    return content, [(left, y, right, y + height) for y in tops]


def cover(canvas: Canvas, style: OrderStyle, rng: random.Random) -> None:
    """Float a bubble or a toast over the page.

    Text it hides leaves the truth. It never hides a field or a button: where it finds no such place, nothing floats.
    """
    toast = rng.random() < 0.5
    content, areas = _toast(canvas, style, rng) if toast else _bubble(canvas, rng)
    for area in areas:
        hidden = [line for line in canvas.lines if overlap(line.box, area)]
        if any(line.role not in _MAY_BE_HIDDEN for line in hidden):
            continue
        if any(element.kind == "button" and overlap(element.box, area) for element in canvas.elements):
            continue
        canvas.lines = [line for line in canvas.lines if line not in hidden]
        if toast:
            canvas.rounded(area, 8, (60, 60, 62))
        else:
            canvas.rounded(area, (area[3] - area[1]) / 2, style.card, outline=style.line)
        left = (area[0] + area[2] - content.width) / 2
        content.draw(canvas, left, (area[1] + area[3] - content.height) / 2)
        return


def watermark(canvas: Canvas, style: OrderStyle, rng: random.Random) -> None:
    """Pale slanted words over the whole page, too faint to count as text."""
    word = rng.choice(("仅供参考", "内部资料", "截图留存")) if rng.random() < 0.5 else vocabulary.person(rng)
    tile = Image.new("L", _TILE)
    face = faces.load(style["body"].face, 16)
    ImageDraw.Draw(tile).text((20, 40), word, font=face, fill=rng.randint(14, 26))
    tile = tile.rotate(20)
    mask = Image.new("L", canvas.image.size)
    for x in range(0, canvas.width, _TILE[0]):
        for y in range(0, canvas.height, _TILE[1]):
            mask.paste(tile, (x, y))
    canvas.image.paste(style.ink, (0, 0), mask)
