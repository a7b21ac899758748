"""Family "reading": labels, values and texts anywhere on a page in any style: reading is learned, no layout."""

from __future__ import annotations

import random
from collections.abc import Callable

from kantu.synth.draw import effects
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.layout import Piece, column
from kantu.synth.draw.style import Style, Surface, make_style
from kantu.synth.facts import Fact
from kantu.synth.families.family import Family, Size, finish, usual_size
from kantu.synth.families.reading import fields, lists, parts
from kantu.synth.families.reading.blocks import Press, card
from kantu.synth.page import Box, Page

Maker = Callable[[Press, Surface, float], Piece | None]

_MAKERS: tuple[tuple[Maker, float], ...] = (
    (fields.field_rows, 6.0),
    (fields.field_grid, 2.5),
    (fields.big_field, 1.5),
    (fields.field_pills, 1.0),
    (fields.inputs, 0.8),
    (fields.table, 1.2),
    (parts.banner, 1.3),
    (parts.heading, 1.6),
    (parts.paragraph, 1.0),
    (parts.notice, 0.6),
    (parts.buttons, 1.6),
    (lists.item, 2.0),
    (lists.list_rows, 1.3),
    (parts.total, 1.2),
    (lists.tabs, 0.5),
    (lists.options, 0.6),
    (lists.bubbles, 0.6),
    (lists.tags, 0.7),
    (parts.loose, 2.0),
)


def _some_block(press: Press, surface: Surface, width: float) -> Piece | None:
    makers, weights = zip(*_MAKERS, strict=True)
    maker: Maker = press.rng.choices(makers, weights)[0]
    return maker(press, surface, width)


def _group(press: Press, surface: Surface, width: float, depth: int) -> Piece | None:
    """One block, or several on a card, in two columns, or on a card in a card."""
    rng, style = press.rng, press.style
    kind = rng.random()
    if kind < 0.45 and depth:
        count = rng.choice((1, 1, 2, 2, 3))

        def fill(inner: Surface, room: float) -> Piece | None:
            parts = [_group(press, inner, room, depth - 1) for _ in range(count)]
            made = [part for part in parts if part]
            return column(made, style.gap) if made else None

        return card(press, width, fill) if width > 90 * style.scale else None
    if kind < 0.55 and depth and width > 240 * style.scale:
        share = rng.uniform(0.35, 0.65)
        left_width, gap = width * share - style.gap / 2, style.gap
        left = _group(press, surface, left_width, depth - 1)
        right = _group(press, surface, width - left_width - gap, depth - 1)
        if left is None or right is None:
            return left

        def draw(canvas: Canvas, x: float, y: float) -> None:
            middle = x + left_width + gap
            canvas.element("column", "", (x, y, x + left_width, y + left.height))
            canvas.element("column", "", (middle, y, x + width, y + right.height))
            left.draw(canvas, x, y)
            right.draw(canvas, middle, y)

        return Piece(width, max(left.height, right.height), draw, left.facts + right.facts)
    return _some_block(press, surface, width)


def _fill(press: Press, surface: Surface, canvas: Canvas, box: Box) -> list[Fact]:
    """Put blocks into `box` until it is full or the page has said enough; the facts they show."""
    rng, style = press.rng, press.style
    width, room = box[2] - box[0], box[3] - box[1]
    blocks: list[Piece] = []
    used, misses = 0.0, 0
    limit = rng.choice((2, 3, 5, 8, 99, 99) if room < 450 * style.scale else (4, 8, 99, 99, 99))
    while misses < 3 and len(blocks) < limit and room - used > 20 * style.scale:
        block = _group(press, surface, width, 2)
        if block is None or used + block.height > room:
            misses += 1
            continue
        blocks.append(block)
        used += block.height + style.gap
    if not blocks:
        return []
    if rng.random() < 0.15:
        bar = parts.app_bar(press, surface, width)
        if bar and used + bar.height <= room:
            blocks.insert(0, bar)
            used += bar.height + style.gap
    spare = room - used + style.gap
    top, gap = box[1], style.gap
    placing = rng.random()
    if placing < 0.25:
        top += rng.uniform(0, spare)
    elif placing < 0.4:
        gap += spare / len(blocks) * rng.uniform(0, 0.9)
    column(blocks, gap).draw(canvas, box[0], top)
    return [fact for block in blocks for fact in block.facts]


def _cells(rng: random.Random, style: Style, box: Box, depth: int) -> list[Box]:
    """The page as one column, or cut into rectangles each with its own blocks."""
    width, height = (box[2] - box[0]) / style.scale, (box[3] - box[1]) / style.scale
    upright = width > 420 or (width > 280 and rng.random() < 0.3)
    if depth == 0 or rng.random() < (0.2 if width > 520 else 0.6) or (not upright and height < 200):
        return [box]
    share = rng.uniform(0.35, 0.65)
    if upright:
        middle, half = box[0] + (box[2] - box[0]) * share, style.gap / 2
        parts = (box[0], box[1], middle - half, box[3]), (middle + half, box[1], box[2], box[3])
    else:
        middle, half = box[1] + (box[3] - box[1]) * share, style.gap / 2
        parts = (box[0], box[1], box[2], middle - half), (box[0], middle + half, box[2], box[3])
    return [cell for part in parts for cell in _cells(rng, style, part, depth - 1)]


def _compose(rng: random.Random, width: int, height: int, scale: float) -> tuple[Canvas, list[Fact]]:
    style = make_style(rng, width, scale, plain=0.1)
    canvas = Canvas(width, height, style.page[0])
    if len(style.page) > 1:
        canvas.gradient((0, 0, width, height), style.page[0], style.page[1], vertical=rng.random() < 0.7)
    surface = style.surface(rng, *style.page)
    press = Press(rng, style)
    edge = effects.margin(width, height) + rng.choice((0, 2, 4, 8)) * scale
    facts: list[Fact] = []
    cells = _cells(rng, style, (edge, edge, width - edge, height - edge), rng.choice((0, 1, 1, 2)))
    for cell in cells:
        if len(cells) > 1:
            canvas.element("column", "", cell)
        facts += _fill(press, surface, canvas, cell)
    return canvas, facts


def draw(seed: int, size: Size) -> Page:
    """A page of fields, texts and buttons in an invented style."""
    rng = random.Random(f"{READING.name}:{seed}")
    while True:
        scale = effects.drawing_scale(rng)
        canvas, facts = _compose(rng, round(size[0] * scale), round(size[1] * scale), scale)
        if len(canvas.lines) >= 4:
            return finish(READING.name, seed, size, canvas, facts, rng)


READING = Family("reading", usual_size, draw)
