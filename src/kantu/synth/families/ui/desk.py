"""What the parts of an interface share: chance, style, the looks of controls, and what has been said already."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterable
from dataclasses import replace

from kantu.synth.draw import palette
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.controls import make_looks
from kantu.synth.draw.grounds import regrounded
from kantu.synth.draw.layout import Piece, backed, box, paragraph, picture, space, text
from kantu.synth.draw.parts import card, emoji, plate
from kantu.synth.draw.signs import NAMES, sign
from kantu.synth.draw.style import ROLES, Role, Style, make_style
from kantu.synth.page import Box, Color
from kantu.synth.words.icons import ICONS

_ROLES = {
    **ROLES,
    "title": Role(1.05, 1.4, 0.6),
    "row": Role(0.95, 1.15, 0.12),
    "value": Role(0.85, 1.05, 0.05, ("soft", "soft", "ink", "accent")),
    "hint": Role(0.72, 0.88, 0.0, ("faint", "soft")),
    "section": Role(0.78, 1.1, 0.3, ("soft", "accent", "ink")),
    "tab": Role(0.85, 1.1, 0.15, ("soft", "ink")),
    "input": Role(0.9, 1.1, 0.05),
    "menu": Role(0.85, 1.05, 0.05),
}
_PLAIN = 0.8  # share of pages with the white or black grounds of most systems


class Desk:
    """Makes the parts of one page."""

    def __init__(self, rng: random.Random, width: int, scale: float, *, desktop: bool = False) -> None:
        style = make_style(rng, width, scale, roles=_ROLES, plain=_PLAIN)
        if not style.plain and rng.random() < 0.5:
            style = replace(style, card=style.page[0])
        self.rng = rng
        self.style = replace(style, row_gap=max(style.row_gap, (6 if desktop else 9) * scale))
        self.looks = make_looks(rng, self.style)
        self.scale = scale
        self.button = rng.choice(("filled", "filled", "filled", "gradient", "outlined"))
        self.lead = rng.choice(("none", "none", "none", "sign", "sign", "emoji", "tile", "tile"))
        self.strong = self.style.accent if rng.random() < 0.5 else self.style.solid(rng)
        self._said: set[str] = set()

    def pixels(self, length: float) -> float:
        """A length of the finished page in drawn pixels."""
        return length * self.scale

    def new(self, make: Callable[[random.Random], str], room: float = 1e9, role: str = "row") -> str:
        """Something that nothing on this page contains or is contained in, and that `role` sets within `room`."""
        type_ = self.style[role]
        for _ in range(30):
            said = make(self.rng).strip()
            if said and type_.width(said) <= room and not any(said in other or other in said for other in self._said):
                self._said.add(said)
                return said
        return ""

    def took(self, said: Iterable[str]) -> None:
        """Texts that stand on the page and that nothing new may contain or be contained in."""
        self._said.update(said)

    def text(self, said: str, role: str, *, fill: Color | None = None, name: str = "", bold: bool = False) -> Piece:
        type_ = self.style[role]
        if fill is not None:
            type_ = replace(type_, fill=fill)
        if bold:
            type_ = replace(type_, face=self.style["button"].face)
        return text(said, type_, role=role, name=name)

    def paragraph(self, said: str, role: str, width: float, *, align: str = "l") -> Piece:
        """Broken text; its lines are known to belong together."""
        type_ = self.style[role]
        return paragraph(said, type_, width, leading=self.style.leading, role=role, name=said[:6], align=align)

    def control(self, piece: Piece, kind: str, label: str, state: str = "", color: Color | None = None) -> Piece:
        """The piece, known to be a control."""

        def paint(canvas: Canvas, area: Box) -> None:
            canvas.element(kind, label, area, state=state, color=color)

        return backed(piece, paint)

    def icon(self, name: str, side: float, *, color: Color | None = None, state: str = "") -> Piece:
        """A sign that can be pressed."""
        ink = color or self.style.ink
        piece = picture(side, side, lambda canvas, area: sign(canvas, name, area, ink))
        return self.control(piece, "icon", name, state)

    def leader(self, side: float) -> Piece:
        """What stands before a row, if anything does: a picture without a meaning of its own."""
        rng, style = self.rng, self.style
        if self.lead == "none":
            return space(0, side)
        if self.lead == "emoji":
            return emoji(rng.choice(tuple(ICONS)), side)
        name, back = rng.choice(NAMES), style.solid(rng)
        if self.lead == "sign":
            return picture(side, side, lambda canvas, area: sign(canvas, name, area, style.soft))
        ink = palette.ink(rng, back, least=3.0, colourful=0.0)

        def paint(canvas: Canvas, area: Box) -> None:
            plate(canvas, area, side * 0.28, (back,))
            inset = side * 0.2
            sign(canvas, name, (area[0] + inset, area[1] + inset, area[2] - inset, area[3] - inset), ink)

        return picture(side, side, paint)

    def filled(self, width: float, height: float, color: Color, radius: float = 0.0) -> Piece:
        """A plain rectangle."""
        return picture(width, height, lambda canvas, area: plate(canvas, area, radius, (color,)))

    def card(self, piece: Piece, label: str = "") -> Piece:
        """On a card of the page's style."""
        return card(piece, self.style, label, outline=self.style.line if self.style.border else None)

    def tap(self, piece: Piece, width: float, height: float, *, align: float = 0.5) -> Piece:
        """Centred in the room that can be pressed."""
        return box(piece, width, height, align=align)

    def on(self, *back: Color) -> Style:
        """The page's style on another ground."""
        return regrounded(self.style, self.rng, *back)

    def standing_on(self, *back: Color) -> Desk:
        """A desk for what stands on another ground of the same page."""
        twin = copy.copy(self)
        twin.style = self.on(*back)
        return twin
