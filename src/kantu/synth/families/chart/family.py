"""Pages with charts: bare ones, in reports, on slides and dashboards, in apps."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from kantu.synth.draw import effects
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.parts import chevron, plate
from kantu.synth.draw.style import Style, make_style
from kantu.synth.facts import Fact, Marked, Pair
from kantu.synth.families.chart.frame import Shown, choose_plan, draw_chart
from kantu.synth.families.chart.look import CHART_ROLES, make_look
from kantu.synth.families.chart.questions import ChartQuestions
from kantu.synth.families.family import Family, Size, finish
from kantu.synth.page import Box, Color, Page
from kantu.synth.words import vocabulary

_WIDTHS = {320: 8, 384: 14, 448: 16, 512: 14, 576: 12, 640: 10, 704: 6, 768: 4}
_TRIES = 24


def _choose_size(rng: random.Random) -> Size:
    width = rng.choices(tuple(_WIDTHS), tuple(_WIDTHS.values()))[0]
    shape = rng.choice((0.55, 0.62, 0.7, 0.75, 0.9, 1.0, 1.3))
    return width, min(max(round(width * shape / 32) * 32, 256), 768)


@dataclass
class _Draft:
    """A page while it is drawn: where the next thing goes."""

    canvas: Canvas
    style: Style
    rng: random.Random
    area: Box
    ground: Color
    facts: list[Fact] = field(default_factory=list)
    charts: list[Shown] = field(default_factory=list)


def _text(draft: _Draft, text: str, role: str, *, align: str = "l", most: int = 4, named: str = "") -> bool:
    """Text across the area's top, if it leaves room for a chart; what is under it remains."""
    type_ = draft.style[role]
    x1, y1, x2, y2 = draft.area
    lines, face = type_.broken(text, x2 - x1)
    tall = type_.size * 1.4 * len(lines)
    if len(lines) > most or tall > (y2 - y1) * 0.3 or type_.widest_unit(text) > x2 - x1:
        return False
    for index, line in enumerate(lines):
        at = {"l": x1, "m": (x1 + x2) / 2, "r": x2}[align]
        draft.canvas.text(at, y1 + index * 1.4 * type_.size, line, face, anchor=align, role=role, name=named)
    draft.area = (x1, y1 + tall + draft.style.gap * 0.6, x2, y2)
    return True


def _chart(draft: _Draft, area: Box, ground: Color, *, titled: bool, form: str = "") -> bool:
    """A chart in `area`, drawn aside until one fits."""
    rng, style = draft.rng, draft.style
    width, height = (area[2] - area[0]) / style.scale, (area[3] - area[1]) / style.scale
    for _ in range(_TRIES):
        look = make_look(rng, style, ground, labels=rng.random() < 0.62)
        plan = choose_plan(rng, look, width, height, form)
        if plan is None or any(plan.data.title in shown.data.title for shown in draft.charts):
            continue
        lines, elements = len(draft.canvas.lines), len(draft.canvas.elements)
        before = draft.canvas.image.crop((round(area[0]), round(area[1]), round(area[2]), round(area[3])))
        shown = draw_chart(draft.canvas, area, plan, look, rng, titled=titled)
        if shown is not None:
            draft.charts.append(shown)
            if shown.title:
                draft.facts.append(Marked("title", shown.title))
            return True
        draft.canvas.image.paste(before, (round(area[0]), round(area[1])))
        del draft.canvas.lines[lines:], draft.canvas.elements[elements:]
    return False


def _carded(draft: _Draft, area: Box, label: str) -> Box:
    """A card over `area`; what is inside its padding."""
    style, pad = draft.style, max(draft.style.padding, 8 * draft.style.scale)
    if style.shadow:
        draft.canvas.shadow(area, style.radius, blur=4 * style.scale, color=(10, 10, 20), strength=style.shadow)
    plate(
        draft.canvas,
        area,
        min(style.radius, 14 * style.scale),
        (style.card,),
        outline=style.line if style.border else None,
    )
    draft.canvas.element("card", label, area)
    return area[0] + pad, area[1] + pad, area[2] - pad, area[3] - pad


def _bare(draft: _Draft) -> None:
    _chart(draft, draft.area, draft.ground, titled=draft.rng.random() < 0.9)


def _card(draft: _Draft) -> None:
    _chart(draft, _carded(draft, draft.area, "图表"), draft.style.card, titled=draft.rng.random() < 0.92)


def _report(draft: _Draft) -> None:
    """A page of a report: text, the chart, a caption."""
    rng = draft.rng
    if rng.random() < 0.5:
        _text(
            draft,
            f"{rng.choice('一二三四五六')}、{vocabulary.word(rng)}{rng.choice(('情况', '分析', '概况', '概述'))}",
            "title",
        )
    _text(draft, "".join(vocabulary.sentence(rng) for _ in range(rng.randint(1, 3))), "body", most=5, named="text")
    if rng.random() < 0.5:
        x1, y1, x2, y2 = draft.area
        small = draft.style["small"]
        source = f"数据来源：{vocabulary.shop_name(rng)}"
        if small.width(source) <= x2 - x1:
            draft.canvas.text(x1, y2 - small.size, source, small, role="small")
            draft.facts.append(Pair("数据来源", source[5:], "shop"))
            draft.area = (x1, y1, x2, y2 - small.size - draft.style.gap)
    _chart(draft, draft.area, draft.ground, titled=True)


def _slide(draft: _Draft) -> None:
    """A headline over the whole, the chart at one side, points beside it where there is room."""
    rng, style = draft.rng, draft.style
    _text(
        draft,
        vocabulary.word(rng) + vocabulary.word(rng) + rng.choice(("汇报", "总结", "分析", "复盘", "")),
        "big",
        most=1,
    )
    x1, y1, x2, y2 = draft.area
    if (x2 - x1) / style.scale > 460:
        left = rng.random() < 0.5
        cut = x1 + (x2 - x1) * (0.3 if left else 0.68)
        side = (x1, y1, cut - style.gap, y2) if left else (cut + style.gap, y1, x2, y2)
        draft.canvas.element("column", "", (side[0], side[1] - 2, side[2] + 2, side[3]))
        draft.area = side
        for _ in range(rng.randint(2, 4)):
            _text(
                draft,
                rng.choice(("", "· ")) + vocabulary.sentence(rng),
                "small",
                most=4,
                named=f"point{rng.random()}",
            )
        draft.area = (cut + style.gap, y1, x2, y2) if left else (x1, y1, cut - style.gap, y2)
    _chart(draft, draft.area, draft.ground, titled=rng.random() < 0.9)


def _dashboard(draft: _Draft) -> None:
    """A bar with a name, numbers in a row, and charts on cards in a grid."""
    rng, style = draft.rng, draft.style
    _text(
        draft,
        vocabulary.word(rng) + rng.choice(("数据大屏", "看板", "数据中心", "驾驶舱", "运营平台")),
        "title",
        align=rng.choice("lm"),
        most=1,
    )
    if rng.random() < 0.6:
        _numbers(draft)
    x1, y1, x2, y2 = draft.area
    width, height = (x2 - x1) / style.scale, (y2 - y1) / style.scale
    columns = min(rng.choice((1, 2, 2, 3)), max(1, int(width / 220)))
    rows = min(rng.choice((1, 2, 2, 3)), max(1, int(height / 190)))
    gap = max(style.gap, 6 * style.scale)
    wide, tall = (x2 - x1 - gap * (columns - 1)) / columns, (y2 - y1 - gap * (rows - 1)) / rows
    for index in range(rows * columns):
        left, top = x1 + (index % columns) * (wide + gap), y1 + (index // columns) * (tall + gap)
        inner = _carded(draft, (left, top, left + wide, top + tall), f"图表{index + 1}")
        _chart(draft, inner, style.card, titled=True)


def _numbers(draft: _Draft) -> None:
    """Two to four key numbers with their labels."""
    rng, style = draft.rng, draft.style
    x1, y1, x2, y2 = draft.area
    count = rng.randint(2, 4)
    wide = (x2 - x1) / count
    label_type, value_type = style["small"], style["value"]
    pairs: list[Pair] = []
    for _ in range(count):
        label = rng.choice(("今日", "累计", "本月", "昨日", "平均")) + vocabulary.word(rng)
        value = vocabulary.amount(rng) + rng.choice(("", "", "元", "%", "万"))
        if (
            any(label == pair.label for pair in pairs)
            or max(label_type.width(label), value_type.width(value)) > wide - 8 * style.scale
        ):
            continue
        pairs.append(Pair(label, value, "count"))
    over = rng.random() < 0.5
    tall = label_type.size + value_type.size + 5 * style.scale
    for index, pair in enumerate(pairs):
        left = x1 + index * wide
        draft.canvas.element("column", "", (left, y1 - 1, left + wide - 2, y1 + tall))
        first, second = (
            (y1 + value_type.size + 5 * style.scale, y1) if over else (y1, y1 + label_type.size + 5 * style.scale)
        )
        draft.canvas.text(left, first, pair.label, label_type, role="label", name=pair.label)
        draft.canvas.text(left, second, pair.value, value_type, role="value", name=pair.label)
    if pairs:
        draft.facts += pairs
        draft.area = (x1, y1 + tall + style.gap, x2, y2)


def _app(draft: _Draft) -> None:
    """A phone's page: bar with a title, a switch of spans, a number, the chart on a card, rows under it."""
    rng, style, canvas = draft.rng, draft.style, draft.canvas
    x1, y1, x2, y2 = draft.area
    title = style["body"]
    chevron(canvas, (x1, y1 + title.size * 0.15, x1 + title.size * 0.4, y1 + title.size * 0.95), style.ink, back=True)
    canvas.text(
        (x1 + x2) / 2,
        y1,
        vocabulary.word(rng) + rng.choice(("统计", "分析", "报表", "")),
        title,
        anchor="m",
        role="bar",
    )
    draft.area = (x1, y1 + title.size + style.gap, x2, y2)
    if rng.random() < 0.6:
        _spans(draft)
    if rng.random() < 0.5:
        _numbers(draft)
    x1, y1, x2, y2 = draft.area
    wanted = min((x2 - x1) * rng.uniform(0.65, 0.95), y2 - y1)
    below = y2 - y1 - wanted > 60 * style.scale
    bottom = y1 + wanted if below else y2
    inner = _carded(draft, (x1, y1, x2, bottom), "图表") if rng.random() < 0.7 else (x1, y1, x2, bottom)
    ground = style.card if inner[0] > x1 else draft.ground
    if _chart(draft, inner, ground, titled=rng.random() < 0.85) and below:
        draft.area = (x1, bottom + style.gap, x2, y2)
        _rows(draft)


def _spans(draft: _Draft) -> None:
    rng, style = draft.rng, draft.style
    names = rng.choice(
        (("日", "周", "月", "年"), ("近7天", "近30天", "全部"), ("本周", "本月", "本年"), ("日报", "周报", "月报"))
    )
    x1, y1, x2, y2 = draft.area
    type_ = style["small"]
    tall, wide = type_.size * 1.9, (x2 - x1) / len(names)
    if max(map(type_.width, names)) > wide - 4:
        return
    chosen = rng.randrange(len(names))
    left = x1 + chosen * wide
    plate(draft.canvas, (left, y1, left + wide, y1 + tall), style.button_radius, (style.accent,))
    for index, name in enumerate(names):
        ink = style.on_accent if index == chosen else type_.fill
        inked = type(type_)(type_.face, type_.size, ink, type_.spacing, type_.latin)
        draft.canvas.text(x1 + (index + 0.5) * wide, y1 + type_.size * 0.45, name, inked, anchor="m", role="tab")
    draft.facts.append(Marked("tab", names[chosen]))
    draft.area = (x1, y1 + tall + style.gap, x2, y2)


def _rows(draft: _Draft) -> None:
    """Labelled values down the page, as far as there is room."""
    rng, style, canvas = draft.rng, draft.style, draft.canvas
    x1, y1, x2, y2 = draft.area
    label_type, value_type = style["label"], style["value"]
    step = max(label_type.size, value_type.size) + max(style.row_gap, 6 * style.scale)
    seen: set[str] = {fact.label for fact in draft.facts if isinstance(fact, Pair)}
    while y1 + step <= y2:
        kind, label, value = vocabulary.labelled(rng)
        if label not in seen and label_type.width(label) + value_type.width(value) + 14 * style.scale < x2 - x1:
            seen.add(label)
            canvas.text(x1, y1 + (step - label_type.size) / 2, label, label_type, role="label", name=label)
            canvas.text(x2, y1 + (step - value_type.size) / 2, value, value_type, anchor="r", role="value", name=label)
            draft.facts.append(Pair(label, value, kind))
        elif rng.random() < 0.5:
            break
        else:
            continue
        y1 += step
        if style.divided:
            canvas.draw.line((x1, y1, x2, y1), fill=style.line)


_LAYOUTS = {_bare: 26, _card: 18, _report: 16, _slide: 12, _dashboard: 16, _app: 14}


def _draw(seed: int, size: Size) -> Page:
    rng = random.Random(f"{CHART.name}:{seed}")
    while True:
        scale = effects.drawing_scale(rng)
        width, height = round(size[0] * scale), round(size[1] * scale)
        style = make_style(rng, width, scale, roles=CHART_ROLES, plain=0.75)
        ground = style.page[0] if rng.random() < 0.5 else style.card
        canvas = Canvas(width, height, ground)
        margin = max(style.margin, effects.margin(*size) * scale, 8 * scale)
        draft = _Draft(canvas, style, rng, (margin, margin, width - margin, height - margin), ground)
        rng.choices(tuple(_LAYOUTS), tuple(_LAYOUTS.values()))[0](draft)
        if draft.charts:
            break
    questions = ChartQuestions(tuple(draft.charts))
    return finish(
        CHART.name, seed, size, canvas, draft.facts, rng,
        askers=questions.all(), first=questions.first(rng), least=7, most=12,
    )  # fmt: skip


CHART = Family("chart", _choose_size, _draw)
