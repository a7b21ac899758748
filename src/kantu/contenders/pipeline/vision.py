"""Stage 3 of the stitched pipeline: what is on a page besides its letters, by classical vision alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import cv2

from kantu.contenders.pipeline.bars import bars
from kantu.contenders.pipeline.boxes import same_place
from kantu.contenders.pipeline.bubbles import bubbles
from kantu.contenders.pipeline.colors import Pixels, color_name
from kantu.contenders.pipeline.controls import controls
from kantu.contenders.pipeline.line_charts import points
from kantu.contenders.pipeline.panels import panels_of
from kantu.contenders.pipeline.pictures import pictures
from kantu.contenders.pipeline.pies import slices
from kantu.contenders.pipeline.rows import rows_of, tables_of
from kantu.contenders.pipeline.seen import Seen, SeenElement
from kantu.contenders.pipeline.surfaces import Scan, scan
from kantu.contenders.pipeline.tabs import tabs
from kantu.contenders.pipeline.widgets import banners, buttons, cards
from kantu.contenders.pipeline.words import in_words
from kantu.solve.reader import PrintedLine


def use_threads(count: int) -> None:
    """Have OpenCV take so many threads in this process."""
    cv2.setNumThreads(count)


def look(pixels: Pixels, lines: Sequence[PrintedLine]) -> Seen:
    """What can be seen on a page whose lines were read. `pixels` is RGB, [height, width, 3]."""
    page = scan(pixels, lines)
    rows = rows_of(lines)
    tables = tables_of(lines, rows)
    elements: list[SeenElement] = []
    in_tables = frozenset(number for table in tables for number in table.lines)
    panels = panels_of(page)
    words, owners = in_words(page)
    _add(elements, _owned(bars(words), owners))
    _add(elements, _owned(slices(words), owners))
    _add(elements, _owned(points(words, rows_of(words.lines), elements), owners))
    for found in (
        controls(page),
        bubbles(page, panels),
        tabs(page, rows, panels, in_tables | _spoken_for(page, elements)),
        banners(page, panels),
        buttons(page, panels),
        cards(page, panels),
        pictures(page),
    ):
        _add(elements, found)
    return Seen(
        elements=tuple(sorted(elements, key=lambda element: (element.box[1], element.box[0]))),
        ground=color_name(page.page.color) if page.page else "",
        rows=rows,
        tables=tables,
        line_colors=tuple(color_name(look.ink) for look in page.looks),
        line_grounds=tuple(color_name(look.ground) for look in page.looks),
    )


def _owned(found: Iterable[SeenElement], owners: Sequence[int]) -> Iterator[SeenElement]:
    """What was found among words, with the lines that these are parts of."""
    for each in found:
        yield replace(each, lines=tuple(dict.fromkeys(owners[number] for number in each.lines)))


def _spoken_for(page: Scan, elements: Iterable[SeenElement]) -> frozenset[int]:
    """The lines that are the names of bars, points and controls, or stand in bubbles."""
    names = {each.label for each in elements if each.label}
    inner = {number for each in elements for number in each.lines}
    return frozenset(
        number for number, line in enumerate(page.lines) if number in inner or any(line.text in name for name in names)
    )


def _add(elements: list[SeenElement], found: Iterable[SeenElement]) -> None:
    """Take what does not lie where something else was found already."""
    for each in found:
        if not any(same_place(each.box, other.box) > 0.6 for other in elements):
            elements.append(each)
