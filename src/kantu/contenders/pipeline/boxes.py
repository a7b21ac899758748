"""Boxes and how they lie to each other."""

from __future__ import annotations

from kantu.contenders.pipeline.seen import Box


def size_of(box: Box) -> tuple[int, int]:
    """Width and height."""
    return box[2] - box[0], box[3] - box[1]


def area_of(box: Box) -> int:
    """Pixels of a box."""
    return max(0, box[2] - box[0]) * max(0, box[3] - box[1])


def inside(inner: Box, outer: Box, slack: int = 0) -> bool:
    """Whether a box lies in another, but for `slack` pixels."""
    return (
        inner[0] >= outer[0] - slack
        and inner[1] >= outer[1] - slack
        and inner[2] <= outer[2] + slack
        and inner[3] <= outer[3] + slack
    )


def shared(a: Box, b: Box) -> int:
    """Pixels that two boxes share."""
    return area_of((max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])))


def covered(box: Box, by: Box) -> float:
    """The share of a box that lies in another."""
    return shared(box, by) / max(1, area_of(box))


def same_place(a: Box, b: Box) -> float:
    """Intersection over union."""
    common = shared(a, b)
    return common / max(1, area_of(a) + area_of(b) - common)


def overlap(a: Box, b: Box, axis: int) -> float:
    """How much of the shorter of two boxes lies beside the other, along x (0) or y (1); negative where none does."""
    common = min(a[axis + 2], b[axis + 2]) - max(a[axis], b[axis])
    return common / max(1, min(a[axis + 2] - a[axis], b[axis + 2] - b[axis]))


def middle(box: Box) -> tuple[float, float]:
    """The point in the middle."""
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
