"""The pictures of posts: some things on a ground, with words printed on or under them."""

from __future__ import annotations

import math
import random
from dataclasses import replace

from kantu.synth.draw import palette
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.layout import Piece, column, paragraph, row
from kantu.synth.draw.style import Style
from kantu.synth.facts import Pair
from kantu.synth.families.post.record import Shot
from kantu.synth.page import Box, Color


def _ground(rng: random.Random) -> tuple[Color, Color]:
    """Sky, table, wall: two colours that run into each other."""
    hue, dark = rng.random(), rng.random() < 0.25
    value = rng.uniform(0.2, 0.45) if dark else rng.uniform(0.8, 1.0)
    first = palette.hsv(hue, rng.uniform(0.05, 0.55), value)
    return first, palette.hsv(hue + rng.uniform(-0.1, 0.1), rng.uniform(0.1, 0.6), value * rng.uniform(0.75, 1.0))


def _places(rng: random.Random, count: int, area: Box) -> list[Box]:
    """Squares for `count` things, in cells of a grid so that none hides another."""
    width, height = area[2] - area[0], area[3] - area[1]
    columns = max(1, min(count, round(math.sqrt(count * width / max(height, 1)))))
    lines = math.ceil(count / columns)
    wide, tall = width / columns, height / lines
    cells = [(x, y) for y in range(lines) for x in range(columns)]
    boxes = []
    for x, y in sorted(rng.sample(cells, count)):
        side = min(wide, tall) * rng.uniform(0.6, 0.92)
        left = area[0] + x * wide + (wide - side) * rng.random()
        top = area[1] + y * tall + (tall - side) * rng.random()
        boxes.append((left, top, left + side, top + side))
    return boxes


def paint(canvas: Canvas, rng: random.Random, shot: Shot, area: Box, free: Box, radius: float) -> None:
    """The ground over `area`, the things within `free`."""
    first, second = _ground(rng)
    canvas.gradient(area, first, second, radius=radius, vertical=rng.random() < 0.8)
    if rng.random() < 0.5 and not radius:
        top = area[1] + (area[3] - area[1]) * rng.uniform(0.55, 0.8)
        canvas.draw.rectangle((area[0], top, area[2], area[3]), fill=palette.mix(second, (90, 60, 40), 0.35))
    for place in _places(rng, shot.count, free):
        canvas.emoji(shot.thing, place, label=shot.name, kind="picture")


def caption(style: Style, rng: random.Random, shot: Shot, width: float, ground: Color, name: str) -> Piece | None:
    """The words in a picture, on a plate of their own colour; None when there are none."""
    if not shot.caption:
        return None
    roles = [role for role in ("title", "body", "big") if style[role].width(shot.caption[:6]) < width]
    type_ = style[rng.choice(roles or ["small"])]
    type_ = replace(type_, fill=palette.ink(rng, ground, least=4.5))
    return paragraph(shot.caption, type_, width, leading=1.3, role="caption", name=name)


def single(style: Style, rng: random.Random, shot: Shot, width: float, height: float) -> Piece | None:
    """One picture of that size; None where its words do not fit."""
    plate: Color = palette.paper(rng, rng.random() < 0.5, plain=0.3)
    inset = style["body"].size * 0.7
    words = caption(style, rng, shot, width - 4 * inset, plate, "caption")
    tall = words.height + 2 * inset if words else 0.0
    if height - tall < style["body"].size * 2.5:
        return None
    radius, low = rng.choice((0.0, style.radius)), rng.random() < 0.7
    whole = rng.random() < 0.5  # the plate runs from edge to edge

    def draw(canvas: Canvas, x: float, y: float) -> None:
        area = (x, y, x + width, y + height)
        top = y + height - tall if low else y
        free = (x, y, x + width, y + height - tall) if low else (x, y + tall, x + width, y + height)
        paint(canvas, rng, shot, area, free, radius)
        if words:
            canvas.element("photo", "", area)  # what lies over the page stays out of it
            left = x if whole else x + (width - words.width) / 2 - inset
            right = x + width if whole else left + words.width + 2 * inset
            canvas.rounded((left, top, right, top + tall - (0 if whole else 2)), 0 if whole else 6, plate)
            words.draw(canvas, x + (width - words.width) / 2, top + inset)

    facts = (Pair("", shot.caption, "choice", "caption"),) if words else ()
    return Piece(width, height, draw, facts)


def grid(style: Style, rng: random.Random, shots: tuple[Shot, ...], width: float, most: float) -> Piece | None:
    """Several pictures in rows of two or three."""
    across = 2 if len(shots) in (2, 4) else 3
    gap = rng.choice((2, 4, 6)) * style.scale
    lines = math.ceil(len(shots) / across)
    side = min((width - gap * (across - 1)) / across, (most - gap * (lines - 1)) / lines)
    if side < style["body"].size * 2.5:
        return None
    pieces = [single(style, rng, shot, side, side) for shot in shots]
    made = [piece for piece in pieces if piece]
    return column([row(made[at : at + across], gap) for at in range(0, len(made), across)], gap)
