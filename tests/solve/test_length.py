"""Length seen against length read: a count of glyphs that is right, or none."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from kantu.solve.length import count_glyphs, length_problem
from kantu.synth.families import draw

Pixels = npt.NDArray[np.uint8]
INK, GROUND = 20, 240
BOX = (20, 8, 20 + 8 * 9 - 3, 26)


def page(count: int = 8, *, pitch: int = 9, width: int = 6, ink: int = INK, ground: int = GROUND) -> Pixels:
    """`count` bars 12 pixels high, the first at x = 20."""
    pixels = np.full((40, 260, 3), ground, np.uint8)
    for index in range(count):
        pixels[10:22, 20 + index * pitch : 20 + index * pitch + width] = ink
    return pixels


@pytest.mark.parametrize(("ink", "ground"), [(INK, GROUND), (GROUND, INK), (150, 240)])
def test_glyphs_are_counted_dark_on_light_and_light_on_dark(ink: int, ground: int) -> None:
    assert count_glyphs(page(ink=ink, ground=ground), BOX) == 8


def test_a_space_between_groups_is_no_glyph() -> None:
    pixels = page(13)
    pixels[:, 20 + 9 * 4 : 20 + 9 * 5] = GROUND
    assert count_glyphs(pixels, (20, 8, 20 + 13 * 9, 26)) == 12


def touching(pixels: Pixels) -> None:
    pixels[15:17, 20:48] = INK


def a_second_line(pixels: Pixels) -> None:
    pixels[24:25, 20:80] = INK


def noise(pixels: Pixels) -> None:
    pixels[:] = np.random.default_rng(1).integers(0, 255, pixels.shape, np.uint8)


def faint(pixels: Pixels) -> None:
    pixels[:] = np.where(pixels == INK, GROUND - 20, pixels)


def one_glyph_of_two(pixels: Pixels) -> None:
    pixels[10:22, 35:38] = INK  # closes the gap between the second and the third


@pytest.mark.parametrize("change", [touching, a_second_line, noise, faint, one_glyph_of_two])
def test_what_cannot_be_told_is_not(change: Callable[[Pixels], None]) -> None:
    pixels = page()
    change(pixels)
    assert count_glyphs(pixels, BOX) is None


@pytest.mark.parametrize("box", [(20, 8, 62, 26), (23, 8, 89, 26), (29, 8, 89, 26), (20, 8, 20, 8), (90, 30, 200, 38)])
def test_a_box_that_cuts_off_or_holds_nothing_tells_nothing(box: tuple[int, ...]) -> None:
    assert count_glyphs(page(), box) is None


@pytest.mark.parametrize(
    ("read", "told"),
    [("12345678", False), ("1234 5678", False), ("1234567", True), ("A12345678", True), ("1,234", False)],
)
def test_only_another_length_of_digits_and_letters_is_a_problem(read: str, told: bool) -> None:
    problem = length_problem(read, page(), BOX, "order_number")
    assert (problem is not None) == told
    if problem:
        assert (problem.code, problem.field) == ("length_seen", "order_number")
        assert "8 个" in problem.message


def test_the_count_on_drawn_pages_is_right_where_it_is_told() -> None:
    told = right = numbers = 0
    for family in ("order", "invoice"):
        for seed in range(40):
            drawn = draw(family, 60_000 + seed)
            pixels = np.asarray(drawn.image.convert("RGB"))
            for line in drawn.lines:
                text = re.sub(r"\s", "", line.text)
                if re.fullmatch(r"[0-9A-Za-z]{6,}", text):
                    counted = count_glyphs(pixels, line.box)
                    numbers += 1
                    told += counted is not None
                    right += counted == len(text)
    assert numbers > 80
    assert told > 0.5 * numbers
    assert right > 0.98 * told
