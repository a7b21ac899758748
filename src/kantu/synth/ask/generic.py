"""The questions any page can be asked, from its lines, elements and facts; a family adds its own."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable

from kantu.synth.ask import fields, places, texts
from kantu.synth.ask.scene import Scene
from kantu.synth.page import Question
from kantu.synth.words import phrases as say
from kantu.tasks.builtin import LOCATE, TASKS

Asker = Callable[[Scene], Question | None]
"""Makes one question with its one right answer, or None where the page gives no cause for it."""

Weighted = tuple[tuple[Asker, float], ...]
"""Askers with how often each is tried, relative to the others."""

GENERIC: Weighted = (
    (fields.value, 7.0),
    (fields.label_of, 1.2),
    (places.relation("below", say.BELOW), 0.9),
    (places.relation("above", say.ABOVE), 0.6),
    (places.relation("right", say.RIGHT), 0.9),
    (places.relation("left", say.LEFT), 0.5),
    (places.largest, 0.5),
    (fields.marked, 1.4),
    (places.color, 0.7),
    (fields.count, 0.5),
    (places.at_box, 1.6),
    (places.where, 1.0),
    (texts.present, 0.7),
    (texts.edge_row, 0.6),
    (fields.spell, 0.5),
    (fields.record, 0.8),
    (texts.transcribe_line, 0.7),
    (texts.transcribe_card, 0.8),
    (texts.transcribe_page, 0.9),
    (fields.unanswerable, 0.8),
    (fields.cell, 1.5),
    (fields.goods, 1.6),
)


_TYPED = frozenset(task.name for task in TASKS.values() if task.result is not None and task is not LOCATE)


def ask(
    scene: Scene, askers: Weighted = GENERIC, *, first: Iterable[Asker] = (), least: int = 6, most: int = 10
) -> tuple[Question, ...]:
    """`least` to `most` questions of varied kinds, no two with the same words or the same kind and answer.

    `first` are asked before any other. A page without text gets the few that it can be asked, or none.
    """
    wanted = scene.rng.randint(least, most)
    filling = itertools.repeat(places.at_box, 200)  # a page with little on it can always be asked about its boxes
    made = _gather(scene, (*first, *_chosen(scene, askers, wanted)), wanted)
    return _gather(scene, filling, least, made)


def ask_typed(scene: Scene, askers: Weighted) -> Question | None:
    """A question for a typed record, if the page has one; every task that it has is equally likely."""
    found: dict[str, Question] = {}
    for asker in (*(asker for asker, _ in askers), texts.lines_with_boxes):
        question = asker(scene)
        if question is not None and question.task in _TYPED and not scene.distracts(question):
            found[question.task] = question
    return found[scene.rng.choice(tuple(found))] if found else None


def ask_more(scene: Scene, askers: Weighted, count: int) -> tuple[Question, ...]:
    """Up to `count` questions, as many as the page has without asking twice."""
    return _gather(scene, _chosen(scene, askers, count), count)


def _chosen(scene: Scene, askers: Weighted, count: int) -> list[Asker]:
    """More than are needed: many have nothing to ask on this page."""
    choices, weights = zip(*askers, strict=True)
    return scene.rng.choices(choices, weights, k=count * 6)


def _gather(
    scene: Scene, askers: Iterable[Asker], wanted: int, asked: tuple[Question, ...] = ()
) -> tuple[Question, ...]:
    """`asked` and further questions until there are `wanted`."""
    made = list(asked)
    told = {mark for question in asked for mark in _marks(question)}
    for asker in askers:
        if len(made) >= wanted:
            break
        question = asker(scene)
        if question is None or scene.distracts(question):
            continue
        if told.isdisjoint(marks := _marks(question)):
            told |= marks
            made.append(question)
    return tuple(made)


def _marks(question: Question) -> set[tuple[str, str]]:
    """What no second question of the page may share."""
    return {("", question.question), (question.kind, question.answer)}
