"""The line over a phone's screen can be read whole, whatever is cut out of the screen."""

from __future__ import annotations

import random

import pytest

from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.handset import status_bar
from kantu.synth.draw.style import make_style
from kantu.synth.page import Page
from tests.synth.geometry import outside, overlaps

pytestmark = pytest.mark.usefixtures("needs_fonts")


@pytest.mark.parametrize("width", [256, 320, 480])
def test_no_cut_out_and_no_sign_lies_on_time_or_charge(width: int) -> None:
    for seed in range(150):
        rng = random.Random(seed)
        style = make_style(rng, width)
        canvas = Canvas(width, 80, (250, 250, 250))
        status_bar(rng, style, width, (20, 40, 60)).draw(canvas, 0, 0)
        page = Page("test", seed, canvas.image, tuple(canvas.lines))
        assert outside(page) == [], seed
        assert overlaps(page) == [], seed
        for line in page.lines:
            x1, y1, x2, y2 = (round(edge) for edge in line.box)
            area = canvas.image.crop((x1, y1, x2, y2))
            counted = {color: count for count, color in area.getcolors(10_000)}
            assert counted.get((0, 0, 0), 0) == 0, (seed, line.text)
