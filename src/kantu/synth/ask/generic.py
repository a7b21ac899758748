"""The questions any page can be asked, from its lines, elements and facts; a family adds its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from kantu.synth.ask import fields, places, texts
from kantu.synth.ask.scene import Scene
from kantu.synth.page import Question
from kantu.synth.words import phrases as say

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


def ask(
    scene: Scene, askers: Weighted = GENERIC, *, first: Iterable[Asker] = (), least: int = 6, most: int = 10
) -> tuple[Question, ...]:
    """`least` to `most` questions of varied kinds, no two with the same words or the same kind and answer.

    `first` are asked before any other. A page without text gets the few that it can be asked, or none.
    """
    wanted = scene.rng.randint(least, most)
    made: list[Question] = []
    told: set[tuple[str, str]] = set()

    def add(asker: Asker) -> None:
        question = asker(scene)
        if question is None or scene.distracts(question):
            return
        if told.isdisjoint(marks := {("", question.question), (question.kind, question.answer)}):
            told.update(marks)
            made.append(question)

    choices, weights = zip(*askers, strict=True)
    for asker in (*first, *scene.rng.choices(choices, weights, k=wanted * 6)):
        if len(made) == wanted:
            break
        add(asker)
    for _ in range(200):  # a page with little on it can always be asked about its boxes
        if len(made) >= least:
            break
        add(places.at_box)
    return tuple(made)
