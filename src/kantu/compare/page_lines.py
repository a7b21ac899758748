"""The lines that a drawn page is known to show."""

from __future__ import annotations

from functools import lru_cache

from kantu.evaluation.items import Item
from kantu.evaluation.suites import HELD_OUT
from kantu.solve.reader import PrintedLine
from kantu.synth.draw.reading_order import reading_rows
from kantu.synth.families import FAMILIES, draw

_PAGES = 4  # questions about one page come one after the other


def page_lines(item: Item) -> tuple[PrintedLine, ...] | None:
    """Those of the question's picture where our generator drew it, in reading order; None where nobody knows them."""
    family, _, seed = item.pictures[0].name.partition("/") if len(item.pictures) == 1 else ("", "", "")
    return _drawn(family, int(seed)) if item.origin == HELD_OUT and family in FAMILIES and seed.isdecimal() else None


@lru_cache(_PAGES)
def _drawn(family: str, seed: int) -> tuple[PrintedLine, ...]:
    page = draw(family, seed)
    ordered = [line for row in reading_rows(page.lines, page.elements) for line in row]
    return tuple(
        PrintedLine(line.text, (round(x1), round(y1), round(x2), round(y2)), 1.0)
        for line in ordered
        for x1, y1, x2, y2 in (line.box,)
    )
