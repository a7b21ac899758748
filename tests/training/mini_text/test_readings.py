"""Pages are read once and kept; a stopped reading goes on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from kantu.solve.reader import PrintedLine
from kantu.synth.page import Page
from kantu.training.mini.stream import HELD_OUT_SEEDS, Stage
from kantu.training.mini_text.readings import kept, read_pages, true_lines
from tests.training.mini.pages import line, page

STAGE = Stage("test", {"a": 0.9, "b": 0.1}, {(64, 64): 1.0}, patches=16, text_tokens=64, more=5)


class FakeReader:
    """Reads one line, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def read(self, pixels: npt.NDArray[np.uint8]) -> tuple[PrintedLine, ...]:
        self.asked += 1
        return (PrintedLine("甲", (0, 0, 16, 16), 0.9),)


def draw(seed: int, width: int, height: int) -> Page:
    assert seed >= HELD_OUT_SEEDS
    return page(width, height, (line("甲", 0, 0, 16), line(" ", 20, 0, 16)))


def test_families_are_read_in_equal_shares_and_what_is_kept_is_not_read_again(tmp_path: Path) -> None:
    file, reader, draws = tmp_path / "readings.jsonl", FakeReader(), {"a": draw, "b": draw}
    first = list(read_pages(3, STAGE, draws, reader, file))
    more = list(read_pages(6, STAGE, draws, reader, file))
    assert (len(first), len(more), reader.asked) == (3, 3, 6)
    assert list(kept(file)) == first + more
    assert len({reading.size for reading in kept(file)}) > 1


def test_only_what_shows_counts_as_printed() -> None:
    assert [line.text for line in true_lines(draw(HELD_OUT_SEEDS, 64, 64))] == ["甲"]
