"""What else phones show: texts to read, a month's days, rows of settings; and which maker draws which part."""

from __future__ import annotations

import calendar
from dataclasses import replace

from kantu.synth.draw import palette
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.layout import Piece, backed, box, column, pad, paragraph, picture, row, spread, text
from kantu.synth.draw.parts import emoji, grouped, plate
from kantu.synth.draw.pen import pen
from kantu.synth.draw.signs import NAMES, sign
from kantu.synth.facts import Pair
from kantu.synth.families.phone import lists, values
from kantu.synth.families.phone.screens import Controls, Month, Part, Prose, Rows, Values
from kantu.synth.families.ui import rows as settings
from kantu.synth.families.ui import words
from kantu.synth.families.ui.desk import Desk
from kantu.synth.families.ui.forms import search
from kantu.synth.page import Box, Color
from kantu.synth.words import vocabulary
from kantu.synth.words.icons import ICONS

_LISTS = {"list": lists.listing, "steps": lists.steps, "strip": lists.strip, "feed": lists.feed}


def _cover(desk: Desk, width: float) -> Piece:
    """The picture in an article."""
    rng = desk.rng
    start, end = desk.style.solid(rng), palette.hsv(rng.random(), rng.uniform(0.1, 0.5), rng.uniform(0.5, 1.0))
    tall = width * rng.uniform(0.3, 0.55)
    thing = emoji(rng.choice(tuple(ICONS)), tall * rng.uniform(0.4, 0.7))
    radius = desk.style.radius

    def paint(canvas: Canvas, area: Box) -> None:
        plate(canvas, area, radius, (start, end))

    return backed(box(thing, width, tall, align=rng.random(), valign=0.5), paint)


def _prose(desk: Desk, part: Prose, width: float, height: float) -> Piece | None:
    """Headline, who wrote it and when, paragraphs; those without room are left out."""
    rng, style = desk.rng, desk.style
    head = Pair("", part.headline, "", "headline")
    parts = [values.printed(desk, head, "title", width, larger=rng.choice((1.0, 1.2))).showing(head)]
    small = []
    for pair in part.pairs:
        type_ = replace(style["hint"], latin=None)
        said = text(pair.value, type_, role="value", name=pair.key).showing(pair)
        small.append(row([text(pair.label, style["hint"], role="label"), said], desk.pixels(4)) if pair.label else said)
    if small:
        parts.append(values.flowing(small, width, desk.pixels(12), desk.pixels(5)))
    if rng.random() < 0.35:
        parts.append(_cover(desk, width))
    gap = max(style.row_gap, desk.pixels(8))
    indent = "　　" if rng.random() < 0.3 else ""
    used = sum(piece.height + gap for piece in parts)
    if used > height:
        return None
    for index, written in enumerate(part.paragraphs):
        piece = paragraph(indent + written, style["body"], width, leading=style.leading, role="body", name=f"p{index}")
        if used + piece.height > height:
            break
        parts.append(piece)
        used += piece.height + gap
    return column(parts, gap, width=width)


def _month(desk: Desk, part: Month, width: float, height: float) -> Piece | None:
    """The days of a month under their weekdays, one of them marked."""
    rng, style = desk.rng, desk.style
    from_sunday = rng.random() < 0.6
    share = width / 7
    day_type = replace(style["value"], size=min(style["value"].size, int(share * 0.5)))
    tall = min(share, day_type.size * rng.uniform(1.8, 2.8))
    weeks = calendar.Calendar(6 if from_sunday else 0).monthdayscalendar(part.year, part.month)
    names = "日一二三四五六" if from_sunday else "一二三四五六日"
    lit = style.accent if rng.random() < 0.7 else desk.strong
    on_lit = desk.on(lit).ink
    hollow = rng.random() < 0.2
    marked = {day for day in range(1, 29) if rng.random() < 0.15} if rng.random() < 0.5 else set()
    year_month = rng.choice((f"{part.year}年{part.month}月", f"{part.year}年{part.month:02d}月"))
    head = Pair("", year_month, "time", "month")
    title = text(year_month, style["title"], role="value", name="month").showing(head)

    def day(number: int) -> Piece:
        if not number:
            return box(text("", day_type), share, tall)
        chosen = number == part.chosen
        type_ = replace(day_type, fill=(lit if hollow else on_lit) if chosen else style.ink)
        said = text(str(number), type_, role="day", name="chosen" if chosen else "")

        def paint(canvas: Canvas, area: Box) -> None:
            x, y, radius = (area[0] + area[2]) / 2, (area[1] + area[3]) / 2, min(share, tall) / 2 - 1
            disc = (x - radius, y - radius, x + radius, y + radius)
            if chosen:
                with pen(canvas, disc) as tip:
                    tip.disc(disc, None if hollow else lit, outline=lit, width=max(1.0, 1.4 * desk.scale))
            elif number in marked:
                dot = (x - 2, area[3] - 3, x + 2, area[3] + 1)
                with pen(canvas, dot) as tip:
                    tip.disc(dot, style.accent)

        return backed(box(said, share, tall), paint)

    prefix = rng.choice(("", "", "", "周"))
    heads = row([box(text(prefix + name, style["hint"], role="weekday"), share, style["hint"].size) for name in names])
    days = column([row([day(number) for number in week]) for week in weeks], desk.pixels(3))
    align = rng.choice("lm")
    piece = column([grouped(title), column([heads, days], desk.pixels(7))], desk.pixels(12), align=align, width=width)
    if piece.height > height:
        return None
    return piece.showing(Pair("", str(part.chosen), "time", "chosen"))


def shortcuts(desk: Desk, width: float) -> Piece | None:
    """Signs over words, four or five abreast, as apps offer their services."""
    rng, style = desk.rng, desk.style
    across = rng.choice((4, 4, 5)) if width > desk.pixels(300) else 4
    share, side = width / across, style["row"].size * rng.uniform(1.5, 2.2)
    tiled, small = rng.random() < 0.5, rng.choice(("hint", "tab"))
    cells: list[Piece] = []
    for name in rng.sample(NAMES, across * rng.randint(1, 3)):
        word = desk.new(words.entry if rng.random() < 0.4 else words.tab, share - desk.pixels(6), small)
        if not word:
            continue
        back = style.solid(rng)
        ink = palette.ink(rng, back, least=3.0, colourful=0.0) if tiled else style.accent

        def paint(canvas: Canvas, area: Box, name: str = name, back: Color = back, ink: Color = ink) -> None:
            if tiled:
                plate(canvas, area, side * 0.3, (back,))
            inset = side * (0.22 if tiled else 0.05)
            sign(canvas, name, (area[0] + inset, area[1] + inset, area[2] - inset, area[3] - inset), ink)

        said = desk.text(word, small)
        cell = column([picture(side, side, paint), said], desk.pixels(6), align="m")
        cells.append(desk.control(box(grouped(cell), share, cell.height), "menu_item", word))
    if len(cells) < 3:
        return None
    lines = [row(cells[start : start + across]) for start in range(0, len(cells), across)]
    return column(lines, max(style.row_gap, desk.pixels(10)), width=width)


def promotion(desk: Desk, width: float) -> Piece | None:
    """A coloured plate with a sentence that has nothing to do with the page."""
    rng = desk.rng
    start = desk.style.solid(rng)
    over = desk.standing_on(start)
    said = desk.new(vocabulary.sentence, width * 1.6, "body")
    if not said:
        return None
    inset = desk.pixels(12)
    written = over.paragraph(said, "body", width * 0.7)
    thing = emoji(rng.choice(tuple(ICONS)), written.height + desk.pixels(8))
    line = spread(written, thing, width - 2 * inset)
    return backed(pad(line, inset), lambda canvas, area: plate(canvas, area, desk.style.radius, (start,)))


def draw_part(desk: Desk, part: Part, width: float, height: float) -> Piece | None:
    """One part as far as there is room for it; None where there is none."""
    piece: Piece | None
    if isinstance(part, Values):
        piece = _values(desk, part, width)
    elif isinstance(part, Rows):
        piece = _LISTS[part.form](desk, part, width, height)
    elif isinstance(part, Prose):
        piece = _prose(desk, part, width, height)
    elif isinstance(part, Month):
        piece = _month(desk, part, width, height)
    elif isinstance(part, Controls):
        piece = settings.settings(desk, width, part.count)
    else:
        piece = search(desk, width)
    return piece if piece and piece.height <= height and piece.width <= width + 1 else None


def _values(desk: Desk, part: Values, width: float) -> Piece:
    rng, style = desk.rng, desk.style
    if part.form == "hero":
        return values.hero(desk, part.pairs, width)
    if part.form == "fields":
        return values.fields(desk, part.pairs, width)
    if part.form == "tiles":
        return values.tiles(desk, part.pairs, width)
    if rng.random() < 0.7:
        piece = values.banner(desk, width, lambda inner, room: values.ticket(inner, part.pairs, room))
    else:
        piece = desk.card(values.ticket(desk, part.pairs, width - 2 * style.padding), "票券")
    return values.notched(desk, piece, rng, style.page[0]) if rng.random() < 0.3 else piece
