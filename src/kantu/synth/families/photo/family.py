"""Family "photo": pictures without a word in them, about which anything is asked all the same.

What looks like a photograph here is light, texture and soft shapes; it has to be unlike a page, not like the world.
Places without anybody in them, lights out of focus and the bare frames of a page that has not loaded are among them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from kantu.synth.draw import effects, palette
from kantu.synth.families.family import Family, Size, usual_size
from kantu.synth.families.photo.questions import question
from kantu.synth.families.scene.backdrop import PLACES
from kantu.synth.page import Page

_SHAPES = ("ellipse", "rectangle", "polygon", "stroke")


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


def _bodies(rng: random.Random, noise: np.random.Generator, size: Size) -> Image.Image:
    """Soft bodies on a ground of run colours. A large picture is drawn small: nothing in it is sharp."""
    scale = 2 if max(size) > 600 else 1
    width, height = size[0] // scale, size[1] // scale
    return _things(rng, _ground(rng, noise, width, height)).resize(size, Image.Resampling.BICUBIC)


def _place(rng: random.Random, noise: np.random.Generator, size: Size) -> Image.Image:
    """A place with nothing in it, as if out of focus."""
    image = Image.new("RGB", size)
    places, weights = zip(*PLACES, strict=True)
    place = rng.choices(places, weights)[0]
    place.paint(rng, image, rng.uniform(*place.horizon))
    return image.filter(ImageFilter.GaussianBlur(rng.choice((0, 1, 2.5, 6)))) if rng.random() < 0.7 else image


def _lights(rng: random.Random, noise: np.random.Generator, size: Size) -> Image.Image:
    """Lights in the dark, out of focus."""
    base = palette.hsv(rng.random(), rng.uniform(0.2, 0.8), rng.uniform(0.03, 0.25))
    image = Image.new("RGB", size, base)
    reach = min(size) * rng.uniform(0.02, 0.12)
    for _ in range(rng.randint(6, 36)):
        x, y, r = rng.uniform(0, size[0]), rng.uniform(0, size[1]), reach * rng.uniform(0.5, 1.5)
        color = palette.hsv(rng.random(), rng.uniform(0.1, 0.9), rng.uniform(0.2, 0.8))
        area = (round(x - r) - 1, round(y - r) - 1, round(x + r) + 2, round(y + r) + 2)
        glow = Image.new("RGB", (area[2] - area[0], area[3] - area[1]))
        ImageDraw.Draw(glow).ellipse((1, 1, 2 * r, 2 * r), fill=color)
        image.paste(ImageChops.add(image.crop(area), glow), area[:2])
    return image.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 3)))


def _bare(rng: random.Random, noise: np.random.Generator, size: Size) -> Image.Image:
    """The frames and bars of a page that has not loaded: nothing on it can be read."""
    dark = rng.random() < 0.25
    ground, color = palette.paper(rng, dark), palette.paper(rng, dark)
    image = Image.new("RGB", size, ground)
    pen, edge = ImageDraw.Draw(image), rng.randint(6, 24)
    bar = palette.mix(color, palette.grey(255 if dark else 0), rng.uniform(0.06, 0.2))
    y = float(edge)
    while y < size[1] - 30:
        high = rng.uniform(40, 160)
        pen.rounded_rectangle((edge, y, size[0] - edge, y + high), rng.choice((0, 8, 16)), fill=color)
        left = edge + 10.0
        if rng.random() < 0.5:
            side = min(high - 16, 70)
            pen.rounded_rectangle((left, y + 8, left + side, y + 8 + side), rng.choice((4, side / 2)), fill=bar)
            left += side + 10
        for index in range(int((high - 16) / 22)):
            top = y + 10 + 22 * index
            long = rng.uniform(0.2, 0.9) * max(size[0] - edge - 10 - left, 8)
            pen.rounded_rectangle((left, top, left + long, top + 10), 5, fill=bar)
        y += high + rng.randint(6, 20)
    return image


def _flat(rng: random.Random, noise: np.random.Generator, size: Size) -> Image.Image:
    """One colour, or one colour into another."""
    image = Image.new("RGB", size, palette.hsv(rng.random(), rng.random(), rng.random()))
    if rng.random() < 0.6:
        ramp = Image.linear_gradient("L").rotate(rng.choice((0, 90, 180, 270))).resize(size)
        image.paste(palette.hsv(rng.random(), rng.random(), rng.random()), (0, 0, *size), ramp)
    return image


_LOOKS: dict[Callable[[random.Random, np.random.Generator, Size], Image.Image], float] = {
    _bodies: 4, _place: 3, _lights: 1, _bare: 1, _flat: 0.5,
}  # fmt: skip


def draw(seed: int, size: Size) -> Page:
    """A picture without text and questions that it does not answer."""
    rng, noise = random.Random(f"{PHOTO.name}:{seed}"), np.random.default_rng(seed)
    look = rng.choices(tuple(_LOOKS), tuple(_LOOKS.values()))[0]
    image = _grain(rng, noise, look(rng, noise, size))
    asked = {each.question: each for each in (question(rng) for _ in range(8))}
    return effects.degrade(Page(PHOTO.name, seed, image, (), questions=tuple(asked.values())), rng)


PHOTO = Family("photo", usual_size, draw)
