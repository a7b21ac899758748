"""Family "photo": pictures without a word in them, about which order questions are asked all the same.

What looks like a photograph here is light, texture and soft shapes; it has to be unlike a screen, not like the world.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from kantu.synth.draw import effects, palette
from kantu.synth.families.family import Family, Size, usual_size
from kantu.synth.families.order import phrases
from kantu.synth.page import Page, Question

_SHAPES = ("ellipse", "rectangle", "polygon", "stroke")
_ASKED = (
    *(phrases.STATUS_ASKED, phrases.WHY_ASKED, phrases.NEXT_ASKED, phrases.PAID_ASKED),
    *(asked for _, asked in phrases.MISSING.values()),
)
_ANSWERS = (
    "图里没有文字，看不到这个信息。",
    "这不是订单截图，图中没有这些内容。",
    "图中没有文字，无法回答。",
    "这张图里没有可读的文字，看不到。",
    "没有看到订单，图里没有文字。",
)
_VAGUE_ANSWERS = ("这张图里没有文字。", "图里没有文字，说不出更多。", "没有可读的文字，像是一张照片。")


def _texture(noise: np.random.Generator, width: int, height: int, octaves: Sequence[int]) -> np.ndarray:
    """[height, width] in 0..1: random grids of these sizes, enlarged smoothly and added, the coarse ones strongest."""
    total = np.zeros((height, width), np.float32)
    for octave in octaves:
        grid = noise.random((max(2, octave * height // max(width, height)), octave), dtype=np.float32)
        layer = Image.fromarray(grid).resize((width, height), Image.Resampling.BICUBIC)
        total += np.asarray(layer) / octave
    low, high = float(total.min()), float(total.max())
    return (total - low) / max(high - low, 1e-6)


def _ground(rng: random.Random, noise: np.random.Generator, width: int, height: int) -> Image.Image:
    """Two or three colours run into each other along a texture."""
    colors = np.array([palette.hsv(rng.random(), rng.uniform(0.05, 0.8), rng.uniform(0.08, 1.0)) for _ in range(3)])
    texture = _texture(noise, width, height, rng.choice(((2, 3), (2, 5, 11), (3, 9, 27, 81), (5, 40, 120))))
    mixed = [np.interp(texture, (0.0, rng.uniform(0.3, 0.7), 1.0), colors[:, channel]) for channel in range(3)]
    return Image.fromarray(np.stack(mixed, -1).clip(0, 255).astype(np.uint8))


def _things(rng: random.Random, image: Image.Image) -> Image.Image:
    """A few soft-edged bodies, lit from one side."""
    width, height = image.size
    for _ in range(rng.randint(0, 7)):
        mask = Image.new("L", image.size, 0)
        pen = ImageDraw.Draw(mask)
        x, y = rng.uniform(-0.2, 0.9) * width, rng.uniform(-0.2, 0.9) * height
        w, h = rng.uniform(0.05, 0.6) * width, rng.uniform(0.05, 0.6) * height
        shape = rng.choice(_SHAPES)
        if shape == "ellipse":
            pen.ellipse((x, y, x + w, y + h), 255)
        elif shape == "rectangle":
            pen.rectangle((x, y, x + w, y + h), 255)
        elif shape == "polygon":
            pen.polygon([(x + rng.random() * w, y + rng.random() * h) for _ in range(rng.randint(3, 7))], 255)
        else:
            points = [(rng.random() * width, rng.random() * height) for _ in range(rng.randint(2, 4))]
            pen.line(points, 255, width=rng.randint(2, max(3, width // 20)))
        mask = mask.filter(ImageFilter.GaussianBlur(rng.choice((0.6, 1.5, 4.0, 12.0))))
        light, dark = palette.hsv(rng.random(), rng.uniform(0, 0.9), rng.uniform(0.2, 1.0)), (20, 20, 24)
        body = Image.linear_gradient("L").rotate(rng.choice((0, 90, 180, 270))).resize(image.size)
        shaded = Image.composite(Image.new("RGB", image.size, light), Image.new("RGB", image.size, dark), body)
        flat = Image.new("RGB", image.size, light)
        image = Image.composite(Image.blend(flat, shaded, rng.uniform(0, 0.7)), image, mask)
    return image


def _grain(rng: random.Random, noise: np.random.Generator, image: Image.Image) -> Image.Image:
    strength = rng.choice((0.0, 2.0, 6.0, 14.0))
    pixels = np.asarray(image, np.float32)
    grain = noise.normal(0.0, 1.0, (*pixels.shape[:2], 1)).astype(np.float32)
    return Image.fromarray((pixels + grain * strength).clip(0, 255).astype(np.uint8))


def _nothing(rng: random.Random) -> Question:
    """An order question that nothing here can answer."""
    if rng.random() < 0.2:
        return Question("unanswerable", rng.choice(phrases.VAGUE_ASKED), rng.choice(_VAGUE_ANSWERS), absent=True)
    return Question("unanswerable", rng.choice(rng.choice(_ASKED)), rng.choice(_ANSWERS), absent=True)


def draw(seed: int, size: Size) -> Page:
    """A picture without text and questions that it does not answer."""
    rng, noise = random.Random(f"{PHOTO.name}:{seed}"), np.random.default_rng(seed)
    image = _grain(rng, noise, _things(rng, _ground(rng, noise, *size)))
    asked = {question.question: question for question in (_nothing(rng) for _ in range(6))}
    return effects.degrade(Page(PHOTO.name, seed, image, (), questions=tuple(asked.values())), rng)


PHOTO = Family("photo", usual_size, draw)
