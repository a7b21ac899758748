"""Pieces of a page that know their size before they are drawn, and the few ways to put them together.

A `Piece` is measured when it is made and drawn when its place is known, so that backgrounds can go under their content
and a page can drop what does not fit. Each piece carries the facts it shows; combining pieces combines the facts, so a
page's truth is what was really placed on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from kantu.synth.draw import faces
from kantu.synth.draw.canvas import Canvas, text_width, wrap
from kantu.synth.facts import Fact
from kantu.synth.page import Box, Color

Draw = Callable[[Canvas, float, float], None]


@dataclass(frozen=True)
class Type:
    """How a run of text is set: face, em size in pixels, colour, letter spacing in pixels."""

    face: faces.Face
    size: int
    fill: Color
    spacing: float = 0.0


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


def text(content: str, style: Type, *, role: str = "", name: str = "", strike: bool = False) -> Piece:
    """One line of text in its em box."""

    def draw(canvas: Canvas, x: float, y: float) -> None:
        canvas.text(
            x, y, content, style.face, style.size, style.fill,
            spacing=style.spacing, role=role, name=name, strike=strike,
        )  # fmt: skip

    return Piece(text_width(content, style.face, style.size, style.spacing), style.size, draw)


def paragraph(
    content: str, style: Type, width: float, *, leading: float = 1.4, role: str = "", name: str = "", align: str = "l"
) -> Piece:
    """`content` broken into as many lines as `width` asks for; `leading` is the line height in ems."""
    spaced = width - style.spacing * len(content) if style.spacing > 0 else width
    parts = wrap(content, style.face, style.size, max(spaced, style.size * 2))
    lines = [text(part, style, role=role, name=name) for part in parts]
    return column(lines, style.size * (leading - 1.0), align=align)


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
