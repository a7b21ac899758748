"""From visual tokens to the words that are printed there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from kantu.engine.request import Look
from kantu.solve.ink import Rectangle, words

SIDE, ROWS, COLUMNS = 32, 8, 12
GLYPH = 20  # pixels; a wide character's ink


def page(*lines: tuple[int, int, int], ground: int = 255, ink: int = 0) -> npt.NDArray[np.uint8]:
    """A page with lines of square characters, drawn with strokes of 3 pixels: (left, top, how many)."""
    pixels = np.full((ROWS * SIDE, COLUMNS * SIDE, 3), ground, np.uint8)
    for left, top, count in lines:
        for number in range(count):
            x = left + number * (GLYPH + 2)
            glyph = pixels[top : top + GLYPH, x : x + GLYPH]
            inner = glyph[3:-3, 3:-3].copy()
            glyph[:] = ink
            glyph[3:-3, 3:-3] = inner
    return pixels


def at(left: int, top: int, count: int) -> list[Look | None]:
    """Looks at each character of such a line."""
    middles = [(left + number * (GLYPH + 2) + GLYPH / 2, top + GLYPH / 2) for number in range(count)]
    return [Look(0, int(y // SIDE), int(x // SIDE), ROWS, COLUMNS, 0.8) for x, y in middles]


def near(found: Sequence[Rectangle], *expected: Rectangle) -> bool:
    return len(found) == len(expected) and all(
        abs(a - b) <= 3 for one, other in zip(found, expected, strict=True) for a, b in zip(one, other, strict=True)
    )


@pytest.mark.parametrize(("ground", "ink"), [(255, 0), (30, 230), (200, 90)])
def test_words_are_framed_as_they_are_printed(ground: int, ink: int) -> None:
    found = words("待商家发货", at(70, 100, 5), page((70, 100, 5), ground=ground, ink=ink))
    assert near(found, (70, 100, 178, 120))


def test_lines_above_and_below_and_words_beside_are_left_out() -> None:
    crowded = page((70, 100, 5), (70, 70, 6), (70, 132, 6), (210, 100, 3))
    assert near(words("待商家发货", at(70, 100, 5), crowded), (70, 100, 178, 120))


def test_looks_that_have_strayed_are_left_out() -> None:
    looks = at(70, 100, 5)
    looks[2] = Look(0, 7, 11, ROWS, COLUMNS, 0.9)
    assert near(words("待商家发货", looks, page((70, 100, 5))), (70, 100, 178, 120))


@pytest.mark.parametrize("unseen", [[0], [4], [0, 1], [1, 3]])
def test_characters_that_were_not_looked_at_are_framed_too(unseen: list[int]) -> None:
    looks = at(70, 100, 5)
    for number in unseen:
        looks[number] = None
    crowded = page((70, 100, 5), (250, 100, 3))
    assert near(words("待商家发货", looks, crowded), (70, 100, 178, 120))


def test_one_of_two_characters_is_enough() -> None:
    assert near(words("加购", [None, *at(92, 100, 1)], page((70, 100, 2))), (70, 100, 112, 120))


def test_what_is_as_high_as_several_lines_is_no_line() -> None:
    pixels = page((70, 100, 5))
    pixels[60:180, 40:240] = np.random.default_rng(1).integers(0, 256, (120, 200, 3), np.uint8)
    ((_, top, _, bottom),) = words("待商家发货", at(70, 100, 5), pixels)
    assert bottom - top == pytest.approx(SIDE)


def test_what_is_broken_over_two_lines_has_two_rectangles() -> None:
    pixels = page((250, 40, 5), (20, 140, 4))
    found = words("商家正在备货请等待", [*at(250, 40, 5), *at(20, 140, 4)], pixels)
    assert near(found, (250, 40, 358, 60), (20, 140, 106, 160))


def test_a_drawn_line_is_no_word() -> None:
    pixels = page((70, 100, 5))
    pixels[:, 60:62] = 0
    pixels[128:130] = 0
    assert near(words("待商家发货", at(70, 100, 5), pixels), (70, 100, 178, 120))


def test_at_the_edge_of_a_page() -> None:
    pixels = page((0, 0, 3))
    assert near(words("已发货", at(0, 0, 3), pixels), (0, 0, 64, 20))


def test_where_nothing_is_printed_it_is_the_visual_tokens() -> None:
    assert words("货", [Look(0, 3, 2, ROWS, COLUMNS, 0.9)], page()) == ((64.0, 96.0, 96.0, 128.0),)


@pytest.mark.parametrize(
    "looks",
    [
        [],
        [None, None],
        [Look(0, 1, 1, ROWS, COLUMNS, 0.01)] * 2,
        [Look(0, 1, 1, ROWS, COLUMNS, 0.9), None, None],
    ],
)
def test_what_was_read_from_no_place_in_particular_has_none(looks: list[Look | None]) -> None:
    assert words("货", looks, page((70, 100, 5))) == ()
