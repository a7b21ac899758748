"""Family "product": pages of shops, price tags, posters, specification sheets, shelves and menus."""

from __future__ import annotations

import random

from kantu.synth.draw import effects
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.grounds import zoomed
from kantu.synth.draw.style import ROLES, Role, make_style
from kantu.synth.families.family import GRID, Family, Size, finish
from kantu.synth.families.product.layouts import Placed, place
from kantu.synth.families.product.questions import askers, first
from kantu.synth.families.product.record import make_product
from kantu.synth.page import Page

_ROLES = {
    **ROLES,
    "title": Role(1.0, 1.5, 0.6),
    "body": Role(0.9, 1.15, 0.15),
    "price": Role(1.3, 2.4, 0.75),
    "small": Role(0.8, 0.95, 0.1, ("faint", "soft", "ink")),
}


_SPARSE = 0.2  # of the pages that are more than half empty, those that are kept


def _choose_size(rng: random.Random) -> Size:
    if rng.random() < 0.75:
        return rng.randrange(320, 513, GRID), rng.randrange(416, 833, GRID)
    return rng.randrange(416, 769, GRID), rng.randrange(320, 577, GRID)


def _filled(canvas: Canvas) -> float:
    """The share of the page's height from the first to the last of what it shows."""
    boxes = [line.box for line in canvas.lines]
    boxes += [element.box for element in canvas.elements if element.kind == "photo"]
    return (max(box[3] for box in boxes) - min(box[1] for box in boxes)) / canvas.height


def _placed(rng: random.Random, size: Size) -> Placed:
    """A product in a layout that has room for it."""
    while True:
        scale = effects.drawing_scale(rng)
        width, height = round(size[0] * scale), round(size[1] * scale)
        style = make_style(rng, width, scale, roles=_ROLES, plain=0.55)
        zoom = rng.choice((1.0, 1.0, 1.2, 1.45, 1.8, 2.3))
        placed = place(make_product(rng), zoomed(style, zoom), width, height, rng)
        if placed and (_filled(placed.canvas) > 0.5 or rng.random() < _SPARSE):
            return placed


def draw(seed: int, size: Size) -> Page:
    """A product page and its truth."""
    rng = random.Random(f"{PRODUCT.name}:{seed}")
    placed = _placed(rng, size)
    return finish(
        PRODUCT.name, seed, size, placed.canvas, placed.facts, rng,
        askers=askers(placed.offers), first=first(rng, placed.offers), least=6, most=11,
    )  # fmt: skip


PRODUCT = Family("product", _choose_size, draw)
