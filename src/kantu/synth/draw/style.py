"""The random style sheet of a page: every part of its looks is drawn independently of the others."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

from kantu.synth.draw import faces, palette
from kantu.synth.draw.typesetting import Type
from kantu.synth.page import Color

_HUES = (0.0, 0.0, 0.02, 0.05, 0.08, 0.09, 0.14, 0.33, 0.38, 0.42, 0.5, 0.56, 0.58, 0.6, 0.62, 0.72, 0.76, 0.8, 0.9)
_WHITES = ((255, 255, 255), (245, 245, 245), (242, 243, 245), (247, 248, 250), (238, 240, 243), (250, 246, 240))
_FREE_FACES = tuple(0.4 if face.style == "kai" else 0.8 if face.style == "serif" else 1.0 for face in faces.FACES)
_BODY_SIZES = {11: 9, 12: 14, 13: 16, 14: 16, 15: 14, 16: 12, 17: 10, 18: 9}  # with their weights


@dataclass(frozen=True)
class Role:
    """How a kind of text is set: `low` to `high` times the body's size, the share that is bold, its inks."""

    low: float
    high: float
    bold: float
    inks: tuple[str, ...] = ("ink",)


ROLES: Mapping[str, Role] = {
    "title": Role(1.0, 1.6, 0.75),
    "label": Role(0.85, 1.1, 0.15, ("soft", "faint", "ink")),
    "value": Role(0.85, 1.45, 0.3, ("ink", "ink", "soft")),
    "body": Role(0.8, 1.1, 0.1),
    "small": Role(0.75, 0.95, 0.1, ("faint", "soft")),
    "big": Role(1.5, 2.4, 0.6),
    "button": Role(0.85, 1.2, 0.35),
}
"""The kinds of text most pages have. A family may have others."""


@dataclass(frozen=True)
class Surface:
    """What text stands on: the colours behind it (two for a gradient) and the inks that can be read on them."""

    back: tuple[Color, ...]
    ink: Color
    soft: Color
    faint: Color
    accent: Color
    line: Color


@dataclass(frozen=True)
class Style:
    """Looks of a page. Lengths are in drawn pixels, `scale` of them to a pixel of the finished page.

    `plain` says that its grounds are white or nearly black, as most apps' are. `page` is two colours for a gradient;
    `on` holds the inks for text on the page and on its cards alike, `types` are by role and inked for there.
    """

    width: int
    scale: float
    plain: bool
    dark: bool
    hue: float
    page: tuple[Color, ...]
    card: Color
    tint: Color
    on: Surface
    accent_end: Color
    on_accent: Color
    types: Mapping[str, Type]
    radius: float
    button_radius: float
    margin: float
    padding: float
    gap: float
    row_gap: float
    shadow: float
    border: bool
    divider: str
    colon: str
    leading: float
    align: str

    def __getitem__(self, role: str) -> Type:
        return self.types[role]

    @property
    def ink(self) -> Color:
        return self.on.ink

    @property
    def soft(self) -> Color:
        return self.on.soft

    @property
    def faint(self) -> Color:
        return self.on.faint

    @property
    def accent(self) -> Color:
        return self.on.accent

    @property
    def line(self) -> Color:
        return self.on.line

    @property
    def divided(self) -> bool:
        """Whether rows and blocks are parted by a line."""
        return self.divider != "none"

    def surface(self, rng: random.Random, *back: Color) -> Surface:
        """Inks for text on `back`."""
        return _surface(rng, palette.hsv(self.hue, 0.95, 0.9), self.plain, back)

    def tinted(self, rng: random.Random, strength: float) -> Color:
        """The card colour with some of the page's hue in it."""
        return palette.mix(self.card, palette.hsv(self.hue, rng.uniform(0.4, 1.0), 0.5 if self.dark else 1.0), strength)

    def solid(self, rng: random.Random) -> Color:
        """A strong colour for banners and buttons: mostly the page's hue."""
        hue = self.hue if rng.random() < 0.75 else rng.choice(_HUES)
        return palette.hsv(hue, rng.uniform(0.55, 1.0), rng.uniform(0.55, 1.0))


def _surface(rng: random.Random, accent: Color, plain: bool, back: tuple[Color, ...]) -> Surface:
    dark = palette.luminance(back[0]) < 0.25
    far = palette.grey(255 if dark else 0)
    colourful = 0.08 if plain else 0.25
    ink = palette.ink(rng, *back, least=rng.choice((7.0, 9.0, 12.0) if plain else (4.5, 6.0, 9.0)), colourful=colourful)
    soft = palette.fade(ink, back, rng.uniform(0.15, 0.42), least=2.4)
    if not plain and rng.random() < 0.5:
        soft = palette.ink(rng, *back, least=rng.choice((2.2, 3.0, 4.5)), colourful=colourful)
    for _ in range(12):
        if min(palette.contrast(accent, color) for color in back) >= 2.6:
            break
        accent = palette.mix(accent, far, 0.14)
    line = palette.mix(back[0], far, rng.uniform(0.07, 0.2))
    return Surface(back, ink, soft, palette.fade(ink, back, rng.uniform(0.35, 0.55), least=2.2), accent, line)


def _grounds(rng: random.Random, plain: bool, dark: bool, accent: Color) -> tuple[tuple[Color, ...], Color]:
    """The page's colour or colours and that of its cards."""
    if not plain:
        page = palette.paper(rng, dark, plain=0.4)
        card = palette.paper(rng, dark) if rng.random() < 0.6 else palette.grey(rng.randint(22, 50) if dark else 255)
        graded = rng.random() < 0.15
        return (page, palette.mix(page, palette.paper(rng, dark), 0.6)) if graded else (page,), card
    white = palette.grey(255)
    if dark:
        level = rng.randint(0, 28)
        night: Color = (level, level, level + rng.randint(0, 8))
        return (night,), palette.mix(night, white, rng.choice((0.0, 0.05, 0.08, 0.1)))
    page = rng.choice((*_WHITES, palette.mix(white, accent, 0.06), palette.mix(white, accent, 0.12)))
    card = white if rng.random() < 0.88 else palette.mix(white, rng.choice((accent, (255, 220, 160))), 0.05)
    return (page, palette.mix(page, accent, 0.22)) if rng.random() < 0.06 else (page,), card


def _types(
    rng: random.Random, roles: Mapping[str, Role], width: float, scale: float, plain: bool, on: Surface
) -> dict[str, Type]:
    """Plain pages are set in one family and its weights, others in whatever there is."""
    narrow = width <= 352 * scale
    body = rng.choices(tuple(_BODY_SIZES), tuple(_BODY_SIZES.values()))[0]
    body = min(body, 15) if narrow else body + (rng.choice((0, 1, 2)) if width >= 520 * scale else 0)
    most = 26 if narrow else 34
    style = rng.choices(("sans", "serif", "kai"), (86, 6, 8))[0]
    common = faces.closest(style, rng.choice((300, 400, 400, 400, 500)))
    if style == "sans" and rng.random() < 0.25:
        common = rng.choice([face for face in faces.FACES if "wqy" in face.path.name])
    if not plain:
        common = rng.choices(faces.FACES, _FREE_FACES)[0]
    latin = rng.choice(faces.LATIN_FACES) if rng.random() < 0.35 else None
    wide = rng.choice((0.5, 1.0, 1.0, 2.0)) * scale if rng.random() < 0.15 else 0.0

    def face(bold: bool) -> faces.Face:
        if not plain and rng.random() < 0.25:
            other = rng.choices(faces.FACES, _FREE_FACES)[0]
            return faces.closest(other.style, max(other.weight, 500)) if bold else other
        return faces.closest(common.style, rng.choice((500, 700, 700, 900))) if bold else common

    def type_(role: Role) -> Type:
        bold = rng.random() < role.bold
        size = max(11, min(round(body * rng.uniform(role.low, role.high)), most))
        digits = latin if latin and rng.random() < 0.85 else None
        if digits and bold:
            digits = next((each for each in faces.LATIN_FACES if each.weight == 700), digits)
        spacing = wide if rng.random() < 0.5 else 0.0
        return Type(face(bold), faces.snap(size * scale), getattr(on, rng.choice(role.inks)), spacing, digits)

    return {name: type_(role) for name, role in roles.items()}


def make_style(
    rng: random.Random, width: int, scale: float = 1.0, *, roles: Mapping[str, Role] = ROLES, plain: float = 0.35
) -> Style:
    """A style sheet for a page `width` drawn pixels wide; `plain` is the probability that it looks like most apps."""
    sober = rng.random() < plain
    dark = rng.random() < (0.17 if sober else 0.3)
    hue = (rng.choice(_HUES) + rng.uniform(-0.015, 0.015)) % 1.0
    strong = palette.hsv(hue, rng.uniform(0.65, 1.0), rng.uniform(0.78, 1.0))
    if rng.random() < 0.06:
        strong = palette.grey(225 if dark else 40)
    page, card = _grounds(rng, sober, dark, strong)
    on = _surface(rng, strong, sober, (card, *page))
    end = palette.mix(palette.hsv(hue + rng.uniform(-0.09, 0.09), 0.85, 0.95), on.accent, 0.45)
    narrow = width <= 352 * scale
    lengths = (10, 12, 12, 14) if narrow else (12, 12, 14, 16, 18, 20, 24)
    margin = rng.choice((0, 6, 8, 10, 12, 14, 16))
    if rng.random() < 0.2:
        margin = rng.randint(16, max(round(width / scale / 16), 17))
    return Style(
        width=width,
        scale=scale,
        plain=sober,
        dark=dark,
        hue=hue,
        page=page,
        card=card,
        tint=palette.mix(card, on.accent, rng.uniform(0.08, 0.16)),
        on=on,
        accent_end=end,
        on_accent=palette.grey(255) if palette.contrast(palette.grey(255), on.accent) > 1.9 else palette.grey(20),
        types=_types(rng, roles, width, scale, sober, on),
        radius=rng.choice((0, 2, 4, 6, 8, 10, 12, 16, 20)) * scale,
        button_radius=rng.choice((0, 2, 3, 4, 6, 8, 99, 99, 99)) * scale,
        margin=margin * scale,
        padding=rng.choice(lengths if sober else (4, 6, 8, 10, 12, 14, 16)) * scale,
        gap=rng.choice((4, 6, 8, 10, 12, 14, 16)) * scale,
        row_gap=rng.choice((3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 18)) * scale,
        shadow=0.0 if dark and sober else rng.choice((0.0, 0.0, 0.06, 0.1, 0.16, 0.2, 0.35)),
        border=(page == (card,) and rng.random() < 0.6) or rng.random() < (0.08 if sober else 0.3),
        divider=rng.choice(("none", "none", "none", "line", "line", "line", "dashed")),
        colon=rng.choice(("", "", "", "：", "：", ":")),
        leading=rng.choice((1.2, 1.3, 1.4, 1.5, 1.7)),
        align=rng.choice("lllm"),
    )
