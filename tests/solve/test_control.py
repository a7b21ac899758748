"""From the words on a control to the control."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from kantu.solve.control import control

WORDS = (140.0, 110.0, 200.0, 126.0)
BLUE, GREY, WHITE = (30, 90, 220), (150, 150, 150), (255, 255, 255)


def page(ground: tuple[int, int, int] = WHITE) -> npt.NDArray[np.uint8]:
    return np.full((300, 340, 3), ground, np.uint8)


def written(pixels: npt.NDArray[np.uint8], ink: tuple[int, int, int] = WHITE) -> npt.NDArray[np.uint8]:
    """With four characters where `WORDS` are."""
    for x in range(140, 200, 16):
        pixels[110:126, x : x + 12] = ink
    return pixels


def test_a_filled_button_is_framed_and_not_only_its_words() -> None:
    pixels = page()
    pixels[100:136, 90:250] = BLUE
    assert control(WORDS, written(pixels)) == (90, 100, 250, 136)


def test_an_icon_beside_the_words_belongs_to_the_button() -> None:
    pixels = page()
    pixels[100:136, 90:250] = BLUE
    pixels[110:126, 110:126] = WHITE
    assert control(WORDS, written(pixels)) == (90, 100, 250, 136)


def test_an_outlined_button_on_a_dark_page() -> None:
    pixels = page((20, 20, 20))
    pixels[100:136, 90:250] = GREY
    pixels[102:134, 92:248] = (60, 60, 60)
    assert control(WORDS, written(pixels)) == (92, 102, 248, 134)


def outlined(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """With a line of two pixels around (92, 102, 248, 134)."""
    pixels[100:136, 90:250] = GREY
    pixels[102:134, 92:248] = WHITE
    return pixels


def test_an_outlined_button_of_the_colour_of_its_page() -> None:
    assert control(WORDS, written(outlined(page()), GREY)) == (92, 102, 248, 134)


def test_the_cell_of_a_table_is_no_button() -> None:
    pixels = outlined(page())
    pixels[100:102] = GREY
    pixels[134:136] = GREY
    pixels[:, 90:92] = GREY
    pixels[:, 248:250] = GREY
    assert control(WORDS, written(pixels, GREY)) is None


def filled(left: int, top: int, right: int, bottom: int) -> npt.NDArray[np.uint8]:
    pixels = page()
    pixels[top:bottom, left:right] = BLUE
    return written(pixels)


@pytest.mark.parametrize(
    "pixels",
    [
        written(page(), GREY),
        filled(90, 20, 250, 220),
        filled(0, 100, 340, 136),
        filled(130, 100, 250, 136),
        filled(90, 108, 250, 136),
        filled(20, 40, 320, 140),
    ],
    ids=[
        "the page",
        "a card",
        "a band across the page",
        "not in its middle",
        "a row of words",
        "at the foot of a card",
    ],
)
def test_words_on_no_control_stay_as_they_are(pixels: npt.NDArray[np.uint8]) -> None:
    assert control(WORDS, pixels) is None


def test_words_at_an_edge_and_specks_have_none() -> None:
    assert control((-4.0, -3.0, 60.0, 16.0), page()) is None
    assert control((10.0, 10.0, 12.0, 12.0), page()) is None
