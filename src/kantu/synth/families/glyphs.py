"""Family "glyphs": pages dense with characters, so that the eye learns to name them before it is asked anything."""

from __future__ import annotations

import random
import string
from dataclasses import dataclass

from kantu.synth.draw import effects, faces, palette
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.typesetting import Type
from kantu.synth.families.family import Family, Size, finish, usual_size
from kantu.synth.page import Box, Color, Page
from kantu.synth.words import vocabulary

_SIZES = tuple(range(11, 37))
_SIZE_WEIGHTS = tuple(8 if 12 <= size <= 20 else 3 if size <= 24 else 1.5 for size in _SIZES)
_FACE_WEIGHTS = tuple(0.5 if face.style == "kai" else 1.0 for face in faces.FACES)  # its hinting is slow to run
_MOST_CHARACTERS = 250 / (320 * 320)  # a pixel


@dataclass(frozen=True)
class _Setting:
    """How the text of one cell is set; lengths in drawn pixels, `scale` of them to a pixel of the page."""

    scale: float
    face: faces.Face
    latin: faces.Face
    size: int
    leading: float
    spacing: float
    anchor: str
    colors: tuple[Color, ...]


def _digit_string(rng: random.Random) -> str:
    return vocabulary.digits(rng, rng.randint(1, 14))


def _latin(rng: random.Random) -> str:
    alphabet = rng.choice(
        (string.ascii_letters, string.ascii_uppercase, string.ascii_lowercase, string.ascii_letters + string.digits)
    )
    return "".join(rng.choices(alphabet, k=rng.randint(1, 9)))


def _marks(rng: random.Random) -> str:
    if rng.random() < 0.5:
        return "".join(rng.choices(string.punctuation, k=rng.randint(1, 5)))
    return "".join(rng.choices(vocabulary.PUNCTUATION, k=rng.randint(1, 3)))


def _number_like(rng: random.Random) -> str:
    return vocabulary.pick(
        rng,
        (4, _digit_string),
        (2, vocabulary.money),
        (2, vocabulary.date_time),
        (1, vocabulary.phone),
        (2, vocabulary.code),
        (2, _latin),
        (1, vocabulary.count),
        (1, _marks),
    )


def _chunk(rng: random.Random) -> str:
    """A few characters: 45 % from words, 35 % uniform over GB2312 level 1, 20 % digits, latin and marks."""
    kind = rng.random()
    if kind < 0.16:  # these chunks are about half longer than the others
        return _number_like(rng)
    if kind < 0.62:
        return vocabulary.word(rng) + (vocabulary.word(rng) if rng.random() < 0.4 else "")
    return vocabulary.random_han(rng, rng.randint(1, 7))


def _row(rng: random.Random) -> str:
    """The text of one row, to be cut to the width there is."""
    parts = [_chunk(rng) for _ in range(rng.choice((1, 1, 2, 3, 4, 6)))]
    glue = rng.choice(("", "", "", " ", "  ", "，", "、", "：", "/", "-"))
    return glue.join(parts).strip()


def _split(rng: random.Random, box: Box, depth: int, scale: float) -> list[Box]:
    """Cut a rectangle at random into cells large enough for a few characters."""
    width, height = box[2] - box[0], box[3] - box[1]
    upright = rng.random() < (0.35 if width > 170 * scale else 0.0)
    if depth == 0 or rng.random() < 0.25 or (not upright and height < 90 * scale):
        return [box]
    share = rng.uniform(0.3, 0.7)
    if upright:
        middle = box[0] + width * share
        parts = (box[0], box[1], middle, box[3]), (middle, box[1], box[2], box[3])
    else:
        middle = box[1] + height * share
        parts = (box[0], box[1], box[2], middle), (box[0], middle, box[2], box[3])
    return [cell for part in parts for cell in _split(rng, part, depth - 1, scale)]


def _backdrop(rng: random.Random, canvas: Canvas, cell: Box, page_color: Color) -> tuple[Box, tuple[Color, ...]]:
    """Paint a cell's card, if it gets one; where its text may stand, and the colours behind it."""
    kind = rng.random()
    if kind < 0.35:
        pad = rng.uniform(1, 6)
        return (cell[0] + pad, cell[1] + pad, cell[2] - pad, cell[3] - pad), (page_color,)
    gap, pad, radius = rng.uniform(0, 4), rng.uniform(3, 9), rng.choice((0, 0, 4, 8, 12, 16))
    card = (cell[0] + gap, cell[1] + gap, cell[2] - gap, cell[3] - gap)
    text_box = (card[0] + pad, card[1] + pad, card[2] - pad, card[3] - pad)
    dark = rng.random() < 0.35
    color = palette.paper(rng, dark)
    if kind < 0.55:
        other = palette.mix(color, palette.paper(rng, dark), rng.uniform(0.5, 1.0))
        canvas.gradient(card, color, other, radius=radius, vertical=rng.random() < 0.5)
        return text_box, (color, other)
    outline = palette.mix(color, palette.grey(0 if not dark else 255), rng.uniform(0.05, 0.4))
    canvas.rounded(card, radius, color, outline=outline if rng.random() < 0.4 else None)
    return text_box, (color,)


def _setting(rng: random.Random, backgrounds: tuple[Color, ...], width: float, scale: float) -> _Setting:
    size = min(rng.choices(_SIZES, _SIZE_WEIGHTS)[0], max(11, int(width / scale / 3)))
    least = rng.choice((2.0, 2.5, 3.0, 4.5, 4.5, 7.0))
    colors = tuple(palette.ink(rng, *backgrounds, least=least) for _ in range(rng.choice((1, 1, 1, 2, 3))))
    return _Setting(
        scale=scale,
        face=rng.choices(faces.FACES, _FACE_WEIGHTS)[0],
        latin=rng.choice(faces.LATIN_FACES),
        size=size,
        leading=rng.choice((1.0, 1.1, 1.2, 1.3, 1.45, 1.7)),
        spacing=rng.choice((0.0, 0.0, 0.0, 0.0, 0.0, 0.5, 1.0, 2.0)) * scale,
        anchor=rng.choice("lllmr"),
        colors=colors,
    )


def _fill(rng: random.Random, canvas: Canvas, box: Box, setting: _Setting, budget: int) -> int:
    """Set rows from the top of `box` to its bottom; how many characters of the budget are left."""
    y = box[1] + rng.uniform(0, 0.3) * setting.size * setting.scale
    while budget > 0:
        nominal = max(11, setting.size + (rng.choice((-2, 2, 4)) if rng.random() < 0.2 else 0))
        size = faces.snap(nominal * setting.scale)
        if y + size > box[3]:
            break
        text = _row(rng)[:budget]
        latin = setting.latin if rng.random() < 0.6 else None
        set_ = Type(setting.face, size, rng.choice(setting.colors), setting.spacing, latin)
        text = set_.cut(text, box[2] - box[0]).strip()
        if text:
            slack = box[2] - box[0] - set_.width(text)
            indent = rng.uniform(0, slack) if rng.random() < 0.1 else 0.0
            x = {"l": box[0] + indent, "m": (box[0] + box[2]) / 2, "r": box[2] - indent}[setting.anchor]
            canvas.text(x, y, text, set_, anchor=setting.anchor, role="glyphs")
            budget -= len(text)
        y += size * setting.leading * (rng.uniform(1.2, 2.5) if rng.random() < 0.08 else 1.0) + 1
    return budget


def _compose(rng: random.Random, width: int, height: int, scale: float) -> Canvas:
    page_color = palette.paper(rng, rng.random() < 0.3)
    canvas = Canvas(width, height, page_color)
    if rng.random() < 0.2:
        other = palette.mix(page_color, palette.paper(rng, palette.luminance(page_color) < 0.2), 0.5)
        canvas.gradient((0, 0, width, height), page_color, other, vertical=rng.random() < 0.5)
        page_color = palette.mix(page_color, other, 0.5)
    margin = effects.margin(width, height)
    cells = _split(rng, (margin, margin, width - margin, height - margin), rng.randint(1, 4), scale)
    rng.shuffle(cells)
    budget = round(_MOST_CHARACTERS * width * height / scale**2 * rng.uniform(0.5, 1.0))
    for cell in cells:
        box, backgrounds = _backdrop(rng, canvas, cell, page_color)
        if budget > 0 and box[2] - box[0] > 36 * scale:
            budget = _fill(rng, canvas, box, _setting(rng, backgrounds, box[2] - box[0], scale), budget)
    return canvas


def draw(seed: int, size: Size) -> Page:
    """A page of random characters in many faces, sizes and colours, about which nothing is asked."""
    rng = random.Random(f"{GLYPHS.name}:{seed}")
    scale = effects.drawing_scale(rng)
    canvas = _compose(rng, round(size[0] * scale), round(size[1] * scale), scale)
    return finish(GLYPHS.name, seed, size, canvas, (), rng, askers=())


GLYPHS = Family("glyphs", usual_size, draw)
