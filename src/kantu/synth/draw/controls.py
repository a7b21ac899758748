"""Controls of an interface as many systems draw them. Their state is told by form; colours only go along with it."""

from __future__ import annotations

import random
from dataclasses import dataclass

from kantu.synth.draw import palette
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.pen import Pen, pen
from kantu.synth.draw.style import Style
from kantu.synth.page import Box, Color

_SWITCHES = ("pill", "pill", "pill", "grown", "thin", "square", "ringed", "ticked", "barred")
_TICKS = ("tick", "tick", "tick", "hollow", "square", "cross")
_RADIOS = ("dot", "dot", "white", "tick", "thick")
_KNOBS = ("disc", "disc", "ring", "bar", "none")


@dataclass(frozen=True)
class Looks:
    """How the controls of a page look; lengths are in drawn pixels. `on` and `off` are grounds, `ground` is behind."""

    ground: Color
    on: Color
    off: Color
    ink: Color
    switch: str
    switch_height: float
    switch_ratio: float
    box: str
    box_side: float
    box_radius: float
    radio: str
    knob: str
    track: float
    weight: float

    @property
    def switch_width(self) -> float:
        return self.switch_height * self.switch_ratio

    @property
    def mark(self) -> Color:
        """The colour of what stands on `on`."""
        return palette.grey(255) if palette.contrast(palette.grey(255), self.on) > 1.9 else palette.grey(20)


def make_looks(rng: random.Random, style: Style) -> Looks:
    """Controls for a page of this style."""
    scale, ground = style.scale, style.card
    on = style.accent if rng.random() < 0.6 else palette.hsv(rng.random(), rng.uniform(0.5, 1), rng.uniform(0.5, 0.9))
    if rng.random() < 0.12:
        on = style.ink
    while palette.contrast(on, ground) < 1.5:
        on = palette.mix(on, style.ink, 0.25)
    off = palette.mix(ground, style.ink, rng.uniform(0.14, 0.4))
    if rng.random() < 0.08:
        off = on
    height = rng.uniform(14, 28)
    return Looks(
        ground=ground,
        on=on,
        off=off,
        ink=style.soft,
        switch=rng.choice(_SWITCHES),
        switch_height=height * scale,
        switch_ratio=rng.uniform(1.6, 2.2),
        box=rng.choice(_TICKS),
        box_side=rng.uniform(13, 22) * scale,
        box_radius=rng.choice((0, 2, 3, 4, 99)) * scale,
        radio=rng.choice(_RADIOS),
        knob=rng.choice(_KNOBS),
        track=rng.choice((2, 3, 4, 6, 10)) * scale,
        weight=rng.uniform(1.2, 2.4) * scale,
    )


def faded(looks: Looks, color: Color) -> Color:
    """A colour as what cannot be used has it."""
    return palette.mix(color, looks.ground, 0.6)


def switch(canvas: Canvas, box: Box, looks: Looks, *, on: bool, disabled: bool = False) -> None:
    """A switch: on is where its knob is at the right."""
    ground = looks.on if on else looks.off
    knob = palette.grey(255) if palette.contrast(palette.grey(255), ground) > 1.25 else palette.grey(30)
    if disabled:
        ground, knob = faded(looks, ground), faded(looks, knob) if looks.off == looks.on else knob
    x1, y1, x2, y2 = box
    tall = y2 - y1
    with pen(canvas, box, 3) as tip:
        if looks.switch == "thin":
            inset = tall * 0.22
            track = palette.mix(ground, looks.ground, 0.5) if on else ground
            tip.rounded((x1 + 1, y1 + inset, x2 - 1, y2 - inset), tall, track)
            center = x2 - tall / 2 if on else x1 + tall / 2
            body = ground if on else palette.mix(looks.ground, palette.grey(255), 0.8)
            circle = (center - tall / 2, y1, center + tall / 2, y2)
            tip.disc(circle, body, outline=palette.mix(body, looks.ink, 0.4), width=max(1, tall / 20))
            return
        radius = tall if looks.switch != "square" else tall * 0.18
        hollow = looks.switch == "ringed" or (looks.switch == "grown" and not on)
        edge = max(1.0, tall / 12)
        line = faded(looks, looks.ink) if disabled else looks.ink
        if hollow:
            tip.rounded(box, radius, looks.ground, outline=ground if on else line, width=edge)
            knob = ground if on else line
        else:
            tip.rounded(box, radius, ground)
        inset = {"grown": tall * (0.14 if on else 0.27), "ringed": tall * 0.2}.get(looks.switch, tall * 0.1)
        side = tall - 2 * inset
        left = x2 - side - inset if on else x1 + inset
        if looks.switch == "grown" and not on:
            left = x1 + tall * 0.2
        shape = (left, y1 + inset, left + side, y2 - inset)
        tip.rounded(shape, side if looks.switch != "square" else tall * 0.12, knob)
        if looks.switch == "barred":  # | for on and O for off, on the side that the knob leaves
            middle, half = (y1 + y2) / 2, tall * 0.16
            if on:
                at = x1 + tall * 0.5
                tip.line([(at, middle - half), (at, middle + half)], knob, edge)
            else:
                at = x2 - tall * 0.5
                tip.disc((at - half, middle - half, at + half, middle + half), None, outline=knob, width=edge)
        elif looks.switch == "ticked":
            tip_mark(tip, shape, "tick" if on else "cross", ground, edge)


def tip_mark(tip: Pen, box: Box, form: str, color: Color, width: float) -> None:
    """A tick or a cross within a box."""
    x1, y1, side = box[0], box[1], box[2] - box[0]

    def at(a: float, b: float) -> tuple[float, float]:
        return x1 + side * a, y1 + side * b

    if form == "tick":
        tip.line([at(0.24, 0.52), at(0.43, 0.71), at(0.77, 0.3)], color, width)
    else:
        tip.line([at(0.28, 0.28), at(0.72, 0.72)], color, width)
        tip.line([at(0.72, 0.28), at(0.28, 0.72)], color, width)


def check_box(canvas: Canvas, box: Box, looks: Looks, *, on: bool, disabled: bool = False) -> None:
    """A box that is ticked or empty."""
    line, fill = looks.ink, looks.on
    if disabled:
        line, fill = faded(looks, line), faded(looks, fill)
    with pen(canvas, box) as tip:
        if on and looks.box not in ("hollow", "square", "cross"):
            tip.rounded(box, looks.box_radius, fill)
            tip_mark(tip, box, "tick", looks.mark, looks.weight)
            return
        tip.rounded(box, looks.box_radius, None, outline=fill if on else line, width=max(looks.weight * 0.7, 1))
        if not on:
            return
        if looks.box == "square":
            inset = (box[2] - box[0]) * 0.25
            inner = (box[0] + inset, box[1] + inset, box[2] - inset, box[3] - inset)
            tip.rounded(inner, looks.box_radius * 0.5, fill)
        else:
            tip_mark(tip, box, "cross" if looks.box == "cross" else "tick", fill, looks.weight)


def radio(canvas: Canvas, box: Box, looks: Looks, *, on: bool, disabled: bool = False) -> None:
    """A ring that is filled where its option is chosen."""
    line, fill = looks.ink, looks.on
    if disabled:
        line, fill = faded(looks, line), faded(looks, fill)
    side = box[2] - box[0]

    def inner(share: float) -> Box:
        inset = side * share
        return box[0] + inset, box[1] + inset, box[2] - inset, box[3] - inset

    with pen(canvas, box) as tip:
        if not on:
            tip.disc(box, None, outline=line, width=max(looks.weight * 0.7, 1))
        elif looks.radio == "thick":
            tip.disc(box, None, outline=fill, width=side * 0.3)
        elif looks.radio == "dot":
            tip.disc(box, None, outline=fill, width=max(looks.weight * 0.7, 1))
            tip.disc(inner(0.26), fill)
        else:
            tip.disc(box, fill)
            if looks.radio == "white":
                tip.disc(inner(0.32), looks.mark)
            else:
                tip_mark(tip, box, "tick", looks.mark, looks.weight)


def slider(canvas: Canvas, box: Box, looks: Looks, share: float, *, disabled: bool = False) -> None:
    """A track filled up to `share` of its length."""
    x1, y1, x2, y2 = box
    fill, rest = looks.on, palette.mix(looks.ground, looks.ink, 0.35)
    if disabled:
        fill, rest = faded(looks, fill), faded(looks, rest)
    middle, half, tall = (y1 + y2) / 2, looks.track / 2, (y2 - y1) / 2
    inset = 0.0 if looks.knob == "none" else tall
    at = x1 + inset + (x2 - x1 - 2 * inset) * share
    with pen(canvas, box) as tip:
        tip.rounded((x1, middle - half, x2, middle + half), half, rest)
        tip.rounded((x1, middle - half, max(at, x1 + looks.track), middle + half), half, fill)
        knob = (at - tall, y1, at + tall, y2)
        if looks.knob == "disc":
            tip.disc(knob, fill)
        elif looks.knob == "ring":
            tip.disc(knob, palette.grey(255), outline=fill, width=looks.weight)
        elif looks.knob == "bar":
            tip.rounded((at - tall * 0.35, y1, at + tall * 0.35, y2), tall * 0.2, fill)
