"""Drawn pages as the reader of printed lines has read them, beside what is printed there; read once, then kept."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter

from kantu.solve.reader import PrintedLine, Reader
from kantu.synth.page import Box, Page
from kantu.training.mini.stream import Draw, Stage, drawn_page


@dataclass(frozen=True)
class TrueLine:
    """A line as it was drawn, as far as a reader's errors depend on it."""

    text: str
    box: Box
    size: float


@dataclass(frozen=True)
class PageReading:
    """What stands on a page and what the reader has read there. `elements` are kind and box of what is not text."""

    family: str
    seed: int
    size: tuple[int, int]
    printed: tuple[TrueLine, ...]
    elements: tuple[tuple[str, Box], ...]
    read: tuple[PrintedLine, ...]


_READING = TypeAdapter(PageReading)


def read_pages(
    pages: int, stage: Stage, draws: Mapping[str, Draw], reader: Reader, file: Path
) -> Iterator[PageReading]:
    """Have pages of all families read, in equal shares; each is kept in `file` at once, and those in it are done."""
    done = sum(1 for _ in kept(file)) if file.exists() else 0
    families = list(stage.families)
    with file.open("a", encoding="utf-8") as rows:
        for number in range(done, pages):
            rng = random.Random(f"reading:{number}")
            single = replace(stage, families={families[number % len(families)]: 1.0}, more=0)
            page = drawn_page(single, draws, rng, *rng.choices(list(stage.sizes), list(stage.sizes.values()))[0])
            pixels = np.asarray(page.image.convert("RGB"))
            elements = tuple((element.kind, element.box) for element in page.elements)
            read = reader.read(pixels)
            reading = PageReading(page.family, page.seed, page.image.size, true_lines(page), elements, read)
            rows.write(_READING.dump_json(reading).decode() + "\n")
            rows.flush()
            yield reading


def kept(file: Path) -> Iterator[PageReading]:
    """The pages that have been read."""
    with file.open(encoding="utf-8") as rows:
        for row in rows:
            yield _READING.validate_json(row)


def true_lines(page: Page) -> tuple[TrueLine, ...]:
    """The lines of a drawn page that show anything."""
    return tuple(TrueLine(line.text, line.box, line.size) for line in page.lines if line.text.strip())
