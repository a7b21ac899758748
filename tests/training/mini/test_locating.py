"""Questions for places that training adds to a page."""

from __future__ import annotations

import json
import random

import pytest

from kantu.synth.families import draw
from kantu.tasks.builtin import LOCATE, READ_BOXES
from kantu.tasks.results import TextLines
from kantu.training.mini.locating import locate


def test_lines_are_asked_for_by_words_that_stand_once_and_told_by_their_boxes() -> None:
    listed = 0
    for seed in range(30):
        page = draw("reading", seed, (320, 320))
        for question in locate(page, random.Random(seed)).questions[len(page.questions) :]:
            if question.task == READ_BOXES.name:
                lines = TextLines.model_validate_json(question.answer).root
                assert sorted(line.text for line in lines) == sorted(line.text.strip() for line in page.lines)
                listed += 1
                continue
            assert question.task == LOCATE.name
            (found,) = json.loads(question.answer)
            assert found["label"] in question.question
            (line,) = (line for line in page.lines if found["label"] in line.text)
            sides = page.image.size * 2
            box = [edge * side / 1000 for edge, side in zip(found["bbox_2d"], sides, strict=True)]
            assert box[:2] == pytest.approx(line.box[:2], abs=1.0)
            assert box[2:] == pytest.approx(line.box[2:], abs=1.0)
    assert 2 <= listed <= 25


def test_a_page_without_text_has_nothing_to_locate() -> None:
    page = draw("photo", 1, (320, 320))
    assert locate(page, random.Random(0)).questions == page.questions
