"""A drawing surface that remembers where every character went."""

from __future__ import annotations

from functools import lru_cache

from PIL import Image, ImageDraw, ImageFilter

from kantu.synth.draw import faces
from kantu.synth.draw.typesetting import Type
from kantu.synth.page import Box, Color, Element, Line

_ASCENT = 0.88  # share of the em box above the baseline in the CJK fonts used here


@lru_cache(maxsize=512)
def emoji_bitmap(character: str) -> Image.Image:
    """A colour emoji at the size its font has it, on nothing."""
    font = faces.emoji_font()
    left, top, right, bottom = (int(edge) for edge in font.getbbox(character))
    bitmap = Image.new("RGBA", (max(right - left, 1), max(bottom - top, 1)))
    ImageDraw.Draw(bitmap).text((-left, -top), character, font=font, embedded_color=True)
    return bitmap


class Canvas:
    """An RGB picture under construction, with its lines of text and its elements.

    Text is placed by its em box: `y` is the top of a box `size` pixels high, so that layouts need no font metrics.
    """

    def __init__(self, width: int, height: int, background: Color) -> None:
        self.image = Image.new("RGB", (width, height), background)
        self.draw = ImageDraw.Draw(self.image)
        self.lines: list[Line] = []
        self.elements: list[Element] = []

    @property
    def width(self) -> int:
        return self.image.width

    @property
    def height(self) -> int:
        return self.image.height

    def text(
        self,
        x: float,
        y: float,
        text: str,
        type_: Type,
        *,
        anchor: str = "l",
        role: str = "",
        name: str = "",
        strike: bool = False,
    ) -> Box:
        """Draw one line and remember it. `anchor` says what `x` is: the line's l(eft), m(iddle) or r(ight) edge."""
        face, size, fill, spacing = type_.face_for(text), type_.size, type_.fill, type_.spacing
        total = type_.width(text)
        left = x - {"l": 0.0, "m": total / 2, "r": total}[anchor]
        baseline = y + _ASCENT * size
        font = faces.load(face, size)
        boxes: list[Box] = []
        pen, advances = left, faces.advances(face, size)
        for character in text:
            step = advances[character]
            boxes.append((pen, y, pen + step, y + size))
            if spacing:
                self.draw.text((pen, baseline), character, font=font, fill=fill, anchor="ls")
            pen += step + spacing
        if not spacing:
            self.draw.text((left, baseline), text, font=font, fill=fill, anchor="ls")
        if strike:
            middle = y + size * 0.55
            self.draw.line((left, middle, left + total, middle), fill=fill, width=max(1, size // 14))
        box = (left, y, left + total, y + size)
        if text.strip():
            self.lines.append(Line(text, box, tuple(boxes), size, role, name, fill))
        return box

    def element(self, kind: str, label: str, box: Box, *, state: str = "", color: Color | None = None) -> None:
        """Remember something that is not text."""
        self.elements.append(Element(kind, label, box, state, color))

    def rounded(
        self, box: Box, radius: float, fill: Color | None, *, outline: Color | None = None, width: int = 1
    ) -> None:
        """A filled and/or outlined rectangle with round corners."""
        self.draw.rounded_rectangle(box, radius, fill=fill, outline=outline, width=width)

    def shadow(self, box: Box, radius: float, *, blur: float, color: Color, strength: float, drop: float = 2) -> None:
        """A soft shadow under a card at `box`; draw it before the card."""
        margin = int(3 * blur + drop) + 1
        left, top = int(box[0]) - margin, int(box[1]) - margin
        size = (int(box[2]) + margin - left, int(box[3]) + margin - top)
        coarse = max(1, round(blur / 1.3))  # what a blur leaves fits in fewer pixels, and those blur faster
        mask = Image.new("L", (size[0] // coarse + 1, size[1] // coarse + 1))
        inner = (box[0] - left, box[1] - top + drop, box[2] - left, box[3] - top + drop)
        ImageDraw.Draw(mask).rounded_rectangle(
            [edge / coarse for edge in inner], radius / coarse, fill=round(255 * strength)
        )
        mask = mask.filter(ImageFilter.GaussianBlur(blur / coarse))
        if coarse > 1:
            whole = (mask.width * coarse, mask.height * coarse)
            mask = mask.resize(whole, Image.Resampling.BILINEAR)
        mask = mask.crop((0, 0, *size))
        self.image.paste(color, (left, top, left + size[0], top + size[1]), mask)

    def gradient(self, box: Box, start: Color, end: Color, *, radius: float = 0, vertical: bool = True) -> None:
        """A linear gradient clipped to a rounded rectangle."""
        left, top, right, bottom = (round(edge) for edge in box)
        size = (max(right - left, 1), max(bottom - top, 1))
        ramp = Image.linear_gradient("L") if vertical else Image.linear_gradient("L").rotate(90)
        blend = Image.composite(Image.new("RGB", size, end), Image.new("RGB", size, start), ramp.resize(size))
        mask = Image.new("L", size)
        ImageDraw.Draw(mask).rounded_rectangle((0, 0, size[0] - 1, size[1] - 1), radius, fill=255)
        self.image.paste(blend, (left, top), mask)

    def emoji(self, character: str, box: Box, *, label: str = "", kind: str = "icon") -> None:
        """A colour emoji scaled into `box`; remembered as an element when it has a label."""
        left, top, right, bottom = (round(edge) for edge in box)
        bitmap = emoji_bitmap(character).resize((max(right - left, 1), max(bottom - top, 1)), Image.Resampling.BICUBIC)
        self.image.paste(bitmap, (left, top), bitmap)
        if label:
            self.element(kind, label, box)
