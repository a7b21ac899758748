"""Family "ui": interfaces whose controls are known by kind, label, state and box."""

from __future__ import annotations

import random
from collections.abc import Mapping

from kantu.synth.draw import effects
from kantu.synth.families.family import GRID, Family, Size, finish
from kantu.synth.families.ui.layouts import Layout, covered, panel, phone, web, window
from kantu.synth.families.ui.questions import askers, first
from kantu.synth.page import Page

_WIDTHS = {384: 16, 416: 14, 448: 10, 480: 8, 544: 6, 640: 10, 704: 5, 768: 6, 896: 4, 1088: 4}

_UPRIGHT: Mapping[Layout, float] = {phone: 9.0, panel: 3.0, window: 1.5, web: 0.5, covered: 5.0}
_WIDE: Mapping[Layout, float] = {phone: 2.5, panel: 3.0, window: 8.0, web: 4.0, covered: 4.0}


def _choose_size(rng: random.Random) -> Size:
    width = rng.choices(tuple(_WIDTHS), tuple(_WIDTHS.values()))[0]
    height = rng.randrange(448, 897, GRID) if width < 500 else rng.randrange(384, 737, GRID)
    return width, height


def draw(seed: int, size: Size) -> Page:
    """One interface and its truth. What does not fit is left out."""
    rng = random.Random(f"{UI.name}:{seed}")
    width, height = size
    suited = _WIDE if width > 520 or width > height else _UPRIGHT
    for _ in range(8):  # now and then nothing fits a small page
        scale = effects.drawing_scale(rng)
        layout = rng.choices(tuple(suited), tuple(suited.values()))[0]
        canvas, facts = layout(rng, round(width * scale), round(height * scale), scale)
        if len(canvas.lines) >= 4:
            break
    return finish(UI.name, seed, size, canvas, facts, rng, askers=askers(), first=first(rng), least=7, most=12)


UI = Family("ui", _choose_size, draw)
