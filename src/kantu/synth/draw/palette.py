"""Colours that can be read on each other, drawn at random."""

from __future__ import annotations

import colorsys
import random
from collections.abc import Sequence

from kantu.synth.page import Color

_LINEAR = tuple(c / 3294.6 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in range(256))


def luminance(color: Color) -> float:
    """Relative luminance after WCAG 2.2, 0 (black) to 1 (white)."""
    return 0.2126 * _LINEAR[color[0]] + 0.7152 * _LINEAR[color[1]] + 0.0722 * _LINEAR[color[2]]


def contrast(a: Color, b: Color) -> float:
    """WCAG contrast ratio, 1 (same) to 21 (black on white)."""
    ratio = (luminance(a) + 0.05) / (luminance(b) + 0.05)
    return ratio if ratio >= 1 else 1 / ratio


def mix(a: Color, b: Color, share: float) -> Color:
    """`a` with `share` (0 to 1) of `b` in it."""
    return tuple(round(x + (y - x) * share) for x, y in zip(a, b, strict=True))  # type: ignore[return-value]


def hsv(hue: float, saturation: float, value: float) -> Color:
    """RGB bytes of a colour given as hue, saturation and value, each 0 to 1."""
    return tuple(round(255 * part) for part in colorsys.hsv_to_rgb(hue % 1.0, saturation, value))  # type: ignore[return-value]


def grey(level: int) -> Color:
    """A neutral colour, 0 to 255."""
    return level, level, level


def paper(rng: random.Random, dark: bool, *, plain: float = 0.3) -> Color:
    """A page or card background: near white or black (with probability `plain`), tinted or strongly coloured."""
    kind = rng.random()
    if kind < plain:
        return grey(rng.randint(0, 45) if dark else rng.randint(238, 255))
    strong = kind > plain + (1 - plain) * 0.65
    if dark:
        saturation, value = ((0.3, 1.0), (0.15, 0.55)) if strong else ((0.02, 0.35), (0.05, 0.3))
    else:
        saturation, value = ((0.1, 0.4), (0.85, 1.0)) if strong else ((0.02, 0.12), (0.9, 1.0))
    return hsv(rng.random(), rng.uniform(*saturation), rng.uniform(*value))


def ink(rng: random.Random, *backgrounds: Color, least: float = 3.0, colourful: float = 0.4) -> Color:
    """A text colour whose contrast to every one of `backgrounds` is at least `least` (or the best there is)."""
    dark = max(map(luminance, backgrounds)) < 0.2 or (
        min(contrast((255, 255, 255), back) for back in backgrounds)
        > min(contrast((0, 0, 0), back) for back in backgrounds)
    )
    best, best_contrast = grey(255 if dark else 0), 0.0
    for _ in range(6):
        if rng.random() < colourful:
            value = rng.uniform(0.75, 1.0) if dark else rng.uniform(0.15, 0.9)
            color = hsv(rng.random(), rng.uniform(0.2, 0.75 if dark else 1.0), value)
        else:
            color = grey(rng.randint(150, 255) if dark else rng.randint(0, 140))
        worst = min(contrast(color, back) for back in backgrounds)
        if worst >= least:
            return color
        if worst > best_contrast:
            best, best_contrast = color, worst
    extreme = grey(255 if dark else 0)
    return extreme if min(contrast(extreme, back) for back in backgrounds) > best_contrast else best


_NAMES = {"红色": 0.0, "橙色": 0.08, "黄色": 0.15, "绿色": 0.36, "蓝色": 0.6, "紫色": 0.77, "粉色": 0.9}


def _to_hsv(color: Color) -> tuple[float, float, float]:
    return colorsys.rgb_to_hsv(*(part / 255 for part in color))


def _turn(a: float, b: float) -> float:
    """How far apart two hues are, 0 to 0.5."""
    gap = abs(a - b)
    return min(gap, 1 - gap)


def color_name(color: Color) -> str:
    """The everyday name of a strong colour, "" for greys and what lies between names."""
    hue, saturation, value = _to_hsv(color)
    if saturation < 0.5 or value < 0.35:
        return ""
    return next((name for name, center in _NAMES.items() if _turn(hue, center) < 0.035), "")


def vivid(color: Color) -> bool:
    """Whether people would call it a colour at all."""
    _, saturation, value = _to_hsv(color)
    return saturation > 0.3 and value > 0.3


def hues_apart(a: Color, b: Color) -> bool:
    """Whether nobody would call both by one name."""
    return _turn(_to_hsv(a)[0], _to_hsv(b)[0]) > 0.09


def fade(ink: Color, backs: Sequence[Color], share: float, *, least: float) -> Color:
    """`ink` with up to `share` of what is behind it, but no less contrast than `least` where it had as much."""
    while True:
        faded = mix(ink, backs[0], share)
        if share < 0.05 or min(contrast(faded, back) for back in backs) >= least:
            return faded
        share *= 0.7
