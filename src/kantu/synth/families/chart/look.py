"""How a chart looks: its colours, types, lines and what is printed on it, each drawn independently."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

from kantu.synth.draw import palette
from kantu.synth.draw.style import ROLES, Role, Style
from kantu.synth.draw.typesetting import Type
from kantu.synth.page import Color

CHART_ROLES: Mapping[str, Role] = {
    **ROLES,
    "title": Role(1.1, 1.6, 0.7),
    "tick": Role(0.78, 0.98, 0.03, ("soft", "faint", "ink")),
    "name": Role(0.85, 1.05, 0.1, ("ink", "soft")),
    "number": Role(0.85, 1.1, 0.3, ("ink", "ink", "soft")),
    "legend": Role(0.82, 1.05, 0.05, ("ink", "soft")),
}


def _colors(text: str) -> tuple[Color, ...]:
    return tuple((int(code[:2], 16), int(code[2:4], 16), int(code[4:], 16)) for code in text.split())


_PALETTES = (
    _colors("5470c6 91cc75 fac858 ee6666 73c0de 3ba272 fc8452 9a60b4"),
    _colors("4472c4 ed7d31 a5a5a5 ffc000 5b9bd5 70ad47 264478 9e480e"),
    _colors("c23531 2f4554 61a0a8 d48265 91c7ae 749f83 ca8622 bda29a"),
    _colors("1f77b4 ff7f0e 2ca02c d62728 9467bd 8c564b e377c2 7f7f7f"),
    _colors("00d2ff 7b61ff 00e396 feb019 ff4560 f9c80e 3a86ff ff7bd5"),
    _colors("1890ff 13c2c2 2fc25b facc14 f04864 8543e0 3436c7 223273"),
    _colors("e41a1c 377eb8 4daf4a 984ea3 ff7f00 e6d82a a65628 f781bf"),
    _colors("264653 2a9d8f e9c46a f4a261 e76f51 6d597a b56576 355070"),
    _colors("8dd3c7 fdb462 bebada fb8072 80b1d3 b3de69 fccde5 d9d9d9"),
    _colors("ff6b6b 4ecdc4 45b7d1 96ceb4 ffcc5c d4a5a5 9b59b6 3498db"),
)


@dataclass(frozen=True)
class Look:
    """`colors` are the marks', one a series or a slice; `ground` is what the chart stands on.

    `labels` says that values are printed, `inside` that they stand in their marks where there is room. `grid` is
    "none", "line" or "dashed"; `fill` "flat", "gradient" or "outline".
    """

    style: Style
    ground: Color
    colors: tuple[Color, ...]
    labels: bool
    inside: bool
    grid: str
    fill: str
    radius: float
    thick: float
    axis: bool
    ticks: bool
    frame: bool
    markers: str
    hole: float

    def type(self, role: str) -> Type:
        return self.style[role]

    def color(self, index: int) -> Color:
        return self.colors[index % len(self.colors)]


def _themed(rng: random.Random, style: Style) -> tuple[Color, ...]:
    kind = rng.random()
    if kind < 0.6:
        colors = list(rng.choice(_PALETTES))
        if rng.random() < 0.3:
            rng.shuffle(colors)
    elif kind < 0.8:  # shades of one hue
        hue = rng.random()
        steps = 8
        colors = [palette.hsv(hue + 0.012 * i, 0.9 - 0.09 * i, 0.45 + 0.07 * i) for i in range(steps)]
        if rng.random() < 0.5:
            colors.reverse()
    else:
        start = rng.random()
        strength = rng.uniform(0.35, 0.95)
        colors = [palette.hsv(start + 0.382 * i, strength, rng.uniform(0.65, 0.98)) for i in range(8)]
    return tuple(colors)


def make_look(rng: random.Random, style: Style, ground: Color, *, labels: bool) -> Look:
    """The looks of one chart on `ground`; charts of one page may have different ones."""
    far = palette.grey(255 if palette.luminance(ground) < 0.25 else 0)
    colors = []
    for color in _themed(rng, style):
        for _ in range(10):
            if palette.contrast(color, ground) >= 1.7:
                break
            color = palette.mix(color, far, 0.12)
        colors.append(color)
    return Look(
        style=style,
        ground=ground,
        colors=tuple(colors),
        labels=labels,
        inside=rng.random() < 0.25,
        grid=rng.choice(("line", "line", "dashed", "none")) if labels else rng.choice(("line", "line", "dashed")),
        fill=rng.choice(("flat", "flat", "flat", "gradient", "outline")),
        radius=rng.choice((0, 0, 0, 2, 4, 99)) * style.scale,
        thick=rng.uniform(0.32, 0.85),
        axis=rng.random() < 0.75,
        ticks=not labels or rng.random() < 0.75,
        frame=rng.random() < 0.12,
        markers=rng.choice(("dot", "dot", "ring", "square", "none")),
        hole=rng.choice((0.0, 0.0, 0.45, 0.6)),
    )
