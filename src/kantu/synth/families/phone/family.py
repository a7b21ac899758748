"""Family "phone": screenshots of phones as people send them, of many apps, with what frames them."""

from __future__ import annotations

import random

from kantu.synth.draw import effects
from kantu.synth.families.family import GRID, Family, Size, finish
from kantu.synth.families.phone.questions import PhoneQuestions
from kantu.synth.families.phone.screens import make_screen
from kantu.synth.families.phone.sheet import compose
from kantu.synth.families.ui.desk import Desk
from kantu.synth.page import Page

_SENT: tuple[Size, ...] = ((1080, 2340), (1080, 2400), (1170, 2532), (1080, 1920), (828, 1792), (750, 1334))
_WIDTHS = {320: 6, 352: 10, 384: 14, 416: 12, 448: 10, 480: 6, 544: 4}
_MOST_SCALED = 400_000  # pixels of a page that is drawn larger than it is wanted: larger ones take long


def _choose_size(rng: random.Random) -> Size:
    """Whole screens as they are sent, and smaller as messengers leave them."""
    if rng.random() < 0.12:
        return rng.choice(_SENT)
    width = rng.choices(tuple(_WIDTHS), tuple(_WIDTHS.values()))[0]
    return width, round(width * rng.uniform(1.5, 2.25) / GRID) * GRID


def draw(seed: int, size: Size) -> Page:
    """One screen and its truth. What does not fit is left out."""
    rng = random.Random(f"{PHONE.name}:{seed}")
    width, height = size
    for _ in range(8):
        drawn_larger = effects.drawing_scale(rng) if width * height < _MOST_SCALED else 1.0
        scale = drawn_larger * max(1.0, width / rng.uniform(320, 470))
        screen = make_screen(rng)
        desk = Desk(rng, round(width * drawn_larger), scale)
        canvas, facts = compose(desk, screen, round(width * drawn_larger), round(height * drawn_larger))
        if len(canvas.lines) >= 5:
            break
    own = PhoneQuestions(screen, facts)
    return finish(PHONE.name, seed, size, canvas, facts, rng, askers=own.all(), first=own.first(rng), least=7, most=12)


PHONE = Family("phone", _choose_size, draw)
