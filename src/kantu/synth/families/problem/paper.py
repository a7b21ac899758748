"""What problems are printed or written on: paper under a lamp, lined books, a blackboard, a screen."""

from __future__ import annotations

import random
from dataclasses import dataclass

from kantu.synth.draw import effects, faces, palette
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.typesetting import Type
from kantu.synth.page import Box, Color

PAPERS = {
    "white": 30,
    "warm": 16,
    "grey": 12,
    "lit": 14,
    "desk": 10,
    "lined": 9,
    "squared": 5,
    "board": 8,
    "screen": 16,
}
"""How often each ground is drawn."""


@dataclass(frozen=True)
class Paper:
    """A ground with what can be read on it: `ink` for problems, `soft` for what is less, `pen` for what is filled in.

    `area` is what may be written on, `lines` the distance of its printed lines (0: none). `style` is the face's.
    """

    kind: str
    area: Box
    ground: Color
    ink: Color
    soft: Color
    pen: Color
    accent: Color
    lines: float
    style: str
    latin: faces.Face | None
    scale: float

    def type(self, size: float, *, bold: bool = False, ink: Color | None = None, style: str = "") -> Type:
        """A type of `size` pixels of the finished page."""
        face = faces.closest(style or self.style, 700 if bold else 400)
        return Type(face, faces.snap(size * self.scale), ink or self.ink, 0.0, self.latin)


def _ground(rng: random.Random, kind: str) -> Color:
    if kind == "board":
        base = rng.choice(((38, 70, 54), (30, 58, 48), (45, 60, 58), (34, 34, 36), (22, 52, 44)))
        shift = rng.randint(-8, 12)
        return base[0] + shift, base[1] + shift, base[2] + shift
    if kind == "grey":
        return palette.grey(rng.randint(198, 236))
    if kind == "warm":
        return palette.hsv(rng.uniform(0.08, 0.15), rng.uniform(0.04, 0.22), rng.uniform(0.86, 0.99))
    if kind == "screen":
        dark = rng.random() < 0.2
        return (
            palette.grey(rng.randint(12, 34))
            if dark
            else rng.choice(((255, 255, 255), (245, 246, 250), (240, 248, 255), (255, 250, 240)))
        )
    return palette.grey(rng.randint(240, 255))


def lay(canvas: Canvas, rng: random.Random, kind: str, scale: float, size: tuple[int, int], leading: float) -> Paper:
    """Paint the ground; `leading` is the distance of lines in drawn pixels where it has them."""
    ground = _ground(rng, kind)
    width, height = canvas.width, canvas.height
    edge = max(effects.margin(*size), rng.choice((8, 12, 16, 20))) * scale
    area: Box = (edge, edge, width - edge, height - edge)
    canvas.draw.rectangle((0, 0, width, height), fill=ground)
    if kind == "lit":
        dim = palette.mix(ground, rng.choice(((120, 110, 90), (90, 95, 110), (60, 60, 60))), rng.uniform(0.12, 0.4))
        ends = (ground, dim) if rng.random() < 0.5 else (dim, ground)
        canvas.gradient((0, 0, width, height), *ends, vertical=rng.random() < 0.5)
        ground = palette.mix(ground, dim, 0.5)
    elif kind == "desk":
        desk = palette.hsv(rng.uniform(0.04, 0.12), rng.uniform(0.2, 0.6), rng.uniform(0.25, 0.7))
        canvas.draw.rectangle((0, 0, width, height), fill=desk)
        rim = edge * rng.uniform(0.4, 0.9)
        sheet = (rim, rim * rng.uniform(0.5, 1.2), width - rim, height - rim)
        canvas.shadow(sheet, 2, blur=5 * scale, color=(0, 0, 0), strength=0.4)
        canvas.draw.rectangle(sheet, fill=ground)
        area = (rim + 12 * scale, sheet[1] + 12 * scale, width - rim - 12 * scale, height - rim - 12 * scale)
    faint = palette.mix(ground, rng.choice(((90, 140, 200), (200, 90, 90), (120, 120, 120), (90, 170, 120))), 0.4)
    lines = 0.0
    if kind == "lined":
        lines = leading
        top = area[1] + lines
        while top < height:
            canvas.draw.line((0, round(top), width, round(top)), fill=faint)
            top += lines
    elif kind == "squared":
        step = leading / 2
        for index in range(int(max(width, height) / step) + 1):
            at = round(index * step)
            canvas.draw.line((0, at, width, at), fill=palette.mix(ground, faint, 0.5))
            canvas.draw.line((at, 0, at, height), fill=palette.mix(ground, faint, 0.5))
    elif kind == "board" and rng.random() < 0.6:
        frame = rng.choice(((120, 84, 50), (90, 60, 36), (170, 170, 165)))
        canvas.draw.rectangle((0, 0, width - 1, height - 1), outline=frame, width=max(3, round(edge * 0.6)))
    dark = palette.luminance(ground) < 0.25
    least = rng.choice((5.0, 7.0, 9.0))
    ink = palette.ink(rng, ground, least=least, colourful=0.12)
    pen = palette.ink(rng, ground, least=3.5, colourful=1.0)
    return Paper(
        kind=kind,
        area=area,
        ground=ground,
        ink=ink,
        soft=palette.fade(ink, (ground,), rng.uniform(0.1, 0.4), least=3.0),
        pen=pen,
        accent=palette.mix(palette.hsv(rng.random(), 0.8, 0.8), palette.grey(255 if dark else 0), 0.15),
        lines=lines,
        style=_face_style(rng, kind),
        latin=rng.choice(faces.LATIN_FACES[:2] + faces.LATIN_FACES[3:5]) if rng.random() < 0.3 else None,
        scale=scale,
    )


def _face_style(rng: random.Random, kind: str) -> str:
    if kind in ("board", "lined", "squared"):
        return rng.choices(("kai", "sans", "serif"), (75, 15, 10))[0]
    if kind == "screen":
        return rng.choices(("sans", "serif", "kai"), (85, 8, 7))[0]
    return rng.choices(("serif", "sans", "kai"), (45, 30, 25))[0]
