"""Choices are scored exactly as the model would choose under the constraint, without generating."""

from __future__ import annotations

import math

import pytest

from kantu.engine.local import LocalEngine
from kantu.engine.request import Constraint
from kantu.engine.score import branches
from kantu.errors import InvalidRequestError
from tests.engine.engines import Parts, picture, request, run, tokens

LABELS = ("待商家发货", "待买家付款", "已发货", "待")


def test_a_tree_branches_only_where_choices_differ() -> None:
    assert branches([(1, 2, 3), (1, 2, 4), (5,)]) == {(): (1, 5), (1, 2): (3, 4)}


def test_probabilities_add_up_and_the_best_is_what_greedy_decoding_chooses(parts: Parts, engine: LocalEngine) -> None:
    for seed in range(4):
        asked = request([picture(parts, 96, 96, seed)], "状态？")
        scores = engine.score(asked, LABELS)
        assert scores.probabilities is not None
        assert math.isclose(sum(scores.probabilities), 1)
        assert scores.probabilities[scores.best] == max(scores.probabilities)
        constrained = request(asked.images, "状态？", temperature=0, constraint=Constraint.choice(LABELS))
        greedy = parts.chat.tokenizer.decode(tokens(run(engine, constrained)))
        # the walk takes the best branch each time; it is the best answer unless a lesser first branch forks less
        assert greedy in LABELS
        assert scores.probabilities[LABELS.index(greedy)] > 0


def test_two_choices_that_differ_at_once_are_scored_by_the_first_token_alone(parts: Parts, engine: LocalEngine) -> None:
    (one,), (two,) = (parts.chat.tokenizer.encode(text, allow_special=False)[:1] for text in ("红", "大"))
    scores = engine.score(request(), ("红", "大"))
    deltas = run(engine, request(max_tokens=1, min_tokens=1, temperature=0, logprobs=0))
    assert engine.stats().counters["requests_finished"] == 2 + (len(branches([(one, -1), (two, -1)])) - 1)
    assert scores.probabilities is not None
    assert deltas


def test_scores_do_not_depend_on_what_is_cached(parts: Parts, engine: LocalEngine) -> None:
    asked = request([picture(parts, 160, 160)])
    first, second = engine.score(asked, LABELS), engine.score(asked, LABELS)
    assert first.probabilities == pytest.approx(second.probabilities, abs=1e-6)
    assert second.usage.cached_tokens > 0


@pytest.mark.parametrize("choices", [[], ["一"], ["一", "一"], ["一", ""], "一二", None, [1, 2]])
def test_bad_choices_are_refused(engine: LocalEngine, choices: object) -> None:
    with pytest.raises(InvalidRequestError):
        engine.score(request(), choices)  # type: ignore[arg-type]
