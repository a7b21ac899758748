"""Blocks of a "reading" page made of several like parts: goods, lists, tabs, options, messages, tags."""

from __future__ import annotations

from kantu.synth.draw import palette
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.layout import Piece, Run
from kantu.synth.draw.parts import divide, plate
from kantu.synth.draw.style import Surface
from kantu.synth.facts import Item, Listing, Marked
from kantu.synth.families.reading.blocks import Press
from kantu.synth.page import Color
from kantu.synth.words import lexicon, vocabulary
from kantu.synth.words.icons import ICONS


def item(press: Press, surface: Surface, width: float) -> Piece | None:
    """Something for sale: a picture beside its name, a variant, price and quantity."""
    style, rng = press.style, press.rng
    side = style.scale * rng.choice((44, 52, 60, 72))
    near, gap = style.scale * rng.choice((3, 5)), style.scale * rng.choice((6, 10))
    flip = rng.random() < 0.15
    room = width - side - gap
    name = press.new(vocabulary.goods_name)
    title = press.run(name, style["body"], surface.ink, "title", width=room, most=2) if name else None
    price_text = press.new(
        lambda r: r.choice(("¥", "¥", "￥", "¥ ")) + vocabulary.amount(r),
        lambda t: style["value"].width(t) < room * 0.7,
    )
    if name is None or title is None or price_text is None:
        return None
    price = press.run(price_text, style["value"], rng.choice((surface.ink, surface.accent)), "price")
    quantity_text = f"{rng.choice('×x×')}{rng.randint(1, 20)}"
    quantity = press.run(quantity_text, style["small"], surface.soft, "quantity")
    variant_text = (
        press.new(lambda r: vocabulary.choice(r) + r.choice(("", "；", "，", "/")) + r.choice(lexicon.COLORS))
        if rng.random() < 0.5
        else None
    )
    variant = press.run(variant_text, style["small"], surface.soft, "variant", width=room) if variant_text else None
    if price is None or quantity is None or price.width + quantity.width + gap > room:
        return None
    text_height = (
        title.height + near * 2 + (variant.height + near if variant else 0) + max(price.height, quantity.height)
    )
    height = max(side, text_height)
    picture, under = rng.choice(tuple(ICONS)), rng.random() < 0.3
    ground = style.tinted(rng, 0.2)

    def draw(canvas: Canvas, x: float, y: float) -> None:
        at = x + width - side if flip else x
        plate(canvas, (at, y, at + side, y + side), min(style.radius, side / 4), (ground,))
        inset = side * 0.15
        box = (at + inset, y + inset, at + side - inset, y + side - inset)
        canvas.emoji(picture, box, label=ICONS[picture], kind="picture")
        left = x if flip else x + side + gap
        title.draw(canvas, left, y)
        top = y + title.height + near
        if variant:
            variant.draw(canvas, left, top)
            top += variant.height + near
        bottom = top if under else y + height - price.height
        price.draw(canvas, left, bottom)
        quantity.draw(canvas, left + room, bottom + (price.height - quantity.height) / 2, "r")

    return Piece(width, height, draw, (Item(name, price_text, quantity_text),))


def list_rows(press: Press, surface: Surface, width: float) -> Piece | None:
    """Rows of a menu, messages or events: icon or dot, text, something at the right, a second line."""
    style, rng = press.style, press.rng
    mark = rng.choice(("icon", "icon", "dot", "number", "none"))
    lead = style["body"].size * {"icon": 1.8, "dot": 1.0, "number": 1.6, "none": 0.0}[mark]
    twice, ended = rng.random() < 0.35, rng.random() < 0.6
    right_maker = rng.choice((vocabulary.date_time, vocabulary.money, vocabulary.count, vocabulary.choice))
    left_maker = rng.choice(
        (vocabulary.word, vocabulary.goods_name, vocabulary.shop_name, vocabulary.person, vocabulary.choice)
    )
    rows: list[tuple[Run, Run | None, Run | None, str]] = []
    for _ in range(rng.randint(2, 6)):
        text = press.new(left_maker)
        first = press.run(text, style["body"], surface.ink, "row", width=width - lead) if text else None
        if text is None or first is None:
            continue
        room = width - lead - first.width - style.gap
        end_text = press.new(right_maker, lambda t, room=room: style["small"].width(t) <= room) if ended else None  # type: ignore[misc]
        end = press.run(end_text, style["small"], surface.soft, "row_end") if end_text else None
        below_text = (
            press.new(vocabulary.sentence, lambda t: style["small"].width(t) <= width - lead) if twice else None
        )
        below = press.run(below_text, style["small"], surface.soft, "row_text") if below_text else None
        rows.append((first, end, below, rng.choice(tuple(ICONS))))
    if len(rows) < 2:
        return None
    near = style.scale * 3
    heights = [
        max(first.height + (near + below.height if below else 0), lead if mark == "icon" else 0)
        for first, _, below, _ in rows
    ]

    def draw(canvas: Canvas, x: float, y: float) -> None:
        for index, ((first, end, below, picture), height) in enumerate(zip(rows, heights, strict=True)):
            top = y + (height - first.height - (near + below.height if below else 0)) / 2
            size = lead * 0.72
            middle = y + height / 2 if mark == "icon" else top + first.height / 2
            if mark == "icon":
                canvas.emoji(picture, (x, middle - size / 2, x + size, middle + size / 2), label=ICONS[picture])
            elif mark != "none":
                radius = lead * (0.18 if mark == "dot" else 0.3)
                center = x + radius + 1
                canvas.draw.ellipse(
                    (center - radius, middle - radius, center + radius, middle + radius), fill=surface.accent
                )
            first.draw(canvas, x + lead, top)
            if end:
                end.draw(canvas, x + width, top + (first.height - end.height) / 2, "r")
            if below:
                below.draw(canvas, x + lead, top + first.height + near)
            y += height + style.row_gap
            if index < len(rows) - 1:
                divide(canvas, style, surface.line, x, y - style.row_gap / 2, width)

    names = tuple(first.lines[0] for first, _, _, _ in rows)
    return Piece(width, sum(heights) + style.row_gap * (len(rows) - 1), draw, (Listing(names, "列表"),))


def tabs(press: Press, surface: Surface, width: float) -> Piece | None:
    """Words in a row with one selected: coloured and underlined, or in a pill."""
    style, rng = press.style, press.rng
    texts = [press.new(vocabulary.word) for _ in range(rng.randint(2, 5))]
    chosen = rng.randrange(len(texts))
    pill = rng.random() < 0.4
    color: Color = style.solid(rng)
    on = style.surface(rng, color)
    runs: list[Run] = []
    used = 0.0
    for index, text in enumerate(texts):
        fill = (on.ink if pill else surface.accent) if index == chosen else surface.soft
        run = press.run(text, style["body"], fill, "tab") if text else None
        if run is None:
            return None
        runs.append(run)
        used += run.width
    pad = style.scale * 6
    if used + (2 * pad + style.gap) * len(runs) > width:
        return None
    height = style["body"].size + style.scale * 8

    def draw(canvas: Canvas, x: float, y: float) -> None:
        left = x
        slack = (width - used) / len(runs)
        for index, run in enumerate(runs):
            middle = left + (run.width + slack) / 2
            if index == chosen and pill:
                box = (middle - run.width / 2 - pad, y, middle + run.width / 2 + pad, y + height)
                plate(canvas, box, style.button_radius, (color,))
            elif index == chosen:
                bar = (middle - run.width / 2, y + height - 2 * style.scale, middle + run.width / 2, y + height)
                plate(canvas, bar, 0, (surface.accent,))
            run.draw(canvas, middle, y + style.scale * 4, "m")
            left += run.width + slack

    return Piece(width, height, draw, (Marked("tab", runs[chosen].lines[0]),))


def options(press: Press, surface: Surface, width: float) -> Piece | None:
    """Radio buttons or check boxes under each other, one of them ticked."""
    style, rng = press.style, press.rng
    side, round_ = style["body"].size * 0.85, rng.random() < 0.5
    runs = []
    for _ in range(rng.randint(2, 5)):
        text = press.new(vocabulary.choice)
        run = press.run(text, style["body"], surface.ink, "option", width=width - 2 * side) if text else None
        if run:
            runs.append(run)
    if len(runs) < 2:
        return None
    chosen, right = rng.randrange(len(runs)), rng.random() < 0.3
    thin = max(1, round(style.scale))

    def draw(canvas: Canvas, x: float, y: float) -> None:
        for index, run in enumerate(runs):
            left, top = (x + width - side if right else x), y + (run.height - side) / 2
            box = (left, top, left + side, top + side)
            radius = side / 2 if round_ else side / 5
            canvas.rounded(box, radius, surface.accent if index == chosen else None, outline=surface.soft, width=thin)
            if index == chosen:
                points = [(left + side * a, top + side * b) for a, b in ((0.22, 0.5), (0.42, 0.72), (0.78, 0.28))]
                canvas.draw.line(points, fill=surface.back[0], width=max(1, round(1.6 * style.scale)))
            run.draw(canvas, x if right else x + side * 1.6, y)
            y += run.height + style.row_gap

    facts = (Marked("option", runs[chosen].lines[0]), Listing(tuple(run.lines[0] for run in runs), "选项"))
    return Piece(width, sum(run.height for run in runs) + style.row_gap * (len(runs) - 1), draw, facts)


def bubbles(press: Press, surface: Surface, width: float) -> Piece | None:
    """A conversation: tinted bubbles at the left and at the right."""
    style, rng = press.style, press.rng
    pad = style.scale * rng.choice((5, 8))
    mine = style.solid(rng) if rng.random() < 0.5 else style.tinted(rng, 0.4)
    theirs = palette.mix(surface.back[0], surface.line, 0.4)
    rows: list[tuple[Run, bool]] = []
    for _ in range(rng.randint(2, 4)):
        side = rng.random() < 0.5
        inner = style.surface(rng, mine if side else theirs)
        text = press.new(rng.choice((vocabulary.sentence, vocabulary.sentence, vocabulary.word)))
        run = (
            press.run(text, style["body"], inner.ink, "message", width=width * 0.78 - 2 * pad, most=4) if text else None
        )
        if run:
            rows.append((run, side))
    if not rows:
        return None

    def draw(canvas: Canvas, x: float, y: float) -> None:
        for run, side in rows:
            wide = run.width + 2 * pad
            left = x + width - wide if side else x
            box = (left, y, left + wide, y + run.height + 2 * pad)
            plate(canvas, box, max(style.radius, 3), (mine if side else theirs,))
            canvas.element("bubble", "右边的消息" if side else "左边的消息", box)
            run.draw(canvas, left + pad, y + pad)
            y += run.height + 2 * pad + style.row_gap

    return Piece(width, sum(run.height + 2 * pad for run, _ in rows) + style.row_gap * (len(rows) - 1), draw)


def tags(press: Press, surface: Surface, width: float) -> Piece | None:
    """Short words in small boxes, flowing from left to right."""
    style, rng = press.style, press.rng
    pad, high = style.scale * rng.choice((4, 6)), style.scale * rng.choice((2, 3, 4))
    rows: list[list[tuple[Run, Color | None]]] = [[]]
    used = 0.0
    for _ in range(rng.randint(2, 7)):
        color = style.solid(rng) if rng.random() < 0.3 else style.tinted(rng, 0.25) if rng.random() < 0.6 else None
        inner = style.surface(rng, color) if color else surface
        text = press.new(vocabulary.choice)
        run = (
            press.run(text, style["small"], inner.ink if color else inner.accent, "tag", width=width - 2 * pad)
            if text
            else None
        )
        if run is None:
            continue
        if used and used + run.width + 2 * pad > width:
            rows.append([])
            used = 0.0
        rows[-1].append((run, color))
        used += run.width + 2 * pad + style.gap
    if not rows[0]:
        return None
    tall = style["small"].size + 2 * high

    def draw(canvas: Canvas, x: float, y: float) -> None:
        for row in rows:
            left = x
            for run, color in row:
                box = (left, y, left + run.width + 2 * pad, y + tall)
                if color:
                    plate(canvas, box, min(style.button_radius, tall / 3), (color,))
                else:
                    canvas.rounded(box, min(style.button_radius, tall / 3), None, outline=run.type.fill)
                run.draw(canvas, left + pad, y + high)
                left += run.width + 2 * pad + style.gap
            y += tall + style.row_gap

    return Piece(width, tall * len(rows) + style.row_gap * (len(rows) - 1), draw)
