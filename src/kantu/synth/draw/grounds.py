"""A style on another ground: a poster's colour, a blackboard, a bubble."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace

from kantu.synth.draw import faces
from kantu.synth.draw.style import Style
from kantu.synth.page import Color

_USUAL = {
    "title": ("ink", "ink", "accent"),
    "label": ("soft", "ink"),
    "small": ("faint", "soft"),
    "big": ("accent", "ink"),
}


def regrounded(style: Style, rng: random.Random, *back: Color, inks: Mapping[str, str] | None = None) -> Style:
    """The style with inks that can be read on `back`; `inks` names the ink of a role, where not usual."""
    surface = style.surface(rng, *back)
    chosen = {role: rng.choice(_USUAL.get(role, ("ink",))) for role in style.types} | dict(inks or {})
    types = {role: replace(type_, fill=getattr(surface, chosen[role])) for role, type_ in style.types.items()}
    return replace(style, types=types, on=surface, card=back[0])


def zoomed(style: Style, factor: float, most: int = 40) -> Style:
    """The style with all of its text larger, up to `most` pixels of the finished page."""
    largest = most * style.scale

    def larger(size: int) -> int:
        return max(size, faces.snap(min(size * factor, largest)))

    types = {role: replace(type_, size=larger(type_.size)) for role, type_ in style.types.items()}
    return replace(style, types=types)
