"""What frames the screen of a phone: the line with time and battery, a notch, the bar to go home by."""

from __future__ import annotations

import random
from dataclasses import replace

from kantu.synth.draw import palette
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.layout import Piece, backed, box, picture, row, space, text
from kantu.synth.draw.palette import grey
from kantu.synth.draw.pen import pen
from kantu.synth.draw.style import Style
from kantu.synth.facts import Fact, Pair
from kantu.synth.page import Box, Color

_NOTCHES = ("none", "none", "none", "wide", "island", "hole")
_NETWORKS = ("", "", "5G", "4G", "HD", "5G")


def _bars(canvas: Canvas, area: Box, ink: Color, strength: int) -> None:
    x1, y1, x2, y2 = area
    step = (x2 - x1) / 4
    for index in range(4):
        top = y2 - (y2 - y1) * (0.35 + 0.65 * index / 3)
        color = ink if index < strength else palette.mix(ink, grey(128), 0.7)
        canvas.draw.rectangle((x1 + index * step, top, x1 + index * step + step * 0.55, y2), fill=color)


def _waves(canvas: Canvas, area: Box, ink: Color) -> None:
    x1, y1, x2, y2 = area
    middle, side = (x1 + x2) / 2, y2 - y1
    with pen(canvas, area) as tip:
        for share in (1.0, 0.6):
            reach = side * share
            arc = (middle - reach, y2 - reach, middle + reach, y2 + reach)
            tip.arc(arc, 225, 315, ink, side * 0.16)
        tip.disc((middle - side * 0.14, y2 - side * 0.26, middle + side * 0.14, y2 + side * 0.02), ink)


def _battery(canvas: Canvas, area: Box, ink: Color, share: float) -> None:
    x1, y1, x2, y2 = area
    tall = y2 - y1
    with pen(canvas, area) as tip:
        tip.rounded((x1, y1, x2 - tall * 0.2, y2), tall * 0.28, None, outline=ink, width=max(1, tall * 0.09))
        tip.rounded((x2 - tall * 0.12, y1 + tall * 0.3, x2, y2 - tall * 0.3), 1, ink)
        inset = tall * 0.2
        length = (x2 - tall * 0.2 - x1 - 2 * inset) * share
        tip.rounded((x1 + inset, y1 + inset, x1 + inset + max(length, 1), y2 - inset), tall * 0.12, ink)


def status_bar(rng: random.Random, style: Style, width: float, ink: Color) -> Piece:
    """Time, signal and battery over the whole width, around a notch where there is one."""
    scale = style.scale
    type_ = replace(style["small"], fill=ink, spacing=0.0, size=max(style["small"].size, round(11 * scale)))
    size = float(type_.size)
    clock = (
        f"{rng.randint(0, 23):02d}:{rng.randint(0, 59):02d}"
        if rng.random() < 0.7
        else (f"{rng.randint(1, 23)}:{rng.randint(0, 59):02d}")
    )
    charge = rng.randint(3, 100)
    strength = rng.randint(1, 4)
    facts: list[Fact] = [Pair("", clock, "time", "clock")]
    parts: list[Piece] = []
    if network := rng.choice(_NETWORKS):
        parts.append(text(network, replace(type_, size=max(round(size * 0.85), round(10 * scale))), role="status"))
    parts.append(picture(size * 1.3, size * 0.8, lambda canvas, area: _bars(canvas, area, ink, strength)))
    if rng.random() < 0.7:
        parts.append(picture(size * 1.15, size * 0.8, lambda canvas, area: _waves(canvas, area, ink)))
    cell = picture(size * 1.9, size * 0.85, lambda canvas, area: _battery(canvas, area, ink, charge / 100))
    if rng.random() < 0.5:
        number = text(f"{charge}%" if rng.random() < 0.6 else str(charge), type_, role="status", name="battery")
        parts += [number, cell] if rng.random() < 0.5 else [cell, number]
        facts.append(Pair("", f"{charge}", "count", "battery"))
    else:
        parts.append(cell)
    signs, time = row(parts, size * 0.45), text(clock, type_, role="clock", name="clock")
    notch = rng.choice(_NOTCHES)
    inset = rng.choice((8, 14, 20, 26)) * scale
    tall = size + rng.choice((8, 12, 18, 24)) * scale
    room = width - 2 * inset
    half = (room - time.width) / 2
    if notch == "none" and rng.random() < 0.2 and half > signs.width:  # the time stands in the middle
        line = row([space(half, size), time, box(signs, half, size, align=1.0)])
    elif rng.random() < 0.9:
        line = row([time, space(room - time.width - signs.width, size), signs])
    else:
        line = row([signs, space(room - time.width - signs.width, size), time])
    middle = width / 2
    reach = {"wide": 0.17, "island": 0.13}.get(notch, 0.03) * width
    if inset + max(time.width, signs.width) > middle - reach - 4 * scale:
        notch = "none"  # it would hide what is written

    def paint(canvas: Canvas, area: Box) -> None:
        x, y, black = area[0] + middle, area[1], grey(0)
        if notch == "wide":
            half = width * 0.17
            canvas.rounded((x - half, y - tall, x + half, y + tall * 0.8), tall * 0.4, black)
        elif notch == "island":
            half = width * 0.13
            canvas.rounded((x - half, y + tall * 0.15, x + half, y + tall * 0.85), tall * 0.35, black)
        elif notch == "hole":
            half = tall * 0.28
            with pen(canvas, (x - half, y + tall / 2 - half, x + half, y + tall / 2 + half)) as tip:
                tip.disc((x - half, y + tall / 2 - half, x + half, y + tall / 2 + half), black)

    return backed(box(line, width, tall), paint).showing(*facts)


def home_bar(rng: random.Random, style: Style, width: float, ink: Color, back: Color) -> Piece:
    """A short line to swipe, or the three keys, or nothing."""
    scale, form = style.scale, rng.choice(("line", "line", "keys", "none"))
    if form == "none":
        return space(width, 0)
    tall = (18 if form == "line" else 34) * scale

    def paint(canvas: Canvas, area: Box) -> None:
        canvas.draw.rectangle(area, fill=back)
        x, y = (area[0] + area[2]) / 2, (area[1] + area[3]) / 2
        if form == "line":
            half = width * 0.17
            canvas.rounded((x - half, y, x + half, y + 4 * scale), 2 * scale, ink)
            return
        side, step = 6 * scale, width / 3.6
        thin = max(1, round(1.5 * scale))
        left = x - step
        triangle = (left + side, y - side, left - side, y, left + side, y + side, left + side, y - side)
        canvas.draw.line(triangle, fill=ink, width=thin)
        canvas.draw.ellipse((x - side, y - side, x + side, y + side), outline=ink, width=thin)
        canvas.draw.rectangle((x + step - side, y - side, x + step + side, y + side), outline=ink, width=thin)

    return picture(width, tall, paint)
