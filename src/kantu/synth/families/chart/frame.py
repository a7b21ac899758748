"""A whole chart in a rectangle: title, unit, legend and the plot between them, as far as they fit."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.typesetting import Type
from kantu.synth.families.chart.axes import draw_axes, plane
from kantu.synth.families.chart.data import Data, make_data
from kantu.synth.families.chart.look import Look
from kantu.synth.families.chart.pie import draw_pie
from kantu.synth.families.chart.plots import Cells, draw_bars, draw_lines
from kantu.synth.page import Box, Color

FORMS = {"bars": 30, "lying": 20, "line": 22, "pie": 20, "stacked": 12, "grouped": 12}
"""How often each form is drawn."""
APART = 0.06
"""Of the axis: what is nearer than this cannot be told by eye."""

_LEGEND_FORMS = ("top", "top", "bottom", "bottom", "right", "top_right")


@dataclass(frozen=True)
class Shown:
    """A chart as it was drawn: what can be read on it and where.

    `printed` are the values written beside their marks; `colored` the marks' colours by series (slices: by category)
    where a legend or the slices' own names tell what they stand for.
    """

    form: str
    data: Data
    title: str
    unit: str
    printed: Cells
    box: Box
    colored: tuple[tuple[str, Color], ...]
    legend: bool
    labels: bool

    @property
    def readable(self) -> Cells:
        """The values that the page gives exactly: printed ones, or all where each lies on a gridline with its tick."""
        if self.data.exact and self.form in ("bars", "lying", "line", "grouped"):
            return frozenset((s, c) for s in range(len(self.data.series)) for c in range(len(self.data.categories)))
        return self.printed

    @property
    def whole(self) -> bool:
        """Whether the page gives every value exactly."""
        return len(self.readable) == len(self.data.series) * len(self.data.categories)


def plain(chart: Shown, numbers: list[int], index: int) -> bool:
    """Whether all other numbers differ from this one so much that it can be seen, or read."""
    apart = 1 if chart.whole else APART * (sum(numbers) if chart.form == "pie" else chart.data.top)
    return all(abs(number - numbers[index]) >= apart for i, number in enumerate(numbers) if i != index)


@dataclass(frozen=True)
class _Plan:
    """What a chart is to be: its form and numbers, and where its title, unit and legend go."""

    form: str
    data: Data
    title: str
    title_align: str
    title_below: bool
    unit: str
    legend: str
    named: bool
    varied: bool
    lying: bool


def choose_plan(rng: random.Random, look: Look, width: float, height: float, form: str = "") -> _Plan | None:
    """An invented chart that may fit into `width` x `height` pixels of the finished page."""
    form = form or rng.choices(tuple(FORMS), tuple(FORMS.values()))[0]
    lying = form == "lying" or (form in ("grouped", "stacked") and rng.random() < 0.25)
    pie = form == "pie"
    counts = {"line": (1, 1, 1, 2, 2, 3), "stacked": (2, 2, 3, 4), "grouped": (2, 2, 3)}
    series = rng.choice(counts.get(form, (1,)))
    length = height if lying else width
    least = 15 * series if form == "grouped" else 26
    most = max(3, min(int(length * 0.8 / (least + (8 if look.labels else 0))), 12))
    count = rng.randint(3, min(most, 7)) if pie else rng.randint(2 if series > 1 else 3, most)
    slot = length * 0.85 / count
    em = look.type("name").size / look.style.scale
    longest = 8 if lying or pie else max(2, int(2 * (slot - 4) / em))
    exact = not look.labels and not pie and form != "stacked" and rng.random() < 0.7
    if not look.labels and not exact and form == "stacked":
        exact = rng.random() < 0.5
    data = make_data(
        rng,
        series=series,
        categories=count,
        longest=longest,
        exact=exact,
        parts=pie and rng.random() < 0.8,
        stacked=form == "stacked",
    )
    if data is None:
        return None
    unitless = not data.unit or data.parts or data.percent
    where = "" if unitless else rng.choice(("title", "title", "note", "note", "axis"))
    return _Plan(
        form=form,
        data=data,
        title=data.title + (f"（{data.unit}）" if where == "title" else ""),
        title_align=rng.choice("lmmm"),
        title_below=rng.random() < 0.08,
        unit={"note": f"单位：{data.unit}", "axis": data.unit}.get(where, ""),
        legend=rng.choice(_LEGEND_FORMS) if series > 1 or pie or rng.random() < 0.2 else "",
        named=pie and rng.random() < 0.5,
        varied=series == 1 and form != "line" and rng.random() < 0.25,
        lying=lying,
    )


def draw_chart(canvas: Canvas, area: Box, plan: _Plan, look: Look, rng: random.Random, *, titled: bool) -> Shown | None:
    """Draw the plan into `area`; None where it has no room. The caller then wipes what was drawn of it."""
    data, scale = plan.data, look.style.scale
    x1, y1, x2, y2 = area
    gap = 7 * scale
    title = ""
    if titled:
        type_ = look.type("title")
        lines, face = type_.broken(plan.title, x2 - x1)
        if len(lines) > 2 or type_.widest_unit(plan.title) > x2 - x1:
            return None
        tall = type_.size * (1 + 1.25 * (len(lines) - 1))
        top = y2 - tall if plan.title_below else y1
        for index, line in enumerate(lines):
            at = (x1 + x2) / 2 if plan.title_align == "m" else x1
            canvas.text(
                at,
                top + 1.25 * index * type_.size,
                line,
                face,
                anchor=plan.title_align,
                role="title",
                name=f"title {data.title}",
            )
        y1, y2 = (y1, y2 - tall - gap) if plan.title_below else (y1 + tall + gap, y2)
        title = data.title
    if plan.unit:
        note = look.type("tick")
        right = plan.unit.startswith("单位") and rng.random() < 0.6
        canvas.text(x2 if right else x1, y1, plan.unit, note, anchor="r" if right else "l", role="note")
        y1 += note.size + gap * 0.6
    pie = plan.form == "pie"
    named = plan.named
    keys = data.categories if pie else data.series
    legend = "" if named else plan.legend
    if legend:
        placed = _legend(canvas, (x1, y1, x2, y2), keys, look, legend, vertical=legend == "right")
        if placed is None:
            return None
        x1, y1, x2, y2 = placed
    if pie:
        printed = draw_pie(canvas, (x1, y1, x2, y2), data, look, named=named, start=rng.uniform(-180, 0))
        if printed is None:
            return None
    else:
        if look.labels:
            number = look.type("number")
            x2 -= number.width(data.write(data.top)) if plan.lying else 0
            y1 += 0 if plan.lying else number.size + 2 * scale
        found = plane(data, look, (x1, y1, x2, y2), lying=plan.lying)
        if found is None:
            return None
        draw_axes(canvas, *found, look)
        if plan.form == "line":
            printed = draw_lines(canvas, found[0], look, filled=len(data.series) == 1 and look.fill == "gradient")
        else:
            printed = draw_bars(
                canvas, found[0], look, stacked=plan.form == "stacked", varied=plan.varied and not legend
            )
    canvas.element("chart", data.title, area)
    colored = tuple((key, look.color(index)) for index, key in enumerate(keys)) if legend or named else ()
    unit = data.unit if plan.unit or (plan.title.endswith("）") and titled) else ""
    return Shown(plan.form, data, title, unit, printed, area, colored, bool(legend), look.labels)


def _legend(canvas: Canvas, area: Box, keys: Sequence[str], look: Look, where: str, *, vertical: bool) -> Box | None:
    """Draw the legend at an edge of `area` and return what is left; None where it does not fit."""
    type_, scale = look.type("legend"), look.style.scale
    x1, y1, x2, y2 = area
    side, near, gap, between = type_.size * 0.8, 4 * scale, 12 * scale, type_.size * 1.5
    widths = [side + near + type_.width(key) for key in keys]
    if vertical:
        wide = max(widths)
        if wide > (x2 - x1) * 0.36 or between * len(keys) > y2 - y1:
            return None
        top = (y1 + y2 - between * len(keys)) / 2
        for index, key in enumerate(keys):
            _key(canvas, x2 - wide, top + index * between, side, near, key, look, index, type_)
        return x1, y1, x2 - wide - gap, y2
    rows: list[list[int]] = [[]]
    used = 0.0
    for index, width in enumerate(widths):
        if width > x2 - x1:
            return None
        if used and used + gap + width > x2 - x1:
            rows.append([])
            used = 0.0
        rows[-1].append(index)
        used += width + (gap if used else 0)
    tall = between * len(rows)
    if tall > (y2 - y1) * 0.3:
        return None
    top = y2 - tall + between * 0.3 if where == "bottom" else y1
    for row in rows:
        total = sum(widths[index] for index in row) + gap * (len(row) - 1)
        left = x2 - total if where == "top_right" else (x1 + x2 - total) / 2
        for index in row:
            _key(canvas, left, top, side, near, keys[index], look, index, type_)
            left += widths[index] + gap
        top += between
    return (x1, y1, x2, y2 - tall) if where == "bottom" else (x1, y1 + tall, x2, y2)


def _key(
    canvas: Canvas, x: float, y: float, side: float, near: float, key: str, look: Look, index: int, type_: Type
) -> None:
    middle = y + type_.size / 2
    box = (x, middle - side / 2, x + side, middle + side / 2)
    if look.markers in ("dot", "ring"):
        canvas.draw.ellipse(box, fill=look.color(index))
    else:
        canvas.rounded(box, min(look.radius, side / 4), look.color(index))
    canvas.text(x + side + near, y, key, replace(type_), role="legend", name=f"legend {key}")
