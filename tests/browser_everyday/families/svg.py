"""Charts as SVG, with their texts marked for the browser: `c0` a category, `s0` a series, `v0_1` a printed value."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup, escape

PALETTES = {
    "sea": ("#2f6fb0", "#58b3a8", "#f0b24b", "#d9624f", "#7c6bb0", "#8a9aa9"),
    "candy": ("#ff7d9c", "#ffc25a", "#6fc7f0", "#9d8df1", "#6fd3a3", "#c9a27a"),
    "earth": ("#8c5a3c", "#c98d4b", "#5f7f5a", "#b8ad8a", "#46606e", "#a9504a"),
    "ink": ("#3b3f46", "#8d929b", "#c4c8ce", "#5d7186", "#a58f6a", "#d8d2c4"),
    "neon": ("#4de1c1", "#ff8f5c", "#ffd85c", "#7aa8ff", "#e07bff", "#9be564"),
    "forest": ("#2e7d4f", "#9ccc65", "#f9a825", "#00897b", "#c0ca33", "#6d4c41"),
}


@dataclass(frozen=True)
class Plot:
    """What a chart shows and how it looks. `top` and `step` are the axis' end and the distance of its lines."""

    categories: Sequence[str]
    series: Mapping[str, Sequence[float]]
    width: int = 600
    height: int = 340
    top: float = 100
    step: float = 20
    bottom: float = 0
    palette: str = "sea"
    text: str = "#444"
    grid: str = "#e3e6ea"
    size: int = 13
    printed: bool = True  # the values stand beside their marks
    suffix: str = ""
    decimals: int = 0
    legend: bool = False
    vary: bool = False  # a colour a category
    round: int = 0
    extra: Mapping[str, float] = field(default_factory=dict)

    @property
    def colours(self) -> tuple[str, ...]:
        return PALETTES[self.palette]

    def shown(self, value: float) -> str:
        return f"{value:.{self.decimals}f}{self.suffix}"

    def texts(self) -> dict[str, str]:
        """The texts of the chart by key."""
        found = {f"c{i}": name for i, name in enumerate(self.categories)}
        if self.legend:
            found |= {f"s{j}": name for j, name in enumerate(self.series)}
        if self.printed:
            for j, values in enumerate(self.series.values()):
                found |= {f"v{j}_{i}": self.shown(value) for i, value in enumerate(values)}
        return found


def _text(x: float, y: float, text: str, p: Plot, key: str = "", anchor: str = "middle", fill: str = "") -> str:
    mark = f' data-truth="{key}"' if key else ""
    style = f'font-size="{p.size}" fill="{fill or p.text}" text-anchor="{anchor}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}{mark}>{escape(text)}</text>'


def _whole(p: Plot, parts: Sequence[str]) -> Markup:
    body = "".join(parts)
    return Markup(f'<svg width="{p.width}" height="{p.height}" style="display:block">{body}</svg>')


def _legend(p: Plot, y: float, left: float) -> list[str]:
    parts, x = [], left
    for j, name in enumerate(p.series):
        parts.append(f'<rect x="{x:.0f}" y="{y - 10:.0f}" width="12" height="12" rx="2" fill="{p.colours[j]}"/>')
        parts.append(_text(x + 18, y + 1, name, p, f"s{j}", "start"))
        x += 18 + len(name) * p.size + 22
    return parts


def _axis(p: Plot, left: float, up: float, right: float, down: float) -> list[str]:
    parts, value = [], p.bottom
    while value <= p.top + 1e-9:
        y = down - (value - p.bottom) / (p.top - p.bottom) * (down - up)
        parts.append(f'<line x1="{left}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="{p.grid}"/>')
        parts.append(_text(left - 8, y + p.size * 0.35, f"{value:g}", p, anchor="end"))
        value += p.step
    return parts


def _frame(p: Plot) -> tuple[float, float, float, float]:
    left = 14 + max(len(f"{p.top:g}"), len(f"{p.bottom:g}"), 2) * p.size * 0.62
    return left, 40 if p.legend else 26, p.width - 14, p.height - p.size * 2


def columns(p: Plot, stacked: bool = False) -> Markup:
    """Upright bars, side by side or one on the other."""
    left, up, right, down = _frame(p)
    parts = _axis(p, left, up, right, down) + (_legend(p, 18, left) if p.legend else [])
    slot, many = (right - left) / len(p.categories), 1 if stacked else len(p.series)
    bar = min(slot * 0.72 / many, 64)
    for i, name in enumerate(p.categories):
        middle, base = left + slot * (i + 0.5), down
        parts.append(_text(middle, down + p.size * 1.5, name, p, f"c{i}"))
        for j, values in enumerate(p.series.values()):
            high = (values[i] - p.bottom) / (p.top - p.bottom) * (down - up)
            x = middle - bar / 2 if stacked else middle - bar * many / 2 + bar * j
            colour = p.colours[i % 6 if p.vary else j]
            shape = f'x="{x + 1:.1f}" y="{base - high:.1f}" width="{bar - 2:.1f}" height="{high:.1f}" rx="{p.round}"'
            parts.append(f'<rect {shape} fill="{colour}"/>')
            if p.printed:
                y = base - high / 2 + p.size * 0.36 if stacked else base - high - 6
                fill = "#fff" if stacked else ""
                parts.append(_text(x + bar / 2, y, p.shown(values[i]), p, f"v{j}_{i}", fill=fill))
            if stacked:
                base -= high
    return _whole(p, parts)


def rows(p: Plot) -> Markup:
    """Lying bars of one series."""
    left = 20 + max(map(len, p.categories)) * p.size
    right = p.width - 24 - (len(p.shown(p.top)) + 1) * p.size * 0.7
    values = next(iter(p.series.values()))
    slot, parts = (p.height - 12) / len(values), []
    for i, name in enumerate(p.categories):
        y, long = 6 + slot * (i + 0.5), values[i] / p.top * (right - left)
        parts.append(_text(left - 8, y + p.size * 0.36, name, p, f"c{i}", "end"))
        shape = f'x="{left}" y="{y - slot * 0.29:.1f}" height="{slot * 0.58:.1f}" rx="{p.round}"'
        parts.append(f'<rect {shape} width="{right - left:.1f}" fill="{p.grid}" opacity=".5"/>')
        parts.append(f'<rect {shape} width="{long:.1f}" fill="{p.colours[i % 6 if p.vary else 0]}"/>')
        if p.printed:
            parts.append(_text(left + long + 6, y + p.size * 0.36, p.shown(values[i]), p, f"v0_{i}", "start"))
    return _whole(p, parts)


def lines(p: Plot, filled: bool = False) -> Markup:
    """One line a series, with dots."""
    left, up, right, down = _frame(p)
    parts = _axis(p, left, up, right, down) + (_legend(p, 18, left) if p.legend else [])
    slot = (right - left) / len(p.categories)
    for i, name in enumerate(p.categories):
        parts.append(_text(left + slot * (i + 0.5), down + p.size * 1.5, name, p, f"c{i}"))
    for j, values in enumerate(p.series.values()):
        spots = [
            (left + slot * (i + 0.5), down - (v - p.bottom) / (p.top - p.bottom) * (down - up))
            for i, v in enumerate(values)
        ]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
        if filled:
            area = f"{spots[0][0]:.1f},{down} {path} {spots[-1][0]:.1f},{down}"
            parts.append(f'<polygon points="{area}" fill="{p.colours[j]}" opacity=".18"/>')
        parts.append(f'<polyline points="{path}" fill="none" stroke="{p.colours[j]}" stroke-width="2.5"/>')
        for i, (x, y) in enumerate(spots):
            parts.append(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="#fff" stroke="{p.colours[j]}" stroke-width="2"/>'
            )
            if p.printed:
                below = j % 2 == 1
                parts.append(_text(x, y + (p.size + 8 if below else -9), p.shown(values[i]), p, f"v{j}_{i}"))
    return _whole(p, parts)


def pie(p: Plot, hole: float = 0.0) -> Markup:
    """A pie (or a ring) whose legend stands at its right and holds the values; without values they stand in the pie."""
    values = next(iter(p.series.values()))
    whole, radius = sum(values), p.height / 2 - 12
    x0, y0, angle, parts = radius + 16, p.height / 2, -math.pi / 2, []
    for i, value in enumerate(values):
        end = angle + value / whole * 2 * math.pi
        points = [(x0 + radius * math.cos(a), y0 + radius * math.sin(a)) for a in (angle, end)]
        (ax, ay), (bx, by) = points
        large = int(end - angle > math.pi)
        path = f"M{x0:.1f},{y0:.1f} L{ax:.1f},{ay:.1f} A{radius:.1f},{radius:.1f} 0 {large} 1 {bx:.1f},{by:.1f} Z"
        parts.append(f'<path d="{path}" fill="{p.colours[i]}" stroke="#fff" stroke-width="1.5"/>')
        angle = end
    if hole:
        parts.append(f'<circle cx="{x0:.1f}" cy="{y0:.1f}" r="{radius * hole:.1f}" fill="var(--paper, #fff)"/>')
    gap = min(p.height / (len(values) + 1), p.size * 2.6)
    for i, name in enumerate(p.categories):
        x, y = 2 * radius + 44, y0 + gap * (i - (len(values) - 1) / 2)
        parts.append(f'<rect x="{x:.0f}" y="{y - 7:.0f}" width="13" height="13" rx="3" fill="{p.colours[i]}"/>')
        parts.append(_text(x + 20, y + p.size * 0.36, name, p, f"c{i}", "start"))
        if p.printed:
            parts.append(_text(p.width - 6, y + p.size * 0.36, p.shown(values[i]), p, f"v0_{i}", "end"))
    return _whole(p, parts)
