"""The random style sheet of one "reading" page: every part of its looks is drawn independently of the others."""

from __future__ import annotations

import random
from dataclasses import dataclass

from kantu.synth.draw import faces, palette
from kantu.synth.draw.canvas import text_width
from kantu.synth.page import Color

_HUES = (0.0, 0.0, 0.005, 0.07, 0.09, 0.14, 0.33, 0.38, 0.45, 0.5, 0.58, 0.6, 0.62, 0.62, 0.75, 0.78, 0.88, 0.92)
_CHINESE_WEIGHTS = tuple(0.4 if face.style == "kai" else 0.8 if face.style == "serif" else 1.0 for face in faces.FACES)
_LATIN_EXTRAS = frozenset("·×¥")  # beyond ASCII, drawn by every latin face


@dataclass(frozen=True)
class Type:
    """How a run of text is set: Chinese face, face for runs without Chinese (or none), em size and letter spacing."""

    face: faces.Face
    latin: faces.Face | None
    size: int
    spacing: float

    def face_for(self, text: str) -> faces.Face:
        """The face `text` is drawn with."""
        if self.latin and all(character.isascii() or character in _LATIN_EXTRAS for character in text):
            return self.latin
        return self.face

    def width(self, text: str) -> float:
        """Width of `text` in pixels."""
        return text_width(text, self.face_for(text), self.size, self.spacing)


@dataclass(frozen=True)
class Surface:
    """What text stands on: the colours behind it (two for a gradient) and the inks that can be read on them."""

    back: tuple[Color, ...]
    ink: Color
    soft: Color
    accent: Color
    line: Color


@dataclass(frozen=True)
class Style:
    """Looks of a page. Lengths are in drawn pixels, `scale` of them to a pixel of the finished page."""

    scale: float
    dark: bool
    hue: float
    page: tuple[Color, ...]
    card: Color
    label: Type
    value: Type
    title: Type
    body: Type
    small: Type
    big: Type
    button: Type
    radius: float
    button_radius: float
    padding: float
    row_gap: float
    gap: float
    colon: str
    divider: str
    shadow: float
    border: bool
    leading: float
    align: str

    def surface(self, rng: random.Random, *back: Color) -> Surface:
        """Inks for text on `back`."""
        dark = palette.luminance(back[0]) < 0.25
        strong = palette.ink(rng, *back, least=rng.choice((4.5, 6.0, 9.0)), colourful=0.25)
        soft = palette.ink(rng, *back, least=rng.choice((2.2, 3.0, 4.5)), colourful=0.25)
        accent, step = palette.hsv(self.hue, 0.95, 0.9), 0
        while min(palette.contrast(accent, color) for color in back) < 2.6 and step < 12:
            accent, step = palette.mix(accent, palette.grey(255 if dark else 0), 0.14), step + 1
        line = palette.mix(back[0], palette.grey(255 if dark else 0), rng.uniform(0.08, 0.22))
        return Surface(back, strong, soft, accent, line)

    def tint(self, rng: random.Random, strength: float) -> Color:
        """The card colour with some of the page's hue in it."""
        return palette.mix(self.card, palette.hsv(self.hue, rng.uniform(0.4, 1.0), 0.5 if self.dark else 1.0), strength)

    def solid(self, rng: random.Random) -> Color:
        """A strong colour for banners and buttons: mostly the page's hue."""
        hue = self.hue if rng.random() < 0.75 else rng.choice(_HUES)
        return palette.hsv(hue, rng.uniform(0.55, 1.0), rng.uniform(0.55, 1.0))


def draw_style(rng: random.Random, scale: float, width: float) -> Style:
    """A style sheet for a page `width` drawn pixels wide."""

    def face(least_weight: int = 0) -> faces.Face:
        for _ in range(4):
            choice = rng.choices(faces.FACES, _CHINESE_WEIGHTS)[0]
            if choice.weight >= least_weight:
                break
        return choice

    common, latin = face(), rng.choice(faces.LATIN_FACES) if rng.random() < 0.4 else None

    def type_(low: int, high: int, bold: float = 0.2) -> Type:
        kind = face(500) if rng.random() < bold else common if rng.random() < 0.75 else face()
        spacing = rng.choice((0.5, 1.0, 1.0, 2.0)) * scale if rng.random() < 0.12 else 0.0
        return Type(kind, latin if rng.random() < 0.8 else None, faces.snap(rng.randint(low, high) * scale), spacing)

    dark = rng.random() < 0.3
    page = palette.paper(rng, dark, plain=0.5)
    grade = palette.mix(page, palette.paper(rng, dark), 0.6)
    base = rng.randint(11, 18)
    card = palette.paper(rng, dark) if rng.random() < 0.5 else palette.grey(rng.randint(22, 50) if dark else 255)
    return Style(
        scale=scale,
        dark=dark,
        hue=(rng.choice(_HUES) + rng.uniform(-0.012, 0.012)) % 1.0,
        page=(page, grade) if rng.random() < 0.15 else (page,),
        card=card,
        label=type_(max(11, base - 2), base + 1),
        value=type_(max(11, base - 2), base + rng.choice((1, 1, 4, 8)), 0.3),
        title=type_(base, min(26, base + 9), 0.75),
        body=type_(max(11, base - 3), base + 1, 0.1),
        small=type_(11, max(11, base - 1), 0.1),
        big=type_(20, 26 if width < 360 * scale else 34, 0.6),
        button=type_(max(11, base - 2), base + 3, 0.35),
        radius=rng.choice((0, 2, 4, 6, 8, 10, 12, 16, 20)) * scale,
        button_radius=rng.choice((0, 3, 4, 6, 8, 99)) * scale,
        padding=rng.choice((4, 6, 8, 10, 12, 14, 16)) * scale,
        row_gap=rng.choice((3, 4, 5, 6, 8, 10, 12, 16)) * scale,
        gap=rng.choice((4, 6, 8, 10, 12, 16)) * scale,
        colon=rng.choice(("：", "：", ":", "", "", "", " ", ": ")),
        divider=rng.choice(("none", "none", "line", "line", "dashed")),
        shadow=rng.choice((0.0, 0.0, 0.1, 0.2, 0.35)),
        border=rng.random() < 0.3,
        leading=rng.choice((1.2, 1.3, 1.4, 1.5, 1.7)),
        align=rng.choice("lllm"),
    )
