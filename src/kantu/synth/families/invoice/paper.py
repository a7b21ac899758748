"""The paper itself: what it lies on, its edges, its stamp, and the light on it."""

from __future__ import annotations

import math
import random

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from kantu.synth.draw import faces, palette
from kantu.synth.draw.canvas import Canvas
from kantu.synth.page import Box, Color

_REDS = ((215, 40, 40), (200, 30, 45), (230, 60, 55), (190, 45, 60))


def desk(canvas: Canvas, rng: random.Random) -> None:
    """What the paper lies on: cloth, wood or a plain colour, a little uneven."""
    color = rng.choice(((150, 110, 75), (95, 98, 104), (205, 200, 192), (60, 62, 70), (180, 150, 115), (120, 135, 150)))
    size = canvas.image.size
    cells = (max(2, size[1] // rng.choice((2, 4, 60))), max(2, size[0] // rng.choice((4, 40, 120))))
    noise = np.random.default_rng(rng.getrandbits(32)).normal(128, rng.choice((4, 9, 16)), cells)
    layer = Image.fromarray(noise.clip(0, 255).astype(np.uint8)).resize(size, Image.Resampling.BILINEAR)
    flat = Image.new("RGB", size, color)
    canvas.image.paste(ImageChops.overlay(flat, Image.merge("RGB", (layer, layer, layer))))


def sheet_of(canvas: Canvas, rng: random.Random, area: Box, colors: tuple[Color, ...], *, torn: bool) -> None:
    """The paper at `area` with its shadow; a torn one has a toothed lower edge."""
    if area[0] > 1:
        canvas.shadow(area, 2, blur=rng.choice((2, 4, 8)), color=(10, 10, 15), strength=rng.uniform(0.3, 0.7), drop=2)
    if len(colors) > 1:
        canvas.gradient(area, colors[0], colors[1])
    else:
        canvas.draw.rectangle(area, fill=colors[0])
    if torn:
        step = 6
        for x in range(round(area[0]), round(area[2]) - step + 1, step):
            canvas.draw.polygon([(x, area[3]), (x + step, area[3]), (x + step / 2, area[3] + 4)], fill=colors[-1])


def pattern(canvas: Canvas, rng: random.Random, area: Box, color: Color) -> None:
    """The fine waves that are printed on papers of value."""
    x1, y1, x2, y2 = area
    for index in range(rng.randint(4, 10)):
        base, high = y1 + (y2 - y1) * (index + 0.5) / 10, rng.uniform(5, 30)
        often, turn = rng.uniform(0.01, 0.04), rng.uniform(0, 6)
        points = [(x, min(max(base + high * math.sin(often * x + turn), y1), y2)) for x in range(int(x1), int(x2), 5)]
        canvas.draw.line(points, fill=color, width=1)


def _ring_text(layer: Image.Image, said: str, size: int, radius: float, face: faces.Face, spread: float) -> None:
    """`said` round the upper side of the middle, `spread` degrees from its first to its last character."""
    middle = layer.width / 2
    for index, character in enumerate(said):
        share = index / (len(said) - 1) - 0.5 if len(said) > 1 else 0.0
        degrees = spread * share
        glyph = Image.new("L", (size * 2, size * 2))
        ImageDraw.Draw(glyph).text((size, size), character, font=faces.load(face, size), fill=255, anchor="mm")
        turned = glyph.rotate(-degrees, Image.Resampling.BICUBIC)
        angle = math.radians(degrees)
        x, y = middle + radius * math.sin(angle) - size, middle - radius * math.cos(angle) - size
        layer.paste(255, (round(x), round(y)), turned)


def _star(pen: ImageDraw.ImageDraw, middle: float, radius: float) -> None:
    points = []
    for corner in range(10):
        reach = radius if corner % 2 == 0 else radius * 0.382
        angle = math.radians(36 * corner)
        points.append((middle + reach * math.sin(angle), middle - reach * math.cos(angle)))
    pen.polygon(points, fill=255)


def stamp(canvas: Canvas, rng: random.Random, owner: str, what: str, room: Box, diameter: float) -> bool:
    """A round red stamp of `owner` where it covers least in `room`; whether all of it can be read.

    It is ink over ink, so nothing under it is lost.
    """
    side = round(diameter)
    if room[2] - room[0] < side or room[3] - room[1] < side:
        return False

    def covered(x: float, y: float) -> float:
        total = 0.0
        for line in canvas.lines:
            width = min(line.box[2], x + side) - max(line.box[0], x)
            height = min(line.box[3], y + side) - max(line.box[1], y)
            total += max(width, 0) * max(height, 0)
        return total / side / side

    places = [(rng.uniform(room[0], room[2] - side), rng.uniform(room[1], room[3] - side)) for _ in range(16)]
    x, y = min(places, key=lambda place: covered(*place))
    face = faces.closest(rng.choice(("serif", "sans", "serif")), 700)
    layer = Image.new("L", (side, side))
    pen = ImageDraw.Draw(layer)
    thick = max(round(side / 32), 2)
    pen.ellipse((1, 1, side - 2, side - 2), outline=255, width=thick)
    size = max(min(round(side * 0.15), round(side * 2.1 / max(len(owner), 8))), 8)
    _ring_text(layer, owner, size, side / 2 - thick - size * 0.72, face, min(250.0, 24.0 * (len(owner) - 1)))
    _star(pen, side / 2, side * 0.15)
    small = max(round(side * 0.62 / max(len(what), 5)), 8)
    pen.text((side / 2, side * 0.8), what, font=faces.load(face, small), fill=255, anchor="mm")
    layer = layer.rotate(rng.uniform(-14, 14), Image.Resampling.BICUBIC)
    if rng.random() < 0.5:  # ink does not take everywhere
        noise = np.random.default_rng(rng.getrandbits(32)).uniform(0.45, 1.0, (side // 3 + 1, side // 3 + 1))
        worn = Image.fromarray((noise * 255).astype(np.uint8)).resize((side, side), Image.Resampling.BILINEAR)
        layer = ImageChops.multiply(layer, worn)
    layer = (
        layer.point(lambda ink: round(ink * strength) if ink else 0)
        if (strength := rng.uniform(0.7, 1.0)) < 1
        else layer
    )
    area = (round(x), round(y), round(x) + side, round(y) + side)
    under = canvas.image.crop(area)
    inked = ImageChops.multiply(under, Image.new("RGB", under.size, rng.choice(_REDS)))
    canvas.image.paste(inked, area, layer)
    canvas.element("seal", f"{owner}{what}", tuple(map(float, area)))  # type: ignore[arg-type]
    return size >= 13 and small >= 12 and covered(*area[:2]) < 0.02


def lit(canvas: Canvas, rng: random.Random) -> None:
    """Uneven light as in a photograph: darker to one side, a soft shadow or fold across."""
    height, width = 24, 24
    y, x = np.mgrid[0:height, 0:width] / 23
    turn = rng.uniform(0, 6.3)
    field = 1 - rng.uniform(0.05, 0.28) * (0.5 + 0.5 * (np.cos(turn) * (x - 0.5) + np.sin(turn) * (y - 0.5)) * 2)
    if rng.random() < 0.4:
        where, slope = rng.uniform(0.1, 0.9), rng.uniform(-0.5, 0.5)
        field -= rng.uniform(0.06, 0.2) / (1 + np.exp(-14 * (x + slope * y - where)))
    warm = palette.hsv(rng.choice((0.1, 0.13, 0.6)), rng.uniform(0.0, 0.12), 1.0)
    light = Image.fromarray((field.clip(0, 1) * 255).astype(np.uint8)).resize(
        canvas.image.size, Image.Resampling.BICUBIC
    )
    tint = Image.merge("RGB", [light.point(lambda level, part=part: level * part // 255) for part in warm])
    canvas.image.paste(ImageChops.multiply(canvas.image, tint))
    if rng.random() < 0.3:
        canvas.image.paste(canvas.image.filter(ImageFilter.GaussianBlur(0.5)))
