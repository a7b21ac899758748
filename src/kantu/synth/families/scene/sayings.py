"""Sentences about a scene that are true of it, or wrong in one word: what the task `match` is asked."""

from __future__ import annotations

import random

from kantu.synth.ask.generic import Asker
from kantu.synth.ask.scene import Scene
from kantu.synth.families.scene.backdrop import PLACES
from kantu.synth.families.scene.content import Told, confusable
from kantu.synth.page import Question
from kantu.synth.words.pictures import pictured
from kantu.tasks.builtin import MATCH
from kantu.tasks.results import MatchResult, MatchVerdict, written

_SAID = (
    "图里有{w}。", "{w}。", "这张图里有{w}。", "拍到了{w}，真可爱！", "看，{w}！", "今天看到{w}。", "{w}，分享给大家。",
    "给你看{w}。", "画里是{w}。",
)  # fmt: skip


def _phrase(rng: random.Random, shown: Told, wrong: bool) -> tuple[str, str, str]:
    """A count of something, or the place: what is said, what the picture contradicts ("" where true), and why."""
    name = rng.choice(list(shown.counts))
    measure, number = shown.kinds[name].measure, shown.counts[name]
    right = f"{number}{measure}{name}"
    if not wrong:
        return right, "", f"图里有{right}"
    if rng.random() < 0.5:
        said = f"{number + rng.choice((1, 2, 3))}{measure}{name}"
        return said, said, f"图里是{right}"
    present = list(shown.kinds.values())
    while True:
        other = rng.choice(pictured())
        if not any(confusable(other, each) for each in present):
            said = f"{rng.randint(1, 3)}{other.measure}{other.name}"
            return said, said, f"图里没有{other.name}"


def matching(shown: Told) -> Asker:
    """Whether a sentence fits the picture, by the task's instruction."""

    def asker(scene: Scene) -> Question | None:
        if not shown.counts:
            return None
        rng = scene.rng
        wrong = rng.random() < 0.5
        if shown.place.names and rng.random() < 0.3:
            places = [place.names[0] for place, _ in PLACES if place.names and place is not shown.place]
            place = rng.choice(places) if wrong else shown.place.names[0]
            said = f"{rng.choice(list(shown.counts))}，背景是{place}"
            conflict, why = (place if wrong else ""), f"背景是{shown.place.names[0]}"
        else:
            said, conflict, why = _phrase(rng, shown, wrong)
        verdict = MatchVerdict.CONFLICTS if wrong else MatchVerdict.FITS
        result = MatchResult(verdict=verdict, conflict=conflict or None, reasons=[why])
        text = rng.choice(_SAID).format(w=said)
        return Question("task", MATCH.instruct(text=text), written(result), task=MATCH.name)

    return asker
