"""What papers are put together from: labelled values, lists of what was sold, codes, borders."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from kantu.synth.draw import palette
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.layout import Piece, Run, backed, box, column, pad, paragraph, picture, row, space, spread, text
from kantu.synth.draw.parts import grouped
from kantu.synth.draw.rows import plain_row, rows
from kantu.synth.draw.style import Style
from kantu.synth.facts import Pair, Table
from kantu.synth.page import Box, Color

_NUMBERS = frozenset(("数量", "单价", "金额", "税率", "税额", "小计", "金额（元）", "单位"))


@dataclass(frozen=True)
class Look:
    """How a paper is printed: its style, the colour of its lines, and whether those are drawn at all."""

    style: Style
    line: Color
    ruled: str


def labelled(pairs: Sequence[Pair], look: Look, width: float, rng: random.Random, form: str) -> Piece:
    """Labelled values in one of the forms of `rows`, or "underlined", each on a line to write on."""
    if max(look.style["label"].width(pair.label + look.style.colon) for pair in pairs) > 0.45 * width - 16:
        form = "under"  # the label needs a line of its own
    if form != "underlined":
        return rows([plain_row(pair, look.style) for pair in pairs], look.style, width, rng, form)
    return column([_underlined(pair, look, width) for pair in pairs], look.style.row_gap, width=width)


def _underlined(pair: Pair, look: Look, width: float) -> Piece:
    style = look.style
    label = text(pair.label + style.colon, style["label"], role="label")
    room = width - label.width - 8
    if room < style["value"].size * 4:
        value = paragraph(pair.value, style["value"], width, role="value", name=pair.key)
        return column([label, value], 3, width=width).showing(pair)
    value = paragraph(pair.value, style["value"], room - 8, role="value", name=pair.key)
    tall = value.height + 4

    def paint(canvas: Canvas, area: Box) -> None:
        canvas.draw.line((area[0], area[3], area[2], area[3]), fill=look.line, width=1)

    written = backed(box(pad(value, 4, 0), room, tall, align=0.0, valign=0.0), paint)
    return row([label, written], 8, valign=1.0).showing(pair)


def bare(pairs: Sequence[Pair], look: Look, width: float) -> Piece:
    """Values without their labels, two abreast where they fit, as on tickets."""
    shown, lines, waiting = [], [], None  # type: list[Pair], list[Piece], Piece | None
    for pair in pairs:
        value = paragraph(pair.value, look.style["value"], width, role="value", name=pair.key)
        shown.append(replace(pair, label=""))
        if waiting and waiting.width + value.width + 16 <= width:
            lines.append(spread(waiting, value, width))
            waiting = None
        else:
            lines += [waiting] if waiting else []
            waiting = value
    return column([*lines, *([waiting] if waiting else [])], look.style.row_gap, width=width).showing(*shown)


def _widths(table: Table, style: Style, width: float, inset: float) -> list[float] | None:
    """Widths of the columns: the numbers as wide as they are, the names what is left; None where that is too little."""
    set_ = style["body"]
    needed = [
        max(set_.width(cell) for cell in cells) + 2 * inset for cells in zip(table.header, *table.rows, strict=True)
    ]
    left = width - sum(needed[1:])
    if left < max(min(needed[0], set_.size * 5), 2 * set_.size + 2 * inset):
        return None
    return [left, *needed[1:]]


def sold(table: Table, look: Look, width: float, rng: random.Random) -> Piece:
    """What was sold, as a table; where the columns do not fit, each name on a line over its numbers."""
    style = look.style
    inset = rng.choice((3.0, 5.0, 7.0)) if look.ruled == "grid" else rng.choice((0.0, 2.0, 4.0))
    gap = 2 * style.scale + inset / 2
    widths = _widths(table, style, width, inset + 2)
    if widths is None:
        return _stacked(table, look, width)
    set_, head = style["body"], replace(style["body"], fill=style["label"].fill)
    extra = rng.choice((0.0, rng.uniform(0.1, 0.5))) * (widths[0] - style["body"].size * 6)
    if extra > 0:
        widths = [widths[0] - extra, *(each + extra / (len(widths) - 1) for each in widths[1:])]
    right = rng.random() < 0.6
    pad_rows = style.row_gap * rng.choice((0.4, 0.7, 1.0)) + 2

    def cells(content: Sequence[str], header: bool) -> Piece:
        made = []
        for index, (said, wide) in enumerate(zip(content, widths, strict=True)):
            room = wide - 2 * gap
            lines = paragraph(said, head if header else set_, room, leading=1.2, role="label" if header else "cell")
            number = index and table.header[index] in _NUMBERS
            align = 1.0 if number and right else 0.5 if number or (header and look.ruled == "grid") else 0.0
            made.append((lines, wide, align))
        tall = max(lines.height for lines, _, _ in made) + pad_rows
        return row([box(pad(lines, gap, 0), wide, tall, align=align) for lines, wide, align in made])

    shade = palette.mix(style.card, look.line, 0.12) if rng.random() < 0.3 else None

    def ruled(piece: Piece, index: int, last: int) -> Piece:
        def paint(canvas: Canvas, area: Box) -> None:
            x1, y1, x2, y2 = (round(edge) for edge in area)
            if shade and index == 0:
                canvas.draw.rectangle((x1, y1, x2, y2), fill=shade)
            if look.ruled == "grid":
                canvas.draw.rectangle((x1, y1, x2, y2), outline=look.line)
            elif look.ruled != "none" and (index in (0, last) or look.ruled == "lines"):
                dashed(canvas, look, x1, y2, x2)
            if look.ruled in ("grid", "columns"):
                at = float(x1)
                for wide in widths[:-1]:
                    at += wide
                    canvas.draw.line((round(at), y1, round(at), y2), fill=look.line)

        return backed(piece, paint)

    lines = [cells(table.header, True), *(cells(each, False) for each in table.rows)]
    made = [ruled(piece, index, len(lines) - 1) for index, piece in enumerate(lines)]
    return column(made, 0, width=width).showing(table)


def _stacked(table: Table, look: Look, width: float) -> Piece:
    """Name over numbers, as narrow slips print them; the header says which number is which."""
    style = look.style
    small = style["small"]
    lines: list[Piece] = [_numbers(table.header[1:], look, width, role="label")]
    for name, *numbers in table.rows:
        head = paragraph(name, style["body"], width, leading=1.2, role="cell")
        lines += [head, _numbers(numbers, replace(look, style=style), width, role="cell")]
    wide = max(piece.width for piece in lines)
    made = column(lines, max(style.row_gap * 0.5, small.size * 0.3), width=width)
    return made.showing(table) if wide <= width + 1 else space(width, 0)


def _numbers(values: Sequence[str], look: Look, width: float, *, role: str) -> Piece:
    small = look.style["small"]
    made = [text(value, small, role=role) for value in values]
    share = width / len(made)
    if any(piece.width > share - 4 for piece in made):
        return row(made, 8)
    return row([box(piece, share, piece.height, align=0.0) for piece in made])


def dashed(canvas: Canvas, look: Look, x1: float, y: float, x2: float) -> None:
    """A line across, dashed where the paper's are."""
    if look.style.divider != "dashed":
        canvas.draw.line((x1, y, x2, y), fill=look.line, width=1)
        return
    at = x1
    while at < x2:
        canvas.draw.line((at, y, min(at + 4, x2), y), fill=look.line, width=1)
        at += 7


def parting(look: Look, width: float) -> Piece:
    """A line between two blocks."""
    return picture(width, 2, lambda canvas, area: dashed(canvas, look, area[0], round(area[1]), area[2]))


def boxed(blocks: Sequence[Piece], look: Look, width: float, inset: float) -> Piece:
    """Blocks one under the other in one border, with lines between them."""

    def bordered(piece: Piece) -> Piece:
        inner = box(pad(piece, inset), width, piece.height + 2 * inset, align=0.0)

        def paint(canvas: Canvas, area: Box) -> None:
            canvas.draw.rectangle([round(edge) for edge in area], outline=look.line)

        return backed(inner, paint)

    return column([bordered(piece) for piece in blocks], -1, width=width)


def beside(left: Piece, right: Piece, width: float, gap: float) -> Piece:
    """Two blocks side by side, each read to its end."""
    half = (width - gap) / 2
    tall = max(left.height, right.height)
    first = box(grouped(left), half, tall, align=0.0, valign=0.0)
    return row([first, box(grouped(right), half, tall, align=0.0, valign=0.0)], gap, valign=0.0)


def under_title(title: str, look: Look, inner: Piece, width: float) -> Piece:
    """A block with its own small title over it."""
    head = Run((title,), look.style["small"], role="section").piece()
    return column([head, inner], look.style.row_gap * 0.6 + 2, width=width)
