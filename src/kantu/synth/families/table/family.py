"""Pages with tables: bare ones, in documents, spreadsheets, apps and web pages, on posters and forms."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from kantu.synth.draw import effects, palette
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.parts import chevron, plate
from kantu.synth.draw.style import ROLES, Role, Style, make_style
from kantu.synth.facts import Fact, Marked, Pair, Table
from kantu.synth.families.family import Family, Size, finish
from kantu.synth.families.table.content import Content, make_content
from kantu.synth.families.table.grid import Look, Placed, draw_table, lines_of, make_look, row_height, widths
from kantu.synth.families.table.questions import TableQuestions
from kantu.synth.page import Box, Color, Page
from kantu.synth.words import lexicon, vocabulary

_ROLES: Mapping[str, Role] = {
    **ROLES,
    "title": Role(1.1, 1.6, 0.7),
    "head": Role(0.9, 1.1, 1.0, ("ink", "ink", "soft")),
    "cell": Role(0.85, 1.15, 0.05, ("ink", "ink", "ink", "soft")),
}
_WIDTHS = {320: 8, 384: 14, 448: 16, 512: 14, 576: 12, 640: 12, 704: 6, 768: 6}
_TRIES = 40
_NOTES = {
    **{"制表人": "person", "审核人": "person", "制表日期": "time", "经办人": "person", "打印时间": "time"},
    **{"联系电话": "phone", "填报单位": "shop", "单据编号": "code", "地址": "address", "备注": "choice"},
}


def _choose_size(rng: random.Random) -> Size:
    width = rng.choices(tuple(_WIDTHS), tuple(_WIDTHS.values()))[0]
    shape = rng.choice((0.5, 0.6, 0.7, 0.8, 1.0, 1.2, 1.5))
    return width, min(max(round(width * shape / 32) * 32, 256), 832)


@dataclass
class _Draft:
    """A page while it is drawn: what is left of it, and what stands on it."""

    canvas: Canvas
    style: Style
    rng: random.Random
    area: Box
    ground: Color
    facts: list[Fact] = field(default_factory=list)
    tables: list[Placed] = field(default_factory=list)
    titled: list[str] = field(default_factory=list)


def _text(draft: _Draft, text: str, role: str, *, align: str = "l", most: int = 3, named: str = "") -> bool:
    """Text across the top of what is left, where it leaves room for a table."""
    type_ = draft.style[role]
    x1, y1, x2, y2 = draft.area
    lines, face = type_.broken(text, x2 - x1)
    tall = type_.size * 1.35 * len(lines)
    if len(lines) > most or tall > (y2 - y1) * 0.25 or type_.widest_unit(text) > x2 - x1:
        return False
    for index, line in enumerate(lines):
        at = {"l": x1, "m": (x1 + x2) / 2, "r": x2}[align]
        top = y1 + index * 1.35 * type_.size
        draft.canvas.text(at, top, line, face, anchor=align, role=role, name=named)
    draft.area = (x1, y1 + tall + draft.style.gap * 0.5, x2, y2)
    return True


def _fitting(draft: _Draft, look: Look, most: float) -> Content | None:
    """A table that fits what is left, of `most` of its height at most."""
    rng, style = draft.rng, draft.style
    x1, y1, x2, y2 = draft.area
    room = (y2 - y1) * most - style.scale
    lines = int(room / row_height(look)) - (1 if look.sheet else 0) - 1
    edge = look.cell.width("00") + look.pad if look.sheet else 0.0
    if lines < 2:
        return None
    for _ in range(_TRIES):
        content: Content | None = make_content(rng, min(rng.randint(3, max(lines, 3)), rng.choice((6, 9, 14)), lines))
        if content is None or any(content.title == placed.content.title for placed in draft.tables):
            continue
        if lines_of(content) - 1 > lines or len(content.keys) < 2:
            continue
        while content is not None and sum(widths(content, look)) + edge > x2 - x1:
            content = content.narrowed()
        if content is not None:
            return content
    return None


def _table(
    draft: _Draft, *, sheet: bool = False, titled: bool = True, most: float = 1.0, ground: Color | None = None
) -> bool:
    """A title, perhaps a unit, and a table across what is left."""
    rng, style = draft.rng, draft.style
    back = ground or draft.ground
    look = make_look(rng, style, back, sheet=sheet)
    area = draft.area
    align = rng.choice("lmmm")
    title_type, small = style["title"], style["small"]
    tall = title_type.size * 1.35 + style.gap * 0.5 if titled else 0.0
    noted = rng.random() < 0.6
    noted_tall = small.size + style.gap * 0.5 if noted else 0.0
    below = titled and not sheet and rng.random() < 0.1
    draft.area = (area[0], area[1] + (0 if below else tall) + noted_tall, area[2], area[3] - (tall if below else 0))
    content = _fitting(draft, look, most)
    if content is None and title_type.size:
        look = replace(look, pad=3 * style.scale, high=3 * style.scale)
        content = _fitting(draft, look, most)
    if content is None or (titled and title_type.width(content.title) > area[2] - area[0]):
        draft.area = area
        return False
    if not content.unit:
        draft.area = (area[0], draft.area[1] - noted_tall, *draft.area[2:])
    x1, y1, x2, y2 = draft.area
    spare = y2 - y1 - row_height(look) * (lines_of(content) + look.sheet)
    if not look.sheet and spare > 0 and rng.random() < 0.6:  # rows as high as there is room for, within reason
        most_high = look.cell.size * rng.choice((0.6, 0.9, 1.2))
        more = max(min(look.high + spare * most / lines_of(content) / 2.2, most_high), look.high)
        look = replace(look, high=more)
    wide = (
        x2 - x1 if rng.random() < 0.75 or sheet else min(sum(widths(content, look)) * rng.uniform(1.0, 1.25), x2 - x1)
    )
    left = x1 if rng.random() < 0.5 else x1 + (x2 - x1 - wide) / 2
    if look.sheet:
        left = x1
    empty = int(spare / row_height(look)) - 2 if look.sheet else 0
    placed = draw_table(draft.canvas, left, y1, wide, content, look, back, empty=max(empty, 0))
    end = placed.box[3]
    if titled:
        at = {"l": x1, "m": (x1 + x2) / 2}[align]
        top = end + style.gap * 0.5 if below else area[1]
        draft.canvas.text(at, top, content.title, title_type, anchor=align, role="title")
        end = max(end, top + title_type.size)
        draft.titled.append(content.title)
        draft.facts.append(Marked("title", content.title))
    if noted and content.unit:
        right = rng.random() < 0.75
        draft.canvas.text(
            x2 if right else x1,
            y1 - noted_tall,
            f"单位：{content.unit}",
            small,
            anchor="r" if right else "l",
            role="note",
        )
    draft.tables.append(placed)
    draft.facts.append(Table(tuple(column.spoken for column in content.columns), content.rows))
    draft.area = (x1, end + style.gap, x2, area[3])
    return True


def _bare(draft: _Draft) -> None:
    _table(draft, titled=draft.rng.random() < 0.75)


def _card(draft: _Draft) -> None:
    style, pad = draft.style, max(draft.style.padding, 8 * draft.style.scale)
    x1, y1, x2, y2 = draft.area
    inner = (x1 + pad, y1 + pad, x2 - pad, y2 - pad)
    if style.shadow:
        draft.canvas.shadow(draft.area, style.radius, blur=4 * style.scale, color=(10, 10, 20), strength=style.shadow)
    plate(draft.canvas, draft.area, min(style.radius, 14 * style.scale), (style.card,))
    draft.canvas.element("card", "表格", draft.area)
    draft.area = inner
    _table(draft, titled=draft.rng.random() < 0.85, ground=style.card)


def _document(draft: _Draft) -> None:
    """Text, a caption, the table, more text or notes."""
    rng = draft.rng
    if rng.random() < 0.4:
        _text(
            draft,
            rng.choice("一二三四五") + "、" + vocabulary.word(rng) + rng.choice(("情况", "说明", "概况", "")),
            "title",
        )
    _text(draft, "".join(vocabulary.sentence(rng) for _ in range(rng.randint(1, 3))), "body", most=5, named="text")
    if _table(draft, most=0.85):
        _text(draft, rng.choice(("注：", "备注：", "说明：", "")) + vocabulary.sentence(rng), "small", named="note")
        if rng.random() < 0.5:
            _text(draft, "".join(vocabulary.sentence(rng) for _ in range(2)), "body", most=6, named="more")


def _spreadsheet(draft: _Draft) -> None:
    """A bar of tools, a line with the cell's name, the sheet, its tabs."""
    rng, style, canvas = draft.rng, draft.style, draft.canvas
    canvas.draw.rectangle((0, 0, canvas.width, canvas.height), fill=draft.ground)
    if rng.random() < 0.6:
        bar, small = rng.choice(((33, 115, 70), style.accent, (60, 64, 72))), style["small"]
        tall = small.size * 2
        canvas.draw.rectangle((0, 0, canvas.width, tall), fill=bar)
        x = draft.area[0]
        for word in rng.sample(("文件", "开始", "插入", "公式", "数据", "审阅", "视图", "页面布局"), 5):
            if x + small.width(word) > draft.area[2]:
                break
            ink = style.surface(rng, bar).ink
            canvas.text(x, small.size * 0.5, word, replace(small, fill=ink), role="menu")
            x += small.width(word) + small.size * 1.2
        draft.area = (draft.area[0], max(tall + 6 * style.scale, draft.area[1]), *draft.area[2:])
    _table(draft, sheet=True, titled=rng.random() < 0.3)
    names = ("Sheet1", "Sheet2", vocabulary.word(rng))
    small = style["small"]
    x1, y1, _, y2 = draft.area
    if y2 - y1 > 2 * small.size and rng.random() < 0.7:
        x = x1
        for name in names:
            canvas.text(x, y2 - small.size, name, small, role="sheet")
            x += small.width(name) + small.size * 1.5


def _app(draft: _Draft) -> None:
    """A phone's page: a bar, perhaps words to choose from, the table, numbers under it."""
    rng, style, canvas = draft.rng, draft.style, draft.canvas
    x1, y1, x2, y2 = draft.area
    body = style["body"]
    chevron(canvas, (x1, y1 + body.size * 0.15, x1 + body.size * 0.4, y1 + body.size * 0.95), style.ink, back=True)
    name = vocabulary.word(rng) + rng.choice(("查询", "详情", "明细", ""))
    canvas.text((x1 + x2) / 2, y1, name, body, anchor="m", role="bar")
    draft.area = (x1, y1 + body.size + style.gap, x2, y2)
    if _table(draft, titled=rng.random() < 0.6, most=0.85):
        _pairs(draft, rng.randint(1, 4))


def _pairs(draft: _Draft, most: int) -> None:
    """Labelled values under a table: who made it, when, how many."""
    rng, style, canvas = draft.rng, draft.style, draft.canvas
    x1, y1, x2, y2 = draft.area
    type_ = style["small"]
    step = type_.size + max(style.row_gap, 5 * style.scale)
    columns = rng.choice((1, 2, 2))
    wide = (x2 - x1) / columns
    place = 0
    for label in rng.sample(tuple(_NOTES), most):
        value = vocabulary.VALUES[_NOTES[label]](rng)
        text = f"{label}：{value}"
        top = y1 + (place // columns) * step
        if top + type_.size > y2:
            break
        if type_.width(text) > wide - type_.size:
            continue
        canvas.text(x1 + (place % columns) * wide, top, text, type_, role="row", name=label)
        draft.facts.append(Pair(label, value, _NOTES[label]))
        place += 1
    draft.area = (x1, y1 + -(-place // columns) * step, x2, y2)


def _form(draft: _Draft) -> None:
    """A printed form: who made it under the table."""
    if draft.rng.random() < 0.5:
        _text(draft, vocabulary.shop_name(draft.rng), draft.rng.choice(("big", "title")), align="m", most=1)
    if draft.rng.random() < 0.5:
        _pairs(draft, 2)
    if _table(draft, most=0.85):
        _pairs(draft, draft.rng.randint(1, 4))


def _poster(draft: _Draft) -> None:
    """A coloured band with a large headline over the table."""
    rng, style, canvas = draft.rng, draft.style, draft.canvas
    x1, y1, x2, y2 = draft.area
    color, big = style.solid(rng), style["big"]
    text = vocabulary.word(rng) + rng.choice(("价目表", "安排表", "公示", "一览", "排行榜", "活动表"))
    if big.width(text) < x2 - x1 and y2 - y1 > 8 * big.size:
        tall = big.size * 2
        canvas.draw.rectangle((0, 0, canvas.width, tall), fill=color)
        ink = style.surface(rng, color).ink
        canvas.text((x1 + x2) / 2, big.size * 0.5, text, replace(big, fill=ink), anchor="m", role="headline")
        draft.area = (x1, tall + style.gap, x2, y2)
    _table(draft, titled=rng.random() < 0.5)
    _text(draft, vocabulary.sentence(rng), "small", align="m", named="foot")


def _admin(draft: _Draft) -> None:
    """A web page: a search box, buttons, the table, how many pages there are."""
    rng, style, canvas = draft.rng, draft.style, draft.canvas
    _text(draft, vocabulary.word(rng) + rng.choice(("管理", "列表", "中心")), "title", most=1)
    x1, y1, x2, y2 = draft.area
    button = style["button"]
    tall, x = button.size * 1.8, x1
    filled = palette.mix(style.accent, draft.ground, 0.0)
    for index, word in enumerate(rng.sample(lexicon.ACTIONS, 3)):
        wide = button.width(word) + button.size * 1.4
        if x + wide > x2:
            break
        box = (x, y1, x + wide, y1 + tall)
        if index == 0:
            plate(canvas, box, min(style.button_radius, tall / 2), (filled,))
        else:
            canvas.rounded(box, min(style.button_radius, tall / 2), None, outline=style.line)
        canvas.element("button", word, box)
        ink = style.on_accent if index == 0 else style.ink
        canvas.text(x + wide / 2, y1 + button.size * 0.4, word, replace(button, fill=ink), anchor="m", role="button")
        x += wide + style.gap
    draft.area = (x1, y1 + tall + style.gap, x2, y2)
    if _table(draft, titled=False, most=0.9):
        number = rng.randint(12, 9999)
        _text(
            draft,
            rng.choice((f"共{number}条", f"共 {number} 条记录", f"第1页 共{number // 10 + 1}页")),
            "small",
            align="r",
            most=1,
        )


def _two(draft: _Draft) -> None:
    _table(draft, most=0.5)
    _table(draft)


_LAYOUTS = {
    _bare: 22, _card: 14, _document: 14, _spreadsheet: 12, _app: 12, _form: 10, _poster: 7, _admin: 8, _two: 6,
}  # fmt: skip


def _draw(seed: int, size: Size) -> Page:
    rng = random.Random(f"{TABLE.name}:{seed}")
    while True:
        scale = effects.drawing_scale(rng)
        width, height = round(size[0] * scale), round(size[1] * scale)
        style = make_style(rng, width, scale, roles=_ROLES, plain=0.8)
        ground = style.page[0] if rng.random() < 0.4 else style.card
        canvas = Canvas(width, height, ground)
        margin = max(style.margin, effects.margin(*size) * scale, 6 * scale)
        draft = _Draft(canvas, style, rng, (margin, margin, width - margin, height - margin), ground)
        rng.choices(tuple(_LAYOUTS), tuple(_LAYOUTS.values()))[0](draft)
        if draft.tables:
            break
    questions = TableQuestions(tuple(draft.tables), tuple(draft.titled))
    return finish(
        TABLE.name, seed, size, draft.canvas, draft.facts, rng,
        askers=questions.all(), first=questions.first(rng), least=7, most=12,
    )  # fmt: skip


TABLE = Family("table", _choose_size, _draw)
