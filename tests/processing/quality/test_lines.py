"""Lines of text are found through patches, measured, and cut out at one height whatever theirs is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw

from kantu.processing.quality.lines import HEIGHT, WIDTH, Lines, find_lines
from kantu.processing.quality.patches import find_patches
from kantu.synth.draw.faces import FACES, load


def page(em: int) -> Image.Image:
    """Lines of Chinese, half an em apart."""
    picture = Image.new("L", (480, 480), 245)
    for row in range(10, 470 - em, em * 3 // 2):
        ImageDraw.Draw(picture).text((10, row), "国家图书馆藏书" * 9, fill=30, font=load(FACES[1], em))
    return picture


def lines_of(picture: Image.Image, *, lies: bool = False) -> Lines:
    patches = find_patches(np.asarray(picture))[0]
    return find_lines(patches, np.ones(len(patches.pixels), bool), lies=lies)


@pytest.mark.parametrize("em", [7, 10, 16, 24])
def test_lines_are_as_high_as_their_characters(em: int) -> None:
    assert np.median(lines_of(page(em)).heights) == pytest.approx(0.92 * em, abs=1 + 0.06 * em)


def test_they_are_also_where_the_text_lies() -> None:
    turned = page(16).transpose(Image.Transpose.ROTATE_90)
    assert np.median(lines_of(turned, lies=True).heights) == pytest.approx(15, abs=1.5)


def test_every_piece_shows_its_line_at_the_same_height() -> None:
    def ink(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
        return (255.0 - pixels).mean(axis=(0, 2))

    for em in (10, 24):
        lines = lines_of(page(em))
        assert lines.pixels.shape[1:] == (HEIGHT, WIDTH)
        rows = ink(lines.pixels)
        assert rows[8:16].mean() > 2 * rows[[0, -1]].mean()


def test_rules_are_no_lines_of_text() -> None:
    picture = Image.new("L", (480, 480), 255)
    for column in range(0, 480, 6):
        ImageDraw.Draw(picture).line((column, 100, column + 2, 100), fill=0)
    assert len(lines_of(picture).heights) == 0


def test_where_there_are_no_patches_there_are_no_lines() -> None:
    assert len(lines_of(Image.new("L", (480, 480), 255)).heights) == 0
