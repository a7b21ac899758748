"""What lies over a page of any family and is none of its business. It stands where nothing else does.

Its lines are text of the page: they are transcribed with it. No question about a single text has one as its answer
(`Scene.distracts`), and an instruction among them is what questions of the kind "injected" have to resist.
"""

from __future__ import annotations

import math
import random
import statistics
from dataclasses import replace

import numpy as np
from PIL import Image, ImageDraw

from kantu.synth.draw import effects, faces, palette
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.layout import Piece, column, pad, row, text
from kantu.synth.draw.reading_order import GROUPS
from kantu.synth.draw.typesetting import Type
from kantu.synth.page import Box, Color, Line
from kantu.synth.words import overlays
from kantu.synth.words.overlays import Instruction

ROLES = frozenset(("instruction", "advert", "mark", "toast"))
"""Roles of the lines drawn here."""

SHARE = 0.2
"""Of all pages that are asked about, those with something on them that does not belong there."""

_KINDS = {"instruction": 7, "advert": 4, "watermark": 4, "mark": 4, "float": 3}
_TRIES = 40  # places looked at before the page counts as full
_MOST_GROWN = 0.09  # of a page's height that may be added to it where it has no room
_SMOOTH = 10  # the most by which neighbouring pixels of an empty place differ


def distract(canvas: Canvas, rng: random.Random, *, bands: bool = True) -> Instruction | None:
    """Put one or two distractors where the page has room; the instruction, if there is one now.

    Without `bands` there are no coloured bands: the page has one of its own and is asked about it.
    """
    drawn: set[str] = set()
    told: Instruction | None = None
    for _ in range(2 if rng.random() < 0.15 else 1):
        kind = rng.choices(tuple(_KINDS), tuple(_KINDS.values()))[0]
        if kind in drawn:
            continue
        drawn.add(kind)
        if kind == "instruction":
            told = _instruct(canvas, rng, overlays.instruction(rng), plated=bands and rng.random() < 0.3)
        elif kind == "advert" and bands:
            _advertise(canvas, rng)
        elif kind == "mark":
            _mark(canvas, rng)
        elif kind == "float":
            _float(canvas, rng)
        elif kind == "watermark":
            _watermark(canvas, rng)
    return told


def instruct(canvas: Canvas, rng: random.Random, said: Instruction) -> Instruction | None:
    """Write this instruction onto the page; None where there is no room for it."""
    return _instruct(canvas, rng, said, plated=rng.random() < 0.3)


def _usual_size(canvas: Canvas) -> float:
    """The page's usual em in drawn pixels."""
    return statistics.median([line.size for line in canvas.lines] or [canvas.width / 24])


def _type(canvas: Canvas, rng: random.Random, low: float, high: float, fill: Color = (0, 0, 0)) -> Type:
    """Some type whose size fits in with the page's, and is no smaller than its smallest."""
    least = min([line.size for line in canvas.lines] or [11])
    size = faces.snap(max(min(_usual_size(canvas) * rng.uniform(low, high), 40), least))
    face = faces.closest("sans", rng.choice((400, 400, 500, 700))) if rng.random() < 0.7 else rng.choice(faces.FACES)
    return Type(face, size, fill)


def _blocked(canvas: Canvas, area: Box, room: float) -> bool:
    """Whether text or something that can be asked for stands within `room` pixels of the area."""
    x1, y1, x2, y2 = area[0] - room, area[1] - room, area[2] + room, area[3] + room
    boxes = [line.box for line in canvas.lines]
    boxes += [element.box for element in canvas.elements if element.kind not in GROUPS]
    return any(b[0] < x2 and x1 < b[2] and b[1] < y2 and y1 < b[3] for b in boxes)


def _whole(area: Box) -> tuple[int, int, int, int]:
    """The area in whole pixels."""
    x1, y1, x2, y2 = (round(edge) for edge in area)
    return x1, y1, x2, y2


def _smooth(canvas: Canvas, area: Box) -> bool:
    """Whether there is nothing but ground there: one colour, or a gradient."""
    pixels = np.asarray(canvas.image.crop(_whole(area)), np.int16)
    return all(int(np.abs(np.diff(pixels, axis=axis)).max(initial=0)) <= _SMOOTH for axis in (0, 1))


def _place(canvas: Canvas, rng: random.Random, width: float, height: float, *, align: str = "lmr*") -> Box | None:
    """An empty place of this size, or None where none was found."""
    edge = effects.margin(canvas.width, canvas.height)
    right, low = canvas.width - edge - width, canvas.height - edge - height
    if right < edge or low < edge:
        return None
    room = _usual_size(canvas) * 0.4
    lefts = {"l": edge, "m": (canvas.width - width) / 2, "r": right}
    for _ in range(_TRIES):
        x, y = lefts.get(rng.choice(align), rng.uniform(edge, right)), rng.uniform(edge, low)
        area = (x, y, x + width, y + height)
        if not _blocked(canvas, area, room) and _smooth(canvas, area):
            return area
    return None


def _strip(canvas: Canvas, rng: random.Random, height: float) -> Box | None:
    """Room of that height over or under all of the page, which grows by it; None where that would squeeze it."""
    tall = math.ceil(height)
    if tall > _MOST_GROWN * canvas.height:
        return None
    edge = effects.margin(canvas.width, canvas.height)
    image, over = canvas.image, rng.random() < 0.5
    row = image.crop((0, 0, image.width, 1) if over else (0, image.height - 1, image.width, image.height))
    grown = Image.new("RGB", (image.width, image.height + tall))
    grown.paste(row.resize((image.width, tall)), (0, 0 if over else image.height))
    grown.paste(image, (0, tall if over else 0))
    strip = (edge, 0.0, image.width - edge, float(tall))
    if over:
        canvas.lines = [_lowered(line, tall) for line in canvas.lines]
        canvas.elements = [replace(each, box=_down(each.box, tall)) for each in canvas.elements]
    canvas.image, canvas.draw = grown, ImageDraw.Draw(grown)
    return strip if over else _down(strip, image.height)


def _down(box: Box, by: float) -> Box:
    return box[0], box[1] + by, box[2], box[3] + by


def _lowered(line: Line, by: float) -> Line:
    return replace(line, box=_down(line.box, by), char_boxes=tuple(_down(box, by) for box in line.char_boxes))


def _ground(canvas: Canvas, area: Box) -> tuple[Color, Color]:
    """The darkest and the lightest of each channel there."""
    extremes = canvas.image.crop(_whole(area)).getextrema()
    low, high = zip(*extremes, strict=True)
    return low, high


def _lines(said: str, type_: Type, width: float, role: str) -> Piece:
    """`said` in as many lines as `width` asks for; all of them are one text."""
    lines, one_face = type_.broken(said, max(width, type_.size * 4))
    return column([text(line, one_face, role=role, name=role) for line in lines], type_.size * 0.3)


def _on_plate(canvas: Canvas, piece: Piece, area: Box, radius: float, color: Color) -> None:
    canvas.rounded(area, min(radius, (area[3] - area[1]) / 2), color)
    inset_x, inset_y = (area[2] - area[0] - piece.width) / 2, (area[3] - area[1] - piece.height) / 2
    piece.draw(canvas, area[0] + inset_x, area[1] + inset_y)


def _plate_color(rng: random.Random) -> Color:
    return palette.hsv(rng.random(), rng.uniform(0.0, 1.0), rng.choice((rng.uniform(0.1, 0.5), rng.uniform(0.75, 1.0))))


def _instruct(canvas: Canvas, rng: random.Random, said: Instruction, *, plated: bool) -> Instruction | None:
    type_ = _type(canvas, rng, 0.75, 1.25)
    width = canvas.width * rng.choice((0.5, 0.7, 0.85))
    piece = _lines(said.text, type_, width, "instruction")
    inset = type_.size * (0.6 if plated else 0.0)
    wide, tall = piece.width + 2 * inset, piece.height + 2 * inset
    area = _place(canvas, rng, wide, tall)
    if area is None:
        edge = 2 * effects.margin(canvas.width, canvas.height)
        type_ = _type(canvas, rng, 0.75, 0.9)
        piece = _lines(said.text, type_, canvas.width - edge - 2 * inset, "instruction")
        wide, tall = piece.width + 2 * inset, piece.height + 2 * inset
        strip = _strip(canvas, rng, tall + type_.size)
        if strip is None:
            return None
        x = strip[0] + (strip[2] - strip[0] - wide) * rng.choice((0.0, 0.5, 1.0, rng.random()))
        y = (strip[1] + strip[3] - tall) / 2
        area = (x, y, x + wide, y + tall)
    back = (_plate_color(rng),) if plated else _ground(canvas, area)
    ink = palette.ink(rng, *back, least=rng.choice((2.2, 3.0, 4.5, 7.0)))
    inked = _lines(said.text, replace(type_, fill=ink), piece.width + 1, "instruction")
    if plated:
        _on_plate(canvas, inked, area, rng.choice((0, 4, 10, 99)), back[0])
    else:
        inked.draw(canvas, area[0], area[1])
    return said


def _advertise(canvas: Canvas, rng: random.Random) -> None:
    """A coloured band with an offer, from edge to edge or as wide as its words."""
    color = _plate_color(rng)
    type_ = _type(canvas, rng, 0.9, 1.3, palette.ink(rng, color, least=3.0))
    small = replace(type_, size=faces.snap(max(type_.size * 0.8, 11)))
    edge = effects.margin(canvas.width, canvas.height)
    offer = type_.fit(overlays.advert(rng), canvas.width - 2 * edge - type_.size * 6)
    words = [text(offer, type_, role="advert")]
    if rng.random() < 0.5:
        words.insert(rng.choice((0, 1)), text(rng.choice(("广告", "推广", "AD", "赞助")), small, role="advert"))
    piece = pad(row(words, type_.size), type_.size, type_.size * rng.uniform(0.4, 0.9))
    width = canvas.width - 2 * edge if rng.random() < 0.5 else piece.width
    area = _place(canvas, rng, width, piece.height) or _strip(canvas, rng, piece.height + type_.size)
    if area is not None:
        _on_plate(canvas, piece, area, rng.choice((0, 0, 6, 99)), color)


def _mark(canvas: Canvas, rng: random.Random) -> None:
    """Whose picture it is, in a corner."""
    type_ = _type(canvas, rng, 0.7, 1.0)
    said = overlays.mark(rng)
    area = _place(canvas, rng, type_.width(said), type_.size, align="lrr")
    if area is not None:
        fill = palette.ink(rng, *_ground(canvas, area), least=2.2, colourful=0.1)
        text(said, Type(type_.face, type_.size, fill), role="mark").draw(canvas, area[0], area[1])


def _float(canvas: Canvas, rng: random.Random) -> None:
    """A toast, or a round button that floats at the edge."""
    if rng.random() < 0.5:
        type_ = _type(canvas, rng, 0.8, 1.1, (255, 255, 255))
        piece = text(overlays.toast(rng), type_, role="toast")
        area = _place(canvas, rng, piece.width + type_.size * 2, type_.size * 2.2, align="m")
        if area is not None:
            _on_plate(canvas, piece, area, 8, palette.grey(rng.randint(30, 80)))
        return
    size = _usual_size(canvas) * rng.uniform(2.2, 3.2)
    area = _place(canvas, rng, size, size, align="r")
    if area is not None:
        canvas.rounded(area, size / 2, palette.grey(rng.choice((255, 245, 60))), outline=palette.grey(128))
        inner = size * 0.2
        canvas.emoji(rng.choice("📞💬🎁🧧🎧🛒"), (area[0] + inner, area[1] + inner, area[2] - inner, area[3] - inner))


def _watermark(canvas: Canvas, rng: random.Random) -> None:
    """Pale slanted words over the whole page, too faint to count as text."""
    word = overlays.mark(rng)
    size = faces.snap(max(_usual_size(canvas), 12))
    face = faces.closest("sans", 400)
    wide, tall = round(size * (len(word) + 4)), round(size * rng.uniform(5, 9))
    tile = Image.new("L", (wide, tall))
    ImageDraw.Draw(tile).text((size, tall // 2), word, font=faces.load(face, size), fill=rng.randint(14, 26))
    tile = tile.rotate(rng.choice((-25, -15, 15, 20, 30)))
    mask = Image.new("L", canvas.image.size)
    for x in range(0, canvas.width, wide):
        for y in range(0, canvas.height, tall):
            mask.paste(tile, (x, y))
    dark = palette.luminance(canvas.image.getpixel((1, 1))) < 0.25  # type: ignore[arg-type]
    canvas.image.paste(palette.grey(255 if dark else 0), (0, 0), mask)
