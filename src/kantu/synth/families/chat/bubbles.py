"""Messages as chat windows draw them: bubbles with faces, names and times, plain lines, what is no text."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace

from kantu.synth.draw import palette
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.layout import Piece, backed, box, column, pad, paragraph, picture, row, space, text
from kantu.synth.draw.parts import emoji, plate
from kantu.synth.draw.pen import pen
from kantu.synth.draw.signs import sign
from kantu.synth.draw.style import ROLES, Role, Style, Surface
from kantu.synth.draw.typesetting import Type
from kantu.synth.families.chat.record import Entry, Message, Notice, Stamp
from kantu.synth.page import Box, Color
from kantu.synth.words.icons import ICONS

ROLES_OF_CHATS = {
    **ROLES,
    "title": Role(1.05, 1.3, 0.6),
    "message": Role(0.95, 1.2, 0.03),
    "name": Role(0.72, 0.9, 0.1, ("soft", "faint", "accent")),
    "stamp": Role(0.72, 0.88, 0.0, ("faint", "soft")),
}
_SHAPES = ("tailed", "tailed", "round", "round", "square", "cornered", "outlined")
_FACES = ("emoji", "emoji", "colour", "initial", "person", "none")


@dataclass(frozen=True)
class Look:
    """How a window shows its messages.

    `sides` is False where all of them stand at the left, as on desks. `times` says where each message has its time
    ("" nowhere), `tall` where faces stand. `ground` is the colour behind the messages.
    """

    sides: bool
    shape: str
    face: str
    round_face: bool
    named: bool
    plain: bool
    mine: Color
    theirs: Color
    on_mine: Surface
    on_theirs: Surface
    on_ground: Surface
    stamp_back: Color | None
    share: float
    face_size: float
    across: float
    down: float
    radius: float


def make_look(rng: random.Random, style: Style, ground: tuple[Color, ...], *, group: bool, wide: bool) -> Look:
    """A look that can be read on this ground."""
    sides = rng.random() < (0.6 if wide else 0.94)
    white = palette.mix(ground[0], palette.grey(255), 0.9 if not style.dark else 0.1)
    theirs = white if rng.random() < 0.65 else palette.mix(style.card, style.ink, rng.uniform(0.05, 0.14))
    mine = rng.choice((palette.hsv(0.27, 0.45, 0.92), palette.hsv(0.58, 0.75, 0.95), style.accent, style.solid(rng),
                       palette.mix(style.card, style.accent, 0.25), theirs))  # fmt: skip
    if style.dark:
        mine = palette.mix(mine, palette.grey(0), rng.uniform(0.0, 0.5))
    size = style["message"].size
    return Look(
        sides=sides,
        shape=rng.choice(_SHAPES),
        face=rng.choice(_FACES),
        round_face=rng.random() < 0.5,
        named=group or not sides or rng.random() < 0.08,
        plain=not sides and rng.random() < 0.6,
        mine=mine,
        theirs=theirs,
        on_mine=style.surface(rng, mine),
        on_theirs=style.surface(rng, theirs),
        on_ground=style.surface(rng, *ground),
        stamp_back=palette.mix(ground[0], palette.grey(0 if not style.dark else 255), 0.16)
        if rng.random() < 0.3
        else None,
        share=rng.uniform(0.56, 0.78),
        face_size=size * rng.uniform(1.9, 2.7),
        across=size * rng.uniform(0.55, 0.9),
        down=size * rng.uniform(0.4, 0.75),
        radius=size * rng.choice((0.2, 0.35, 0.6, 1.0, 1.2)),
    )


class Booth:
    """Makes the pieces of one conversation."""

    def __init__(self, rng: random.Random, style: Style, look: Look, width: float, people: tuple[str, ...]) -> None:
        self.rng = rng
        self.style = style
        self.look = look
        self.width = width
        self._faces: Mapping[str, tuple[str, Color]] = {
            name: (rng.choice(tuple(ICONS)), style.solid(rng)) for name in people
        }
        self._serial = 0

    def _type(self, role: str, fill: Color) -> Type:
        return replace(self.style[role], fill=fill)

    def _face(self, name: str) -> Piece:
        look, side = self.look, self.look.face_size
        icon, color = self._faces[name]
        radius = side / 2 if look.round_face else side * 0.16
        if look.face == "none":
            return space(0, 0)
        ink = self.style.surface(self.rng, color).ink
        initial = self._type("name", ink)
        said = name[-2:] if initial.width(name[-2:]) < side * 0.9 else name[-1:]

        def paint(canvas: Canvas, area: Box) -> None:
            x1, y1, x2, y2 = area
            with pen(canvas, area) as tip:
                tip.rounded(area, radius, color)
                if look.face == "person":
                    light = palette.mix(color, palette.grey(255), 0.6)
                    tip.disc((x1 + side * 0.34, y1 + side * 0.18, x1 + side * 0.66, y1 + side * 0.5), light)
                    tip.rounded(
                        (x1 + side * 0.2, y1 + side * 0.58, x2 - side * 0.2, y2 - side * 0.06), side * 0.2, light
                    )
            if look.face == "emoji":
                inset = side * 0.16
                canvas.emoji(icon, (x1 + inset, y1 + inset, x2 - inset, y2 - inset))
            elif look.face == "initial":
                canvas.text((x1 + x2) / 2, (y1 + y2 - initial.size) / 2, said, initial, anchor="m", role="face")

        return picture(side, side, paint)

    def _content(self, message: Message, surface: Surface, width: float) -> Piece:
        """What a bubble holds. All lines of a message's own words have one name, so that they are one text."""
        self._serial += 1
        rng, style = self.rng, self.style
        name, role = f"m{self._serial}", "instruction" if message.instruction else "message"
        type_, small = self._type("message", surface.ink), self._type("name", surface.soft)
        size = float(type_.size)
        if message.form == "voice":
            length = min(size * 4 + int("".join(c for c in message.text if c.isdigit())) * size * 0.12, width)
            waves = picture(size, size, lambda canvas, area: sign(canvas, "音量", area, surface.ink))
            parts = [waves, text(message.text, type_, role=role, name=name)]
            line = row(parts[::-1] if message.mine else parts, size * 0.5)
            return box(line, max(length, line.width), size, align=1.0 if message.mine else 0.0)
        if message.form == "file":
            icon = rng.choice(("📄", "📁", "📊", "📦"))
            shown = paragraph(message.text, type_, width - size * 3, role=role, name=name)
            lines = column([shown, text(message.note, small, role="note")], size * 0.4)
            return row([lines, emoji(icon, size * 2)], size * 0.8)
        if message.form == "place":
            shown = paragraph(message.text, type_, width, role=role, name=name)
            chart = picture(max(shown.width, size * 9), size * 4, self._map)
            return column([shown, chart], size * 0.5)
        said = paragraph(message.text, type_, width, leading=max(style.leading, 1.25), role=role, name=name)
        if message.quote:
            whose, words = message.quote
            quoted = text(small.fit(f"{whose}：{words}", width - size), small, role="quote", name=f"q{self._serial}")
            edge = surface.soft

            def bar(canvas: Canvas, area: Box) -> None:
                canvas.draw.line((area[0] + 1, area[1], area[0] + 1, area[3]), fill=edge, width=2)

            said = column([backed(pad(quoted, size * 0.5, 2), bar), said], size * 0.4)
        return said

    def _map(self, canvas: Canvas, area: Box) -> None:
        x1, y1, x2, y2 = area
        ground = palette.hsv(0.3, 0.12, 0.85)
        canvas.draw.rectangle(area, fill=ground)
        for share in (0.25, 0.6, 0.8):
            canvas.draw.line(
                (x1 + (x2 - x1) * share, y1, x1 + (x2 - x1) * (share - 0.1), y2), fill=(255, 255, 255), width=3
            )
        canvas.draw.line((x1, (y1 + y2) / 2, x2, y2 - 6), fill=(255, 230, 150), width=4)
        side = (y2 - y1) * 0.4
        middle = (x1 + x2) / 2
        canvas.emoji("📍", (middle - side / 2, y1 + side * 0.5, middle + side / 2, y1 + side * 1.5))

    def _picture(self, message: Message) -> Piece:
        """A photograph or a sticker, which has no words."""
        rng, size = self.rng, float(self.style["message"].size)
        side = size * rng.uniform(4.5, 7.5)
        icon = rng.choice(tuple(ICONS))
        if message.form == "sticker":
            return emoji(rng.choice("😀😂🥰😭👍🙏😎🤔🎉💪🐱🐶"), side * 0.7, label="", kind="sticker")
        wide, tall = side * rng.uniform(0.8, 1.4), side
        start, end = self.style.solid(rng), self.style.solid(rng)

        def paint(canvas: Canvas, area: Box) -> None:
            canvas.gradient(area, start, end, radius=min(self.look.radius, 8))
            inset = tall * 0.2
            middle = (area[0] + area[2]) / 2
            half = (tall - 2 * inset) / 2
            canvas.emoji(icon, (middle - half, area[1] + inset, middle + half, area[3] - inset))

        return picture(wide, tall, paint)

    def _gift(self, message: Message, width: float) -> Piece:
        """A red packet, or money that was sent."""
        style = self.style
        size = float(style["message"].size)
        back = palette.hsv(0.02, 0.8, 0.87) if message.form == "packet" else palette.hsv(0.09, 0.75, 0.95)
        ink = style.surface(self.rng, back).ink
        self._serial += 1
        big, small = self._type("message", ink), self._type("name", ink)
        icon = "🧧" if message.form == "packet" else "💰"
        below = "领取红包" if message.form == "packet" else message.note
        said = text(message.text, big, role="message", name=f"m{self._serial}")
        lines = column([said, text(below, small, role="note")], size * 0.4)
        inner = box(row([emoji(icon, size * 2.2), lines], size * 0.7), min(width, size * 14), size * 3.2, align=0.08)
        radius = self.look.radius

        def paint(canvas: Canvas, area: Box) -> None:
            plate(canvas, area, min(radius, size * 0.6), (back,))

        return backed(inner, paint)

    def _bubble(self, message: Message, width: float) -> Piece:
        """The message in its bubble, known to be one."""
        look = self.look
        mine = message.mine and look.sides
        if message.form in ("picture", "sticker"):
            body = self._picture(message)
        elif message.form in ("packet", "transfer"):
            body = self._gift(message, width)
        elif look.plain:
            body = self._content(message, look.on_ground, width)
        else:
            surface, back = (look.on_mine, look.mine) if mine else (look.on_theirs, look.theirs)
            body = pad(self._content(message, surface, width - 2 * look.across), look.across, look.down)
            body = backed(body, lambda canvas, area: self._plate(canvas, area, back, surface.line, mine))

        def remember(canvas: Canvas, area: Box) -> None:
            canvas.element("bubble", message.text, area)

        return backed(body, remember)

    def _plate(self, canvas: Canvas, area: Box, back: Color, edge: Color, mine: bool) -> None:
        look, (x1, y1, x2, y2) = self.look, area
        radius = min(look.radius, (y2 - y1) / 2)
        outline = edge if look.shape == "outlined" else None
        if look.shape == "tailed" and look.face != "none":
            side = look.across * 0.55
            top = y1 + min(look.face_size / 2, (y2 - y1) / 2)
            tip_x, base = (x2 + side * 0.9, x2) if mine else (x1 - side * 0.9, x1)
            canvas.draw.polygon([(base, top - side * 0.8), (base, top + side * 0.8), (tip_x, top)], fill=back)
        canvas.rounded(area, 2 if look.shape == "square" else radius, back, outline=outline)
        if look.shape == "cornered":
            corner = (x2 - radius, y1, x2 - 0.5, y1 + radius) if mine else (x1, y1, x1 + radius, y1 + radius)
            canvas.draw.rectangle(corner, fill=back)

    def message(self, message: Message, time: str = "") -> Piece:
        """A message across the window, with the face and name of who sent it, and its time where it has one."""
        look, style = self.look, self.style
        gap = style["message"].size * 0.65
        face = self._face(message.sender)
        room = self.width - 2 * (face.width + gap)
        mine = message.mine and look.sides
        bubble = self._bubble(message, room * (look.share if look.sides else 0.95))
        stamp = text(time, self._type("stamp", look.on_ground.soft), role="stamp") if time else space()
        parts = [bubble]
        if look.named and not (mine and look.sides):
            name = text(message.sender, self._type("name", look.on_ground.soft), role="name")
            parts.insert(0, row([name, stamp], gap) if time and not look.sides else name)
        if time and (look.sides or not look.named):
            parts.append(stamp)
        block = column(parts, style["name"].size * 0.4, align="r" if mine else "l")
        line = row([block, face] if mine else [face, block], gap if face.width else 0.0, valign=0.0)
        return box(line, self.width, line.height, align=1.0 if mine else 0.0)

    def stamp(self, said: str) -> Piece:
        """A time, or a line of the system's, in the middle."""
        look, size = self.look, float(self.style["stamp"].size)
        back = look.stamp_back
        fill = self.style.surface(self.rng, back).soft if back else look.on_ground.soft
        piece = paragraph(said, self._type("stamp", fill), self.width * 0.8, role="stamp", name=said, align="m")
        if back:
            piece = backed(pad(piece, size * 0.6, size * 0.3), lambda c, a: c.rounded(a, size * 0.4, back))
        return box(piece, self.width, piece.height)

    def entry(self, entry: Entry, time: str = "") -> Piece:
        """Anything of a conversation."""
        if isinstance(entry, Stamp | Notice):
            return self.stamp(entry.text)
        return self.message(entry, time)
