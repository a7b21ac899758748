"""The values of an order as its pages print them: sums of money, codes, marks to copy them by."""

from __future__ import annotations

import random
from dataclasses import replace

from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.layout import Piece, backed, pad, paragraph, picture, row, text
from kantu.synth.draw.palette import mix
from kantu.synth.draw.rows import Row
from kantu.synth.draw.typesetting import Type
from kantu.synth.facts import Pair
from kantu.synth.families.order.style import OrderStyle
from kantu.synth.families.order.words import KINDS
from kantu.synth.page import Box


def told(name: str, value: str, label: str = "") -> Pair:
    """The fact that the page shows field `name` of the order, under a printed label if it has one."""
    return Pair(label, value, KINDS.get(name, ""), name)


def money(
    amount: str,
    style: OrderStyle,
    type_: Type,
    *,
    name: str = "",
    role: str = "value",
    sign: str = "",
    strike: bool = False,
) -> Piece:
    """An amount as the page's style prints it: with the sign before or after, smaller, or the cents smaller."""
    form = style.forms["money"]
    if form == "plain" or style.currency in ("", "元") or strike:
        before, after = ("", style.currency) if style.currency == "元" else (style.currency, "")
        return text(f"{sign}{before}{amount}{after}", type_, role=role, name=name, strike=strike)
    small = replace(type_, size=max(round(type_.size * 0.72), 10))
    parts = [(sign + style.currency, small)]
    if form == "split" and "." in amount and type_.size >= 15:
        whole, cents = amount.split(".")
        parts += [(whole, type_), ("." + cents, small)]
    else:
        parts.append((amount, type_))
    pieces = [text(part, set_, role=role, name=name) for part, set_ in parts]
    drop = [pad(piece, 0, 0, top=(type_.size - piece.height) * 0.88) for piece in pieces]  # one baseline
    return row(drop, 0, valign=0, height=type_.size)


def _copy_mark(style: OrderStyle, rng: random.Random) -> Piece:
    kind = rng.random()
    if kind < 0.6:
        mark = text("复制", replace(style["small"], fill=rng.choice((style.accent, style.soft))), role="link")
        if rng.random() < 0.5:
            radius = min(style.button_radius, 8)
            mark = backed(pad(mark, 5, 2), lambda c, b: c.rounded(b, radius, None, outline=style.line))
        return mark

    def icon(canvas: Canvas, area: Box) -> None:
        x1, y1, x2, y2 = area
        canvas.rounded((x1 + 3, y1, x2, y2 - 3), 2, None, outline=style.faint)
        canvas.rounded((x1, y1 + 3, x2 - 3, y2), 2, style.card, outline=style.faint)

    return picture(12, 12, icon)


def labelled(
    style: OrderStyle,
    rng: random.Random,
    label: str,
    value: str,
    name: str = "",
    *,
    sign: str = "",
    strong: bool = False,
) -> Row:
    """One labelled value; `name` is its field, `sign` a minus before a sum; `strong` sums are set as totals."""
    fact = told(name, value, label)
    if fact.kind == "money":
        set_ = style["price"] if strong else replace(style["value"], face=style["money"].face)
        before, after = ("", style.currency) if style.currency == "元" else (style.currency, "")
        shown = money(value, style, set_, name=name, sign=sign)
        return Row(fact, f"{sign}{before}{value}{after}", lambda width, align: shown)
    mark = _copy_mark(style, rng) if name in ("number", "tracking") and rng.random() < 0.35 else None

    def made(width: float, align: str) -> Piece:
        piece = _value(fact, style, width, align)
        return row([piece, mark], 8) if mark and piece.width + 8 + mark.width <= width else piece

    return Row(fact, value, made)


def _value(fact: Pair, style: OrderStyle, width: float, align: str) -> Piece:
    type_, value = style["value"], fact.value
    while fact.kind == "code" and type_.size > 11 and type_.width(value) > width:
        type_ = replace(type_, size=type_.size - 1)  # codes shrink rather than break
    if fact.name in ("payment", "") and style.forms["value"] == "pill" and type_.width(value) + 16 <= width:
        tint = mix(style.card, style.accent, 0.12)
        shown = text(value, replace(type_, fill=style.ink), role="value", name=fact.key)
        return backed(pad(shown, 8, 3), lambda canvas, area: canvas.rounded(area, 10, tint))
    return paragraph(value, type_, width, role="value", name=fact.key, align=align)
