"""Pieces of a page that know their size before they are drawn, and the few ways to put them together.

A `Piece` is measured when it is made and drawn when its place is known, so that backgrounds can go under their content
and a page can drop what does not fit. Each piece carries the facts it shows; combining pieces combines the facts, so a
page's truth is what was really placed on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.typesetting import Type
from kantu.synth.facts import Fact
from kantu.synth.page import Box

Draw = Callable[[Canvas, float, float], None]


@dataclass(frozen=True)
class Piece:
    """A rectangle of content, in pixels, and the facts it shows."""

    width: float
    height: float
    draw: Draw
    facts: tuple[Fact, ...] = ()

    def showing(self, *facts: Fact) -> Piece:
        """The same piece, known to show these facts as well."""
        return replace(self, facts=self.facts + facts)


def _nothing(canvas: Canvas, x: float, y: float) -> None:
    return


def space(width: float = 0.0, height: float = 0.0) -> Piece:
    """Empty room."""
    return Piece(width, height, _nothing)


def _joined(pieces: Sequence[Piece], width: float, height: float, draw: Draw) -> Piece:
    return Piece(width, height, draw, tuple(fact for piece in pieces for fact in piece.facts))


@dataclass(frozen=True)
class Run:
    """One text in one type, in one or more lines `leading` ems apart."""

    lines: tuple[str, ...]
    type: Type
    leading: float = 1.4
    role: str = ""
    name: str = ""

    @cached_property
    def width(self) -> float:
        return max(map(self.type.width, self.lines))

    @cached_property
    def height(self) -> float:
        return self.type.size * (1 + self.leading * (len(self.lines) - 1))

    def draw(self, canvas: Canvas, x: float, y: float, anchor: str = "l", *, strike: bool = False) -> None:
        """Draw with the top at `y`; `x` is the l(eft), m(iddle) or r(ight) edge."""
        for index, line in enumerate(self.lines):
            top = y + index * self.leading * self.type.size
            canvas.text(x, top, line, self.type, anchor=anchor, role=self.role, name=self.name, strike=strike)

    def piece(self, *, align: str = "l", strike: bool = False) -> Piece:
        """The run as a piece as wide as its widest line; `align` is l, m or r within that."""
        offset = self.width * {"l": 0.0, "m": 0.5, "r": 1.0}[align]

        def draw(canvas: Canvas, x: float, y: float) -> None:
            self.draw(canvas, x + offset, y, align, strike=strike)

        return Piece(self.width, self.height, draw)


def text(content: str, type_: Type, *, role: str = "", name: str = "", strike: bool = False) -> Piece:
    """One line of text in its em box."""
    return Run((content,), type_, role=role, name=name).piece(strike=strike)


def paragraph(
    content: str, type_: Type, width: float, *, leading: float = 1.4, role: str = "", name: str = "", align: str = "l"
) -> Piece:
    """`content` broken into as many lines as `width` asks for; `leading` is the line height in ems."""
    lines, one_face = type_.broken(content, max(width, type_.size * 2))
    return Run(lines, one_face, leading, role, name).piece(align=align)


def column(pieces: Iterable[Piece], gap: float = 0.0, *, align: str = "l", width: float | None = None) -> Piece:
    """Pieces one under the other; `align` is l, m or r within `width` (the widest piece when not given)."""
    members = list(pieces)
    total = max((piece.width for piece in members), default=0.0) if width is None else width
    height = sum(piece.height for piece in members) + gap * max(len(members) - 1, 0)
    share = {"l": 0.0, "m": 0.5, "r": 1.0}[align]

    def draw(canvas: Canvas, x: float, y: float) -> None:
        for piece in members:
            piece.draw(canvas, x + (total - piece.width) * share, y)
            y += piece.height + gap

    return _joined(members, total, height, draw)


def row(pieces: Iterable[Piece], gap: float = 0.0, *, valign: float = 0.5, height: float | None = None) -> Piece:
    """Pieces side by side; `valign` 0 is top, 1 is bottom."""
    members = list(pieces)
    tall = max((piece.height for piece in members), default=0.0) if height is None else height
    width = sum(piece.width for piece in members) + gap * max(len(members) - 1, 0)

    def draw(canvas: Canvas, x: float, y: float) -> None:
        for piece in members:
            piece.draw(canvas, x, y + (tall - piece.height) * valign)
            x += piece.width + gap

    return _joined(members, width, tall, draw)


def spread(left: Piece, right: Piece, width: float, *, valign: float = 0.5) -> Piece:
    """One piece at each end of `width`."""
    return row([left, space(max(width - left.width - right.width, 0.0)), right], valign=valign)


def pad(piece: Piece, horizontal: float, vertical: float | None = None, *, top: float | None = None) -> Piece:
    """Room around a piece; `top` overrides the upper margin."""
    below = horizontal if vertical is None else vertical
    above = below if top is None else top

    def draw(canvas: Canvas, x: float, y: float) -> None:
        piece.draw(canvas, x + horizontal, y + above)

    return replace(piece, width=piece.width + 2 * horizontal, height=piece.height + above + below, draw=draw)


def box(piece: Piece, width: float, height: float, *, align: float = 0.5, valign: float = 0.5) -> Piece:
    """The piece placed inside a fixed rectangle."""

    def draw(canvas: Canvas, x: float, y: float) -> None:
        piece.draw(canvas, x + (width - piece.width) * align, y + (height - piece.height) * valign)

    return replace(piece, width=width, height=height, draw=draw)


def backed(piece: Piece, paint: Callable[[Canvas, Box], None]) -> Piece:
    """The piece with something painted under it."""

    def draw(canvas: Canvas, x: float, y: float) -> None:
        paint(canvas, (x, y, x + piece.width, y + piece.height))
        piece.draw(canvas, x, y)

    return replace(piece, draw=draw)


def picture(width: float, height: float, paint: Callable[[Canvas, Box], None]) -> Piece:
    """Something drawn that is not text."""

    def draw(canvas: Canvas, x: float, y: float) -> None:
        paint(canvas, (x, y, x + width, y + height))

    return Piece(width, height, draw)
