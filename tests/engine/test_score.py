"""Choices are scored exactly as the model would choose under the constraint, without generating."""

from __future__ import annotations

import math
import queue
from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch

from kantu.engine.generation import Probe
from kantu.engine.local import LocalEngine
from kantu.engine.protocol import Listener
from kantu.engine.request import Delta, End, Request, Scores, Timings, TokenLogprob, Usage
from kantu.engine.score import branches, submit_score
from kantu.errors import CancelledError, DeadlineExceededError, InvalidRequestError, KantuError
from kantu.model.attention import ContiguousCache
from tests.engine.engines import CPU, Parts, picture, request

WAIT_SECONDS = 30.0
LABELS = ("待商家发货", "待买家付款", "已发货", "待")


def test_a_tree_branches_only_where_choices_differ() -> None:
    assert branches([(1, 2, 3), (1, 2, 4), (5,)]) == {(): (1, 5), (1, 2): (3, 4)}


def by_hand(parts: Parts, asked: Request, choices: Sequence[str]) -> list[float]:
    """The definition, computed token by token with the bare model: at each fork the share of the choice's branch."""
    prompt = parts.chat.prompt(asked.turns, [])
    paths = [(*parts.chat.tokenizer.encode(choice, allow_special=False), None) for choice in choices]
    ends = sorted(parts.generation_config.end_ids)
    probabilities = []
    for path in paths:
        probability = 1.0
        for length, token in enumerate(path):
            following = {other[length] for other in paths if other[:length] == path[:length]}
            ids = [*prompt.input_ids.tolist(), *(t for t in path[:length] if t is not None)]
            cache = ContiguousCache(parts.model.config.text, len(ids), device=CPU, dtype=torch.float32)
            positions = torch.arange(len(ids)).expand(3, -1)  # there is no picture
            with torch.inference_mode():
                softmax = parts.model(torch.tensor(ids), positions, cache)[-1].softmax(-1)
            share = {t: float(softmax[ends if t is None else [t]].sum()) for t in following}
            probability *= share[token] / sum(share.values())
        probabilities.append(probability)
    return probabilities


@pytest.mark.parametrize("labels", [LABELS, ("红", "大"), ("待", "待商家"), ("是", "不是", "不知道")])
def test_probabilities_are_those_of_the_walk_down_the_tree(
    parts: Parts, engine: LocalEngine, labels: tuple[str, ...]
) -> None:
    asked = request(text="状态？")
    scores = engine.score(asked, labels)
    assert scores.probabilities == pytest.approx(by_hand(parts, asked, labels), rel=1e-4)
    assert math.isclose(sum(scores.probabilities or ()), 1)
    assert scores.best == max(range(len(labels)), key=(scores.probabilities or ()).__getitem__)


def test_choices_that_differ_at_once_cost_one_step(parts: Parts, engine: LocalEngine) -> None:
    scores = engine.score(request([picture(parts, 96, 96)]), ("红", "大"))
    assert engine.stats().counters["steps"] == 1
    assert scores.usage.completion_tokens == 0


def test_scores_do_not_depend_on_what_is_cached(parts: Parts, engine: LocalEngine) -> None:
    asked = request([picture(parts, 160, 160)])
    first, second = engine.score(asked, LABELS), engine.score(asked, LABELS)
    assert first.probabilities == pytest.approx(second.probabilities, abs=1e-6)
    assert second.usage.cached_tokens > 0


def test_more_forks_than_may_wait_at_once_are_asked_in_turns(parts: Parts) -> None:
    labels = tuple(f"{first} {second}" for first in "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未" for second in "大小")
    assert len(branches([tuple(parts.chat.tokenizer.encode(label, allow_special=False)) for label in labels])) > 16
    with parts.engine(max_waiting=16) as engine:
        asked = request(text="状态？", line="a")
        scores = engine.score(asked, labels)
    assert scores.probabilities == pytest.approx(by_hand(parts, asked, labels), rel=1e-4)


def test_a_cancelled_score_tells_so_once_and_leaves_nothing_behind(parts: Parts, engine: LocalEngine) -> None:
    told: queue.SimpleQueue[Scores | KantuError] = queue.SimpleQueue()
    handle = engine.submit_score(request([picture(parts, 256, 256)]), LABELS, told.put)
    handle.cancel()
    handle.cancel()
    assert isinstance(told.get(timeout=WAIT_SECONDS), CancelledError)
    assert engine.stats().gauges["waiting"] == engine.stats().gauges["running"] == 0  # it has left by then
    assert engine.score(request(), LABELS).probabilities is not None
    assert told.empty()


def test_a_score_ends_at_its_time(parts: Parts, engine: LocalEngine) -> None:
    with pytest.raises(DeadlineExceededError):
        engine.score(replace(request([picture(parts, 256, 256)]), timeout_seconds=1e-9), LABELS)


class Probed:
    """Takes probes and answers them, each with log probabilities of 0, when it is told to."""

    def __init__(self) -> None:
        self.probes: list[tuple[Probe, Listener]] = []

    def submit(self, request: Request, listener: Listener, probe: Probe | None) -> Probed:
        assert probe is not None
        self.probes.append((probe, listener))
        return self

    def cancel(self) -> None: ...

    def answer(self, number: int, cached_tokens: int) -> None:
        probe, listener = self.probes[number]
        top = tuple((token, b"", 0.0) for token in probe.token_ids)
        usage, timings = Usage(100 + len(probe.path), 0, 0, cached_tokens), Timings(0, 0, 0, 0, 0)
        listener(Delta("", (), End("stop", usage, timings), logprobs=(TokenLogprob(-1, b"", 0.0, top),)))


def test_what_the_probes_of_a_score_compute_for_each_other_is_not_told_as_cached(parts: Parts) -> None:
    told: list[Scores | KantuError] = []
    engine, labels = Probed(), ("甲大", "甲小", "乙")
    submit_score(engine.submit, request(), labels, parts.chat.tokenizer, [1], told.append)
    assert not engine.probes[0][0].path
    assert len(engine.probes) == 2
    engine.answer(1, cached_tokens=16)  # the deeper one came first
    assert not told
    engine.answer(0, cached_tokens=96)
    (scores,) = told
    assert isinstance(scores, Scores)
    assert scores.probabilities == pytest.approx((0.25, 0.25, 0.5))
    assert (scores.usage.prompt_tokens, scores.usage.cached_tokens) == (100, 16)


@pytest.mark.parametrize("choices", [[], ["一"], ["一", "一"], ["一", ""], "一二", None, [1, 2]])
def test_bad_choices_are_refused(engine: LocalEngine, choices: object) -> None:
    with pytest.raises(InvalidRequestError):
        engine.score(request(), choices)  # type: ignore[arg-type]
