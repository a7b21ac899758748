"""Family "post": social posts with pictures, counts and remarks; judged alone or beside a text, matched with texts."""

from __future__ import annotations

import random

from kantu.synth.ask.scene import texts_of
from kantu.synth.draw import distractors, effects
from kantu.synth.draw.grounds import zoomed
from kantu.synth.draw.style import ROLES, Role, make_style
from kantu.synth.facts import Pair
from kantu.synth.families.family import GRID, Family, Size, finish
from kantu.synth.families.post.layouts import Placed, place
from kantu.synth.families.post.questions import askers, first
from kantu.synth.families.post.record import Case, make_case, shown
from kantu.synth.page import Page
from kantu.synth.words import overlays

_ROLES = {**ROLES, "body": Role(0.95, 1.3, 0.08), "label": Role(0.9, 1.15, 0.35), "title": Role(1.1, 1.7, 0.75)}
_ALONE, _ALONE_WITH_TEXT = 0.15, 0.6  # shares of posts of which only the picture is shown
_INSTRUCTED = 0.06  # share with an instruction, beside those any page may have


def _choose_size(rng: random.Random) -> Size:
    if rng.random() < 0.8:
        return rng.randrange(320, 513, GRID), rng.randrange(416, 833, GRID)
    return rng.randrange(416, 769, GRID), rng.randrange(320, 577, GRID)


def _drawn(rng: random.Random, size: Size) -> tuple[Case, Placed]:
    """A case and a page on which all that it rests on can be read."""
    while True:
        scale = effects.drawing_scale(rng)
        width, height = round(size[0] * scale), round(size[1] * scale)
        style = make_style(rng, width, scale, roles=_ROLES, plain=0.65)
        style = zoomed(style, rng.choice((1.0, 1.0, 1.2, 1.5)))
        case = make_case(rng)
        alone = _ALONE_WITH_TEXT if case.judgement.text else _ALONE
        placed = place(case.post, style, width, height, rng, alone=alone)
        if placed is None:
            continue
        page = Page("", 0, placed.canvas.image, tuple(placed.canvas.lines))
        if shown(case, [text.text for text in texts_of(page)]):
            return case, placed


def draw(seed: int, size: Size) -> Page:
    """A post and its truth."""
    rng = random.Random(f"{POST.name}:{seed}")
    case, placed = _drawn(rng, size)
    seen = {fact.name for fact in placed.facts if isinstance(fact, Pair)}
    if placed.post.shots:
        seen.add("shots")
    said = distractors.instruct(placed.canvas, rng, overlays.instruction(rng)) if rng.random() < _INSTRUCTED else None
    asked = (placed.post, case.judgement, frozenset(seen))
    return finish(
        POST.name, seed, size, placed.canvas, placed.facts, rng,
        askers=askers(*asked), first=first(rng, *asked), least=6, most=11, instruction=said,
    )  # fmt: skip


POST = Family("post", _choose_size, draw)
