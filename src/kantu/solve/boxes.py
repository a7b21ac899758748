"""Boxes as the model writes them, in thousandths, and as people use them, in pixels of the original picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from kantu.processing.image import CleanImage
from kantu.solve.fields import Node
from kantu.solve.result import PictureBox

N = TypeVar("N", int, float)

KEY = "bbox_2d"  # how Qwen3-VL writes a box
_WHOLE = 1000
_FAR = 1_000_000  # thousandths; what is farther out is no place, and may be too large to be worked with


def in_pixels(box: Sequence[float], image: CleanImage, picture: int = 0) -> PictureBox | None:
    """A box in thousandths, in pixels of the original; None for one without area."""
    width, height = image.original_size
    return box_of([n / _WHOLE for n in box], (width, height), picture)


def box_of(shares: Sequence[float], size: tuple[int, int], picture: int = 0) -> PictureBox | None:
    """A box in shares of width and height, in pixels of a picture of `size`; None for one without area."""
    x1, y1, x2, y2 = (
        min(max(round(share * side), 0), side) for share, side in zip(shares, (*size, *size), strict=True)
    )
    return PictureBox(picture=picture, x1=x1, y1=y1, x2=x2, y2=y2) if x1 < x2 and y1 < y2 else None


def in_thousandths(shares: Sequence[float]) -> list[int]:
    """A box in shares of width and height as the model writes it."""
    return [min(max(round(share * _WHOLE), 0), _WHOLE) for share in shares]


def hull(boxes: Iterable[tuple[N, N, N, N]]) -> tuple[N, N, N, N]:
    """The smallest box around boxes."""
    left, top, right, bottom = zip(*boxes, strict=True)
    return min(left), min(top), max(right), max(bottom)


def in_record(nodes: Sequence[Node]) -> dict[str, tuple[float, ...]]:
    """The boxes that the record itself holds, by the path of what they belong to."""
    return {node.path: tuple(node.value[KEY]) for node in nodes if _has_box(node.value)}


def _has_box(value: Any) -> bool:
    """Whether there are four numbers: a server that does not keep to schemas may write anything."""
    box = value.get(KEY) if isinstance(value, dict) else None
    return isinstance(box, list) and len(box) == 4 and all(map(_is_number, box))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and -_FAR < value < _FAR  # NaN is not within
