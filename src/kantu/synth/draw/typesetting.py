"""How text is set: face, size, colour and spacing, and what follows from them: widths and line breaks."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from kantu.synth.draw import faces
from kantu.synth.page import Color

_LATIN = frozenset((*map(chr, range(128)), *"·×¥"))  # what every latin face draws
_UNIT = re.compile(r"(?:[!-~¥￥]+|.)[，。：；！？）】》”、…]*")  # what stays together when a text is broken


@dataclass(frozen=True)
class Type:
    """How a run of text is set; `size` is the em, `spacing` goes between letters, both in pixels.

    `latin` is the face for runs without Chinese; without it they are set in `face` too.
    """

    face: faces.Face
    size: int
    fill: Color
    spacing: float = 0.0
    latin: faces.Face | None = None

    def face_for(self, text: str) -> faces.Face:
        """The face `text` is drawn with."""
        if self.latin and (text.isascii() or _LATIN.issuperset(text)):
            return self.latin
        return self.face

    def width(self, text: str) -> float:
        """Width of `text` in pixels as `Canvas.text` draws it."""
        advances = faces.advances(self.face_for(text), self.size)
        return sum(map(advances.__getitem__, text)) + self.spacing * max(0, len(text) - 1)

    def fit(self, text: str, width: float) -> str:
        """The longest head of `text` that fits `width`, ended by … when something was cut."""
        if self.width(text) <= width:
            return text
        while text and self.width(text + "…") > width:
            text = text[:-1]
        return text + "…"

    def cut(self, text: str, width: float) -> str:
        """The longest head of `text` that fits `width`, without any mark where it was cut."""
        used, advances = 0.0, faces.advances(self.face_for(text), self.size)
        for index, character in enumerate(text):
            used += advances[character]
            if used > width:
                return text[:index]
            used += self.spacing
        return text

    def broken(self, text: str, width: float) -> tuple[tuple[str, ...], Type]:
        """`text` broken into lines as browsers do, and the type that sets all of them in one face.

        Lines break between Chinese characters, before and after latin words and numbers (inside only those that are
        wider than a line), and none begins with a closing mark. All lines together are `text`.
        """
        lines = self._wrapped(text, width)
        if any(self.face_for(line) != self.face_for(text) for line in lines):  # a tail of digits would change its face
            return replace(self, latin=None).broken(text, width)
        return lines, self

    def widest_unit(self, text: str) -> float:
        """Width of the widest part of `text` that no line break should divide."""
        return max(map(self.width, _UNIT.findall(text)), default=0.0)

    def _wrapped(self, text: str, width: float) -> tuple[str, ...]:
        advances = faces.advances(self.face_for(text), self.size)
        lines, current, used = [], "", 0.0
        for unit in _UNIT.findall(text):
            size = sum(advances[character] + self.spacing for character in unit)
            parts = [unit] if size - self.spacing <= width else list(unit)
            for part in parts:
                step = size if part is unit else advances[part] + self.spacing
                if current and used + step - self.spacing > width:
                    lines.append(current)
                    current, used = "", 0.0
                current, used = current + part, used + step
        return (*lines, current)
