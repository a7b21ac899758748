"""Blocks of a "reading" page that stand alone: bars, banners, titles, text, buttons, totals."""

from __future__ import annotations

from kantu.synth.draw import palette
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.layout import Piece, Run
from kantu.synth.draw.parts import plate
from kantu.synth.draw.style import Surface
from kantu.synth.facts import Fact, Marked, Pair
from kantu.synth.families.reading.blocks import Press
from kantu.synth.page import Box
from kantu.synth.words import lexicon, vocabulary
from kantu.synth.words.icons import ICONS


def _action(press: Press) -> str | None:
    open_ended = press.rng.random() < 0.3
    return press.new(vocabulary.word if open_ended else lambda rng: rng.choice(lexicon.ACTIONS))


def heading(press: Press, surface: Surface, width: float) -> Piece | None:
    """A title, perhaps with a coloured bar before it, a line under it and a link at the right."""
    style, rng = press.style, press.rng
    maker = rng.choice(
        (vocabulary.word, vocabulary.shop_name, vocabulary.goods_name, vocabulary.choice, vocabulary.label)
    )
    text = press.new(lambda r: maker(r) + r.choice(("", "", "详情", "信息", "通知", "记录", "清单")))
    bar = 0.6 * style["title"].size if rng.random() < 0.2 else 0.0
    fill = surface.accent if rng.random() < 0.25 else surface.ink
    title = press.run(text, style["title"], fill, "title", width=width - bar, most=2) if text else None
    if text is None or title is None:
        return None
    near = style.scale * 4
    under = (
        press.run(press.new(vocabulary.sentence) or "", style["small"], surface.soft, "subtitle", width=width, most=2)
        if rng.random() < 0.3
        else None
    )
    link_text = _action(press) if rng.random() < 0.2 and len(title.lines) == 1 else None
    link = (
        press.run(link_text, style["small"], surface.accent, "link", width=width - bar - title.width - 8 * style.scale)
        if link_text
        else None
    )
    anchor = "m" if style.align == "m" and not bar and not link else "l"
    height = title.height + (near + under.height if under else 0)

    def draw(canvas: Canvas, x: float, y: float) -> None:
        at = x + (width / 2 if anchor == "m" else 0)
        if bar:
            plate(canvas, (x, y, x + bar / 2.5, y + title.height), 2 * style.scale, (surface.accent,))
        title.draw(canvas, at + bar, y, anchor)
        if link:
            link.draw(canvas, x + width, y + (title.height - link.height) / 2, "r")
        if under:
            under.draw(canvas, at, y + title.height + near, anchor)

    return Piece(width, height, draw, (Marked("title", text),))


def paragraph(press: Press, surface: Surface, width: float) -> Piece | None:
    """One or two sentences."""
    style, rng = press.style, press.rng
    text = press.new(lambda r: "".join(vocabulary.sentence(r) for _ in range(r.choice((1, 1, 2)))))
    run = (
        press.run(text, style["body"], rng.choice((surface.ink, surface.soft)), "text", width=width, most=5)
        if text
        else None
    )
    return Piece(width, run.height, lambda canvas, x, y: run.draw(canvas, x, y)) if run else None


def notice(press: Press, surface: Surface, width: float) -> Piece | None:
    """A tinted strip with a short text, full width, perhaps with a bar at its left."""
    style, rng = press.style, press.rng
    strong = rng.random() < 0.3
    color = style.solid(rng) if strong else style.tinted(rng, rng.uniform(0.15, 0.4))
    inner = style.surface(rng, color)
    pad = style.scale * rng.choice((5, 8, 10))
    text = press.new(vocabulary.sentence)
    run = press.run(text, style["small"], inner.ink, "notice", width=width - 2 * pad, most=3) if text else None
    if run is None:
        return None

    def draw(canvas: Canvas, x: float, y: float) -> None:
        plate(canvas, (x, y, x + width, y + run.height + 2 * pad), style.radius, (color,))
        run.draw(canvas, x + pad, y + pad)

    return Piece(width, run.height + 2 * pad, draw)


def banner(press: Press, surface: Surface, width: float) -> Piece | None:
    """A coloured strip with a state, a sentence or field under it, and perhaps an icon."""
    style, rng = press.style, press.rng
    start = style.solid(rng)
    colors = (start, palette.mix(start, style.solid(rng), rng.uniform(0.2, 0.6))) if rng.random() < 0.5 else (start,)
    inner = style.surface(rng, *colors)
    pad = style.scale * rng.choice((8, 12, 16))
    icon = style["title"].size * 1.8 if rng.random() < 0.35 else 0.0
    room = width - 2 * pad - (icon + pad if icon else 0)
    text = press.new(vocabulary.choice)
    title = press.run(text, style["title"], inner.ink, "status", width=room) if text else None
    if title is None or text is None:
        return None
    facts: list[Fact] = [Marked("banner", text)]
    near = style.scale * rng.choice((3, 5, 8))
    rest: list[tuple[Run, float]] = []
    if rng.random() < 0.5:
        field = press.pair(
            style["small"],
            style["small"],
            inner,
            lambda label: room - label - 0.5 * style["small"].size,
            colon=style.colon,
        )
        if field:
            facts.append(field[0])
            rest = [(field[1], 0.0), (field[2], field[1].width + 0.5 * style["small"].size)]
    elif rng.random() < 0.7:
        sentence = press.new(vocabulary.sentence)
        run = press.run(sentence, style["small"], inner.soft, "text", width=room, most=2) if sentence else None
        rest = [(run, 0.0)] if run else []
    picture, right = rng.choice(tuple(ICONS)), rng.random() < 0.5
    height = max(title.height + (near + max(run.height for run, _ in rest) if rest else 0), icon) + 2 * pad
    radius = style.radius if rng.random() < 0.7 else 0

    def draw(canvas: Canvas, x: float, y: float) -> None:
        plate(canvas, (x, y, x + width, y + height), radius, colors)
        left = x + pad + (icon + pad if icon and not right else 0)
        if icon:
            at = x + width - pad - icon if right else x + pad
            canvas.emoji(picture, (at, y + pad, at + icon, y + pad + icon), label=ICONS[picture])
        title.draw(canvas, left, y + pad)
        for run, offset in rest:
            run.draw(canvas, left + offset, y + pad + title.height + near)

    return Piece(width, height, draw, tuple(facts))


def app_bar(press: Press, surface: Surface, width: float) -> Piece | None:
    """The bar at the top of a screen: a back arrow, a title, perhaps a word at the right."""
    style, rng = press.style, press.rng
    text = press.new(lambda r: vocabulary.word(r) + r.choice(("", "详情", "中心", "管理")))
    arrow = style["title"].size * 0.35
    title = press.run(text, style["title"], surface.ink, "title", width=width * 0.5) if text else None
    if text is None or title is None:
        return None
    word = _action(press) if rng.random() < 0.35 else None
    right = press.run(word, style["small"], surface.soft, "link", width=width * 0.22) if word else None
    centred = rng.random() < 0.6

    def draw(canvas: Canvas, x: float, y: float) -> None:
        middle = y + title.height / 2
        points = [(x + arrow, middle - arrow), (x, middle), (x + arrow, middle + arrow)]
        canvas.draw.line(points, fill=surface.ink, width=max(1, round(1.5 * style.scale)))
        title.draw(canvas, x + width / 2 if centred else x + 3 * arrow, y, "m" if centred else "l")
        if right:
            right.draw(canvas, x + width, y + (title.height - right.height) / 2, "r")

    return Piece(width, title.height, draw, (Marked("title", text),))


def buttons(press: Press, surface: Surface, width: float) -> Piece | None:
    """1 to 4 buttons: filled, outlined, tinted; wide, at the right, spread or in the middle."""
    style, rng = press.style, press.rng
    pad, high, between = style.scale * rng.choice((8, 12, 16)), style.scale * rng.choice((4, 6, 9)), style.gap
    wide = rng.random() < 0.4
    color = style.solid(rng)
    made: list[tuple[Run, str]] = []
    used = 0.0
    for index in range(rng.choice((1, 1, 2, 2, 3, 4))):
        kind = (
            rng.choice(("filled", "filled", "outlined", "tinted"))
            if index == 0
            else rng.choice(("outlined", "outlined", "tinted"))
        )
        inner = style.surface(rng, color) if kind == "filled" else surface
        fill = inner.ink if kind == "filled" else rng.choice((surface.ink, surface.accent))
        text = _action(press)
        run = press.run(text, style["button"], fill, "button") if text else None
        if run is None or used + run.width + 2 * pad > width:
            break
        made.append((run, kind))
        used += run.width + 2 * pad + between
    if not made:
        return None
    if rng.random() < 0.5:
        made.reverse()
    used -= between
    tall = style["button"].size + 2 * high
    spare = (width - used) / len(made) if wide else 0.0
    offset = 0.0 if wide else rng.choice((0.0, width - used, (width - used) / 2))
    soft = palette.mix(surface.back[0], surface.line, 0.6)

    def draw(canvas: Canvas, x: float, y: float) -> None:
        left = x + offset
        for run, kind in made:
            right = left + run.width + 2 * pad + spare
            box: Box = (left, y, right, y + tall)
            if kind == "outlined":
                canvas.rounded(
                    box,
                    min(style.button_radius, tall / 2),
                    None,
                    outline=run.type.fill,
                    width=max(1, round(style.scale)),
                )
            else:
                plate(canvas, box, style.button_radius, (color if kind == "filled" else soft,))
            canvas.element("button", run.lines[0], box)
            run.draw(canvas, (left + right) / 2, y + high, "m")
            left = right + between

    filled = [run.lines[0] for run, kind in made if kind == "filled"]
    return Piece(width, tall, draw, tuple(Marked("filled_button", text) for text in filled))


def total(press: Press, surface: Surface, width: float) -> Piece | None:
    """A footer: a count and a sum with its label, mostly at the right."""
    style, rng = press.style, press.rng
    label_text = press.new(lambda r: r.choice(lexicon.LABELS["money"]))
    sum_text = press.new(lambda r: r.choice(("¥", "￥", "¥", "")) + vocabulary.amount(r))
    if label_text is None or sum_text is None:
        return None
    name = press.name()
    label = press.run(label_text + style.colon, style["label"], surface.soft, "label", name=name)
    value = press.run(sum_text, style["value"], surface.accent, "value", name=name)
    if label is None or value is None:
        return None
    near = style["label"].size * 0.4
    room = width - label.width - near - value.width
    count_text = (
        press.new(lambda r: f"共{r.randint(2, 40)}{r.choice(lexicon.MEASURES)}") if rng.random() < 0.5 else None
    )
    count = press.run(count_text, style["small"], surface.soft, "count", width=room - style.gap) if count_text else None
    if room < 0:
        return None
    height = max(label.height, value.height)
    spread = rng.random() < 0.4

    def draw(canvas: Canvas, x: float, y: float) -> None:
        value.draw(canvas, x + width, y + (height - value.height) / 2, "r")
        start = x + room
        label.draw(canvas, start, y + (height - label.height) / 2)
        if count:
            at = x if spread else start - style.gap - count.width
            count.draw(canvas, at, y + (height - count.height) / 2)

    return Piece(width, height, draw, (Pair(label_text, sum_text, "money"),))


def loose(press: Press, surface: Surface, width: float) -> Piece | None:
    """One run of anything, anywhere: a number, a word, random characters, in any of the page's types."""
    style, rng = press.style, press.rng
    makers = (
        vocabulary.code,
        vocabulary.word,
        vocabulary.money,
        vocabulary.date_time,
        vocabulary.phone,
        vocabulary.address,
        lambda r: vocabulary.random_han(r, r.randint(2, 10)),
        lambda r: vocabulary.digits(r, r.randint(1, 14)),
    )
    maker = rng.choice(makers)
    type_ = rng.choice((style["label"], style["value"], style["title"], style["body"], style["small"], style["big"]))
    text = press.new(maker)
    fill = rng.choice((surface.ink, surface.ink, surface.soft, surface.accent))
    run = press.run(text, type_, fill, "text", width=width, most=2) if text else None
    if run is None:
        return None
    at, anchor = rng.choice(
        ((0.0, "l"), (0.0, "l"), (width / 2, "m"), (width, "r"), (rng.uniform(0, width - run.width), "l"))
    )
    return Piece(width, run.height, lambda canvas, x, y: run.draw(canvas, x + at, y, anchor))
