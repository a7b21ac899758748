"""The random style sheet of one order page: the looks of any page and the forms only orders take."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, fields

from kantu.synth.draw.style import ROLES, Role, Style, make_style

_ROLES = {
    **ROLES,
    "value": Role(0.9, 1.15, 0.12, ("ink", "ink", "soft")),
    "bar": Role(1.05, 1.3, 0.6),
    "status": Role(1.0, 2.0, 0.7, ("accent", "accent", "ink")),
    "reason": Role(0.82, 1.05, 0.05, ("soft", "faint", "ink")),
    "goods": Role(0.95, 1.15, 0.25),
    "money": Role(0.95, 1.15, 0.4),
    "price": Role(1.0, 1.7, 0.6, ("accent", "accent", "ink")),
}
_PLAIN = 0.85  # share of pages with the white or black grounds of most apps


@dataclass(frozen=True)
class OrderStyle(Style):
    """Looks of an order page; `thumbnail` is in ems, `forms` name variants of its parts."""

    currency: str
    thumbnail: float
    forms: Mapping[str, str]


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
        "money": pick({"plain": 65, "small_sign": 20, "split": 15}),
        "section": pick({"none": 40, "plain": 35, "bar": 15, "emoji": 10}),
        "quantity": pick({"x": 35, "×": 35, "数量": 15, "件": 15}),
        "header": pick({"accent": 20, "card": 55, "page": 25}),
    }


def order_style(rng: random.Random, width: int, height: int) -> OrderStyle:
    """A random style for a page of this size in pixels."""
    style = make_style(rng, width, roles=_ROLES, plain=_PLAIN)
    return OrderStyle(
        **{field.name: getattr(style, field.name) for field in fields(style)},
        currency=rng.choices(("¥", "￥", "元", ""), (62, 16, 16, 6))[0],
        thumbnail=rng.choice((3.2, 3.8, 4.4, 5.2)),
        forms=_forms(rng, width, height),
    )
