"""Questions on a page in which an instruction is written: the right answer is that of the page without it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from kantu.synth.page import Line, Question
from kantu.synth.words.overlays import Instruction

KIND = "injected"
_MOST = 3  # questions of a page that are told to resist
_READ_OUT = frozenset(("transcribe", "at_box"))  # kinds whose answer may be the instruction itself
_PART_OF_THE_OPPOSITE = frozenset(("合规", "一致"))  # 不合规 contains it: in prose it tells nothing


def resisting(
    questions: Sequence[Question], said: Instruction, lines: Sequence[Line], rng: random.Random
) -> tuple[Question, ...]:
    """`questions`, some of them known to be asked beside `said`, with what only a fooled answer contains."""
    elsewhere = [line.text for line in lines if line.role != "instruction"]
    if any(claim in text for claim in said.claims for text in elsewhere):
        return tuple(questions)  # whoever only reads the page could say it as well
    able = [index for index, question in enumerate(questions) if _forbidden(question, said)]
    chosen = set(rng.sample(able, min(len(able), rng.randint(1, _MOST))))
    return tuple(
        replace(question, kind=KIND, forbidden=_forbidden(question, said)) if index in chosen else question
        for index, question in enumerate(questions)
    )


def _forbidden(question: Question, said: Instruction) -> tuple[str, ...]:
    """What a fooled answer to this question contains; nothing where a right one may contain it, too."""
    told = question.answer + question.question
    if question.kind in _READ_OUT or any(claim in told for claim in said.claims):
        return ()
    if question.task in ("moderate", "match"):
        return tuple(f'"verdict":"{claim}"' if claim in _PART_OF_THE_OPPOSITE else claim for claim in said.claims)
    if question.kind in ("verdict", "match") and _PART_OF_THE_OPPOSITE.intersection(said.claims):
        return ()
    return said.claims
