"""Whole interfaces: a phone's page, a window, a panel, a web page, a page with something over it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence

from kantu.synth.draw import palette
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.layout import Piece, backed, box, column, pad, row
from kantu.synth.draw.parts import grouped, rule
from kantu.synth.facts import Fact
from kantu.synth.families.ui import bars, forms, overlays, rows, words
from kantu.synth.families.ui.desk import Desk
from kantu.synth.page import Box

Maker = Callable[[Desk, float], Piece | None]
Weighted = Sequence[tuple[Maker, float]]
Layout = Callable[[random.Random, int, int, float], tuple[Canvas, tuple[Fact, ...]]]

_SETTINGS: Weighted = (
    (rows.settings, 7.0),
    (rows.device_tiles, 1.5),
    (rows.chips, 0.8),
    (forms.headed_options, 1.5),
    (bars.tabs, 0.7),
    (forms.stepper, 0.5),
    (forms.buttons, 1.0),
)
_FORM: Weighted = (
    (forms.form, 5.0),
    (forms.headed_options, 2.0),
    (forms.agreement, 1.0),
    (forms.stepper, 1.0),
    (rows.slider_row, 0.8),
    (rows.chips, 1.0),
    (forms.buttons, 2.0),
    (forms.links, 1.0),
    (rows.settings, 0.6),
)
_MIXED: Weighted = (*_SETTINGS, *_FORM, (forms.search, 0.6), (bars.toolbar, 0.6))


def _some(desk: Desk, makers: Weighted, width: float) -> Piece | None:
    chosen, weights = zip(*makers, strict=True)
    maker: Maker = desk.rng.choices(chosen, weights)[0]
    return maker(desk, width)


def _filled(desk: Desk, makers: Weighted, width: float, height: float, *, carded: bool) -> Piece:
    """Blocks one under the other until the room is used; each on a card, under a heading, or bare."""
    rng, style = desk.rng, desk.style
    parts: list[Piece] = []
    used, misses = 0.0, 0
    inner, gap = width - 2 * style.padding if carded else width, max(style.gap, style.row_gap)
    limit = rng.choice((2, 3, 99, 99, 99, 99))
    while misses < 8 and len(parts) < limit * 2:
        block = _some(desk, makers, inner)
        if block is None:
            misses += 1
            continue
        piece = desk.card(block, "设置") if carded else block
        heading = desk.new(words.section, inner, "section") if rng.random() < 0.3 else ""
        if heading:
            said = desk.text(heading, "section")
            piece = column([pad(said, 0, desk.pixels(3)), piece], style.gap * 0.4)
        if used + piece.height > height:
            misses += 1
            continue
        parts.append(piece)
        used += piece.height + gap
        if not carded and style.divided and rng.random() < 0.5:
            parts.append(rule(style, width))
            used += 1 + gap
    return column(parts, gap, width=width)


def _fits(pieces: Iterable[Piece | None], height: float) -> list[Piece]:
    """As many of them as there is room for."""
    kept: list[Piece] = []
    for piece in pieces:
        if piece and sum(each.height for each in kept) + piece.height < height * 0.5:
            kept.append(piece)
    return kept


def _ground(canvas: Canvas, desk: Desk) -> None:
    page = desk.style.page
    if len(page) > 1:
        canvas.gradient((0, 0, canvas.width, canvas.height), page[0], page[1])


def phone(rng: random.Random, width: int, height: int, scale: float) -> tuple[Canvas, tuple[Fact, ...]]:
    """A screen: a title bar, perhaps tabs or a search, blocks, perhaps tabs or buttons at its lower edge."""
    desk = Desk(rng, width, scale)
    style = desk.style
    margin = max(style.margin, desk.pixels(6))
    inner = width - 2 * margin
    tops: list[Piece | None] = [bars.title_bar(desk, width) if rng.random() < 0.9 else None]
    if rng.random() < 0.35:
        tops.append(_padded(bars.tabs(desk, inner), margin, desk.pixels(4)))
    if rng.random() < 0.2:
        tops.append(_padded(forms.search(desk, inner), margin, desk.pixels(6)))
    head = column(_fits(tops, height), 0, width=width)
    below = rng.random()
    foot: Piece | None = None
    if below < 0.3:
        foot = bars.bottom_tabs(desk, width)
    elif below < 0.45:
        foot = _padded(forms.buttons(desk, inner), margin, desk.pixels(9))
    foots = _fits((foot,), height)
    room = height - head.height - sum(piece.height for piece in foots) - 2 * style.gap - desk.pixels(8)
    makers = rng.choice((_SETTINGS, _SETTINGS, _FORM, _MIXED))
    middle = _filled(desk, makers, inner, room, carded=rng.random() < 0.55)
    canvas = Canvas(width, height, style.page[0])
    _ground(canvas, desk)
    head.draw(canvas, 0, 0)
    middle.draw(canvas, margin, round(head.height + style.gap))
    for piece in foots:
        piece.draw(canvas, 0, height - piece.height)
    return canvas, head.facts + middle.facts + tuple(fact for piece in foots for fact in piece.facts)


def _padded(piece: Piece | None, across: float, down: float) -> Piece | None:
    return pad(piece, across, down) if piece else None


def panel(rng: random.Random, width: int, height: int, scale: float) -> tuple[Canvas, tuple[Fact, ...]]:
    """One card in the middle of a coloured ground: logging in, filtering, a small window."""
    desk = Desk(rng, width, scale)
    style = desk.style
    wide = min(width * rng.uniform(0.8, 0.96), desk.pixels(rng.randint(300, 460)))
    inner = wide - 2 * style.padding
    parts: list[Piece] = []
    title = desk.new(words.title, inner, "title")
    if title and rng.random() < 0.8:
        parts.append(desk.text(title, "title"))
    if rng.random() < 0.35 and (made := bars.tabs(desk, inner)):
        parts.append(made)
    body = _filled(desk, rng.choice((_FORM, _FORM, _SETTINGS)), inner, height * 0.62, carded=False)
    parts.append(body)
    parts += [piece for piece in (forms.agreement(desk, inner) if rng.random() < 0.4 else None,
                                  forms.buttons(desk, inner) if rng.random() < 0.8 else None,
                                  forms.links(desk, inner) if rng.random() < 0.4 else None) if piece]  # fmt: skip
    while parts and sum(piece.height + style.row_gap * 1.4 for piece in parts) + 2 * style.padding > height * 0.94:
        parts.pop()
    whole = desk.card(column(parts, style.row_gap * 1.4, width=inner))
    canvas = Canvas(width, height, style.page[0])
    if rng.random() < 0.6:
        start = style.solid(rng)
        canvas.gradient((0, 0, width, height), start, palette.mix(start, style.solid(rng), 0.5))
    else:
        _ground(canvas, desk)
    whole.draw(canvas, (width - whole.width) / 2, (height - whole.height) * rng.uniform(0.2, 0.6))
    return canvas, whole.facts


def window(rng: random.Random, width: int, height: int, scale: float) -> tuple[Canvas, tuple[Fact, ...]]:
    """A program's window: title, menus and tools above, tabs at its left, buttons at its lower right."""
    desk = Desk(rng, width, scale, desktop=True)
    style = desk.style
    inset = 0.0 if rng.random() < 0.5 else desk.pixels(rng.randint(8, 30))
    wide, tall = width - 2 * inset, height - 2 * inset
    tops: list[Piece | None] = [bars.window_bar(desk, wide) if rng.random() < 0.9 else bars.title_bar(desk, wide)]
    tops += [bars.menu_bar(desk, wide)] if rng.random() < 0.5 else []
    tops += [bars.toolbar(desk, wide)] if rng.random() < 0.45 else []
    head = column(_fits(tops, tall), 0, width=wide)
    left = wide * rng.uniform(0.2, 0.3)
    side = bars.side_tabs(desk, left) if wide > desk.pixels(360) and rng.random() < 0.6 else None
    room = tall - head.height
    if side and side.height > room:
        side = None
    margin = max(style.margin, desk.pixels(10))
    inner = wide - 2 * margin - (left if side else 0)
    keys = forms.buttons(desk, inner) if rng.random() < 0.5 else None
    if keys and keys.height > room * 0.3:
        keys = None
    over = _padded(bars.tabs(desk, inner), 0, desk.pixels(4)) if side is None and rng.random() < 0.5 else None
    used = (keys.height if keys else 0) + (over.height if over else 0) + 4 * margin
    content: list[Piece] = [over] if over else []
    carded = rng.random() < 0.3
    if inner > desk.pixels(480) and rng.random() < 0.4:
        half = (inner - margin) / 2
        halves = [_filled(desk, _MIXED, half, room - used, carded=carded) for _ in range(2)]
        content.append(row([grouped(piece) for piece in halves], margin, valign=0.0))
    else:
        content.append(_filled(desk, _MIXED, inner, room - used, carded=carded))
    if keys:
        content.append(keys)
    body = grouped(pad(column(content, margin * 0.6, width=inner), margin, margin * 0.8))
    ground, edge = style.card, palette.mix(style.card, style.ink, 0.07)
    canvas = Canvas(width, height, style.page[0])
    if inset:
        start = style.solid(rng)
        canvas.gradient((0, 0, width, height), start, palette.mix(start, style.solid(rng), 0.6))
        canvas.shadow((inset, inset, width - inset, height - inset), 6, blur=6 * scale, color=(0, 0, 0), strength=0.4)
    canvas.draw.rectangle((inset, inset, width - inset, height - inset), fill=ground, outline=style.line)
    head.draw(canvas, inset, inset)
    top = inset + head.height
    canvas.draw.line((inset, top, width - inset, top), fill=style.line)
    facts = head.facts + body.facts
    if side:
        canvas.draw.rectangle((inset, top + 1, inset + left, height - inset), fill=edge)
        grouped(side).draw(canvas, inset, top + desk.pixels(6))
        facts += side.facts
    body.draw(canvas, inset + (left if side else 0), top)
    return canvas, facts


def web(rng: random.Random, width: int, height: int, scale: float) -> tuple[Canvas, tuple[Fact, ...]]:
    """A page of a site: tabs and a search across its top, blocks in one to three columns of cards."""
    desk = Desk(rng, width, scale, desktop=True)
    style = desk.style
    margin = max(style.margin, desk.pixels(10))
    inner = width - 2 * margin
    bar = bars.tabs(desk, inner * 0.62, rng.choice(("underline", "bold", "pill")))
    find = forms.search(desk, inner * 0.3) if rng.random() < 0.7 else None
    line = row([piece for piece in (bar, find) if piece], inner * 0.06)
    ground = style.card
    head = backed(
        pad(box(line, inner, line.height, align=0.0), margin, desk.pixels(8)),
        lambda canvas, area: canvas.draw.rectangle(area, fill=ground),
    )
    across = min(3, max(1, int(width / desk.pixels(rng.choice((260, 320, 420))))))
    gap = max(style.gap, desk.pixels(8))
    share = (inner - gap * (across - 1)) / across
    room = height - head.height - 2 * gap
    columns = [_filled(desk, _MIXED, share, room, carded=rng.random() < 0.8) for _ in range(across)]
    body = row([grouped(box(piece, share, piece.height, align=0.0)) for piece in columns], gap, valign=0.0)
    canvas = Canvas(width, height, style.page[0])
    _ground(canvas, desk)
    head.draw(canvas, 0, 0)
    body.draw(canvas, margin, head.height + gap)
    return canvas, head.facts + body.facts


def _base(desk: Desk, canvas: Canvas, *, listed: bool) -> None:
    """What shows dimly under a dialog or beside a menu: rows or a text."""
    style, rng = desk.style, desk.rng
    margin = max(style.margin, desk.pixels(14))
    width = canvas.width - 2 * margin
    y = margin
    while y < canvas.height:
        piece = rows.entry_row(desk, width) if listed else None
        if piece is None:
            said = desk.new(words.hint if listed else words.asking, width * 2.5, "body")
            piece = desk.paragraph(said, "body", width)
        if y + piece.height > canvas.height - margin:
            break
        piece.draw(canvas, margin, y)
        y += piece.height + style.row_gap * rng.uniform(1.2, 1.5)


def covered(rng: random.Random, width: int, height: int, scale: float) -> tuple[Canvas, tuple[Fact, ...]]:
    """A page with a dialog, a sheet or an open menu over it."""
    desk = Desk(rng, width, scale)
    form = rng.choices(("dialog", "sheet", "menu"), (5, 2, 3))[0]
    edge = desk.pixels(8)
    for _ in range(6):
        if form == "dialog":
            piece = overlays.dialog(desk, min(width * rng.uniform(0.68, 0.88), desk.pixels(rng.randint(280, 420))))
            at = ((width - piece.width) / 2, (height - piece.height) * rng.uniform(0.35, 0.6))
        elif form == "sheet":
            piece = overlays.sheet(desk, float(width))
            at = (0.0, height - piece.height)
        else:
            piece = overlays.menu(desk, min(width - 2 * edge, desk.pixels(340)))
            low = max(height - edge - piece.height, edge)
            at = (rng.uniform(edge, width - edge - piece.width), rng.uniform(edge, low))
        if piece.height < height - 2 * edge:
            break
    hidden: Box = (*at, at[0] + piece.width, at[1] + piece.height)
    canvas = overlays.Veiled(width, height, desk.style.page[0], hidden, desk.pixels(4))
    _ground(canvas, desk)
    _base(desk, canvas, listed=form != "menu")
    canvas.cover(piece, *at, 0.0 if form == "menu" else rng.uniform(0.25, 0.6))
    return canvas, piece.facts
