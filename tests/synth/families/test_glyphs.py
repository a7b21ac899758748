"""Glyph pages: dense with characters, every one inside the page, on its own, and readable."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import numpy as np
import pytest

from kantu.synth.families.glyphs import draw
from kantu.synth.words import vocabulary
from tests.synth.geometry import outside, overlaps

pytestmark = pytest.mark.usefixtures("needs_fonts")

_SIZES = ((320, 320), (320, 416), (448, 640), (896, 320))
_ALPHABET = {*vocabulary.HAN, *vocabulary.PUNCTUATION, "·", *map(chr, range(0x20, 0x7F))}


@pytest.mark.parametrize("seed", range(24))
def test_characters_stand_inside_the_page_and_not_on_each_other(seed: int) -> None:
    width, height = _SIZES[seed % len(_SIZES)]
    page = draw(seed, (width, height))
    assert page.image.size == (width, height)
    assert page.image.mode == "RGB"
    assert outside(page) == []
    assert overlaps(page) == []
    for line in page.lines:
        assert len(line.char_boxes) == len(line.text)
        assert set(line.text) <= _ALPHABET


def test_pages_are_dense_and_mostly_chinese() -> None:
    pages = [draw(seed, (320, 320)) for seed in range(40)]
    counts = [sum(len(line.text) for line in page.lines) for page in pages]
    assert 60 <= sum(counts) / len(counts) <= 250
    assert max(counts) <= 260
    characters = Counter("".join(line.text for page in pages for line in page.lines))
    han = sum(n for character, n in characters.items() if character in vocabulary.HAN)
    digits = sum(n for character, n in characters.items() if character.isdigit())
    assert 0.6 < han / characters.total() < 0.9
    assert digits / characters.total() > 0.05
    assert len(characters) > 1200


def test_sizes_run_from_11_to_36_pixels_with_most_at_reading_size() -> None:
    sizes = [line.size for seed in range(60) for line in draw(seed, (320, 320)).lines for _ in line.text]
    assert min(sizes) >= 10.4
    assert max(sizes) <= 42
    assert max(sizes) > 26
    assert sum(12 <= size <= 20.5 for size in sizes) / len(sizes) > 0.5


def test_every_line_has_ink() -> None:
    page = draw(3, (320, 320))
    pixels = np.asarray(page.image, dtype=np.int16)
    for line in page.lines:
        x1, y1, x2, y2 = (round(edge) for edge in line.box)
        patch = pixels[max(y1, 0) : y2, max(x1, 0) : x2]
        assert np.ptp(patch, axis=(0, 1)).max() > 30, line.text


def test_equal_seeds_give_equal_pages_in_another_process() -> None:
    program = (
        "import hashlib; from kantu.synth.families.glyphs import draw as d;"
        "p = d(5, (320, 352)); print(hashlib.sha256(p.image.tobytes() + repr(p.lines).encode()).hexdigest())"
    )
    runs = {subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout for _ in range(2)}
    assert len(runs) == 1
    assert draw(5, (320, 352)).lines != draw(6, (320, 352)).lines
