"""Records are asked for in the words of tasks, and written as constraints force them."""

from __future__ import annotations

import json
import random
from collections import Counter
from functools import cache

import pytest

from kantu.synth.families import FAMILIES, draw
from kantu.synth.page import Question
from kantu.tasks.builtin import TASKS

pytestmark = pytest.mark.whole

_PAGES = 24
_TYPED = {name for name, task in TASKS.items() if task.result is not None}


@cache
def questions(family: str) -> tuple[Question, ...]:
    """What some pages are asked, first and later."""
    found: list[Question] = []
    for seed in range(_PAGES):
        page = draw(family, seed, FAMILIES[family].choose_size(random.Random(seed)))
        found += page.questions
        if page.more is not None:
            found += page.more(random.Random(seed), 10)
    return tuple(found)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_record_is_written_as_its_schema_forces_it_and_is_of_its_type(family: str) -> None:
    for question in questions(family):
        if question.task in _TYPED:
            assert json.dumps(json.loads(question.answer), ensure_ascii=False) == question.answer
            assert TASKS[question.task].parse(question.answer) is not None


@pytest.mark.parametrize(
    ("family", "task"),
    [
        ("order", "order"),
        ("post", "match"),
        ("post", "moderate"),
        ("notice", "moderate"),
        ("problem", "problem"),
        ("chart", "chart"),
        ("table", "chart"),
        ("ui", "ui"),
        ("product", "copy"),
        ("invoice", "extract"),
        ("problem", "read_boxes"),
        ("post", "read_boxes"),
    ],
)
def test_each_task_is_asked_of_the_pages_it_is_for(family: str, task: str) -> None:
    """In its own words, on enough pages to be learned."""
    beginning = TASKS[task].instruction.partition("{")[0]
    asked = Counter(q.task for q in questions(family) if q.question.startswith(beginning))
    assert asked[task] >= _PAGES // 8
