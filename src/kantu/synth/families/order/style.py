"""The random style sheet of one order page: palette, faces, sizes and forms, chosen independently."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

from kantu.synth.draw import faces
from kantu.synth.draw.layout import Type
from kantu.synth.draw.palette import contrast, grey, hsv, mix
from kantu.synth.page import Color

_WHITE: Color = (255, 255, 255)


@dataclass(frozen=True)
class Style:
    """Everything about a page's looks. Lengths in pixels, `thumbnail` in ems; `forms` name variants."""

    width: int
    dark: bool
    page: Color
    card: Color
    tint: Color
    line: Color
    ink: Color
    soft: Color
    faint: Color
    accent: Color
    accent_end: Color
    on_accent: Color
    radius: float
    button_radius: float
    margin: int
    padding: int
    gap: int
    row_gap: int
    shadow: float
    border: bool
    dividers: bool
    colon: str
    currency: str
    thumbnail: float
    types: Mapping[str, Type]
    forms: Mapping[str, str]

    def __getitem__(self, role: str) -> Type:
        return self.types[role]


_HUES = (0.0, 0.02, 0.05, 0.08, 0.09, 0.33, 0.42, 0.5, 0.56, 0.6, 0.62, 0.72, 0.8, 0.93)


def _palette(rng: random.Random, dark: bool) -> dict[str, Color]:
    hue = rng.choice(_HUES) + rng.uniform(-0.015, 0.015)
    accent = hsv(hue, rng.uniform(0.65, 0.98), rng.uniform(0.78, 1.0))
    if rng.random() < 0.08:
        accent = (38, 38, 42) if not dark else (225, 225, 228)
    while contrast(accent, grey(14) if dark else _WHITE) < (4.5 if dark else 3.0):
        accent = mix(accent, _WHITE, 0.15) if dark else mix(accent, grey(0), 0.12)
    if dark:
        level = rng.randint(8, 28)
        page: Color = (level, level, level + rng.randint(0, 8))
        card = mix(page, _WHITE, rng.choice((0.0, 0.05, 0.08, 0.1)))
        ink, ground = mix(_WHITE, card, rng.uniform(0.02, 0.15)), card
    else:
        page = rng.choice(
            (
                _WHITE,
                (245, 245, 245),
                (242, 243, 245),
                (247, 248, 250),
                (238, 240, 243),
                (250, 246, 240),
                mix(_WHITE, accent, 0.06),
                mix(_WHITE, accent, 0.12),
            )
        )
        card = _WHITE if rng.random() < 0.88 else mix(_WHITE, rng.choice((accent, (255, 220, 160))), 0.05)
        ink, ground = rng.choice(((17, 17, 17), (34, 34, 34), (51, 51, 51), (26, 30, 40), (0, 0, 0))), card
    return {
        "page": page,
        "card": card,
        "tint": mix(card, accent, rng.uniform(0.08, 0.16)),
        "line": mix(ground, ink, rng.uniform(0.07, 0.14)),
        "ink": ink,
        "soft": mix(ink, ground, rng.uniform(0.2, 0.42)),
        "faint": mix(ink, ground, rng.uniform(0.35, 0.55)),
        "accent": accent,
        "accent_end": mix(hsv(hue + rng.uniform(-0.09, 0.09), 0.85, 0.95), accent, 0.45),
        "on_accent": _WHITE if contrast(_WHITE, accent) > 1.9 else grey(20),
    }


def _types(rng: random.Random, width: int, palette: dict[str, Color], currency: str) -> dict[str, Type]:
    styles = ("sans", "serif", "kai")
    family = rng.choices(styles, (86, 6, 8))[0]
    plain = faces.closest(family, rng.choice((300, 400, 400, 400, 500)))
    if family == "sans" and rng.random() < 0.25:
        plain = rng.choice([face for face in faces.FACES if "wqy" in face.path.name])
    wide = 1 if width >= 520 else 0
    body = rng.choices((11, 12, 13, 14, 15, 16, 17), (8, 16, 22, 22, 15, 9, 8))[0] + (
        rng.choice((0, 1, 2)) if wide else 0
    )
    if width <= 352:
        body = min(body, 15)

    def weight(heavy: float) -> faces.Face:
        return faces.closest(family, rng.choice((500, 700, 700, 900))) if rng.random() < heavy else plain

    def sized(low: float, high: float) -> int:
        return max(11, min(round(body * rng.uniform(low, high)), 30))

    spacing = rng.choice((0.0, 0.0, 0.0, 0.0, 0.5, 1.0)) if rng.random() < 0.5 else 0.0
    latin = rng.choice(faces.LATIN_FACES) if rng.random() < 0.3 else None
    bold_latin = faces.LATIN_FACES[1]
    loud, accent, ink, soft = palette["ink"], palette["accent"], palette["ink"], palette["soft"]
    value = Type(weight(0.12), sized(0.92, 1.1), rng.choice((ink, ink, soft)), spacing)
    price_face = bold_latin if latin and rng.random() < 0.5 else weight(0.6)
    if price_face is bold_latin and currency in ("￥", "元"):  # signs that latin faces lack
        price_face = plain
    return {
        "bar": Type(weight(0.6), sized(1.05, 1.3), ink),
        "title": Type(weight(0.7), sized(1.0, 1.35), ink),
        "status": Type(weight(0.7), sized(1.0, 1.9), rng.choice((accent, accent, loud)), spacing),
        "reason": Type(plain, sized(0.82, 1.0), rng.choice((soft, palette["faint"], ink))),
        "label": Type(weight(0.06), sized(0.9, 1.05), rng.choice((soft, palette["faint"], ink)), spacing),
        "value": value,
        "code": Type(latin, value.size, value.fill, spacing) if latin else value,
        "goods": Type(weight(0.25), sized(0.95, 1.12), ink),
        "small": Type(plain, sized(0.78, 0.95), palette["faint"]),
        "money": Type(price_face, sized(0.95, 1.1), ink),
        "price": Type(price_face, sized(1.0, 1.6), rng.choice((accent, ink, (225, 50, 40)))),
        "button": Type(weight(0.35), sized(0.92, 1.1), ink),
        "body": Type(plain, body, ink),
    }


def _forms(rng: random.Random, width: int, height: int) -> dict[str, str]:
    def pick(options: Mapping[str, int]) -> str:
        return rng.choices(tuple(options), tuple(options.values()))[0]

    narrow = width < 400
    return {
        "frame": pick({"phone": 55, "card": 30, "sheet": 15})
        if width < 520
        else pick({"phone": 10, "card": 45, "sheet": 45}),
        "status": pick(
            {
                "banner": 22,
                "plain": 20,
                "pill": 12,
                "badge": 14,
                "stepper": 0 if narrow else 8,
                "timeline": 8,
                "row": 10,
                "centre": 10,
            }
        ),
        "rows": pick(
            {"spread": 30, "tiles": 6, "inline": 26, "joined": 14, "table": 10, "under": 8, "grid": 4 if narrow else 10}
        ),
        "picture": pick({"left": 68, "right": 10, "none": 12, "top": 10 if height >= 448 else 0}),
        "goods": pick({"price_right": 40, "price_under": 40, "price_row": 20}),
        "buttons": pick({"bottom": 40, "inline": 60}),
        "button": pick({"outline": 30, "filled": 40, "tinted": 15, "bare": 15}),
        "value": pick({"plain": 85, "pill": 15}),
        "divider": pick({"line": 70, "dash": 15, "none": 15}),
        "money": pick({"plain": 65, "small_sign": 20, "split": 15}),
        "section": pick({"none": 40, "plain": 35, "bar": 15, "emoji": 10}),
        "quantity": pick({"x": 35, "×": 35, "数量": 15, "件": 15}),
        "header": pick({"accent": 20, "card": 55, "page": 25}),
    }


def make_style(rng: random.Random, width: int, height: int) -> Style:
    """A random style for a page of this size in pixels."""
    dark = rng.random() < 0.17
    palette = _palette(rng, dark)
    radius = rng.choice((0, 2, 4, 6, 8, 10, 12, 16, 20))
    flat = palette["page"] == palette["card"]
    return Style(
        width=width,
        dark=dark,
        **palette,
        radius=radius,
        button_radius=rng.choice((2, 4, 6, 8, 40, 40, 40)),
        margin=rng.choice((0, 6, 8, 10, 12, 14, 16)) if rng.random() < 0.8 else rng.randint(16, max(width // 16, 17)),
        padding=rng.choice((12, 12, 14, 16, 18, 20, 24)) if width > 352 else rng.choice((10, 12, 14)),
        gap=rng.choice((6, 8, 10, 12, 14)),
        row_gap=rng.choice((5, 7, 8, 10, 12, 14, 18)),
        shadow=rng.choice((0.0, 0.0, 0.06, 0.1, 0.16)) if not dark else 0.0,
        border=(flat and rng.random() < 0.6) or rng.random() < 0.08,
        dividers=rng.random() < 0.4,
        colon=rng.choice(("", "", "", "：", "：", ":")),
        # Named in place: drawn any earlier, it would give every seed another page.
        currency=(currency := rng.choices(("¥", "￥", "元", ""), (62, 16, 16, 6))[0]),
        thumbnail=rng.choice((3.2, 3.8, 4.4, 5.2)),
        types=_types(rng, width, palette, currency),
        forms=_forms(rng, width, height),
    )
