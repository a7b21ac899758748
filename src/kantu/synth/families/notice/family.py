"""Family "notice": announcements of estates, groups, shops and schools; some say what may not be put up."""

from __future__ import annotations

import random
from dataclasses import replace

from kantu.synth.ask.verdicts import Judgement
from kantu.synth.draw import distractors, effects
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.grounds import zoomed
from kantu.synth.draw.layout import Piece
from kantu.synth.draw.style import ROLES, Role, make_style
from kantu.synth.families.family import GRID, Family, Size, finish
from kantu.synth.families.notice.frames import Frame, choose_frame
from kantu.synth.families.notice.questions import askers, first
from kantu.synth.families.notice.record import Notice, Sentence, make_notice
from kantu.synth.families.notice.sheet import set_notice
from kantu.synth.page import Page
from kantu.synth.words import overlays
from kantu.synth.words.moderation import Passage

_ROLES = {
    **ROLES,
    "title": Role(1.15, 2.1, 0.8),
    "body": Role(0.9, 1.3, 0.12),
    "small": Role(0.8, 0.95, 0.1, ("faint", "soft")),
}
_INSTRUCTED = 0.07  # share with an instruction, beside those any page may have


def _choose_size(rng: random.Random) -> Size:
    if rng.random() < 0.75:
        return rng.randrange(320, 513, GRID), rng.randrange(384, 801, GRID)
    return rng.randrange(416, 769, GRID), rng.randrange(320, 609, GRID)


def _largest(notice: Notice, frame: Frame, rng: random.Random) -> tuple[Piece, tuple[Sentence, ...]] | None:
    """The notice in larger type where there is room for all of it, in the style's own type otherwise."""
    for zoom in (rng.choice((1.0, 1.7, 2.2)), rng.choice((1.0, 1.35, 1.5))):
        if zoom > 1:
            placed = set_notice(notice, replace(frame, style=zoomed(frame.style, zoom)), rng)
            if placed and len(placed[1]) == len(notice.sentences):
                return placed
    return set_notice(notice, frame, rng)


def draw(seed: int, size: Size) -> Page:
    """A notice and its truth; what has no room is left out, and judged is what is shown."""
    rng = random.Random(f"{NOTICE.name}:{seed}")
    while True:
        scale = effects.drawing_scale(rng)
        width, height = round(size[0] * scale), round(size[1] * scale)
        style = make_style(rng, width, scale, roles=_ROLES, plain=0.5)
        frame = choose_frame(rng, style, width, height)
        notice = make_notice(rng, 3 + size[1] // 120)
        placed = _largest(notice, frame, rng)
        if placed:
            break
    piece, shown = placed
    canvas = Canvas(width, height, style.page[0])
    frame.put(canvas, piece)
    judged = next((sentence.passage for sentence in shown if sentence.passage), None) or Passage("")
    judgement = Judgement(judged)
    said = distractors.instruct(canvas, rng, overlays.instruction(rng)) if rng.random() < _INSTRUCTED else None
    return finish(
        NOTICE.name, seed, size, canvas, piece.facts, rng,
        askers=askers(judgement, shown, notice.days), first=first(rng, judgement), least=6, most=11, instruction=said,
    )  # fmt: skip


NOTICE = Family("notice", _choose_size, draw)
