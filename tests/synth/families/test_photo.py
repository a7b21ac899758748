"""Pictures without a word, about which the answer is that there is nothing to read."""

from __future__ import annotations

import json

import numpy as np

from kantu.synth.families import draw
from kantu.tasks.builtin import TASKS
from kantu.tasks.truth import Truth


def test_a_photo_has_no_text_and_every_question_about_it_is_denied() -> None:
    kinds = set()
    for seed in range(60):
        page = draw("photo", seed, (160, 128))
        assert page.image.size == (160, 128)
        assert page.lines == ()
        assert len(page.questions) >= 4
        for question in page.questions:
            kinds.add(question.kind)
            if question.absent:
                assert TASKS[question.task].score(Truth(question.answer, absent=True), question.answer) == 1, question
            elif question.task == "extract":
                assert set(json.loads(question.answer).values()) == {None}
            else:
                assert question.task == "order"
                assert json.loads(question.answer)["status"] is None
    assert kinds == {"unanswerable", "vague", "transcribe", "record", "task"}


def test_questions_are_of_pages_of_every_kind_and_hardly_ever_worded_alike() -> None:
    asked = [question.question for seed in range(200) for question in draw("photo", seed, (64, 64)).questions]
    assert len(set(asked)) > 0.75 * len(asked)
    for word in ("订单", "发票", "成绩", "按钮", "题", "消息"):
        assert any(word in question for question in asked), word


def test_photos_are_alike_for_a_seed_and_differ_between_seeds() -> None:
    first, again, other = (np.asarray(draw("photo", seed, (96, 96)).image, int) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert np.abs(first - other).mean() > 8
