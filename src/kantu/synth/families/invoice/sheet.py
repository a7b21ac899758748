"""How each kind of paper is laid out, in blocks that can be left out where there is no room."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.codes import bars, squares
from kantu.synth.draw.layout import Piece, Run, backed, box, column, paragraph, row, text
from kantu.synth.draw.parts import card, grouped
from kantu.synth.draw.rows import FORMS
from kantu.synth.facts import Marked, Pair
from kantu.synth.families.invoice.blocks import (
    Look,
    bare,
    beside,
    boxed,
    labelled,
    parting,
    sold,
    under_title,
)
from kantu.synth.families.invoice.record import Paper
from kantu.synth.page import Box
from kantu.synth.words import vocabulary

_THANKS = (
    "谢谢惠顾，欢迎再来！", "多谢光临", "请妥善保管此小票", "如需发票请在七日内索取",
    "商品如有质量问题凭小票退换", "欢迎下次光临",
    "请当面点清，离柜概不负责", "本票据不作报销凭证", "此联客户留存",
)  # fmt: skip


@dataclass(frozen=True)
class _Block:
    """A piece of the paper and how badly it is needed; of equal ones the later goes first."""

    piece: Piece
    need: int


def _title(paper: Paper, look: Look, width: float, rng: random.Random) -> Piece:
    style = look.style
    align = "m" if paper.kind != "hotel" or rng.random() < 0.6 else rng.choice("lm")
    lines, one_face = style["title"].broken(paper.title, max(width, style["title"].size * 3))
    piece = box(Run(lines, one_face, 1.3, "title", "title").piece(align=align), width,
                style["title"].size * (1 + 1.3 * (len(lines) - 1)), align=0.5 if align == "m" else 0.0)  # fmt: skip
    if paper.kind in ("vat", "receipt") and rng.random() < 0.6:
        span = min(width, one_face.width(lines[0]) + 20)
        twice = rng.random() < 0.6

        def paint(canvas: Canvas, area: Box) -> None:
            middle = (area[0] + area[2]) / 2
            for down in (3, 6) if twice else (3,):
                canvas.draw.line((middle - span / 2, area[3] + down, middle + span / 2, area[3] + down), fill=look.line)

        piece = column([backed(piece, paint), text("", style["small"])], 0, width=width)
    return piece.showing(Marked("title", paper.title))


def _form(rng: random.Random, *forms: str) -> str:
    return rng.choice(forms or FORMS)


def _section(paper: Paper, name: str, look: Look, width: float, rng: random.Random, form: str) -> list[Piece]:
    pairs = paper.sections.get(name, ())
    return [labelled(pairs, look, width, rng, form)] if pairs else []


def _vat(paper: Paper, look: Look, width: float, rng: random.Random) -> list[_Block]:
    inset = rng.choice((4.0, 6.0, 8.0)) * look.style.scale
    inner = width - 2 * inset
    two = width > 420 * look.style.scale and rng.random() < 0.75
    titles = rng.choice(
        (("购买方信息", "销售方信息"), ("购买方", "销售方"), ("购 买 方", "销 售 方"), ("买方", "卖方"))
    )
    form = rng.choice(("inline", "inline", "joined"))

    def party(name: str, title: str, room: float) -> Piece:
        return under_title(title, look, labelled(paper.sections[name], look, room, rng, form), room)

    blocks: list[_Block] = [_Block(_title(paper, look, width, rng), 8)]
    head_form = rng.choice(("inline", "joined", "grid", "spread"))
    if two and rng.random() < 0.6:  # number and date stand at the right, beside a code of squares
        room = width * rng.uniform(0.4, 0.5)
        head = labelled(paper.sections["head"], look, room, rng, "joined")
        code = squares(rng, min(head.height, 70 * look.style.scale), look.style.ink)
        lead = box(code, width - room - 8, head.height, align=0.0)
        blocks.append(_Block(row([lead, head], 8), 9))
    else:
        blocks.append(_Block(labelled(paper.sections["head"], look, width, rng, head_form), 9))
    frame: list[Piece] = []
    if two:
        gap = 2 * inset
        half = (inner - gap) / 2
        frame.append(beside(party("buyer", titles[0], half), party("seller", titles[1], half), inner, gap))
    else:
        frame.append(party("buyer", titles[0], inner))
    goods = sold(paper.table, look, inner, rng) if paper.table else None
    sums = labelled(paper.sections["sums"], look, inner, rng, rng.choice(("inline", "joined", "grid", "spread")))
    seller = [] if two else [party("seller", titles[1], inner)]
    last = seller if rng.random() < 0.5 else []
    frame += [*([] if last else seller), *([goods] if goods else []), sums, *last]
    remark = _section(paper, "remark", look, inner, rng, "inline")
    blocks.append(_Block(boxed([*frame, *remark], look, width, inset), 9))
    if paper.sections["foot"]:
        blocks.append(_Block(labelled(paper.sections["foot"], look, width, rng, rng.choice(("grid", "inline"))), 4))
    return blocks


def _slip(paper: Paper, look: Look, width: float, rng: random.Random) -> list[_Block]:
    form = _form(rng, "inline", "spread", "joined", "joined")
    line = parting(look, width)
    blocks = [
        _Block(_title(paper, look, width, rng), 8),
        *(_Block(p, 6) for p in _section(paper, "head", look, width, rng, form)),
    ]
    blocks += [
        _Block(line, 1),
        *([_Block(sold(paper.table, look, width, rng), 7)] if paper.table else []),
        _Block(line, 1),
    ]
    blocks += [
        _Block(p, 9) for p in _section(paper, "sums", look, width, rng, _form(rng, "spread", "spread", "joined"))
    ]
    if rng.random() < 0.6:
        blocks.append(_Block(line, 1))
    blocks += [_Block(p, 5) for p in _section(paper, "foot", look, width, rng, form)]
    if rng.random() < 0.6:
        thanks = text(look.style["small"].fit(rng.choice(_THANKS), width), look.style["small"], role="note")
        blocks.append(_Block(box(thanks, width, thanks.height), 2))
    if rng.random() < 0.35:
        size = min(width * 0.4, 90 * look.style.scale)
        code = (
            squares(rng, size, look.style.ink)
            if rng.random() < 0.5
            else bars(rng, width * 0.7, size * 0.4, look.style.ink)
        )
        blocks.append(_Block(box(code, width, code.height), 2))
    return blocks


def _ticket(paper: Paper, look: Look, width: float, rng: random.Random) -> list[_Block]:
    style = look.style
    start, train, end = paper.sections["head"]
    big = replace(style["title"], spacing=0.0)
    stops = [grouped(text(pair.value, big, role="value", name=pair.key)) for pair in (start, end)]
    middle = grouped(text(train.value, style["value"], role="value", name=train.key))
    wide = stops[0].width + stops[1].width + middle.width + 24 <= width
    blank = [replace(pair, label="") for pair in (start, train, end)]
    if wide:
        shares = (stops[0].width, width - stops[0].width - stops[1].width, stops[1].width)

        def paint(canvas: Canvas, area: Box) -> None:
            canvas.draw.line((area[0] + 14, area[3] + 5, area[2] - 14, area[3] + 5), fill=look.line, width=2)

        arrow = backed(box(middle, shares[1], middle.height), paint)
        top = row([stops[0], arrow, stops[1]]).showing(*blank)
    else:
        top = labelled([start, train, end], look, width, rng, "inline")
    body = paper.sections["body"]
    shown = bare(body, look, width) if rng.random() < 0.5 else labelled(body, look, width, rng, _form(rng))
    blocks = [_Block(_title(paper, look, width, rng), 5)] if rng.random() < 0.7 else []
    blocks += [_Block(top, 9), _Block(shown, 8)]
    if rng.random() < 0.6:
        code = squares(rng, min(80 * style.scale, width * 0.35), style.ink)
        blocks.append(_Block(box(code, width, code.height, align=rng.choice((0.0, 0.5, 1.0))), 3))
    if rng.random() < 0.4:
        note = rng.choice(("报销凭证 遗失不补", "限乘当日当次车", "仅供报销使用", "检票后请妥善保管"))
        blocks.append(_Block(paragraph(note, style["small"], width, role="note"), 2))
    return blocks


def _listing(paper: Paper, look: Look, width: float, rng: random.Random) -> list[_Block]:
    """Taxi receipts, hotel bills, quotations: a title, fields, perhaps a table, sums, more fields."""
    sparse = paper.kind == "taxi"
    forms = ("inline", "spread", "joined", "inline") if sparse else (*FORMS, "underlined")
    blocks = [_Block(_title(paper, look, width, rng), 7)]
    blocks += [_Block(p, 8) for p in _section(paper, "head", look, width, rng, rng.choice(forms))]
    if paper.table:
        blocks.append(_Block(sold(paper.table, look, width, rng), 7))
    blocks += [
        _Block(p, 9)
        for p in _section(paper, "sums", look, width, rng, _form(rng, "spread", "inline", "joined", "tiles"))
    ]
    blocks += [_Block(p, 5) for p in _section(paper, "foot", look, width, rng, rng.choice(forms))]
    if rng.random() < 0.3:
        note = vocabulary.sentence(rng)
        blocks.append(_Block(paragraph(note, look.style["small"], width, role="note", name="note"), 1))
    return blocks


def _voucher(paper: Paper, look: Look, width: float, rng: random.Random) -> list[_Block]:
    """Receipts and transfers: fields in a frame, on lines, or in a ruled table."""
    body = paper.sections["body"]
    inset = rng.choice((6.0, 8.0, 12.0)) * look.style.scale
    inner = width - 2 * inset
    how = rng.choice(("frame", "lines", "table", "plain", "halves"))
    blocks = [_Block(_title(paper, look, width, rng), 7)]
    blocks += [
        _Block(p, 8)
        for p in _section(paper, "head", look, width, rng, _form(rng, "inline", "grid", "joined", "spread"))
    ]
    if how == "frame":
        form = _form(rng, "underlined", "inline", "spread")
        blocks.append(_Block(boxed([labelled(body, look, inner, rng, form)], look, width, inset), 9))
    elif how == "lines":
        blocks.append(_Block(labelled(body, look, width, rng, "underlined"), 9))
    elif how == "halves" and width > 400 * look.style.scale and len(body) > 4:
        half, gap = (inner - 2 * inset) / 2, 2 * inset
        middle = (len(body) + 1) // 2
        left, right = (labelled(part, look, half, rng, "inline") for part in (body[:middle], body[middle:]))
        blocks.append(_Block(boxed([beside(left, right, inner, gap)], look, width, inset), 9))
    else:
        blocks.append(_Block(labelled(body, look, width, rng, "table" if how == "table" else _form(rng)), 9))
    blocks += [_Block(p, 4) for p in _section(paper, "foot", look, width, rng, _form(rng, "grid", "inline", "joined"))]
    return blocks


def _screen(paper: Paper, look: Look, width: float, rng: random.Random) -> list[_Block]:
    """The same as an app shows it: sections on cards."""
    style = look.style
    inner = width - 2 * style.padding
    form = rng.choice(FORMS)
    blocks = [_Block(_title(paper, look, width, rng), 7)]
    for name, pairs in paper.sections.items():
        if pairs:
            made: Piece = labelled(pairs, look, inner, rng, form)
            if name in ("buyer", "seller"):
                made = under_title({"buyer": "购买方", "seller": "销售方"}[name], look, made, inner)
            need = 9 if name in ("sums", "body", "head") else 6
            blocks.append(_Block(card(made, style, name), need))
        if name in ("seller", "head") and paper.table and (name == "seller" or "seller" not in paper.sections):
            blocks.append(_Block(card(sold(paper.table, look, inner, rng), style, "明细"), 5))
    return blocks


_LAYOUTS: dict[str, Callable[[Paper, Look, float, random.Random], list[_Block]]] = {
    "vat": _vat, "slip": _slip, "taxi": _listing, "train": _ticket, "hotel": _listing, "receipt": _voucher,
    "quotation": _listing, "transfer": _voucher,
}  # fmt: skip
SCREENS = 0.15
"""The share of papers that are shown as an app shows them."""


def compose(paper: Paper, look: Look, width: float, height: float, rng: random.Random, *, screen: bool) -> Piece:
    """The paper's content in at most `height` pixels; what is needed least goes first where there is no room."""
    layout = _screen if screen else _LAYOUTS[paper.kind]
    blocks = [block for block in layout(paper, look, width, rng) if block.piece.width <= width + 1]
    gap = look.style.gap

    def whole() -> Piece:
        return column([block.piece for block in blocks], gap, width=width)

    while len(blocks) > 1 and whole().height > height:
        least = min(block.need for block in blocks)
        index = max(place for place, block in enumerate(blocks) if block.need == least)
        blocks.pop(index)
    return whole()


def stated(piece: Piece) -> list[Pair]:
    """The labelled values that a piece shows."""
    return [fact for fact in piece.facts if isinstance(fact, Pair)]
