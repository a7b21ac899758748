"""Sets a notice into its frame: title, who is addressed, sentences in one of several forms, who signs."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from kantu.synth.draw import palette
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.layout import Piece, backed, box, column, paragraph, row, text
from kantu.synth.draw.parts import emoji
from kantu.synth.draw.rows import FORMS, plain_row, rows
from kantu.synth.draw.style import Style
from kantu.synth.facts import Fact, Listing, Marked, Pair
from kantu.synth.families.notice.frames import Frame
from kantu.synth.families.notice.record import Notice, Sentence

LABELS = {
    "day": (("时间", "日期", "活动时间", "开始日期", "举办时间"), "time"),
    "deadline": (("截止时间", "截止日期", "报名截止", "结束日期", "最晚"), "time"),
    "start": (("开始时间", "几点开始", "起始时间", "入场时间"), "time"),
    "end": (("结束时间", "几点结束", "终止时间"), "time"),
    "place": (("地点", "地址", "位置", "集合地点", "办理地点"), "place"),
    "fee": (("费用", "金额", "收费", "价格", "标准"), "money"),
    "phone": (("电话", "联系电话", "咨询电话", "热线", "手机"), "phone"),
    "head": (("联系人", "负责人", "经办人", "咨询"), "person"),
    "quantity": (("名额", "数量", "人数", "共计"), "count"),
    "subject": (("主题", "事项", "内容", "事由"), "choice"),
    "company": (("单位", "承办方", "施工单位"), "shop"),
    "product": (("物品", "商品", "品名"), "goods"),
    "job": (("岗位", "职位", "招聘岗位"), "choice"),
    "lesson": (("科目", "学科", "课程"), "choice"),
    "page": (("页码", "页数"), "code"),
    "teacher": (("老师", "任课老师", "班主任"), "person"),
    "code": (("编号", "提取码", "代码"), "code"),
    "days": (("天数", "共几天"), "count"),
    "sender": (("发布人", "落款", "发布单位"), "shop"),
    "issued": (("发布日期", "落款日期", "发布时间"), "time"),
}
"""Labels a form prints for a value, and the kind of value they promise."""
_MARKS = ("{}.", "{}、", "({})", "（{}）", "第{}条", "{})")
_RED = (200, 24, 24)
_ICONS = "📌📅📍📞⏰✅🔔💡📢⭐"


def _facts(values: dict[str, str]) -> tuple[Fact, ...]:
    return tuple(Pair("", value, LABELS[name][1], name) for name, value in values.items())


def _sentence(sentence: Sentence, content: str, style: Style, width: float, name: str, align: str) -> Piece:
    piece = paragraph(content, style["body"], width, leading=style.leading, role="body", name=name, align=align)
    if piece.width < width and align == "m":
        piece = box(piece, width, piece.height)
    return piece.showing(*_facts(dict(sentence.values)))


def _numbered(sentences: Sequence[Sentence], style: Style, width: float, rng: random.Random) -> Piece:
    mark, hanging, icons = rng.choice(_MARKS), rng.random() < 0.5, rng.random() < 0.25
    pieces = []
    for index, sentence in enumerate(sentences):
        if icons:
            icon = emoji(rng.choice(_ICONS), style["body"].size * 1.1)
            rest = _sentence(sentence, sentence.text, style, width - icon.width - 6, f"s{index}", "l")
            pieces.append(row([icon, rest], 6, valign=0.0))
            continue
        number = mark.format(index + 1)
        if not hanging:
            pieces.append(_sentence(sentence, number + sentence.text, style, width, f"s{index}", "l"))
            continue
        lead = text(number + " ", style["body"], role="mark")
        rest = _sentence(sentence, sentence.text, style, width - lead.width, f"s{index}", "l")
        pieces.append(row([lead, rest], 0, valign=0.0))
    told = () if icons else (Listing(tuple(sentence.text for sentence in sentences), "条款"),)
    return column(pieces, style.row_gap, width=width).showing(*told)


def _labelled(sentences: Sequence[Sentence], style: Style, width: float, rng: random.Random) -> Piece:
    """Values as rows of a form; what states none stays a sentence."""
    values: dict[str, str] = {}
    for sentence in sentences:
        values |= sentence.values
    pieces: list[Piece] = []
    if values:
        facts = [Pair(rng.choice(LABELS[name][0]), value, LABELS[name][1], name) for name, value in values.items()]
        facts = list({fact.label: fact for fact in facts}.values())
        form = rng.choice([form for form in FORMS if form != "joined"])
        pieces.append(rows([plain_row(fact, style) for fact in facts], style, width, rng, form))
    for index, sentence in enumerate(sentences):
        if not sentence.values:
            pieces.append(_sentence(sentence, sentence.text, style, width, f"s{index}", "l"))
    if rng.random() < 0.3:
        pieces.reverse()
    return column(pieces, style.row_gap * 1.5, width=width)


def _prose(sentences: Sequence[Sentence], style: Style, width: float) -> Piece:
    """All in one paragraph."""
    whole = "".join(s.text if s.text[-1] in "。！" else s.text + "。" for s in sentences)
    piece = paragraph(whole, style["body"], width, leading=style.leading, role="body", name="s0")
    values: dict[str, str] = {}
    for sentence in sentences:
        values |= sentence.values
    return piece.showing(*_facts(values))


def _body(sentences: Sequence[Sentence], style: Style, width: float, rng: random.Random, form: str) -> Piece:
    if form == "prose":
        return _prose(sentences, style, width)
    if form == "numbered" and len(sentences) > 1:
        return _numbered(sentences, style, width, rng)
    if form == "labelled":
        return _labelled(sentences, style, width, rng)
    align = "m" if form == "centred" else "l"
    pieces = [_sentence(each, each.text, style, width, f"s{index}", align) for index, each in enumerate(sentences)]
    return column(pieces, style.row_gap, width=width)


def _title(notice: Notice, style: Style, width: float, rng: random.Random, form: str) -> Piece:
    type_ = style["title"]
    align = "l" if form == "left" else "m"
    stated = _facts(dict(notice.title.values))
    if form == "band":
        color = palette.hsv(style.hue, 0.75, 0.75)
        type_ = replace(type_, fill=palette.ink(rng, color, least=4.5, colourful=0.1))
        lines = paragraph(notice.title.text, type_, width - 20, leading=1.25, role="title", name="title", align="m")
        band = box(lines, width, lines.height + type_.size * 0.9)
        piece = backed(band, lambda canvas, area: canvas.rounded(area, min(style.radius, 8), color))
        return piece.showing(Marked("title", notice.title.text), Marked("banner", notice.title.text), *stated)
    if form == "red":
        type_ = replace(type_, fill=_RED) if palette.contrast(_RED, style.card) > 3.5 else type_
    lines = paragraph(notice.title.text, type_, width, leading=1.3, role="title", name="title", align=align)
    piece = box(lines, width, lines.height, align=0.0 if align == "l" else 0.5)
    if form in ("red", "ruled"):
        color = _RED if form == "red" else style.line

        def rule(canvas: Canvas, x: float, y: float) -> None:
            thick = max(1, round((2 if form == "red" else 1) * style.scale))
            canvas.draw.line((x, y, x + width, y), fill=color, width=thick)

        piece = column([piece, Piece(width, 2 * style.scale, rule)], 7 * style.scale)
    return piece.showing(Marked("title", notice.title.text), *stated)


def _signature(notice: Notice, style: Style, width: float, rng: random.Random) -> Piece | None:
    """Who signs and when, in one line or two, at some edge; or a line of small words as apps have it."""
    form = rng.choice(("right", "right", "left", "line", "none"))
    if form == "none":
        return None
    type_ = style["body"] if form != "line" else style["small"]
    parts = [
        text(type_.fit(notice.sender, width), type_, role="sender", name="sender").showing(
            *_facts({"sender": notice.sender})
        ),
        text(notice.issued, type_, role="issued", name="issued").showing(*_facts({"issued": notice.issued})),
    ]
    if type_.fit(notice.sender, width) != notice.sender:
        parts.pop(0)
    if rng.random() < 0.2:
        parts.pop()
    if not parts:
        return None
    if form == "line" and sum(part.width for part in parts) + 16 <= width:
        return row(parts, 16)
    align = "r" if form == "right" else "l"
    return column(parts, style.row_gap * 0.7, width=width, align=align)


def set_notice(notice: Notice, frame: Frame, rng: random.Random) -> tuple[Piece, tuple[Sentence, ...]] | None:
    """The notice as far as the frame has room for it, and the sentences that are shown; None where not even one fits.

    The sentence that may break rules goes last.
    """
    style, width = frame.style, frame.width
    form = rng.choice(("each", "each", "numbered", "numbered", "prose", "labelled", "labelled", "centred"))
    head = rng.choice(("left", "centre", "centre", "band", "red", "ruled", "none"))
    titled = _title(notice, style, width, rng, head) if head != "none" else None
    signature = _signature(notice, style, width, rng)
    address = None
    if notice.address and rng.random() < 0.75:
        address = paragraph(notice.address, style["body"], width, role="address", name="address")
    small_first = signature is not None and rng.random() < 0.15
    sentences = list(notice.sentences)
    while sentences:
        state = rng.getstate()
        body = _body(sentences, style, width, rng, form)
        parts = [part for part in (titled, address, body, signature) if part is not None]
        if small_first and signature is not None:
            parts.remove(signature)
            parts.insert(1 if titled else 0, signature)
        whole = column(parts, max(style.gap, style["body"].size * 0.6), width=width)
        if whole.height <= frame.height and body.width <= width + 1:
            return whole, tuple(sentences)
        rng.setstate(state)
        spare = [index for index, sentence in enumerate(sentences) if sentence.passage is None]
        if len(sentences) > 2 or not (address or signature):
            sentences.pop(rng.choice(spare) if spare else 0)
        else:
            address = signature = None
    return None
