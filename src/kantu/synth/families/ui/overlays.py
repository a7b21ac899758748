"""What opens over a page and dims it: dialogs, sheets from below, menus."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PIL import Image

from kantu.synth.draw import palette
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.controls import tip_mark
from kantu.synth.draw.layout import Piece, backed, box, column, pad, picture, row, space, spread
from kantu.synth.draw.parts import plate
from kantu.synth.draw.pen import pen
from kantu.synth.draw.reading_order import GROUPS
from kantu.synth.draw.typesetting import Type
from kantu.synth.facts import Listing, Marked
from kantu.synth.families.ui import forms, words
from kantu.synth.families.ui.desk import Desk
from kantu.synth.families.ui.rows import options
from kantu.synth.page import Box, Color


class Veiled(Canvas):
    """A canvas on which something will lie at `hidden`: text that would show half at its edge is not drawn."""

    def __init__(self, width: int, height: int, background: Color, hidden: Box, room: float) -> None:
        super().__init__(width, height, background)
        self._hidden: Box | None = (hidden[0] - room, hidden[1] - room, hidden[2] + room, hidden[3] + room)

    def text(self, x: float, y: float, text: str, type_: Type, **options: Any) -> Box:
        """As on any canvas, if nothing will lie there."""
        total = type_.width(text)
        left = x - {"l": 0.0, "m": total / 2, "r": total}[options.get("anchor", "l")]
        box, veil = (left, y, left + total, y + type_.size), self._hidden
        if veil and box[0] < veil[2] and veil[0] < box[2] and box[1] < veil[3] and veil[1] < box[3]:
            return box
        return super().text(x, y, text, type_, **options)

    def cover(self, piece: Piece, x: float, y: float, share: float) -> None:
        """Draw `piece` at its place over the page, which `share` of black dims and whose controls cannot be used."""
        self._hidden = None
        if share:
            self.image.paste(Image.blend(self.image, Image.new("RGB", self.image.size), share))
            self.lines = [replace(line, color=palette.mix(line.color, (0, 0, 0), share)) for line in self.lines]
        self.elements = [each for each in self.elements if each.kind in GROUPS]
        piece.draw(self, x, y)


def _panel(desk: Desk, piece: Piece, inset: float, radius: float) -> Piece:
    style = desk.style
    ground, edge = style.card, style.line if desk.rng.random() < 0.4 else None

    def paint(canvas: Canvas, area: Box) -> None:
        canvas.shadow(area, radius, blur=6 * desk.scale, color=(0, 0, 0), strength=0.3, drop=3 * desk.scale)
        plate(canvas, area, radius, (ground,), outline=edge)
        canvas.element("card", "弹窗", area)

    return backed(pad(piece, inset), paint)


def _flat_buttons(desk: Desk, width: float) -> tuple[Piece, list[str]]:
    """The buttons of a phone's dialog: words side by side or stacked, parted by thin lines."""
    rng, style = desk.rng, desk.style
    count = rng.choice((1, 2, 2, 2, 3))
    stacked = count == 3 or rng.random() < 0.2
    tall = style["button"].size * 2.6
    share = width if stacked else width / count
    names = [name for _ in range(count) if (name := desk.new(words.action, share * 0.8, "button"))]
    main = rng.randrange(max(len(names), 1))
    line = style.line
    pieces = []
    for index, name in enumerate(names):
        fill = style.accent if index == main or rng.random() < 0.3 else style.ink

        def paint(canvas: Canvas, area: Box, index: int = index) -> None:
            canvas.draw.line((area[0], area[1], area[2], area[1]), fill=line)
            if index and not stacked:
                canvas.draw.line((area[0], area[1], area[0], area[3]), fill=line)

        cell = box(desk.text(name, "button", fill=fill), share, tall)
        pieces.append(desk.control(backed(cell, paint), "button", name))
    return (column(pieces) if stacked else row(pieces)), names


def dialog(desk: Desk, width: float) -> Piece:
    """A question in the middle of the screen."""
    rng, style = desk.rng, desk.style
    inset = desk.pixels(rng.choice((16, 20, 24)))
    inner = width - 2 * inset
    align = rng.choice("mml")
    radius = max(style.radius, desk.pixels(rng.choice((0, 6, 12))))
    parts: list[Piece] = []
    facts: list[Marked] = []
    if rng.random() < 0.75:
        title = desk.new(words.title, inner, "title")
        if title:
            head = desk.text(title, "title")
            if align == "l" and rng.random() < 0.4:
                head = spread(head, desk.icon("关闭", style["title"].size * 0.8, color=style.soft), inner)
            parts.append(box(head, inner, head.height, align=0.5 if align == "m" else 0.0))
            facts.append(Marked("title", title))
    said = desk.new(words.asking, inner * 4, "body")
    if said:
        body = desk.paragraph(said, "body", inner, align=align)
        parts.append(box(body, inner, body.height, align=0.5 if align == "m" else 0.0))
    extra = rng.random()
    made: Piece | None = None
    if extra < 0.16:
        made = forms.Inputs(desk).one(inner) if rng.random() < 0.7 else forms.search(desk, inner)
    elif extra < 0.28:
        made = options(desk, inner, single=rng.random() < 0.6)
    elif extra < 0.4:
        made = forms.agreement(desk, inner)
    if made:
        parts.append(made)
    gap = max(style.row_gap, desk.pixels(12))
    if rng.random() < 0.45:
        flat, _ = _flat_buttons(desk, width)
        content = column([pad(column(parts, gap, width=inner), inset, inset), flat], width=width)
        return _panel(desk, content, 0, radius).showing(*facts)
    keys = forms.buttons(desk, inner)
    parts += [keys] if keys else []
    return _panel(desk, column(parts, gap, width=inner), inset, radius).showing(*facts)


def sheet(desk: Desk, width: float) -> Piece:
    """Things to do, one under the other, from the lower edge of the screen."""
    rng, style = desk.rng, desk.style
    tall = style["row"].size * rng.uniform(2.6, 3.3)
    names = [name for _ in range(rng.randint(2, 6)) if (name := desk.new(words.command, width * 0.6, "row"))]
    icons, line = rng.random() < 0.35, style.line
    centred = not icons and rng.random() < 0.7
    rows: list[Piece] = []
    if rng.random() < 0.5:
        heading = desk.new(words.asking, width * 0.85, "hint")
        if heading:
            rows.append(box(desk.text(heading, "hint"), width, style["hint"].size * 2.6))
    for name in names:
        said = desk.text(name, "row")
        if icons:
            desk.lead = "sign"
            said = row([desk.leader(style["row"].size * 1.3), said], desk.pixels(12))

        def paint(canvas: Canvas, area: Box) -> None:
            canvas.draw.line((area[0], area[1], area[2], area[1]), fill=line)

        cell = box(said, width, tall, align=0.5 if centred else 0.06)
        rows.append(desk.control(backed(cell, paint), "menu_item", name))
    cancel = desk.new(lambda r: r.choice(("取消", "关闭", "返回")), width, "row")
    if cancel:
        key = desk.control(box(desk.text(cancel, "row"), width, tall), "button", cancel)
        rows += [space(width, desk.pixels(6)), key]
    body = column(rows, width=width)
    ground, radius = style.card, style.radius

    def back(canvas: Canvas, area: Box) -> None:
        canvas.rounded((area[0], area[1], area[2], area[3] + radius), radius, ground)
        canvas.element("card", "菜单", area)

    return backed(body, back).showing(Listing(tuple(names), "菜单项"))


def menu(desk: Desk, most: float) -> Piece:
    """An open menu: commands with keys at the right, lines between groups, some greyed, some ticked."""
    rng, style = desk.rng, desk.style
    names = [name for _ in range(rng.randint(3, 9)) if (name := desk.new(words.command, most * 0.6, "menu"))]
    tall = style["menu"].size * rng.uniform(1.7, 2.3)
    keyed, ticks = rng.random() < 0.4, rng.random() < 0.3
    widest = max((style["menu"].width(name) for name in names), default=0.0)
    width = min(widest + desk.pixels(150 if keyed else 70), most)
    lead, side, edge = desk.pixels(24), style["menu"].size, style.line
    rows: list[Piece] = []

    def parting(canvas: Canvas, area: Box) -> None:
        canvas.draw.line((*area[:3], area[1]), fill=edge)

    for index, name in enumerate(names):
        off = rng.random() < 0.12
        ticked = ticks and not off and rng.random() < 0.35
        ink = palette.fade(style.ink, (style.card,), 0.68, least=1.6) if off else style.ink
        shown = keyed and rng.random() < 0.6
        key = rng.choice(("Ctrl+", "Alt+", "Shift+", "F")) + str(rng.randint(1, 9)) if shown else ""
        said = desk.text(name, "menu", fill=ink)
        end = desk.text(key, "hint", fill=style.faint) if key else space()
        if lead + said.width + end.width + desk.pixels(20) > width:
            end = space()

        def tick(canvas: Canvas, area: Box, ticked: bool = ticked) -> None:
            if ticked:
                with pen(canvas, area) as tip:
                    tip_mark(tip, area, "tick", style.ink, max(1.0, side / 9))

        line = row([box(picture(side, side, tick), lead, side, align=0.4),
                    spread(said, end, width - lead - desk.pixels(12))])  # fmt: skip
        state = "disabled" if off else "selected" if ticked else ""
        rows.append(desk.control(box(line, width, tall, align=0.0), "menu_item", name, state))
        if index + 1 < len(names) and rng.random() < 0.2:
            rows.append(pad(picture(width, 1, parting), 0, desk.pixels(3)))
    return _panel(desk, column(rows, width=width), desk.pixels(4), min(style.radius, desk.pixels(10))).showing(
        Listing(tuple(names), "菜单项")
    )
