"""What people fill in and press: inputs, buttons, links, searches."""

from __future__ import annotations

from kantu.synth.draw import palette
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.layout import Piece, backed, box, column, pad, picture, row, space, spread
from kantu.synth.draw.parts import grouped, plate
from kantu.synth.draw.pen import pen
from kantu.synth.draw.signs import sign
from kantu.synth.facts import Fact, Marked, Pair
from kantu.synth.families.ui import words
from kantu.synth.families.ui.desk import Desk
from kantu.synth.families.ui.rows import chips, options, ticked
from kantu.synth.page import Box, Color
from kantu.synth.words import vocabulary

_PLACEHOLDERS = ("请输入{x}", "请填写{x}", "{x}", "输入{x}", "请选择{x}", "填写{x}（选填）", "必填")
_SHAPES = ("outlined", "outlined", "filled", "underlined")


class Inputs:
    """The inputs of one form: all of one shape."""

    def __init__(self, desk: Desk) -> None:
        rng = desk.rng
        self.desk = desk
        self.shape = rng.choice(_SHAPES)
        self.radius = desk.pixels(rng.choice((0, 2, 4, 6, 8, 12, 99)))
        self.height = desk.style["input"].size * rng.uniform(1.9, 2.8)
        self.beside = rng.random() < 0.4
        self.starred = rng.random() < 0.4
        self.label_width = 0.0

    def _body(self, label: str, said: str, width: float, *, empty: bool, ending: str = "") -> Piece:
        desk, style = self.desk, self.desk.style
        ground = palette.mix(style.card, style.ink, 0.06) if self.shape == "filled" else style.card
        edge = palette.mix(style.line, style.ink, 0.12)
        fill = style.faint if empty else style.ink
        inset = desk.pixels(2 if self.shape == "underlined" else 10)
        shown = box(desk.text(said, "input", fill=fill, name="" if empty else label) if said else space(0, 1),
                    width - 2 * inset, self.height, align=0.0)  # fmt: skip

        def paint(canvas: Canvas, area: Box) -> None:
            x1, y1, x2, y2 = area
            if self.shape == "underlined":
                canvas.draw.line((x1, y2, x2, y2), fill=edge, width=max(1, round(desk.scale)))
            else:
                radius = min(self.radius, (y2 - y1) / 2)
                canvas.rounded(area, radius, ground, outline=edge if self.shape == "outlined" else None)
            side = style["input"].size * 0.5
            middle = (y1 + y2) / 2
            if ending == "choose":
                with pen(canvas, (x2 - 3 * side, y1, x2, y2)) as tip:
                    points = [(x2 - 2.4 * side, middle - side / 4), (x2 - 1.9 * side, middle + side / 3)]
                    tip.line([*points, (x2 - 1.4 * side, middle - side / 4)], style.soft, max(1, desk.scale))
            elif ending:
                sign(canvas, ending, (x2 - 3.2 * side, middle - side, x2 - 1.2 * side, middle + side), style.soft)

        return desk.control(backed(pad(shown, inset, 0), paint), "input", label, "empty" if empty else "")

    def one(self, width: float) -> Piece | None:
        """An input with its label at its left, over it or in it."""
        desk, rng, style = self.desk, self.desk.rng, self.desk.style
        kind, label, value = vocabulary.labelled(rng)
        star = "*" if self.starred and rng.random() < 0.5 else ""
        lead_width, gap = self.label_width or width * 0.3, desk.pixels(10)
        starred = desk.style["label"].width(star) + desk.pixels(2)
        label = desk.new(lambda r: label, (lead_width if self.beside else width) - starred, "label")
        if not label:
            return None
        room = width - lead_width - gap if self.beside else width
        empty = rng.random() < 0.35
        ending = rng.choices(("", "choose", "日历", "位置", "搜索"), (70, 18, 5, 4, 3))[0]
        said = rng.choice(_PLACEHOLDERS).format(x=label) if empty else value
        if not self.beside and empty and rng.random() < 0.2:
            said = ""
        if style["input"].width(said) > room - desk.pixels(20) - (style["input"].size * 1.6 if ending else 0):
            if not empty:
                return None
            said = ""
        facts: tuple[Fact, ...] = () if empty else (Pair(label, said, kind),)
        body = self._body(label, said, room, empty=empty, ending=ending)
        name = desk.text(label, "label")
        if star:
            name = row([desk.text("*", "label", fill=(214, 50, 50)), name], desk.pixels(2))
        if self.beside:
            lead = box(name, lead_width, self.height, align=0.0)
            return row([lead, body], gap).showing(*facts)
        return column([name, body], desk.pixels(5), width=width).showing(*facts)


def form(desk: Desk, width: float) -> Piece | None:
    """Inputs under each other or two abreast, perhaps with something to choose."""
    rng, style = desk.rng, desk.style
    inputs = Inputs(desk)
    across = 2 if width > desk.pixels(480) and rng.random() < 0.6 else 1
    gap = desk.pixels(14)
    share = (width - gap * (across - 1)) / across
    inputs.label_width = share * rng.uniform(0.24, 0.34)
    parts: list[Piece] = []
    waiting: list[Piece] = []
    for _ in range(rng.randint(2, 7)):
        if rng.random() < 0.16:
            choice = chips(desk, width) if rng.random() < 0.3 else options(desk, width, single=rng.random() < 0.6)
            if choice:
                heading = desk.new(words.section, width, "label")
                parts += [column([desk.text(heading, "label"), choice], desk.pixels(7))] if heading else [choice]
            continue
        piece = inputs.one(share)
        if piece:
            waiting.append(grouped(box(piece, share, piece.height, align=0.0)) if across > 1 else piece)
        if len(waiting) == across:
            parts.append(row(waiting, gap, valign=0.0))
            waiting = []
    parts += waiting
    return column(parts, style.row_gap, width=width) if parts else None


def search(desk: Desk, width: float) -> Piece:
    """A search input in its usual pill, with a word in it or with what it is for."""
    rng, style = desk.rng, desk.style
    size = style["input"].size
    tall = size * rng.uniform(1.8, 2.4)
    word = vocabulary.word(rng)
    empty = rng.random() < 0.6
    label = rng.choice((f"搜索{word}", "搜索", f"搜{word}", f"请输入{word}")) if empty else word
    label = desk.new(lambda r: label, width * 0.6, "input") or desk.new(vocabulary.word, width, "input")
    ground = palette.mix(style.card, style.ink, rng.choice((0.04, 0.08)))
    radius = rng.choice((2.0, 6.0, 99.0)) * desk.scale
    said = row([picture(size, size, lambda c, a: sign(c, "搜索", a, style.faint)),
                desk.text(label, "input", fill=style.faint if empty else style.ink)], size * 0.5)  # fmt: skip
    inner = box(said, width, tall, align=0.5 if rng.random() < 0.25 else 0.04)

    def paint(canvas: Canvas, area: Box) -> None:
        canvas.rounded(area, min(radius, tall / 2), ground, outline=style.line)

    return desk.control(backed(inner, paint), "input", "搜索", "empty" if empty else "")


def button(desk: Desk, label: str, form: str, *, width: float = 0.0, disabled: bool = False) -> Piece:
    """A button; `form` is filled, gradient, outlined, tinted or bare."""
    rng, style = desk.rng, desk.style
    across, down = desk.pixels(rng.choice((12, 16, 20))), style["button"].size * 0.6
    ground: tuple[Color, ...] = (style.card,)
    if disabled:
        ground = (palette.mix(style.card, style.ink, 0.09),)
        ink = palette.fade(style.ink, ground, 0.65, least=1.9)
    elif form in ("filled", "gradient"):
        ground = (desk.strong,) if form == "filled" else (desk.strong, palette.mix(desk.strong, style.accent_end, 0.5))
        ink = desk.on(*ground).ink
    elif form == "tinted" and palette.vivid(desk.strong):  # without a colour it would look as if greyed
        ground = (palette.mix(style.card, desk.strong, 0.16),)
        ink = style.surface(rng, *ground).accent
    else:
        ink = style.ink if form == "outlined" and rng.random() < 0.5 else style.accent
    said = desk.text(label, "button", fill=ink)
    inner = box(said, max(width, said.width + 2 * across), style["button"].size + 2 * down)
    radius = min(style.button_radius, inner.height / 2)

    def paint(canvas: Canvas, area: Box) -> None:
        if form == "outlined" and not disabled:
            canvas.rounded(area, radius, None, outline=ink, width=max(1, round(desk.scale)))
        elif form != "bare" or disabled:
            plate(canvas, area, radius, ground)

    own = ground[0] if form in ("filled", "gradient") and not disabled else None
    kind = "link" if form == "bare" and not disabled else "button"
    return desk.control(backed(inner, paint), kind, label, "disabled" if disabled else "", own)


def buttons(desk: Desk, width: float) -> Piece | None:
    """One to four buttons, one of which may be greyed."""
    rng, style = desk.rng, desk.style
    count = rng.choice((1, 1, 2, 2, 2, 3, 4))
    stacked = rng.random() < 0.25
    gap = desk.pixels(10)
    equal = stacked or rng.random() < 0.4
    share = width if stacked else (width - gap * (count - 1)) / count
    disabled = rng.randrange(count) if rng.random() < 0.3 else -1
    forms = [desk.button, *rng.choices(("outlined", "outlined", "tinted", "filled", "bare"), k=count - 1)]
    rng.shuffle(forms)
    pieces: list[Piece] = []
    filled = []
    for index, form in enumerate(forms):
        label = desk.new(words.action, share - desk.pixels(44), "button")
        if not label:
            continue
        off = index == disabled
        pieces.append(button(desk, label, form, width=share if equal else 0.0, disabled=off))
        if form in ("filled", "gradient") and not off:
            filled.append(label)
    if not pieces:
        return None
    if stacked:
        piece = column(pieces, style.row_gap * 0.8, width=width)
    else:
        line = row(pieces, gap)
        piece = box(line, width, line.height, align=rng.choice((0.0, 0.5, 1.0)))
    return piece.showing(*(Marked("filled_button", label) for label in filled))


def links(desk: Desk, width: float) -> Piece | None:
    """Words that can be pressed, without a frame."""
    rng = desk.rng
    made = [desk.new(words.action, width * 0.3, "hint") for _ in range(rng.randint(1, 3))]
    pieces = [desk.control(desk.text(said, "hint", fill=desk.style.accent), "link", said) for said in made if said]
    if not pieces:
        return None
    if len(pieces) == 2:
        return spread(pieces[0], pieces[1], width)
    line = row(pieces, desk.pixels(22))
    return box(line, width, line.height, align=rng.choice((0.0, 0.5, 1.0)))


def agreement(desk: Desk, width: float) -> Piece | None:
    """A check box beside something to agree to."""
    rng = desk.rng
    word = vocabulary.word(rng)
    said = rng.choice((f"我已阅读并同意《{word}协议》", f"记住{word}", "不再提示", f"下次自动{word}", f"同意{word}"))
    said = desk.new(lambda r: said, width - desk.looks.box_side - desk.pixels(10), "hint")
    if not said:
        return None
    return row([ticked(desk, said, on=rng.random() < 0.5, single=False), desk.text(said, "hint")], desk.pixels(7))


def stepper(desk: Desk, width: float) -> Piece | None:
    """A label, and a number between a minus and a plus."""
    rng, style = desk.rng, desk.style
    label = desk.new(lambda r: vocabulary.word(r) + r.choice(("数量", "人数", "份数", "次数")), width * 0.5)
    if not label:
        return None
    number = str(rng.randint(1, 99))
    side = style["row"].size * 1.6
    edge, ink = style.line, style.ink

    def key(plus: bool) -> Piece:
        def paint(canvas: Canvas, area: Box) -> None:
            canvas.rounded(area, min(style.radius, side / 2), None, outline=edge)
            x, y, half = (area[0] + area[2]) / 2, (area[1] + area[3]) / 2, side * 0.2
            canvas.draw.line((x - half, y, x + half, y), fill=ink, width=max(1, round(desk.scale)))
            if plus:
                canvas.draw.line((x, y - half, x, y + half), fill=ink, width=max(1, round(desk.scale)))

        return desk.control(picture(side, side, paint), "icon", "加号" if plus else "减号")

    shown = box(desk.text(number, "row", name=label), style["row"].size * 2.4, side)
    return spread(desk.text(label, "row"), row([key(False), shown, key(True)]), width).showing(
        Pair(label, number, "count")
    )


def headed_options(desk: Desk, width: float) -> Piece | None:
    """Options under a heading, in a column of their own."""
    heading = desk.new(words.section, width, "section")
    made = options(desk, width, single=desk.rng.random() < 0.6)
    if not heading or made is None:
        return made
    return column([desk.text(heading, "section"), made], desk.pixels(8), width=width)
