"""Order-detail screens of invented shops, as Chinese users screenshot them."""

from __future__ import annotations

import random

from kantu.synth.draw.distractors import SHARE
from kantu.synth.families.family import GRID, Family, Size, finish
from kantu.synth.families.order.questions import OrderQuestions
from kantu.synth.families.order.record import Order, make_order
from kantu.synth.families.order.sheet import compose, paint
from kantu.synth.families.order.style import order_style
from kantu.synth.page import Page

_WIDTHS = {320: 12, 352: 10, 384: 16, 416: 18, 448: 16, 480: 10, 544: 3, 576: 4, 608: 4, 640: 3, 704: 2, 768: 2}


def _choose_size(rng: random.Random) -> Size:
    width = rng.choices(tuple(_WIDTHS), tuple(_WIDTHS.values()))[0]
    height = rng.randrange(416, 832, GRID) if width <= 480 else rng.randrange(384, 768, GRID)
    if rng.random() < 0.04:
        height = rng.choice((832, 864, 896))
    return width, height


def draw_order_page(seed: int, size: Size, order: Order | None = None) -> Page:
    """One order page and its truth. What does not fit is left out.

    `size` is (width, height) in pixels, each at least 320. `order` is what the page tells; without it the seed invents
    one.
    """
    rng = random.Random(f"{ORDER.name}:{seed}")
    width, height = size
    told = order or make_order(rng, most_goods=max(1, (height - 320) // 110))
    style = order_style(rng, width, height)
    sheet = compose(told, style, height, rng)
    for _ in range(2):  # a mostly empty page teaches little
        if sheet.used > 0.7 * height:
            break
        sheet = max(sheet, compose(told, style, height, rng), key=lambda each: each.used)
    canvas = paint(sheet, style, height, rng)
    own = OrderQuestions(told.category)
    first = own.first(rng)
    return finish(
        ORDER.name,
        seed,
        size,
        canvas,
        sheet.facts,
        rng,
        askers=own.all(),
        first=first,
        least=8,
        most=12,
        distracted=0.0 if order else SHARE,
    )


ORDER = Family("order", _choose_size, draw_order_page)
