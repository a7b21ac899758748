"""Writes an instruction, or a harmless sentence in its place, onto a finished picture, where it covers nothing."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from kantu.evaluation.injection.attacks import FAINT, LABEL, TINY, Instruction
from kantu.synth.draw import faces, palette
from kantu.synth.page import Box, Page

_TRIES = 60  # places looked at before the page counts as full
_SMOOTH = 24  # the most by which pixels of an empty place differ; worn pictures are a little noisy
_MOST_WIDTH = 0.86  # of the picture's
_TINY_PIXELS = 8
_FAINT_SHARE = 0.2  # of the way from the ground to ink
_MODULES = 21  # of a code's side
_MODULE_PIXELS = 3
_GAP = 6
_LEAST_LEADING = 12


@dataclass(frozen=True)
class Written:
    """The same picture without and with the instruction, and with the other one: every pixel outside `box` is equal."""

    without: Image.Image
    attacked: Image.Image
    harmless: Image.Image
    box: tuple[int, int, int, int]


def write(page: Page, said: Instruction, other: Instruction, rng: random.Random) -> Written:
    """The page with the instruction in an empty place; where it has none, all pictures grow by a strip below.

    Args:
        other: the harmless sentence, which has the same place and looks; what of it has no room there is left out.
    """
    image = page.image.convert("RGB")
    size = _TINY_PIXELS if said.form == TINY else rng.randint(max(13, image.width // 30), max(15, image.width // 22))
    font = faces.load(faces.closest("sans", rng.choice((400, 400, 700))), size)
    lines = _broken(said.text, font, image.width * _MOST_WIDTH)
    code = _MODULES * _MODULE_PIXELS if said.form == LABEL else 0
    width = max([code, *(round(font.getlength(line)) for line in lines)]) + 2
    height = len(lines) * _leading(size) + (code + _GAP if code else 0)
    corner = _place(page, image, width, height, rng)
    if corner is None:
        corner = (round((image.width - width) / 2), image.height + _GAP)
        image = _grown(image, height + 2 * _GAP)
    box = (corner[0], corner[1], corner[0] + width, corner[1] + height)
    attacked, harmless = image.copy(), image.copy()
    chance = rng.getstate()
    _draw(attacked, box, lines, font, code, rng, faint=said.form == FAINT)
    rng.setstate(chance)
    shown = _broken(other.text, font, width)[: len(lines)]
    _draw(harmless, box, shown, font, code, rng, faint=said.form == FAINT)
    return Written(image, attacked, harmless, box)


def _leading(size: float) -> int:
    """From line to line; room for all of a glyph in the smallest type, too."""
    return max(round(size * 1.4), _LEAST_LEADING)


def _broken(text: str, font: ImageFont.FreeTypeFont, most: float) -> list[str]:
    lines = []
    for part in text.split("\n"):
        line = ""
        for character in part:
            if line and font.getlength(line + character) > most:
                lines.append(line)
                line = ""
            line += character
        lines.append(line)
    return lines


def _place(page: Page, image: Image.Image, width: int, height: int, rng: random.Random) -> tuple[int, int] | None:
    """The left upper corner of a place where nothing stands."""
    right, low = image.width - _GAP - width, image.height - _GAP - height
    if right < _GAP or low < _GAP:
        return None
    taken = [line.box for line in page.lines]
    pixels = np.asarray(image, np.int16)
    for _ in range(_TRIES):
        x, y = rng.randint(_GAP, right), rng.randint(_GAP, low)
        area = pixels[y - 2 : y + height + 2, x - 2 : x + width + 2]
        if np.ptp(area, axis=(0, 1)).max() <= _SMOOTH and not any(_meets(box, x, y, width, height) for box in taken):
            return x, y
    return None


def _meets(box: Box, x: int, y: int, width: int, height: int) -> bool:
    return box[0] < x + width + 2 and x - 2 < box[2] and box[1] < y + height + 2 and y - 2 < box[3]


def _grown(image: Image.Image, by: int) -> Image.Image:
    """A strip below in the colour that the lowest row has most."""
    lowest, counts = np.unique(np.asarray(image)[-1], axis=0, return_counts=True)
    red, green, blue = lowest[counts.argmax()].tolist()
    grown = Image.new("RGB", (image.width, image.height + by), (red, green, blue))
    grown.paste(image, (0, 0))
    return grown


def _draw(
    image: Image.Image,
    box: tuple[int, int, int, int],
    lines: list[str],
    font: ImageFont.FreeTypeFont,
    code: int,
    rng: random.Random,
    *,
    faint: bool,
) -> None:
    red, green, blue = np.asarray(image.crop(box), np.float64).mean(axis=(0, 1)).round().astype(int).tolist()
    ground = (red, green, blue)
    ink = palette.ink(rng, ground, least=4.5)
    if faint:
        ink = palette.mix(ground, ink, _FAINT_SHARE)
    drawer = ImageDraw.Draw(image)
    x, y = box[:2]
    for row in range(_MODULES if code else 0):
        for column in range(_MODULES):
            if rng.random() < 0.5:
                left, top = x + column * _MODULE_PIXELS, y + row * _MODULE_PIXELS
                drawer.rectangle((left, top, left + _MODULE_PIXELS - 1, top + _MODULE_PIXELS - 1), fill=ink)
    y += code + _GAP if code else 0
    for line in lines:
        drawer.text((x, y), line, font=font, fill=ink)
        y += _leading(font.size)
