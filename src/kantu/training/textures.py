"""Textures that photographs are full of and drawn pages are not: leaves, fibres, clouds, pebbles. None is text."""

from __future__ import annotations

import math
import random

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

Grey = npt.NDArray[np.uint8]

_SIDE = 384


def draw_texture(rng: random.Random) -> Grey:
    """A grey picture of one texture over another, lit and blurred by chance; [height, width]."""
    first, second = (rng.choice(_TEXTURES)(rng) for _ in range(2))
    mask = Image.fromarray(_clouds(rng)).point([255 * (level > 128) for level in range(256)])
    picture = Image.composite(first, second, mask.filter(ImageFilter.GaussianBlur(3)))
    shade = np.linspace(rng.uniform(0.4, 1), rng.uniform(0.4, 1), _SIDE)[:, None]
    values = np.asarray(picture.filter(ImageFilter.GaussianBlur(rng.choice((0, 0.5, 0.5, 1, 2))))) * shade
    return values.clip(0, 255).astype(np.uint8)


def _leaves(rng: random.Random) -> Image.Image:
    """Shapes over shapes, of all sizes: the edges and corners of a photograph have the statistics of these."""
    image = Image.new("L", (_SIDE, _SIDE), rng.randrange(256))
    draw = ImageDraw.Draw(image)
    smallest, corners = rng.uniform(1.5, 5), rng.randint(3, 7)
    for _ in range(rng.randint(600, 3000)):
        radius = min(90, smallest / math.sqrt(1 - rng.random()))
        x, y, turn = rng.uniform(0, _SIDE), rng.uniform(0, _SIDE), rng.uniform(0, math.tau)
        flat = rng.uniform(0.3, 1)
        angles = [math.tau * (corner + rng.random() / 2) / corners for corner in range(corners)]
        points = [_turned(x, y, radius * math.cos(a), flat * radius * math.sin(a), turn) for a in angles]
        draw.polygon(points, fill=rng.randrange(256))
    return image


def _fibres(rng: random.Random) -> Image.Image:
    """Thin strokes that lie more or less one way: grass, hair, twigs."""
    image = Image.new("L", (_SIDE, _SIDE), rng.randrange(256))
    draw = ImageDraw.Draw(image)
    along, spread = rng.uniform(0, math.pi), rng.choice((0.1, 0.3, 1.0, 3.0))
    longest, widest = rng.uniform(6, 60), rng.randint(1, 4)
    for _ in range(rng.randint(500, 3000)):
        x, y = rng.uniform(0, _SIDE), rng.uniform(0, _SIDE)
        angle, length = rng.gauss(along, spread), rng.uniform(2, longest)
        bend = rng.uniform(-0.2, 0.2) * length
        points = [_turned(x, y, length * part, bend * part * (1 - part) * 4, angle) for part in (0, 0.33, 0.66, 1)]
        draw.line(points, fill=rng.randrange(256), width=rng.randint(1, widest))
    return image


def _pebbles(rng: random.Random) -> Image.Image:
    """Round things, all lit from the same side: stones, fruit, coins, beads."""
    image = Image.new("L", (_SIDE, _SIDE), rng.randrange(80))
    draw = ImageDraw.Draw(image)
    light, size = rng.uniform(0, math.tau), rng.uniform(4, 30)
    for _ in range(round(3 * (_SIDE / size) ** 2 / 4)):
        x, y, radius, level = (
            rng.uniform(0, _SIDE),
            rng.uniform(0, _SIDE),
            rng.uniform(0.5, 1) * size,
            rng.randint(60, 200),
        )
        for ring in range(4):
            inner = radius * (1 - ring / 4)
            at_x, at_y = x + (radius - inner) / 2 * math.cos(light), y + (radius - inner) / 2 * math.sin(light)
            box = (at_x - inner, at_y - inner, at_x + inner, at_y + inner)
            draw.ellipse(box, fill=min(255, level * (2 + ring) // 4))
    return image


def _cloth(rng: random.Random) -> Image.Image:
    """Waves across waves: weave, bricks, blinds, water."""
    y, x = np.mgrid[:_SIDE, :_SIDE]
    angle, period = rng.uniform(0, math.pi), rng.uniform(4, 40)
    bent = rng.uniform(0, 1) * _clouds(rng) / 10
    along = math.cos(angle) * x + math.sin(angle) * y + bent
    across = math.cos(angle) * y - math.sin(angle) * x + bent
    wave = np.sin(along * math.tau / period)
    wave += rng.choice((0, 0.5, 1)) * np.sin(across * math.tau / (period * rng.uniform(0.5, 3)))
    sharp = rng.choice((1.0, 3.0, 10.0))
    return Image.fromarray((128 + rng.uniform(20, 110) * np.tanh(sharp * wave)).astype(np.uint8))


def _cloud(rng: random.Random) -> Image.Image:
    return Image.fromarray(_clouds(rng))


def _clouds(rng: random.Random) -> Grey:
    """Noise whose amplitude falls with its frequency, as in a photograph; 0 to 255."""
    noise = np.random.default_rng(rng.getrandbits(32)).normal(size=(_SIDE, _SIDE))
    frequency = np.hypot(np.fft.fftfreq(_SIDE)[:, None], np.fft.rfftfreq(_SIDE)[None, :])
    frequency[0, 0] = 1
    values = np.fft.irfft2(np.fft.rfft2(noise) / frequency ** rng.uniform(0.7, 1.6), s=(_SIDE, _SIDE))
    levels = 128 + 45 * (values - values.mean()) / values.std()
    return np.asarray(levels.clip(0, 255), np.uint8)


def _turned(x: float, y: float, along: float, across: float, angle: float) -> tuple[float, float]:
    cos, sin = math.cos(angle), math.sin(angle)
    return x + cos * along - sin * across, y + sin * along + cos * across


_TEXTURES = (_leaves, _leaves, _fibres, _fibres, _pebbles, _cloth, _cloud)
