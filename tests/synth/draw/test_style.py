"""Every page has looks of its own, and its text can be read on whatever it stands on."""

from __future__ import annotations

import random

import pytest

from kantu.synth.draw import palette
from kantu.synth.draw.style import ROLES, Style, make_style

pytestmark = pytest.mark.usefixtures("needs_fonts")


@pytest.fixture(scope="module")
def styles(needs_fonts: None) -> list[Style]:
    """Three hundred styles of narrow and wide pages."""
    return [make_style(random.Random(seed), (320, 416, 640)[seed % 3], plain=0.5) for seed in range(300)]


def test_text_can_be_read_on_the_page_and_on_its_cards(styles: list[Style]) -> None:
    for style in styles:
        for back in (*style.page, style.card):
            assert palette.contrast(style.ink, back) > 4
            assert palette.contrast(style.soft, back) > 1.9
            assert palette.contrast(style.faint, back) > 1.9
        assert palette.contrast(style.on_accent, style.accent) > 1.8


def test_inks_of_any_surface_can_be_read_on_it(styles: list[Style]) -> None:
    for index, style in enumerate(styles):
        rng = random.Random(index)
        color = style.solid(rng)
        surface = style.surface(rng, color)
        assert min(palette.contrast(ink, color) for ink in (surface.ink, surface.soft)) > 1.9
        assert palette.contrast(surface.ink, color) >= palette.contrast(surface.faint, color)


def test_every_role_is_set_between_its_sizes(styles: list[Style]) -> None:
    for style in styles:
        assert set(style.types) == set(ROLES)
        assert all(11 <= type_.size <= 36 for type_ in style.types.values())
        assert style["big"].size > style["small"].size


def test_looks_vary(styles: list[Style]) -> None:
    assert len({style.page for style in styles}) > 150
    assert len({style.accent for style in styles}) > 250
    assert len({style["body"].face for style in styles}) > 8
    assert len({style["body"].size for style in styles}) > 6
    assert len({(style.radius, style.gap, style.row_gap, style.divider, style.colon) for style in styles}) > 280
    assert 0.1 < sum(style.dark for style in styles) / len(styles) < 0.4


def test_plain_pages_have_the_grounds_of_most_apps(styles: list[Style]) -> None:
    plain = [style for style in styles if style.plain]
    assert 0.4 < len(plain) / len(styles) < 0.6
    for style in plain:
        shades = [max(color) - min(color) for color in style.page[:1]]
        assert max(shades) < 40
        assert max(style.page[0]) < 60 or min(style.page[0]) > 200


def test_a_scaled_style_is_larger_by_that_much() -> None:
    small, large = (make_style(random.Random(4), round(320 * scale), scale) for scale in (1.0, 2.0))
    assert large.radius == 2 * small.radius
    assert large.gap == 2 * small.gap
    assert large["body"].size == pytest.approx(2 * small["body"].size, abs=4)
