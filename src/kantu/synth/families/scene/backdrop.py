"""What things stand before: painted places, and plain grounds."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from kantu.synth.draw import palette
from kantu.synth.page import Color

Paint = Callable[[random.Random, Image.Image, float], None]
"""Paints over the whole picture; the number is the horizon's share of the height."""


@dataclass(frozen=True)
class Place:
    """A backdrop by its `names` (none where it is only a ground), and where in it things of each zone may stand.

    `at` is how one says that something is there. `zones` maps a zone to the first and last share of the height in
    which its things have their middle.
    """

    names: tuple[str, ...]
    at: str
    zones: dict[str, tuple[float, float]]
    paint: Paint
    horizon: tuple[float, float] = (0.3, 0.6)


def _vary(rng: random.Random, color: Color, spread: int = 22) -> Color:
    return tuple(min(max(part + rng.randint(-spread, spread), 0), 255) for part in color)  # type: ignore[return-value]


def _ramp(image: Image.Image, top: float, bottom: float, start: Color, end: Color) -> None:
    """A vertical gradient over a band of the picture given in shares of its height."""
    first, last = round(top * image.height), round(bottom * image.height)
    if last <= first:
        return
    size = (image.width, last - first)
    mask = Image.linear_gradient("L").resize(size)
    image.paste(Image.composite(Image.new("RGB", size, end), Image.new("RGB", size, start), mask), (0, first))


def _grain(rng: random.Random, image: Image.Image, top: float, strength: float, coarse: int) -> None:
    """Roughness of the ground below `top`: noise enlarged `coarse` times."""
    first = round(top * image.height)
    width, height = image.width, image.height - first
    if height < 4:
        return
    cells = (max(2, height // coarse), max(2, width // coarse))
    noise = np.random.default_rng(rng.getrandbits(32)).normal(128, strength, cells).clip(0, 255).astype(np.uint8)
    layer = Image.fromarray(noise).resize((width, height), Image.Resampling.BILINEAR)
    part = np.asarray(image.crop((0, first, width, image.height)), np.int16)
    shifted = part + (np.asarray(layer, np.int16) - 128)[..., None]
    image.paste(Image.fromarray(shifted.clip(0, 255).astype(np.uint8)), (0, first))


def _hills(rng: random.Random, image: Image.Image, base: float, high: float, color: Color) -> None:
    """A wavy ridge whose foot is at `base` and whose tops are up to `high` above it, in shares of the height."""
    pen, width, height = ImageDraw.Draw(image), image.width, image.height
    waves = [(rng.uniform(0.5, 3.5), rng.uniform(0, 6.3), rng.uniform(0.2, 1)) for _ in range(3)]
    total = sum(wave[2] for wave in waves)
    points = [(0.0, base * height), (0.0, base * height)]
    for x in range(0, width + 8, 8):
        level = sum(share * (1 + math.sin(often * 6.3 * x / width + turn)) / 2 for often, turn, share in waves) / total
        points.append((x, (base - high * level) * height))
    points.append((width, base * height))
    pen.polygon(points, fill=color)


def _peaks(rng: random.Random, image: Image.Image, base: float, color: Color, tip: Color | None) -> None:
    pen, width, height = ImageDraw.Draw(image), image.width, image.height
    for _ in range(rng.randint(2, 5)):
        middle, half, high = rng.uniform(0, 1) * width, rng.uniform(0.15, 0.4) * width, rng.uniform(0.15, 0.4) * height
        foot = base * height
        pen.polygon([(middle - half, foot), (middle, foot - high), (middle + half, foot)], fill=_vary(rng, color, 12))
        if tip:
            cut = rng.uniform(0.2, 0.4)
            left, right = (middle - half * cut, foot - high * (1 - cut)), (middle + half * cut, foot - high * (1 - cut))
            pen.polygon([left, (middle, foot - high), right], fill=tip)


def _clouds(rng: random.Random, image: Image.Image, bottom: float) -> None:
    mask = Image.new("L", (image.width // 4 + 1, image.height // 4 + 1))
    pen = ImageDraw.Draw(mask)
    for _ in range(rng.randint(0, 5)):
        x, y = rng.uniform(0, mask.width), rng.uniform(0, max(bottom * mask.height, 1))
        size = rng.uniform(0.03, 0.1) * mask.width
        for _ in range(rng.randint(3, 6)):
            dx, dy = rng.uniform(-2, 2) * size, rng.uniform(-0.4, 0.4) * size
            pen.ellipse((x + dx - size, y + dy - size * 0.6, x + dx + size, y + dy + size * 0.6), rng.randint(90, 220))
    mask = mask.filter(ImageFilter.GaussianBlur(rng.choice((1, 2, 4)))).resize(image.size)
    image.paste((250, 250, 252), (0, 0, *image.size), mask)


def _blades(rng: random.Random, image: Image.Image, top: float, color: Color, count: int) -> None:
    pen = ImageDraw.Draw(image)
    for _ in range(count):
        x, y = rng.uniform(0, image.width), rng.uniform(top, 1) * image.height
        length = 3 + 9 * (y / image.height)
        pen.line((x, y, x + rng.uniform(-3, 3), y - length), fill=_vary(rng, color, 25), width=1)


def _daylight(rng: random.Random, image: Image.Image, horizon: float) -> None:
    """A sky in some weather and hour down to the horizon."""
    top, low = rng.choice(
        (((92, 160, 228), (205, 230, 246)), ((62, 128, 205), (168, 210, 240)), ((150, 165, 180), (212, 218, 222)),
         ((240, 170, 120), (250, 220, 170)), ((120, 150, 210), (250, 214, 190)))
    )  # fmt: skip
    _ramp(image, 0, horizon, _vary(rng, top), _vary(rng, low))
    _clouds(rng, image, horizon * 0.8)


def _meadow(rng: random.Random, image: Image.Image, horizon: float) -> None:
    _daylight(rng, image, horizon)
    green = rng.choice(((110, 170, 70), (90, 150, 60), (140, 180, 90), (80, 140, 80)))
    if rng.random() < 0.6:
        _hills(rng, image, horizon, rng.uniform(0.05, 0.2), _vary(rng, palette.mix(green, (130, 160, 170), 0.4)))
    _ramp(image, horizon, 1, _vary(rng, palette.mix(green, (220, 230, 150), 0.3)), _vary(rng, green))
    _grain(rng, image, horizon, rng.choice((4, 9, 16)), rng.choice((2, 4, 8)))
    _blades(rng, image, horizon, palette.mix(green, (30, 80, 20), rng.random() * 0.5), rng.choice((0, 60, 160)))


def _forest(rng: random.Random, image: Image.Image, horizon: float) -> None:
    _ramp(image, 0, horizon, _vary(rng, (150, 190, 160)), _vary(rng, (190, 215, 180)))
    pen, width, height = ImageDraw.Draw(image), image.width, image.height
    for depth in (0.3, 0.7, 1.0):
        for _ in range(rng.randint(4, 9)):
            x, trunk = rng.uniform(0, width), rng.uniform(0.01, 0.03) * width * depth + 2
            foot = (horizon + 0.05 * depth) * height
            green = palette.mix((170, 200, 170), _vary(rng, (40, 95, 50)), depth)
            pen.rectangle((x - trunk, 0.1 * height, x + trunk, foot), fill=palette.mix(green, (80, 60, 40), 0.7))
            crown = rng.uniform(0.08, 0.18) * width
            pen.ellipse((x - crown, -0.1 * height, x + crown, foot - rng.uniform(0.08, 0.25) * height), fill=green)
    _ramp(image, horizon, 1, _vary(rng, (95, 115, 60)), _vary(rng, (60, 80, 45)))
    _grain(rng, image, 0, rng.choice((5, 10, 16)), rng.choice((2, 5)))


def _undersea(rng: random.Random, image: Image.Image, horizon: float) -> None:
    _ramp(image, 0, 1, _vary(rng, (90, 190, 220)), _vary(rng, (10, 60, 120)))
    pen, width, height = ImageDraw.Draw(image), image.width, image.height
    if rng.random() < 0.6:
        _hills(rng, image, 1.0, rng.uniform(0.06, 0.16), _vary(rng, (200, 180, 130)))
    for _ in range(rng.choice((0, 8, 20))):
        x, y, r = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(1, 6)
        pen.ellipse((x - r, y - r, x + r, y + r), outline=(200, 232, 245))
    for _ in range(rng.choice((0, 3, 7))):
        x, high = rng.uniform(0, width), rng.uniform(0.1, 0.3) * height
        points = [(x + 5 * math.sin(step * 0.9), height - high * step / 8) for step in range(9)]
        pen.line(points, fill=_vary(rng, (40, 130, 80)), width=rng.randint(3, 7))
    _grain(rng, image, 0, rng.choice((2, 5, 9)), rng.choice((8, 24)))


def _seaside(rng: random.Random, image: Image.Image, horizon: float) -> None:
    _daylight(rng, image, horizon)
    _ramp(image, horizon, 1, _vary(rng, (60, 140, 190)), _vary(rng, (25, 90, 150)))
    pen, width, height = ImageDraw.Draw(image), image.width, image.height
    for _ in range(rng.randint(10, 50)):
        y = rng.uniform(horizon + 0.02, 1) * height
        x, long = rng.uniform(0, width), rng.uniform(8, 50) * y / height
        pen.arc((x, y - 3, x + long, y + 4), 190, 350, fill=_vary(rng, (190, 220, 235)), width=1)


def _beach(rng: random.Random, image: Image.Image, horizon: float) -> None:
    _seaside(rng, image, horizon)
    shore = horizon + rng.uniform(0.05, 0.15)
    _hills(rng, image, 1.0, 1.0 - shore, _vary(rng, (235, 240, 235)))
    _ramp(image, shore + 0.02, 1, _vary(rng, (238, 218, 170)), _vary(rng, (215, 185, 130)))
    _grain(rng, image, shore + 0.02, rng.choice((4, 8, 14)), rng.choice((1, 2, 5)))


def _sky(rng: random.Random, image: Image.Image, horizon: float) -> None:
    _daylight(rng, image, 1.0)
    _clouds(rng, image, 1.0)


def _street(rng: random.Random, image: Image.Image, horizon: float) -> None:
    _daylight(rng, image, horizon)
    pen, width, height = ImageDraw.Draw(image), image.width, image.height
    x = -rng.uniform(0, 0.1) * width
    while x < width:
        wide, high = rng.uniform(0.1, 0.28) * width, rng.uniform(0.15, 0.9) * horizon * height
        wall = palette.hsv(rng.random(), rng.uniform(0.03, 0.35), rng.uniform(0.45, 0.9))
        foot = horizon * height
        pen.rectangle((x, foot - high, x + wide, foot), fill=wall)
        pane = palette.mix(wall, rng.choice(((40, 60, 90), (250, 240, 190))), 0.5)
        step = max(rng.uniform(0.03, 0.05) * width, 8)
        for row in range(int(high / step / 1.3)):
            for column in range(int(wide / step) - 1):
                left, top = x + step * (column + 0.7), foot - high + step * (0.5 + 1.3 * row)
                pen.rectangle((left, top, left + step * 0.5, top + step * 0.7), fill=pane)
        x += wide + rng.choice((0, 0, 3, 12))
    road = _vary(rng, (95, 97, 102))
    _ramp(image, horizon, horizon + 0.08, _vary(rng, (175, 172, 165)), _vary(rng, (160, 158, 152)))
    _ramp(image, horizon + 0.08, 1, road, palette.mix(road, (40, 40, 44), 0.4))
    _grain(rng, image, horizon, rng.choice((3, 7, 12)), rng.choice((1, 2, 4)))
    middle, dash = (horizon + 1.1) / 2 * height, width / rng.randint(4, 9)
    for index in range(12):
        pen.rectangle((index * dash, middle, (index + 0.55) * dash, middle + 0.015 * height), fill=(230, 228, 215))


def _room(rng: random.Random, image: Image.Image, horizon: float) -> None:
    wall = palette.hsv(rng.random(), rng.uniform(0.03, 0.3), rng.uniform(0.7, 0.97))
    floor = rng.choice(((170, 125, 80), (140, 100, 70), (190, 180, 165), (120, 115, 115)))
    horizon = max(horizon, 0.55)
    _ramp(image, 0, horizon, wall, palette.mix(wall, (90, 80, 80), 0.15))
    _ramp(image, horizon, 1, _vary(rng, floor), palette.mix(floor, (30, 20, 20), 0.25))
    pen, width, height = ImageDraw.Draw(image), image.width, image.height
    pen.rectangle((0, horizon * height, width, horizon * height + 5), fill=palette.mix(wall, (255, 255, 255), 0.5))
    for index in range(rng.choice((0, 6, 10))):
        far, near = width * index / 8, width * (index - 4) / 8 * 1.8 + width / 2
        pen.line((far, horizon * height + 6, near, height), fill=palette.mix(floor, (40, 30, 25), 0.35), width=1)
    for _ in range(rng.randint(0, 2)):  # a window, a picture on the wall
        x, y = rng.uniform(0.05, 0.7) * width, rng.uniform(0.05, 0.2) * height
        wide, high = rng.uniform(0.15, 0.3) * width, rng.uniform(0.15, 0.3) * height
        pen.rectangle((x, y, x + wide, y + high), fill=_vary(rng, (170, 205, 230)), outline=(240, 236, 228), width=5)
        pen.line((x + wide / 2, y, x + wide / 2, y + high), fill=(240, 236, 228), width=4)
    if rng.random() < 0.4:
        x, y = rng.uniform(0.1, 0.5) * width, rng.uniform(horizon + 0.15, 0.9) * height
        rug = palette.hsv(rng.random(), 0.4, 0.7)
        pen.ellipse((x, y - 0.08 * height, x + 0.45 * width, y + 0.08 * height), fill=rug)
    _grain(rng, image, 0, rng.choice((2, 5)), rng.choice((1, 3)))


def _desert(rng: random.Random, image: Image.Image, horizon: float) -> None:
    _daylight(rng, image, horizon)
    sand = rng.choice(((225, 180, 110), (210, 150, 90), (235, 205, 150)))
    _ramp(image, horizon, 1, palette.mix(sand, (255, 240, 210), 0.3), sand)
    for step in range(rng.randint(2, 4)):
        low = horizon + (1 - horizon) * (step + 1) / 4
        _hills(rng, image, low, rng.uniform(0.06, 0.2), palette.mix(sand, (120, 70, 40), 0.08 * step + 0.05))
        _ramp(image, low, 1, palette.mix(sand, (120, 70, 40), 0.08 * step + 0.05), sand)
    _grain(rng, image, horizon, rng.choice((3, 8)), rng.choice((1, 3)))


def _night(rng: random.Random, image: Image.Image, horizon: float) -> None:
    _ramp(image, 0, 1, _vary(rng, (12, 14, 40), 10), _vary(rng, (50, 50, 95), 20))
    pen, width, height = ImageDraw.Draw(image), image.width, image.height
    for _ in range(rng.randint(20, 90)):
        x, y, r = rng.uniform(0, width), rng.uniform(0, horizon) * height, rng.choice((0.4, 0.7, 1.2))
        pen.ellipse((x - r, y - r, x + r, y + r), fill=_vary(rng, (225, 225, 210)))
    _hills(rng, image, 1.0, 1 - horizon, _vary(rng, (18, 28, 34), 8))
    _ramp(image, horizon + (1 - horizon) * 0.6, 1, (22, 34, 38), (12, 20, 26))


def _snow(rng: random.Random, image: Image.Image, horizon: float) -> None:
    _ramp(image, 0, horizon, _vary(rng, (140, 180, 215)), _vary(rng, (215, 228, 238)))
    if rng.random() < 0.7:
        _peaks(rng, image, horizon, (130, 145, 170), (245, 248, 252))
    _ramp(image, horizon, 1, _vary(rng, (225, 234, 244), 8), (250, 251, 253))
    _hills(rng, image, horizon + 0.1, 0.12, _vary(rng, (232, 238, 246), 6))
    pen = ImageDraw.Draw(image)
    for _ in range(rng.choice((0, 60, 160))):
        x, y, r = rng.uniform(0, image.width), rng.uniform(0, image.height), rng.uniform(0.7, 2.5)
        pen.ellipse((x - r, y - r, x + r, y + r), fill=(252, 252, 255))


def _table(rng: random.Random, image: Image.Image, horizon: float) -> None:
    wood = rng.choice(((190, 140, 95), (150, 105, 70), (215, 180, 140), (110, 75, 55)))
    image.paste(wood, (0, 0, *image.size))
    pen, width, height = ImageDraw.Draw(image), image.width, image.height
    plank = height / rng.randint(3, 7)
    for index in range(9):
        shade = palette.mix(_vary(rng, wood, 9), (60, 40, 25), rng.uniform(0, 0.12))
        pen.rectangle((0, index * plank, width, (index + 1) * plank - 2), fill=shade)
        for _ in range(rng.randint(2, 7)):
            y = rng.uniform(index, index + 1) * plank
            pen.line((0, y, width, y + rng.uniform(-4, 4)), fill=palette.mix(shade, (60, 40, 25), 0.15), width=1)
    _grain(rng, image, 0, rng.choice((3, 7)), rng.choice((1, 4)))


def _plain(rng: random.Random, image: Image.Image, horizon: float) -> None:
    ground = palette.paper(rng, rng.random() < 0.2, plain=0.35)
    image.paste(ground, (0, 0, *image.size))
    form = rng.random()
    other = palette.mix(ground, palette.hsv(rng.random(), 0.6, 0.8), rng.uniform(0.1, 0.45))
    pen, width, height = ImageDraw.Draw(image), image.width, image.height
    if form < 0.25:
        _ramp(image, 0, 1, ground, other)
    elif form < 0.4:
        step = rng.randint(16, 60)
        for start in range(-height, width, step):
            pen.line((start, 0, start + height, height), fill=other, width=step // 3)
    elif form < 0.55:
        step = rng.randint(18, 50)
        for left in range(0, width, step):
            for top in range(0, height, step):
                pen.ellipse((left, top, left + step / 4, top + step / 4), fill=other)
    elif form < 0.7:
        for _ in range(rng.randint(2, 8)):
            x, y, r = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(0.05, 0.4) * width
            pen.ellipse((x - r, y - r, x + r, y + r), fill=palette.mix(ground, other, rng.random()))
    if rng.random() < 0.3:
        _grain(rng, image, 0, rng.choice((3, 8, 20)), rng.choice((1, 3, 12, 50)))


_ANYWHERE = {"land": (0.0, 1.0), "air": (0.0, 1.0), "water": (0.0, 1.0), "any": (0.0, 1.0)}
_OUTSIDE = {"land": (0.5, 1.0), "air": (0.0, 0.45), "any": (0.5, 1.0)}
_ON_WATER = {"water": (0.5, 1.0), "air": (0.0, 0.45)}

PLACES: tuple[tuple[Place, float], ...] = (
    (Place(("草地", "草坪"), "草地上", _OUTSIDE, _meadow), 2.0),
    (Place(("森林", "树林"), "森林里", {"land": (0.5, 1.0), "air": (0.0, 0.5), "any": (0.6, 1.0)}, _forest), 1.2),
    (Place(("海底", "水下"), "海底", {"water": (0.0, 1.0)}, _undersea), 1.0),
    (Place(("海面", "海上"), "海面上", _ON_WATER, _seaside, (0.3, 0.45)), 0.8),
    (Place(("沙滩", "海滩"), "沙滩上", _OUTSIDE, _beach, (0.25, 0.4)), 1.0),
    (Place(("天空", "天上"), "天上", {"air": (0.0, 1.0)}, _sky), 0.6),
    (Place(("街道", "马路"), "街道上", _OUTSIDE, _street), 1.2),
    (Place(("房间", "屋里"), "房间里", {"land": (0.55, 1.0), "any": (0.55, 1.0)}, _room), 1.2),
    (Place(("沙漠",), "沙漠里", _OUTSIDE, _desert), 0.8),
    (Place(("夜晚的野外", "夜空下"), "夜晚的野外", _OUTSIDE, _night, (0.5, 0.75)), 0.8),
    (Place(("雪地",), "雪地上", _OUTSIDE, _snow), 0.9),
    (Place(("桌面", "木桌"), "桌面上", {"any": (0.0, 1.0)}, _table), 1.0),
    (Place((), "", _ANYWHERE, _plain), 3.0),
)
"""Every backdrop with how often it is taken."""
