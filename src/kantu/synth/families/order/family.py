"""Order-detail screens of invented shops, as Chinese users screenshot them."""

from __future__ import annotations

import random
from typing import Any

from kantu.synth.draw import effects
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.faces import require_fonts
from kantu.synth.families.order.overlay import cover, watermark
from kantu.synth.families.order.questions import ask
from kantu.synth.families.order.record import Order, make_order
from kantu.synth.families.order.sheet import compose, paint
from kantu.synth.families.order.style import make_style
from kantu.synth.page import Page

FAMILY = "order"
_WIDTHS = {320: 12, 352: 10, 384: 16, 416: 18, 448: 16, 480: 10, 544: 3, 576: 4, 608: 4, 640: 3, 704: 2, 768: 2}
_GRID = 32  # one visual token: pages on this grid reach the network without resampling


def _choose_size(rng: random.Random) -> tuple[int, int]:
    width = rng.choices(tuple(_WIDTHS), tuple(_WIDTHS.values()))[0]
    height = rng.randrange(416, 832, _GRID) if width <= 480 else rng.randrange(384, 768, _GRID)
    if rng.random() < 0.04:
        height = rng.choice((832, 864, 896))
    return width, height


def _facts(shown: dict[str, object], canvas: Canvas) -> dict[str, Any]:
    """The page's fields from what its pieces say they show; `items` lists the goods in order."""
    drawn = {line.name for line in canvas.lines}
    fields: dict[str, Any] = {}
    items = []
    for name, value in shown.items():
        if name.startswith("item_"):
            items.append(value)
        elif name in drawn:
            fields[name] = value
    fields["items"] = items
    return fields


def draw_order_page(seed: int, *, size: tuple[int, int] | None = None, order: Order | None = None) -> Page:
    """One order page and its truth, the same for the same arguments.

    `size` is (width, height) in pixels, each at least 320; without it the seed chooses. What does not fit is left out.
    `order` is what the page tells; without it the seed invents one.
    Raises `MissingDependencyError` when the fonts are not installed.
    """
    require_fonts()
    rng = random.Random(f"{FAMILY}:{seed}")
    width, height = size or _choose_size(rng)
    invented = make_order(rng, most_goods=max(1, (height - 320) // 110))
    order = order or invented
    style = make_style(rng, width, height)
    sheet = compose(order, style, height, rng)
    if size is None:
        used = sheet.top.height + sheet.middle.height + sheet.bottom.height + 2 * style.gap
        tight = rng.random() < 0.65 or used < 0.75 * height  # a mostly empty page teaches little
        height = height if not tight else min(height, max(320, -int(-(used + rng.randint(0, 24)) // _GRID) * _GRID))
    canvas = paint(sheet, style, height, rng)
    if rng.random() < 0.08:
        cover(canvas, style, rng)
    if rng.random() < 0.05:
        watermark(canvas, style, rng)
    fields = _facts(sheet.facts, canvas)
    fields["rows"] = dict(sheet.top.rows + sheet.middle.rows + sheet.bottom.rows)
    page = Page(FAMILY, seed, canvas.image, tuple(canvas.lines), tuple(canvas.elements), fields)
    worn = effects.degrade(page, rng)
    if all(_inside(line.box, worn.image.size) for line in worn.lines):
        page = worn
    return ask(page, order.category, rng)


def _inside(box: tuple[float, float, float, float], size: tuple[int, int]) -> bool:
    return box[0] >= 0 and box[1] >= 0 and box[2] <= size[0] and box[3] <= size[1]
