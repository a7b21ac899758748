"""A phone's whole screen: what stands at its top and bottom, its parts between, or a wallpaper with notices on it."""

from __future__ import annotations

import random
from collections.abc import Iterable

from kantu.synth.draw import palette
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.handset import home_bar, status_bar
from kantu.synth.draw.layout import Piece, backed, box, column, pad, row, space
from kantu.synth.facts import Fact, Marked
from kantu.synth.families.phone import values
from kantu.synth.families.phone.parts import draw_part, promotion, shortcuts
from kantu.synth.families.phone.screens import Controls, Part, Prose, Rows, Screen, Values
from kantu.synth.families.ui import bars, forms
from kantu.synth.families.ui.desk import Desk
from kantu.synth.families.ui.rows import settings
from kantu.synth.page import Box, Color

_SECTIONS = {"list": ("明细", "列表", "记录", "全部", "最近"), "steps": ("物流动态", "最新进度", "跟踪记录"),
             "fields": ("详细信息", "基本信息", "更多信息", "详情"), "tiles": ("概览", "数据", "今日")}  # fmt: skip


def _said(parts: Iterable[Part]) -> set[str]:
    """The texts that these parts may show."""
    found: set[str] = set()
    for part in parts:
        if isinstance(part, Values):
            found.update(text for pair in part.pairs for text in (pair.label, pair.value) if text)
        elif isinstance(part, Rows):
            found.update((*part.columns, *(cell for cells in part.rows for cell in cells)))
        elif isinstance(part, Prose):
            found.update((part.headline, *part.paragraphs, *(pair.value for pair in part.pairs)))
    return found


def _title(desk: Desk, title: str, width: float) -> Piece:
    """The title in a bar, or large at the left."""
    rng = desk.rng
    if rng.random() < 0.75:
        return bars.title_bar(desk, width, lambda rng: title)
    said = desk.text(desk.new(lambda rng: title, width * 0.9, "big") or title, "title", bold=True)
    return box(pad(said, desk.pixels(14), desk.pixels(10)), width, said.height + desk.pixels(20), align=0.0).showing(
        Marked("title", title)
    )


def _head(desk: Desk, screen: Screen, width: float) -> tuple[Piece, list[Part]]:
    """Status bar, title and perhaps the first part on one ground; and the parts that are left."""
    rng = desk.rng
    parts = list(screen.parts)
    banded = rng.random() < 0.3
    ground = values.ground_of(desk) if banded else desk.style.card
    over = desk.standing_on(ground) if banded else desk
    lines: list[Piece] = []
    if rng.random() < 0.9:
        lines.append(status_bar(rng, over.style, width, over.style.ink))
    if rng.random() < 0.88:
        lines.append(_title(over, screen.title, width))
    desk.took(_said(parts))
    first = parts[0] if parts else None
    if banded and isinstance(first, Values) and first.form in ("hero", "tiles") and rng.random() < 0.8:
        inset = max(desk.style.margin, desk.pixels(14))
        made = values.hero if first.form == "hero" else values.tiles
        inner = made(over, first.pairs, width - 2 * inset)
        lines.append(box(pad(inner, inset, desk.pixels(14)), width, inner.height + desk.pixels(28), align=0.0))
        parts.pop(0)
    piece = column(lines, width=width)

    def paint(canvas: Canvas, area: Box) -> None:
        canvas.draw.rectangle(area, fill=ground)

    return backed(piece, paint), parts


def _foot(desk: Desk, screen: Screen, width: float) -> Piece:
    """Tabs or buttons, and how one goes home."""
    rng, style = desk.rng, desk.style
    lines: list[Piece] = []
    below = rng.random()
    made: Piece | None = None
    if below < 0.25:
        made = bars.bottom_tabs(desk, width)
    elif below < 0.5:
        margin = max(style.margin, desk.pixels(10))
        keys = forms.buttons(desk, width - 2 * margin)
        made = pad(keys, margin, desk.pixels(9)) if keys else None
    if made:
        lines.append(made)
    lines.append(home_bar(rng, style, width, style.ink, style.card if made else style.page[0]))
    return column(lines, width=width)


def _framed(desk: Desk, part: Part, width: float, height: float, *, carded: bool) -> Piece | None:
    """A part on a card or bare, perhaps under a heading; a large value may have a ground of its own."""
    rng, style = desk.rng, desk.style
    bare = isinstance(part, Values) and part.form == "pass"
    head: Piece | None = None
    form = part.form if isinstance(part, (Values, Rows)) else "controls" if isinstance(part, Controls) else ""
    if form in _SECTIONS and rng.random() < 0.25:
        said = desk.new(lambda rng: rng.choice(_SECTIONS[form]), width, "section")
        head = desk.text(said, "section") if said else None
    room = height - (head.height + style.gap if head else 0)
    made: Piece | None
    if form == "hero" and isinstance(part, Values) and rng.random() < 0.3:
        made = values.banner(desk, width, lambda inner, room: values.hero(inner, part.pairs, room))
    elif carded and not bare:
        inner = draw_part(desk, part, width - 2 * style.padding, room - 2 * style.padding)
        made = desk.card(inner, "卡片") if inner else None
    else:
        made = draw_part(desk, part, width, room)
    if made is None or made.height > room:
        return None
    return column([head, made], style.gap * 0.7, width=width) if head else made


def _offered(desk: Desk, width: float, height: float, gap: float, *, carded: bool) -> list[Piece]:
    """What apps put on pages that have room left: services, promotions, rows that lead elsewhere."""
    rng, style = desk.rng, desk.style
    found: list[Piece] = []
    makers = [shortcuts, promotion, settings, settings]
    rng.shuffle(makers)
    for make in makers:
        if height < desk.pixels(150) or rng.random() < 0.3:
            break
        inner = make(desk, width - 2 * style.padding if carded else width)
        made = desk.card(inner, "卡片") if inner and carded and make is not promotion else inner
        if made and made.height <= height and made.width <= width + 1:
            found.append(made)
            height -= made.height + gap
    return found


def compose(desk: Desk, screen: Screen, width: int, height: int) -> tuple[Canvas, tuple[Fact, ...]]:
    """The screen as far as it fits."""
    if screen.locked:
        return _locked(desk, screen, width, height)
    rng, style = desk.rng, desk.style
    margin = max(style.margin, desk.pixels(6))
    head, parts = _head(desk, screen, width)
    if head.height > height * 0.6:
        head, parts = space(width, 0), list(screen.parts)
        desk.took(_said(parts))
    foot = _foot(desk, screen, width)
    if foot.height > height * 0.25:
        foot = space(width, 0)
    carded = rng.random() < 0.5
    gap = max(style.gap, desk.pixels(9 if carded else 15))
    left = height - head.height - foot.height - 2 * gap
    body: list[Piece] = []
    for part in parts:
        inner = width - 2 * margin
        made = _framed(desk, part, inner, left, carded=carded)
        if made is None:
            continue
        body.append(made)
        left -= made.height + gap
    for made in _offered(desk, width - 2 * margin, left, gap, carded=carded):
        body.insert(rng.randint(max(len(body) - 1, 1), len(body)) if body else 0, made)
    middle = column(body, gap, width=width - 2 * margin)
    canvas = Canvas(width, height, style.page[0])
    if len(style.page) > 1:
        canvas.gradient((0, 0, width, height), style.page[0], style.page[1])
    head.draw(canvas, 0, 0)
    middle.draw(canvas, margin, round(head.height + gap))
    foot.draw(canvas, 0, height - foot.height)
    return canvas, head.facts + middle.facts + foot.facts


def _wallpaper(canvas: Canvas, rng: random.Random, colors: tuple[Color, Color]) -> None:
    """Two colours that run into each other, with hills or discs in nearly the same."""
    width, height = canvas.width, canvas.height
    canvas.gradient((0, 0, width, height), colors[0], colors[1])
    middle = palette.mix(colors[0], colors[1], 0.5)
    if rng.random() < 0.4:
        for _ in range(rng.randint(3, 9)):
            side, x, y = rng.uniform(0.05, 0.4) * width, rng.random() * width, rng.random() * height
            canvas.draw.ellipse(
                (x - side, y - side, x + side, y + side), fill=palette.mix(middle, colors[0], rng.random())
            )
    elif rng.random() < 0.6:
        for share in (0.5, 0.65, 0.8):
            points = [(width * index / 6, height * (share + rng.uniform(-0.06, 0.06))) for index in range(7)]
            shade = palette.mix(middle, colors[1], rng.random())
            canvas.draw.polygon([*points, (width, height), (0, height)], fill=shade)


def _unlocking(desk: Desk, width: float) -> Piece:
    """What stands at the bottom of a locked screen: a lamp and a camera, how to open it."""
    rng, style = desk.rng, desk.style
    said = rng.choice(("", "向上滑动解锁", "上滑解锁", "轻触打开", "按住解锁"))
    word = desk.text(said, "hint") if said else space(1, style["hint"].size)
    side = style["row"].size * 1.6
    lamps = rng.random() < 0.6
    left, right = (desk.icon(name, side) if lamps else space(side, side) for name in ("语音", "相机"))
    edge = desk.pixels(18)
    room = width - 2 * side - 2 * edge
    line = row([left, box(word, room, side), right])
    return box(line, width, side + desk.pixels(24))


def _locked(desk: Desk, screen: Screen, width: int, height: int) -> tuple[Canvas, tuple[Fact, ...]]:
    """Time and day over a wallpaper, notices on plates under them."""
    rng = desk.rng
    dark = rng.random() < 0.65
    hue, level = rng.random(), (0.15, 0.5) if dark else (0.8, 1.0)
    start, end = (palette.hsv(hue + rng.uniform(0, 0.2), rng.uniform(0.1, 0.7 if dark else 0.3), rng.uniform(*level))
                  for _ in range(2))  # fmt: skip
    over = desk.standing_on(start, palette.mix(start, end, 0.5), end)
    white = palette.grey(255 if rng.random() < 0.6 else 25)
    ground = palette.mix(palette.mix(start, end, 0.5), white, rng.uniform(0.55, 0.9))
    notices = desk.standing_on(ground)
    margin = max(desk.style.margin, desk.pixels(10))
    inner = float(width - 2 * margin)
    canvas = Canvas(width, height, start)
    _wallpaper(canvas, rng, (start, end))
    facts: tuple[Fact, ...] = ()
    y = min(desk.pixels(rng.randint(14, 70)), height * 0.1)
    foot = _unlocking(over, float(width))
    for part in screen.parts:
        room = height - y - foot.height - margin
        made: Piece | None
        if isinstance(part, Values):
            form = rng.choice(("middle", "middle", "middle", "left"))
            made = values.hero(over, part.pairs, inner, form, rng.uniform(1.5, 3.2))
        else:
            piece = draw_part(notices, part, inner - 2 * desk.style.padding, room - 2 * desk.style.padding)
            made = notices.card(piece, "通知") if piece else None
        if made is None or made.height > room:
            continue
        made.draw(canvas, margin, y)
        facts += made.facts
        y += made.height + desk.pixels(rng.choice((14, 24, 40)))
    foot.draw(canvas, 0, height - foot.height)
    return canvas, facts
