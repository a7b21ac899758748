"""Family "chat": conversations on phones and desks, of two people or many, on light, dark and coloured grounds."""

from __future__ import annotations

import random

from kantu.synth.draw import effects, palette
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.layout import Piece
from kantu.synth.draw.parts import grouped
from kantu.synth.draw.style import make_style
from kantu.synth.facts import Fact
from kantu.synth.families.chat.bubbles import ROLES_OF_CHATS, Booth, make_look
from kantu.synth.families.chat.questions import ChatQuestions
from kantu.synth.families.chat.record import Entry, Message, Stamp, make_conversation
from kantu.synth.families.chat.shown import Shown
from kantu.synth.families.chat.window import chats, frame, ground, paint_ground
from kantu.synth.families.family import GRID, Family, Size, finish
from kantu.synth.page import Page
from kantu.synth.words import overlays
from kantu.synth.words.overlays import Instruction

_WIDTHS = {320: 6, 352: 8, 384: 16, 416: 16, 448: 12, 480: 8, 576: 6, 640: 8, 704: 6, 768: 5}
_INSTRUCTED = 0.05  # share of chats in which a message tells the reader what to answer


def _choose_size(rng: random.Random) -> Size:
    width = rng.choices(tuple(_WIDTHS), tuple(_WIDTHS.values()))[0]
    height = rng.randrange(416, 897, GRID) if width <= 480 else rng.randrange(416, 705, GRID)
    return width, height


def _with_instruction(entries: list[Entry], rng: random.Random) -> tuple[list[Entry], Instruction]:
    """One message of another person says what to answer."""
    said = overlays.instruction(rng)
    theirs = [index for index, each in enumerate(entries) if isinstance(each, Message) and not each.mine]
    index = rng.choice(theirs) if theirs else 0
    sender = entries[index].sender if theirs else ""  # type: ignore[union-attr]
    if not theirs:
        return entries, said
    entries[index] = Message(sender, False, "text", said.text, instruction=True)
    return entries, said


def _times(rng: random.Random, entries: list[Entry], share: float) -> list[str]:
    """A time for each message, where a window gives one to each; they go on as it does."""
    if rng.random() >= share:
        return [""] * len(entries)
    minute = rng.randrange(20 * 60)
    times = []
    for _ in entries:
        minute += rng.randint(1, 9)
        times.append(f"{minute // 60 % 24:02d}:{minute % 60:02d}")
    return times


def _compose(
    rng: random.Random, width: int, height: int, scale: float
) -> tuple[Canvas, tuple[Fact, ...], Shown, Instruction | None]:
    wide = width > 520 * scale
    style = make_style(rng, width if not wide else round(width * 0.75), scale, roles=ROLES_OF_CHATS, plain=0.85)
    chat = make_conversation(rng, 30 if height > 900 * scale else 20)
    canvas = Canvas(width, height, style.page[0])
    form, colors = ground(rng, style)
    listed = wide and rng.random() < 0.55
    left = round(width * rng.uniform(0.26, 0.34)) if listed else 0
    across = float(width - left)
    phone = not wide and rng.random() < 0.85
    top, bottom = frame(rng, style, chat, across, phone=phone)
    if top.height + bottom.height > height * 0.4:
        bottom = Piece(across, 0.0, lambda canvas, x, y: None)
    look = make_look(rng, style, colors, group=chat.group, wide=wide)
    margin = max(style.margin, 8 * scale)
    booth = Booth(rng, style, look, across - 2 * margin, (chat.me, *chat.people))
    entries, instruction = list(chat.entries), None
    if rng.random() < _INSTRUCTED:
        entries, instruction = _with_instruction(entries, rng)
    paint_ground(canvas, (left, 0, width, height), form, colors, rng)
    y = top.height + rng.uniform(6, 18) * scale
    limit = height - bottom.height - 6 * scale
    gap = rng.uniform(7, 18) * scale
    times = _times(rng, entries, 0.2 if look.sides else 0.7)
    timed = any(times)
    shown: list[tuple[Entry, str]] = []
    pieces: list[tuple[Piece, float]] = []
    for entry, time in zip(entries, times, strict=True):
        if timed and isinstance(entry, Stamp):
            continue
        own = time if isinstance(entry, Message) else ""
        piece = booth.entry(entry, own)
        if y + piece.height > limit:
            if len(shown) < 3:  # something smaller may still fit
                continue
            break
        pieces.append((piece, y))
        shown.append((entry, own))
        y += piece.height + gap
    top.draw(canvas, left, 0)
    for piece, at in pieces:
        piece.draw(canvas, left + margin, at)
    bottom.draw(canvas, left, height - bottom.height)
    if listed:
        side = palette.mix(style.card, style.ink, rng.choice((0.0, 0.03, 0.06)))
        canvas.draw.rectangle((0, 0, left, height), fill=side)
        canvas.draw.line((left, 0, left, height), fill=style.line)
        grouped(chats(rng, style, chat, left, height)).draw(canvas, 0, 0)
        canvas.element("column", "", (left + 1, 0, width, height))
    drawn = any(isinstance(entry, Message) and entry.instruction for entry, _ in shown)
    return canvas, top.facts, Shown(chat, look.sides, tuple(shown)), instruction if drawn else None


def draw(seed: int, size: Size) -> Page:
    """One chat and its truth. What does not fit is left out."""
    rng = random.Random(f"{CHAT.name}:{seed}")
    for _ in range(6):
        scale = effects.drawing_scale(rng)
        canvas, facts, shown, instruction = _compose(rng, round(size[0] * scale), round(size[1] * scale), scale)
        if len(shown.messages) >= 3:
            break
    own = ChatQuestions(shown)
    return finish(
        CHAT.name, seed, size, canvas, facts, rng, askers=own.all(), first=own.first(rng), least=7, most=12,
        instruction=instruction,
    )  # fmt: skip


CHAT = Family("chat", _choose_size, draw)
