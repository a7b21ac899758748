"""Scores become OpenAI's answers; how far they can be believed is asked of the model's calibration."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from kantu.engine.request import Scores, Usage
from kantu.service.decisions.answers import DecisionAnswer, answer_to, most_answer_bytes, usage_of
from kantu.service.decisions.schemas import Question
from kantu.service.decisions.service import _json
from tests.service.decisions.bodies import SHIPPED, STATUS, URGENT
from tests.service.gateways import TIMINGS

_QUESTION: TypeAdapter[Question] = TypeAdapter(Question)


def scores(*probabilities: float) -> Scores:
    best = max(range(len(probabilities)), key=probabilities.__getitem__)
    return Scores(probabilities, best, Usage(300, 260, 0, 256), TIMINGS)


def answer(question: dict[str, Any], told: Scores) -> DecisionAnswer:
    return answer_to(_QUESTION.validate_python(question), told, lambda kind, raw: raw)


def test_a_predicate_is_the_probability_of_yes() -> None:
    assert answer(SHIPPED, scores(0.25, 0.75)) == {"type": "predicate", "name": "发货", "probability": 0.25}


def test_a_choice_is_the_most_probable_value_with_its_type() -> None:
    question = {**STATUS, "name": None, "choices": [{"value": "true"}, {"value": True}]}
    assert answer(question, scores(0.25, 0.75)) == {
        "type": "choice",
        "name": None,
        "choice": True,
        "confidence": 0.75,
        "probabilities": [{"value": "true", "probability": 0.25}, {"value": True, "probability": 0.75}],
    }


def test_a_score_is_the_mean_of_the_levels_from_zero_on() -> None:
    assert answer(URGENT, scores(0.125, 0.25, 0.625)) == {
        "type": "score",
        "name": "着急",
        "score": 0.25 + 2 * 0.625,
        "confidence": 0.625,
        "probabilities": [
            {"value": 0, "label": "不急", "probability": 0.125},
            {"value": 1, "label": "有点急", "probability": 0.25},
            {"value": 2, "label": "很急", "probability": 0.625},
        ],
    }


@pytest.mark.parametrize("question", [SHIPPED, STATUS, URGENT])
def test_without_probabilities_there_is_no_answer(question: dict[str, Any]) -> None:
    assert answer(question, Scores(None, 0, Usage(9, 0, 2), TIMINGS)) == {"type": "refusal", "name": question["name"]}


@pytest.mark.parametrize(
    ("question", "told", "kind", "raw", "confident"),
    [
        (SHIPPED, scores(0.75, 0.25), "decisions.predicate", 0.75, 0.9),
        (SHIPPED, scores(0.25, 0.75), "decisions.predicate", 0.75, 0.1),  # that it is not true has 0.9
        (STATUS, scores(0.25, 0.75), "decisions.choice", 0.75, 0.9),
        (URGENT, scores(0.5, 0.25, 0.25), "decisions.score", 0.5, 0.9),
    ],
)
def test_what_is_measured_replaces_the_model_s_own_confidence(
    question: dict[str, Any], told: Scores, kind: str, raw: float, confident: float
) -> None:
    asked: list[tuple[str, float]] = []

    def confidence(kind: str, raw: float) -> float:
        asked.append((kind, raw))
        return 0.9

    found: Any = answer_to(_QUESTION.validate_python(question), told, confidence)
    assert asked == [(kind, raw)]
    assert found.get("probability", found.get("confidence")) == pytest.approx(confident)


def test_a_statement_that_is_more_probable_than_not_stays_so() -> None:
    found: Any = answer_to(_QUESTION.validate_python(SHIPPED), scores(0.6, 0.4), lambda kind, raw: 0.2)
    assert found["probability"] == 0.5


def test_the_bytes_of_an_answer_are_known_beforehand() -> None:
    options = [{"value": f"选项“{number}”"} for number in range(255)]
    question = {**STATUS, "choices": options}
    told = scores(*(1 / 255 for _ in options))
    assert len(_json(answer(question, told))) < most_answer_bytes([_QUESTION.validate_python(question)])


def test_usage_adds_up_and_counts_a_picture_once() -> None:
    usage = usage_of([scores(0.5, 0.5), scores(0.5, 0.5)], 260)
    assert (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]) == (600, 2, 602)
    assert (usage["input_tokens_details"]["cached_tokens"], usage["visual_tokens"]) == (512, 260)
