"""Which lines that were read belong to which that are printed: pages fall apart into groups that have met."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kantu.synth.page import Box
from kantu.training.mini_text.readings import PageReading, TrueLine

_LEVEL = 0.6  # of the lower of two lines stands at the height of the other
_MET = 0.35  # of the smaller of two boxes lies in the other


@dataclass(frozen=True)
class Group:
    """Lines, by their number, that were printed and read at one place. Either side may be empty."""

    printed: tuple[int, ...]
    read: tuple[int, ...]


def groups(reading: PageReading) -> Iterator[Group]:
    """All lines of a page in the smallest groups of which no line has met one of another group."""
    printed, read = [line.box for line in reading.printed], [line.box for line in reading.read]
    left = set(range(len(read)))
    waiting = set(range(len(printed)))
    while waiting:
        ours, theirs, fresh = set[int](), set[int](), {min(waiting)}
        while fresh:
            ours |= fresh
            met = {number for number in left - theirs for own in fresh if _met(printed[own], read[number])}
            theirs |= met
            fresh = {own for own in waiting - ours for number in met if _met(printed[own], read[number])}
        waiting -= ours
        left -= theirs
        yield Group(tuple(sorted(ours)), tuple(sorted(theirs)))
    yield from (Group((), (number,)) for number in sorted(left))


def neighbours(lines: Sequence[TrueLine]) -> Iterator[tuple[int, int, float]]:
    """Each line and the next one to its right at the same height, with the gap in ems of the smaller."""
    for left, line in enumerate(lines):
        after = [
            (other.box[0] - line.box[2], right)
            for right, other in enumerate(lines)
            if right != left and _same_height(line.box, other.box) and other.box[0] > (line.box[0] + line.box[2]) / 2
        ]
        if after:
            gap, right = min(after)
            yield left, right, gap / min(line.size, lines[right].size)


def covering(box: Box, others: Sequence[Box]) -> int | None:
    """The one of `others` that has most of this box; None where none has any of it."""
    shares = [common(box, other) for other in others]
    best = max(range(len(others)), key=shares.__getitem__, default=None)
    return best if best is not None and shares[best] > 0 else None


def _met(a: Box, b: Box) -> bool:
    smaller = min((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))
    return common(a, b) > _MET * smaller


def _same_height(a: Box, b: Box) -> bool:
    return min(a[3], b[3]) - max(a[1], b[1]) > _LEVEL * min(a[3] - a[1], b[3] - b[1])


def common(a: Box, b: Box) -> float:
    """The area that two boxes share."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return width * height if width > 0 and height > 0 else 0.0
