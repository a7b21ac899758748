"""Pages of a few characters, without a font."""

from __future__ import annotations

from PIL import Image

from kantu.processing.image import ImageConfig
from kantu.synth.page import Line, Page, Question
from kantu.training.mini.folder import MAX_PIXELS, MIN_PIXELS

IMAGE_CONFIG = ImageConfig(
    patch_size=16,
    temporal_patch_size=2,
    merge_size=2,
    image_mean=(0.5, 0.5, 0.5),
    image_std=(0.5, 0.5, 0.5),
    min_pixels=MIN_PIXELS,
    max_pixels=MAX_PIXELS,
)


def line(text: str, x: float, y: float, size: float) -> Line:
    boxes = tuple((x + i * size, y, x + (i + 1) * size, y + size) for i in range(len(text)))
    return Line(text, (x, y, x + len(text) * size, y + size), boxes, size)


def page(width: int, height: int, lines: tuple[Line, ...] = (), questions: tuple[Question, ...] = ()) -> Page:
    return Page("test", 0, Image.new("RGB", (width, height), (255, 255, 255)), lines, questions=questions)
