"""Colours that can be read on each other."""

from __future__ import annotations

import random

import pytest

from kantu.synth.draw import palette


def test_contrast_is_that_of_wcag() -> None:
    assert palette.contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert palette.contrast((255, 255, 255), (119, 119, 119)) == pytest.approx(4.48, abs=0.01)
    assert palette.contrast((9, 9, 9), (9, 9, 9)) == 1


def test_mixing_goes_from_one_colour_to_the_other() -> None:
    red, blue = (255, 0, 0), (0, 0, 255)
    assert [palette.mix(red, blue, share) for share in (0, 0.5, 1)] == [red, (128, 0, 128), blue]
    assert palette.hsv(1 / 3, 1.0, 1.0) == (0, 255, 0)


def test_inks_can_be_read_on_every_colour_behind_them() -> None:
    rng = random.Random(3)
    for _ in range(300):
        dark = rng.random() < 0.5
        papers = [palette.paper(rng, dark), palette.paper(rng, dark)]
        ink = palette.ink(rng, *papers, least=2.5)
        extremes = (palette.grey(0), palette.grey(255))
        best = max(min(palette.contrast(extreme, paper) for paper in papers) for extreme in extremes)
        assert min(palette.contrast(ink, paper) for paper in papers) >= min(2.5, best)
