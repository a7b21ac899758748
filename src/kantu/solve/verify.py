"""What the picture itself says about a record: which lines a reader finds, how many glyphs stand in a box."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from kantu.processing.image import CleanImage
from kantu.solve.evidence import snap, unverified_numbers, verified
from kantu.solve.length import length_problem
from kantu.solve.reader import PrintedLine
from kantu.solve.result import PictureBox
from kantu.tasks.problem import Problem

Lines = Sequence[tuple[PrintedLine, ...]]
"""The printed lines of each picture, in pixels of the original."""


@dataclass(frozen=True)
class Verified:
    """What the reader found.

    Attributes:
        boxes: where values stand, by path.
        found: whether a value is printed, by path.
    """

    boxes: Mapping[str, tuple[PictureBox, ...]]
    found: Mapping[str, bool]


def in_original(lines: Sequence[PrintedLine], image: CleanImage) -> tuple[PrintedLine, ...]:
    """Lines of the picture as the model sees it, in pixels of the original."""
    height, width, _ = image.pixels.shape
    across, down = image.original_size[0] / width, image.original_size[1] / height
    return tuple(
        replace(line, box=(round(x1 * across), round(y1 * down), round(x2 * across), round(y2 * down)))
        for line in lines
        for x1, y1, x2, y2 in (line.box,)
    )


def verify(values: Mapping[str, str], boxes: Mapping[str, tuple[PictureBox, ...]], lines: Lines) -> Verified:
    """Look every value up in the printed lines: in the picture where the model has seen it, else in all."""
    placed: dict[str, tuple[PictureBox, ...]] = {}
    found: dict[str, bool] = {}
    for path, value in values.items():
        named = boxes.get(path, ())
        holding = [number for number, printed in enumerate(lines) if verified(value, printed)]
        found[path] = bool(holding)
        number = named[0].picture if named and (named[0].picture in holding or not holding) else next(iter(holding), 0)
        there = [(box.x1, box.y1, box.x2, box.y2) for box in named if box.picture == number]
        snapped = snap(there, value, lines[number])
        placed[path] = tuple(
            PictureBox(picture=number, x1=x1, y1=y1, x2=x2, y2=y2) for x1, y1, x2, y2 in snapped if x1 < x2 and y1 < y2
        )
    return Verified(placed, found)


def unverified(
    values: Mapping[str, str], found: Mapping[str, bool], prose: str | None, given: Mapping[str, str], lines: Lines
) -> Iterator[Problem]:
    """未核实: values, and numbers and labels of prose, that the reader does not find; what was asked about is known."""
    for path, is_found in found.items():
        if not is_found:
            yield Problem("unverified", f"未核实：图中没有读到“{values[path]}”。", path)
    every = [line for printed in lines for line in printed]
    for part in unverified_numbers(prose, every, given.values()) if prose else ():
        yield Problem("unverified", f"未核实：图中没有读到“{part}”。")


def wrong_lengths(
    values: Mapping[str, str], boxes: Mapping[str, tuple[PictureBox, ...]], pictures: Sequence[CleanImage]
) -> Iterator[Problem]:
    """Values of which another number of glyphs stands in their box than was read."""
    for path, value in values.items():
        if len(place := boxes.get(path, ())) == 1:
            image = pictures[place[0].picture]
            height, width, _ = image.pixels.shape
            across, down = width / image.original_size[0], height / image.original_size[1]
            box = (place[0].x1 * across, place[0].y1 * down, place[0].x2 * across, place[0].y2 * down)
            problem = length_problem(value, image.pixels, box, path)
            if problem is not None:
                yield problem
