"""What happens to a screenshot before it reaches us: scaling, JPEG noise, blur, rotation. Boxes follow the pixels."""

from __future__ import annotations

import io
import math
import random
from dataclasses import replace

from PIL import Image, ImageEnhance, ImageFilter

from kantu.synth.page import Box, Page

_MOST_DEGREES = 1.5


def _map_boxes(page: Page, image: Image.Image, move: tuple[float, float, float, float, float, float]) -> Page:
    """Apply x' = a x + b y + c, y' = d x + e y + f to every box (the upright hull of its corners)."""
    a, b, c, d, e, f = move

    def hull(box: Box) -> Box:
        corners = [(x, y) for x in (box[0], box[2]) for y in (box[1], box[3])]
        xs = [a * x + b * y + c for x, y in corners]
        ys = [d * x + e * y + f for x, y in corners]
        return min(xs), min(ys), max(xs), max(ys)

    scale = math.sqrt(abs(a * e - b * d))
    lines = tuple(
        replace(line, box=hull(line.box), char_boxes=tuple(map(hull, line.char_boxes)), size=line.size * scale)
        for line in page.lines
    )
    elements = tuple(replace(element, box=hull(element.box)) for element in page.elements)
    return replace(page, image=image, lines=lines, elements=elements)


def resize(page: Page, width: int, height: int) -> Page:
    """The page at another size, bicubic as the model's own processing does it."""
    if (width, height) == page.image.size:
        return page
    image = page.image.resize((width, height), Image.Resampling.BICUBIC)
    return _map_boxes(page, image, (width / page.image.width, 0.0, 0.0, 0.0, height / page.image.height, 0.0))


def rotate(page: Page, degrees: float, fill: tuple[int, int, int]) -> Page:
    """Rotate about the centre without changing the size (a photographed or badly scanned screen)."""
    angle = math.radians(degrees)
    cx, cy = page.image.width / 2, page.image.height / 2
    cos, sin = math.cos(angle), math.sin(angle)
    image = page.image.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=fill)
    move = (cos, sin, cx - cos * cx - sin * cy, -sin, cos, cy + sin * cx - cos * cy)
    return _map_boxes(page, image, move)


def blur(page: Page, radius: float) -> Page:
    """Gaussian blur, as after a screenshot was scaled by a messenger."""
    return replace(page, image=page.image.filter(ImageFilter.GaussianBlur(radius)))


def jpeg(page: Page, quality: int) -> Page:
    """One round through JPEG."""
    buffer = io.BytesIO()
    page.image.save(buffer, "JPEG", quality=quality)
    return replace(page, image=Image.open(buffer).convert("RGB"))


def margin(width: int, height: int) -> int:
    """Pixels to leave free at the edges so that `degrade`, which may rotate, moves nothing off the page."""
    return math.ceil(max(width, height) / 2 * math.sin(math.radians(_MOST_DEGREES))) + 2


def drawing_scale(rng: random.Random) -> float:
    """How much larger than wanted to draw a page before `resize`.

    Scaled glyphs have the soft, unhinted edges and fractional sizes that browsers and phones show.
    """
    return rng.choice((1.25, 1.25, 1.5, 1.5, 2.0)) if rng.random() < 0.35 else 1.0


def degrade(page: Page, rng: random.Random) -> Page:
    """A random everyday mixture of the above; half of all pages stay as they were drawn. No text leaves the page."""
    if rng.random() < 0.5:
        return page
    if rng.random() < 0.15:
        tilted = rotate(page, rng.uniform(-_MOST_DEGREES, _MOST_DEGREES), page.image.getpixel((0, 0)))  # type: ignore[arg-type]
        page = tilted if all(_inside(line.box, page.image.size) for line in tilted.lines) else page
    if rng.random() < 0.25:
        page = blur(page, rng.uniform(0.2, 0.6))
    if rng.random() < 0.25:
        image = ImageEnhance.Brightness(page.image).enhance(rng.uniform(0.8, 1.1))
        page = replace(page, image=ImageEnhance.Contrast(image).enhance(rng.uniform(0.8, 1.15)))
    if rng.random() < 0.5:
        page = jpeg(page, rng.randint(45, 92))
    return page


def _inside(box: Box, size: tuple[int, int]) -> bool:
    return box[0] >= 0 and box[1] >= 0 and box[2] <= size[0] and box[3] <= size[1]
