"""Blocks of a "reading" page: rows of labels and values in every arrangement, titles, items, tables, buttons.

A block is measured when it is made and draws itself when its place is known. `Press` makes them: it keeps the page's
random state, its style and what has been said already, so that no label or value stands on a page twice by accident.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from kantu.synth.draw import palette
from kantu.synth.draw.layout import Piece, Run
from kantu.synth.draw.parts import card as on_card
from kantu.synth.draw.style import Style, Surface
from kantu.synth.draw.typesetting import Type
from kantu.synth.facts import Pair
from kantu.synth.page import Color
from kantu.synth.words import vocabulary


class Press:
    """Makes the blocks of one page."""

    def __init__(self, rng: random.Random, style: Style) -> None:
        self.rng = rng
        self.style = style
        self.scale = style.scale
        self._said: set[str] = set()
        self._serial = 0

    def name(self) -> str:
        """A `Line.name` no other line of the page has."""
        self._serial += 1
        return f"t{self._serial}"

    def new(self, make: Callable[[random.Random], str], fits: Callable[[str], bool] | None = None) -> str | None:
        """Something not yet said on this page for which `fits` holds; None after some tries."""
        for _ in range(8):
            text = make(self.rng).strip()
            if text and text not in self._said and (fits is None or fits(text)):
                self._said.add(text)
                return text
        return None

    def run(
        self,
        text: str,
        type_: Type,
        fill: Color,
        role: str,
        *,
        width: float | None = None,
        most: int = 1,
        name: str = "",
    ) -> Run | None:
        """`text` set within `width` in at most `most` lines, or None when it doesn't fit."""
        type_ = replace(type_, fill=fill)
        lines: tuple[str, ...] = (text,)
        leading = max(self.style.leading, 1.15)
        if width is not None and type_.width(text) > width:
            if most == 1 or type_.size * 3 > width or type_.widest_unit(text) > width:
                return None
            lines, type_ = type_.broken(text, width)
            if len(lines) > most:
                return None
        return Run(lines, type_, leading, role, name or self.name())

    def pair(
        self,
        label: Type,
        value: Type,
        surface: Surface,
        room: Callable[[float], float],
        *,
        most: int = 1,
        colon: str = "",
    ) -> tuple[Pair, Run, Run] | None:
        """A new field as two runs. `room` tells the width left for the value beside a label of a given width."""
        for _ in range(6):
            kind, text, content = vocabulary.labelled(self.rng)
            if text in self._said or content in self._said or text == content:
                continue
            name = self.name()
            head = self.run(text + colon, label, surface.soft, "label", name=name)
            if head is None or room(head.width) <= 0:
                continue
            vivid = self.rng.random() < (0.5 if kind == "money" else 0.15)
            fill = surface.accent if vivid else surface.ink
            tail = self.run(content, value, fill, "value", width=room(head.width), most=most, name=name)
            if tail is None:
                continue
            self._said.update((text, content))
            return Pair(text, content, kind), head, tail
        return None


def card(press: Press, width: float, fill: Callable[[Surface, float], Piece | None]) -> Piece | None:
    """What `fill` makes, on a card in the page's style."""
    style, rng = press.style, press.rng
    colors: tuple[Color, ...] = (style.card,)
    if rng.random() < 0.2:
        colors = (style.tinted(rng, rng.uniform(0.05, 0.3)),)
    if rng.random() < 0.1:
        colors = (colors[0], palette.mix(colors[0], style.tinted(rng, 0.3), 0.7))
    surface = style.surface(rng, *colors)
    inner = fill(surface, width - 2 * style.padding)
    if inner is None:
        return None
    outline = surface.line if style.border or rng.random() < 0.1 else None
    return on_card(inner, style, "卡片", colors=colors, outline=outline)
