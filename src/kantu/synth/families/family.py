"""What a family of pages is, and what every page goes through after it was drawn."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from kantu.synth.ask.generic import GENERIC, Asker, Weighted, ask, ask_more, ask_typed
from kantu.synth.ask.injected import resisting
from kantu.synth.ask.scene import Scene
from kantu.synth.draw import distractors, effects
from kantu.synth.draw.canvas import Canvas
from kantu.synth.facts import Fact, Marked
from kantu.synth.page import Page, Question
from kantu.synth.words.overlays import Instruction

Size = tuple[int, int]
"""Width and height in pixels."""

_TYPED = 0.6  # share of pages that are asked for a typed record, where they have one
GRID = 32  # pixels a visual token: pages on this grid reach the network without resampling


@dataclass(frozen=True)
class Family:
    """A kind of pages. `choose_size` is for who has no wish; `draw(seed, size)` is the same page in every process."""

    name: str
    choose_size: Callable[[random.Random], Size]
    draw: Callable[[int, Size], Page]


def usual_size(rng: random.Random) -> Size:
    """A size between 320 x 320 and 512 x 640, on the grid."""
    return rng.randrange(320, 513, GRID), rng.randrange(320, 641, GRID)


def finish(
    family: str,
    seed: int,
    size: Size,
    canvas: Canvas,
    facts: Iterable[Fact],
    rng: random.Random,
    *,
    askers: Weighted = GENERIC,
    first: Iterable[Asker] = (),
    least: int = 6,
    most: int = 10,
    distracted: float = distractors.SHARE,
    instruction: Instruction | None = None,
) -> Page:
    """What was drawn as it reaches us: something foreign on it, scaled to `size`, worn as screenshots are, asked about.

    `facts` are what the page states, each printed on it. For the rest see `ask`; without `askers` nothing is asked.
    `distracted` is the share of pages that get distractors; `instruction` is one that the family has written itself.
    """
    stated = tuple(facts)
    if askers and instruction is None and rng.random() < distracted:
        own_band = any(isinstance(fact, Marked) and fact.what == "banner" for fact in stated)
        instruction = distractors.distract(canvas, rng, bands=not own_band)
    drawn = Page(family, seed, canvas.image, tuple(canvas.lines), tuple(canvas.elements), stated)
    flat = effects.resize(drawn, *size)
    worn = effects.degrade(flat, rng)
    if not askers:
        return worn

    def resist(questions: tuple[Question, ...], rng: random.Random) -> tuple[Question, ...]:
        return resisting(questions, instruction, worn.lines, rng) if instruction else questions

    def more(rng: random.Random, count: int) -> tuple[Question, ...]:
        return resist(ask_more(Scene(rng, worn, flat), askers, count), rng)

    scene = Scene(rng, worn, flat)
    questions = ask(scene, askers, first=first, least=least, most=most)
    if rng.random() < _TYPED and (typed := ask_typed(scene, askers)) is not None:
        others = tuple(question for question in questions if question.question != typed.question)
        questions = (*others[: most - 1], typed)
    return replace(worn, questions=resist(questions, rng), more=more)
