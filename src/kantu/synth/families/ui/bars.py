"""Bars: titles, tabs in all their shapes, tools, menus, the frame of a window."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from kantu.synth.draw import palette
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.layout import Piece, backed, box, column, pad, picture, row, space, spread
from kantu.synth.draw.parts import chevron
from kantu.synth.draw.pen import pen
from kantu.synth.draw.signs import NAMES, sign
from kantu.synth.facts import Listing, Marked
from kantu.synth.families.ui import words
from kantu.synth.families.ui.desk import Desk
from kantu.synth.page import Box, Color

TABS = ("underline", "pill", "segmented", "boxed", "bold", "arrow", "outlined")


def title_bar(desk: Desk, width: float, make: Callable[[random.Random], str] = words.title) -> Piece:
    """The bar at the top of a screen: a way back, a title as `make` says it, signs or a word at the right."""
    rng, style = desk.rng, desk.style
    inner = width - desk.pixels(28)
    side = style["title"].size * 1.05
    title = desk.new(make, inner * 0.5, "title")
    said = desk.text(title, "title") if title else space(0, side)
    left: Piece = space(0, side)
    if rng.random() < 0.75:
        arrow = picture(side * 0.5, side * 0.9, lambda canvas, area: chevron(canvas, area, style.ink, back=True))
        left = desk.control(arrow, "icon", "返回") if rng.random() < 0.8 else desk.icon("关闭", side)
    right: list[Piece] = []
    if rng.random() < 0.3:
        word = desk.new(words.action, inner * 0.2, "tab")
        if word:
            right.append(desk.control(desk.text(word, "tab", fill=style.accent), "link", word))
    else:
        right += [desk.icon(name, side) for name in rng.sample(NAMES, rng.choice((0, 1, 1, 2, 3))) if name != "返回"]
    end = row(right, desk.pixels(14))
    if rng.random() < 0.6:
        half = (inner - said.width) / 2
        if half > max(left.width, end.width) + desk.pixels(8):
            line = row([box(left, half, side, align=0.0), said, box(end, half, side, align=1.0)])
        else:
            line = spread(row([left, said], desk.pixels(12)), end, inner)
    else:
        line = spread(row([left, said], desk.pixels(12)), end, inner)
    tall = max(line.height, side) + desk.pixels(rng.choice((16, 20, 26)))
    piece = box(line, width, tall)
    ground, edge = style.card, style.line if rng.random() < 0.5 else None
    facts = (Marked("title", title),) if title else ()

    def paint(canvas: Canvas, area: Box) -> None:
        canvas.draw.rectangle(area, fill=ground)
        if edge:
            canvas.draw.line((area[0], area[3], area[2], area[3]), fill=edge)

    return backed(piece, paint).showing(*facts)


def _tab_names(desk: Desk, count: int, room: float) -> list[str]:
    return [said for _ in range(count) if (said := desk.new(words.tab, room, "tab"))]


def _tab(desk: Desk, said: str, form: str, selected: bool, width: float, height: float, where: str) -> Piece:
    """One tab; the selected one has a ground, a line or a frame of its own."""
    style, scale = desk.style, desk.scale
    looks = desk.looks
    on_ground = looks.on if form in ("pill", "segmented") else style.card
    ink = style.soft
    if selected:
        ink = desk.on(on_ground).ink if form in ("pill", "segmented") else style.accent
    piece = box(desk.text(said, "tab", fill=ink, bold=selected and form in ("bold", "boxed")), width, height)
    thin = max(1, round(scale))

    def paint(canvas: Canvas, area: Box) -> None:
        x1, y1, x2, y2 = area
        if form == "segmented":
            canvas.draw.rectangle(area, fill=looks.on if selected else None, outline=looks.on, width=thin)
        elif form == "boxed":
            back = style.card if selected else palette.mix(style.card, style.ink, 0.12)
            canvas.draw.rectangle(area, fill=back)
            if selected:
                canvas.draw.line((x1, y2, x1, y1, x2, y1, x2, y2), fill=style.soft, width=thin)
        if not selected:
            return
        middle, half = (x1 + x2) / 2, min(desk.style["tab"].width(said), width) / 2
        if form == "pill":
            inset = height * 0.12
            canvas.rounded((x1 + inset, y1 + inset, x2 - inset, y2 - inset), min(style.button_radius, height * 0.38),
                           looks.on)  # fmt: skip
        elif form == "outlined":
            canvas.rounded((x1 + 2, y1 + 2, x2 - 2, y2 - 2), min(style.button_radius, height / 2 - 2), None,
                           outline=style.accent, width=thin)  # fmt: skip
        elif form in ("underline", "bold"):
            thick = max(2, round((3 if form == "underline" else 2) * scale))
            if where == "left":
                canvas.draw.rectangle((x1, y1, x1 + thick, y2), fill=style.accent)
            else:
                half *= 1.0 if form == "underline" else 0.4
                canvas.draw.rectangle((middle - half, y2 - thick, middle + half, y2), fill=style.accent)
        elif form == "arrow":
            side = 4 * scale
            with pen(canvas, area) as tip:
                if where == "left":
                    at = (y1 + y2) / 2
                    tip.polygon([(x2 - side, at - side), (x2 - side, at + side), (x2, at)], style.accent)
                else:
                    tip.polygon([(middle - side, y2 - side), (middle + side, y2 - side), (middle, y2)], style.accent)

    return desk.control(backed(piece, paint), "tab", said, "selected" if selected else "unselected")


def _stated(piece: Piece, names: Sequence[str], chosen: int) -> Piece:
    return piece.showing(Listing(tuple(names), "标签页"), Marked("tab", names[chosen]))


def tabs(desk: Desk, width: float, form: str = "") -> Piece | None:
    """A row of tabs, one of them selected."""
    rng = desk.rng
    form = form or rng.choice(TABS)
    count = rng.randint(2, 6 if width > desk.pixels(420) else 5)
    stretched = form == "segmented" or rng.random() < 0.5
    across = desk.pixels(14)
    names = _tab_names(desk, count, width / count - across)
    if len(names) < 2:
        return None
    chosen = rng.randrange(len(names))
    height = desk.style["tab"].size * rng.uniform(1.8, 2.6)
    widths = [width / len(names) if stretched else desk.style["tab"].width(name) + across for name in names]
    pieces = [
        _tab(desk, name, form, index == chosen, wide, height, "top")
        for index, (name, wide) in enumerate(zip(names, widths, strict=True))
    ]
    line = row(pieces)
    return _stated(box(line, width, height, align=0.0 if stretched else rng.choice((0.0, 0.0, 0.5))), names, chosen)


def side_tabs(desk: Desk, width: float) -> Piece | None:
    """Tabs under each other, at the left of a window."""
    rng = desk.rng
    form = rng.choice(("underline", "pill", "boxed", "arrow", "outlined"))
    names = _tab_names(desk, rng.randint(3, 8), width - desk.pixels(24))
    if len(names) < 2:
        return None
    chosen = rng.randrange(len(names))
    height = desk.style["tab"].size * rng.uniform(1.9, 2.6)
    pieces = [_tab(desk, name, form, index == chosen, width, height, "left") for index, name in enumerate(names)]
    return _stated(column(pieces), names, chosen)


def bottom_tabs(desk: Desk, width: float) -> Piece | None:
    """The bar at the bottom of a screen: signs with words under them."""
    rng, style = desk.rng, desk.style
    count = rng.randint(3, 5)
    share = width / count
    names = _tab_names(desk, count, share - desk.pixels(6))
    if len(names) < 3:
        return None
    share = width / len(names)
    chosen = rng.randrange(len(names))
    side = style["tab"].size * rng.uniform(1.2, 1.7)
    signs = rng.sample(NAMES, len(names))
    filled, small = rng.random() < 0.4, rng.random() < 0.5
    ground = style.card
    pieces = []
    for index, (name, drawn) in enumerate(zip(names, signs, strict=True)):
        on = index == chosen
        ink = style.accent if on else style.soft

        def paint(canvas: Canvas, area: Box, on: bool = on, ink: Color = ink, drawn: str = drawn) -> None:
            if on and filled:
                wide = side * 0.5
                canvas.rounded((area[0] - wide, area[1] - 2, area[2] + wide, area[3] + 2), side,
                               palette.mix(ground, style.accent, 0.22))  # fmt: skip
            sign(canvas, drawn, area, ink, weight=2.4 if on else 1.6)

        said = desk.text(name, "tab" if not small else "hint", fill=ink, bold=on and not small)
        cell = box(column([picture(side, side, paint), said], desk.pixels(5), align="m"), share,
                   side + said.height + desk.pixels(19))  # fmt: skip
        pieces.append(desk.control(cell, "tab", name, "selected" if on else "unselected"))
    line = row(pieces)

    def back(canvas: Canvas, area: Box) -> None:
        canvas.draw.rectangle((area[0], area[1], area[2], canvas.height), fill=ground)
        canvas.draw.line((area[0], area[1], area[2], area[1]), fill=style.line)

    return _stated(backed(line, back), names, chosen)


def toolbar(desk: Desk, width: float) -> Piece | None:
    """Signs that can be pressed, with or without words, some of them greyed."""
    rng, style = desk.rng, desk.style
    side = style["row"].size * rng.uniform(1.1, 1.6)
    worded = rng.random() < 0.35
    names = rng.sample(NAMES, rng.randint(4, 12))
    gap = desk.pixels(rng.choice((8, 12, 16)))
    pieces: list[Piece] = []
    used = 0.0
    for name in names:
        off = rng.random() < 0.08
        ink = palette.fade(style.ink, (style.card,), 0.72, least=1.5) if off else style.ink

        def paint(canvas: Canvas, area: Box, name: str = name, ink: Color = ink) -> None:
            sign(canvas, name, area, ink)

        piece = picture(side, side, paint)
        if worded:
            if name not in desk.new(lambda r, name=name: name):  # type: ignore[misc]
                continue
            piece = column([piece, desk.text(name, "hint", fill=ink)], desk.pixels(4), align="m")
        if used + piece.width > width - 2 * gap:
            break
        pieces.append(desk.control(piece, "icon", name, "disabled" if off else ""))
        used += piece.width + gap
        if rng.random() < 0.15:
            pieces.append(picture(1, side, lambda canvas, area: canvas.draw.line(area, fill=style.line)))
            used += 1 + gap
    if len(pieces) < 3:
        return None
    line = row(pieces, gap)
    tall = line.height + desk.pixels(14)
    ground = palette.mix(style.card, style.ink, rng.choice((0.0, 0.03, 0.06)))
    inner = box(line, width - 2 * gap, tall, align=rng.choice((0.0, 0.0, 0.5)))
    return backed(pad(inner, gap, 0), lambda canvas, area: canvas.draw.rectangle(area, fill=ground))


def menu_bar(desk: Desk, width: float) -> Piece | None:
    """The words at the top of a window."""
    rng = desk.rng
    gap = desk.pixels(rng.choice((14, 18, 24)))
    names: list[str] = []
    used = gap
    for _ in range(rng.randint(3, 9)):
        name = desk.new(words.menu, width * 0.2, "menu")
        used += desk.style["menu"].width(name) + gap
        if not name or used > width:
            break
        names.append(name)
    if len(names) < 2:
        return None
    tall = desk.style["menu"].size * 1.9
    pieces = [desk.control(box(desk.text(name, "menu"), desk.style["menu"].width(name) + gap * 0.6, tall),
                           "menu_item", name) for name in names]  # fmt: skip
    line = row(pieces, gap * 0.4)
    return box(line, width, tall, align=0.02).showing(Listing(tuple(names), "菜单"))


def window_bar(desk: Desk, width: float) -> Piece:
    """The title bar of a window: its name, and signs to close, shrink and enlarge it at one of its ends."""
    rng, style = desk.rng, desk.style
    title = desk.new(words.title, width * 0.5, "menu")
    said = desk.text(title, "menu") if title else space()
    tall = style["menu"].size * rng.uniform(1.9, 2.6)
    side = style["menu"].size * 0.75
    ink = style.soft

    def light(name: str, color: Color) -> Piece:
        def paint(canvas: Canvas, area: Box) -> None:
            with pen(canvas, area) as tip:
                tip.disc(area, color)

        return desk.control(picture(side, side, paint), "icon", name)

    def mark(name: str) -> Piece:
        def paint(canvas: Canvas, area: Box) -> None:
            x1, y1, x2, y2 = area
            with pen(canvas, area) as tip:
                if name == "最小化":
                    tip.line([(x1, (y1 + y2) / 2), (x2, (y1 + y2) / 2)], ink, desk.scale)
                elif name == "最大化":
                    tip.rounded(area, 0, None, outline=ink, width=desk.scale)
                else:
                    tip.line([(x1, y1), (x2, y2)], ink, desk.scale)
                    tip.line([(x2, y1), (x1, y2)], ink, desk.scale)

        return desk.control(picture(side, side, paint), "icon", name)

    if rng.random() < 0.45:
        lights = row([light("关闭", (255, 95, 87)), light("最小化", (254, 188, 46)), light("最大化", (40, 200, 64))],
                     side * 0.6)  # fmt: skip
        half = (width - said.width) / 2
        line = row([box(pad(lights, side, 0), half, tall, align=0.0), said, space(half, tall)])
    else:
        marks = row([mark("最小化"), mark("最大化"), mark("关闭")], side * 1.6)
        line = spread(pad(said, side, 0), pad(marks, side, 0), width)
    ground = palette.mix(style.card, style.ink, rng.choice((0.0, 0.05, 0.1)))
    facts = (Marked("title", title),) if title else ()
    return backed(box(line, width, tall), lambda c, area: c.draw.rectangle(area, fill=ground)).showing(*facts)


Maker = Callable[[Desk, float], Piece | None]
