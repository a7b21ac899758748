"""The families of pages `synth` can draw, by name."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from types import MappingProxyType

from kantu.errors import InvalidRequestError
from kantu.synth.families.glyphs import draw_glyph_page
from kantu.synth.families.order.family import draw_order_page
from kantu.synth.families.reading.family import draw_reading_page
from kantu.synth.page import Page

_GRID = 32  # pixels a visual token: pages on this grid reach the network without resampling


def _size(family: str, seed: int) -> tuple[int, int]:
    rng = random.Random(f"{family}:size:{seed}")
    return rng.randrange(320, 513, _GRID), rng.randrange(320, 641, _GRID)


def _glyphs(seed: int) -> Page:
    return draw_glyph_page(seed, *_size("glyphs", seed))


def _reading(seed: int) -> Page:
    return draw_reading_page(seed, *_size("reading", seed))


FAMILIES: Mapping[str, Callable[[int], Page]] = MappingProxyType(
    {"order": draw_order_page, "reading": _reading, "glyphs": _glyphs}
)
"""Name of a family to the function that draws its page number `seed`, at a size the seed chooses."""


def draw(family: str, seed: int) -> Page:
    """Page number `seed` of `family`: the same picture and truth in every process.

    Raises `InvalidRequestError` for an unknown family, `MissingDependencyError` when the fonts are not installed.
    """
    if family not in FAMILIES:
        raise InvalidRequestError(
            "unknown_family",
            f"没有名为“{family}”的图片家族，可用：{'、'.join(FAMILIES)}。",
            f"No family named {family!r}; use one of {', '.join(FAMILIES)}.",
            param="family",
        )
    return FAMILIES[family](seed)
