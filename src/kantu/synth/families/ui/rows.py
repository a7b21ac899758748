"""Rows of settings: switches, entries, sliders, things to tick and things to choose from."""

from __future__ import annotations

from collections.abc import Callable

from kantu.synth.draw import controls
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.layout import Piece, backed, box, column, pad, picture, row, space, spread
from kantu.synth.draw.palette import mix
from kantu.synth.draw.parts import chevron, grouped, rule
from kantu.synth.facts import Fact, Listing, Pair
from kantu.synth.families.ui import words
from kantu.synth.families.ui.desk import Desk
from kantu.synth.page import Box

_DISABLED = 0.06  # share of switches that cannot be used


def _switch(desk: Desk, label: str) -> Piece:
    rng, looks = desk.rng, desk.looks
    on, disabled = rng.random() < 0.5, rng.random() < _DISABLED

    def paint(canvas: Canvas, area: Box) -> None:
        controls.switch(canvas, area, looks, on=on, disabled=disabled)

    piece = picture(looks.switch_width, looks.switch_height, paint)
    return desk.control(piece, "switch", label, "disabled" if disabled else "on" if on else "off")


def ticked(desk: Desk, label: str, *, on: bool, single: bool) -> Piece:
    """A check box or, for a `single` choice, a radio button."""
    looks, draw = desk.looks, controls.radio if single else controls.check_box

    def paint(canvas: Canvas, area: Box) -> None:
        draw(canvas, area, looks, on=on)

    piece = picture(looks.box_side, looks.box_side, paint)
    return desk.control(piece, "radio" if single else "checkbox", label, "selected" if on else "unselected")


def _labelled(desk: Desk, label: str, width: float, *, hinted: float = 0.0) -> Piece:
    """A label, perhaps with what stands before it and small text under it."""
    rng, style = desk.rng, desk.style
    lead = desk.leader(style["row"].size * 1.5)
    gap = desk.pixels(10) if lead.width else 0.0
    said = desk.text(label, "row")
    if rng.random() < hinted:
        hint = desk.new(words.hint, width * 2, "hint")
        if hint:
            under = desk.paragraph(hint, "hint", max(width - lead.width - gap, 1))
            said = column([said, under], desk.pixels(4))
    return row([lead, said], gap) if lead.width else said


def _room(desk: Desk, width: float, end: float) -> float:
    """Pixels for a label beside a control."""
    lead = desk.style["row"].size * 1.5 + desk.pixels(10) if desk.lead != "none" else 0.0
    return width - end - lead - desk.pixels(14)


def switch_row(desk: Desk, width: float) -> Piece | None:
    """Something that is on or off."""
    room = _room(desk, width, desk.looks.switch_width)
    label = desk.new(words.setting, room)
    if not label:
        return None
    before = desk.rng.random() < 0.06
    said = _labelled(desk, label, room, hinted=0.25)
    control = _switch(desk, label)
    if before:
        return row([control, said], desk.pixels(12), valign=0.5)
    return spread(said, control, width)


def entry_row(desk: Desk, width: float) -> Piece | None:
    """A row that leads to another page, perhaps with a value at its end."""
    rng, style = desk.rng, desk.style
    arrow = style["row"].size * 0.38
    label = desk.new(words.entry, _room(desk, width, arrow))
    if not label:
        return None
    said = _labelled(desk, label, width, hinted=0.0)
    end: list[Piece] = []
    facts: list[Fact] = []
    room = width - said.width - arrow - desk.pixels(30)
    value = desk.new(words.choice, room, "value") if rng.random() < 0.5 and room > desk.pixels(40) else ""
    if value:
        end.append(desk.text(value, "value", name=label))
        facts.append(Pair(label, value, "choice"))
    if rng.random() < 0.85:
        end.append(picture(arrow, arrow * 1.7, lambda canvas, area: chevron(canvas, area, style.faint)))
    piece = spread(said, row(end, desk.pixels(6)), width)
    return desk.control(piece, "menu_item", label).showing(*facts)


def slider_row(desk: Desk, width: float) -> Piece | None:
    """A slider with its label over or beside it, and mostly its value."""
    rng, style, looks = desk.rng, desk.style, desk.looks
    percent = rng.randint(3, 97)
    value = rng.choice((f"{percent}%", f"{percent}%", str(percent)))
    tall = desk.pixels(rng.choice((14, 18, 22)))
    label = desk.new(words.level, width * 0.4)
    if not label:
        return None
    said = desk.text(label, "row")
    shown = desk.text(value, "value", name=label) if rng.random() < 0.8 else space()
    facts = (Pair(label, value, "count"),) if shown.width else ()

    def track(room: float) -> Piece:
        piece = picture(room, tall, lambda c, area: controls.slider(c, area, looks, percent / 100))
        return desk.control(piece, "slider", label)

    gap = desk.pixels(12)
    if rng.random() < 0.45:
        return column([spread(said, shown, width), track(width)], style.row_gap * 0.6, width=width).showing(*facts)
    room = width - said.width - shown.width - 2 * gap
    if room < desk.pixels(60):
        return column([spread(said, shown, width), track(width)], style.row_gap * 0.6, width=width).showing(*facts)
    return row([said, track(room), shown], gap).showing(*facts)


def _options(desk: Desk, width: float, count: int) -> list[str]:
    room = width - desk.looks.box_side - desk.pixels(16)
    return [said for _ in range(count) if (said := desk.new(words.choice, room))]


def _option_rows(desk: Desk, width: float, *, single: bool) -> tuple[list[Piece], tuple[str, ...]]:
    rng = desk.rng
    options = _options(desk, width, rng.randint(2, 6))
    chosen = rng.randrange(max(len(options), 1))
    at_end = rng.random() < 0.35
    rows = []
    for index, option in enumerate(options):
        mark = ticked(desk, option, on=index == chosen if single else rng.random() < 0.5, single=single)
        said = desk.text(option, "row")
        rows.append(spread(said, mark, width) if at_end else row([mark, said], desk.pixels(9)))
    return rows, tuple(options)


def _flowing(pieces: list[Piece], width: float, across: float, down: float) -> Piece:
    """Side by side, in as many rows as they need."""
    lines: list[list[Piece]] = [[]]
    used = 0.0
    for piece in pieces:
        if lines[-1] and used + across + piece.width > width:
            lines.append([])
            used = 0.0
        lines[-1].append(piece)
        used += piece.width + across
    return column([row(line, across) for line in lines if line], down, width=width)


def options(desk: Desk, width: float, *, single: bool) -> Piece | None:
    """Radio buttons or check boxes, one under the other or flowing."""
    rng, style = desk.rng, desk.style
    rows, said = _option_rows(desk, width, single=single)
    if len(said) < 2:
        return None
    if rng.random() < 0.3 and all(piece.width < width * 0.6 for piece in rows):
        piece = _flowing(rows, width, desk.pixels(18), style.row_gap)
    else:
        piece = _ruled(desk, rows, width)
    return piece.showing(Listing(said, "单选框" if single else "复选框"))


def chips(desk: Desk, width: float) -> Piece | None:
    """Words in pills; chosen ones are filled and may be ticked."""
    rng, style, looks = desk.rng, desk.style, desk.looks
    across, down = desk.pixels(rng.choice((8, 11, 14))), desk.pixels(rng.choice((5, 7, 9)))
    single = rng.random() < 0.5
    options = [o for _ in range(rng.randint(3, 8)) if (o := desk.new(words.choice, width - 2 * across, "tab"))]
    if len(options) < 2:
        return None
    chosen = {rng.randrange(len(options))} if single else {i for i in range(len(options)) if rng.random() < 0.4}
    radius = rng.choice((2.0, 4.0, 8.0, 99.0)) * desk.scale
    strong, cornered = rng.random() < 0.5, rng.random() < 0.3
    ground = looks.on if strong else mix(style.card, looks.on, 0.14)
    rest = mix(style.card, style.ink, rng.choice((0.0, 0.05, 0.08)))
    on_ground = desk.on(ground)
    pieces = []
    for index, option in enumerate(options):
        on = index in chosen
        said = pad(desk.text(option, "tab", fill=on_ground.ink if on else style.soft), across, down)

        def paint(canvas: Canvas, area: Box, on: bool = on) -> None:
            tall = area[3] - area[1]
            outline = looks.on if on else style.line
            canvas.rounded(area, min(radius, tall / 2), ground if on else rest, outline=outline,
                           width=max(1, round(desk.scale * (2 if on else 1))))  # fmt: skip
            if on and cornered:
                corner = (area[2] - tall * 0.4, area[3] - tall * 0.4, area[2], area[3])
                controls.check_box(canvas, corner, looks, on=True)

        state = "selected" if on else "unselected"
        pieces.append(desk.control(backed(said, paint), "radio" if single else "checkbox", option, state))
    noun = "单选框" if single else "复选框"
    return _flowing(pieces, width, desk.pixels(8), desk.pixels(8)).showing(Listing(tuple(options), noun))


def _ruled(desk: Desk, rows: list[Piece], width: float) -> Piece:
    """Rows one under the other, parted by lines where the page has them."""
    style = desk.style
    if not style.divided:
        return column(rows, style.row_gap * 1.3, width=width)
    parts: list[Piece] = []
    for piece in rows:
        parts += [rule(style, width), piece] if parts else [piece]
    return column(parts, style.row_gap, width=width)


_MIXES: tuple[tuple[tuple[Callable[[Desk, float], Piece | None], float], ...], ...] = (
    ((switch_row, 1.0),),
    ((switch_row, 3.0), (entry_row, 1.0)),
    ((switch_row, 1.0), (entry_row, 2.0)),
    ((entry_row, 1.0),),
    ((switch_row, 2.0), (slider_row, 1.0)),
    ((switch_row, 2.0), (entry_row, 1.0), (slider_row, 1.0)),
)


def settings(desk: Desk, width: float, count: int = 0) -> Piece | None:
    """Some rows of settings: `count`, or a few."""
    makers, weights = zip(*desk.rng.choice(_MIXES), strict=True)
    made = [desk.rng.choices(makers, weights)[0](desk, width) for _ in range(count or desk.rng.randint(1, 6))]
    rows = [piece for piece in made if piece]
    return _ruled(desk, rows, width) if rows else None


def device_tiles(desk: Desk, width: float) -> Piece | None:
    """Cards with a switch each, two or three abreast, as for the devices of a home."""
    rng, style = desk.rng, desk.style
    across = 3 if width > desk.pixels(420) else 2
    gap = desk.pixels(rng.choice((6, 10, 14)))
    side = (width - gap * (across - 1)) / across
    inset = desk.pixels(10)
    shade = mix(style.card, style.ink, 0.05)
    tiles = []
    for _ in range(across * rng.randint(1, 3)):
        label = desk.new(words.setting, side - 2 * inset)
        if not label:
            continue
        control, lead = _switch(desk, label), desk.leader(style["row"].size * 1.7)
        if lead.width + control.width > side - 2 * inset:
            lead = space()
        parts = [spread(lead, control, side - 2 * inset), box(desk.text(label, "row"), side - 2 * inset,
                                                             style["row"].size, align=0.0)]  # fmt: skip
        if rng.random() < 0.5:
            parts.reverse()
        tile = pad(column(parts, desk.pixels(10)), inset)
        tiles.append(grouped(backed(tile, lambda c, area: c.rounded(area, min(style.radius, 14), shade))))
    return _flowing(tiles, width, gap, gap) if tiles else None
