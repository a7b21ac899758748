"""Small painted things that pages of all kinds are made of."""

from __future__ import annotations

from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.layout import Piece, backed, pad, picture, space
from kantu.synth.draw.style import Style
from kantu.synth.page import Box, Color


def emoji(character: str, size: float, *, label: str = "", kind: str = "icon") -> Piece:
    """A colour emoji `size` pixels square."""
    return picture(size, size, lambda canvas, area: canvas.emoji(character, area, label=label, kind=kind))


def chevron(canvas: Canvas, area: Box, color: Color, *, back: bool = False) -> None:
    """The small › at the end of a row that leads somewhere, or the ‹ that leads back, drawn as lines."""
    x1, y1, x2, y2 = area
    tip, tail = (x1, x2) if back else (x2, x1)
    width = max(1, round((y2 - y1) / 6))
    canvas.draw.line([(tail, y1), (tip, (y1 + y2) / 2), (tail, y2)], fill=color, width=width)


def grouped(piece: Piece) -> Piece:
    """The piece, known to be read to its end before what stands beside it (`reading_order`)."""
    return backed(piece, lambda canvas, area: canvas.element("column", "", area))


def plate(canvas: Canvas, box: Box, radius: float, colors: tuple[Color, ...], *, outline: Color | None = None) -> None:
    """A filled rounded rectangle, in a gradient when there are two colours."""
    radius = min(radius, (box[3] - box[1]) / 2, (box[2] - box[0]) / 2)
    if len(colors) > 1:
        canvas.gradient(box, colors[0], colors[1], radius=radius, vertical=sum(colors[0]) % 2 == 0)
    else:
        canvas.rounded(box, radius, colors[0], outline=outline)


def divide(canvas: Canvas, style: Style, color: Color, x: float, y: float, width: float) -> None:
    """A separating line as the style wants it, if it wants one."""
    thickness = max(1, round(style.scale))
    if style.divider == "line":
        canvas.draw.line((x, y, x + width, y), fill=color, width=thickness)
    elif style.divider == "dashed":
        step = 3.5 * style.scale
        for index in range(int(width / step / 2)):
            left = x + index * 2 * step
            canvas.draw.line((left, y, left + step, y), fill=color, width=thickness)


def rule(style: Style, width: float) -> Piece:
    """The style's separating line as a piece; it keeps its room where the style has none."""
    if not style.divided:
        return space(width, 1)
    return picture(width, 1, lambda canvas, area: divide(canvas, style, style.line, area[0], round(area[1]), width))


def card(
    piece: Piece,
    style: Style,
    label: str,
    *,
    colors: tuple[Color, ...] | None = None,
    outline: Color | None = None,
    inset: float = 1.0,
) -> Piece:
    """The piece on a card of the style, `inset` paddings from its upper and lower edge; without `colors` its own."""

    def paint(canvas: Canvas, area: Box) -> None:
        if style.shadow:
            blur, drop = 4 * style.scale, 2 * style.scale
            canvas.shadow(area, style.radius, blur=blur, color=(10, 10, 20), strength=style.shadow, drop=drop)
        plate(canvas, area, style.radius, colors or (style.card,), outline=outline)
        canvas.element("card", label, area)

    return backed(pad(piece, style.padding, style.padding * inset), paint)
