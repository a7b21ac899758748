"""The sampler chooses what transformers' processors and warpers leave to be chosen."""

from __future__ import annotations

from collections import Counter

import pytest
import torch
from transformers.generation.logits_process import (
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from kantu.engine.request import SamplingParams
from kantu.engine.sampler import Sampler, penalise_, warp


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("temperature", "top_k", "top_p"), [(0.7, 20, 0.8), (1.0, 0, 0.5), (1.3, 5, 1.0), (0.2, 1, 0.1)]
)
def test_warping_equals_transformers(seed: int, temperature: float, top_k: int, top_p: float) -> None:
    scores = torch.randn(300, generator=torch.Generator().manual_seed(seed)) * 3
    scores[10] = scores[20]  # a tie
    expected = TemperatureLogitsWarper(temperature)(None, scores[None])
    if top_k:
        expected = TopKLogitsWarper(top_k)(None, expected)
    if top_p < 1:
        expected = TopPLogitsWarper(top_p)(None, expected)
    torch.testing.assert_close(warp(scores, temperature, top_k, top_p), expected[0], rtol=0, atol=0)


def test_the_repetition_penalty_equals_transformers() -> None:
    scores = torch.randn(50, generator=torch.Generator().manual_seed(0))
    expected = RepetitionPenaltyLogitsProcessor(1.3)(torch.tensor([[3, 7, 7, 49]]), scores[None].clone())
    penalise_(scores, [3, 7, 49], 1.3)
    torch.testing.assert_close(scores, expected[0], rtol=0, atol=0)


def test_temperature_zero_is_greedy() -> None:
    sampler = Sampler(SamplingParams(temperature=0.0, top_k=0, top_p=0.1), [], [0])
    assert [sampler.choose(torch.tensor([0.0, 3.0, 2.0])) for _ in range(3)] == [1, 1, 1]


def test_end_tokens_are_masked_until_min_tokens() -> None:
    sampler = Sampler(SamplingParams(temperature=0.0, min_tokens=2), [], [0, 1])
    assert [sampler.choose(torch.tensor([9.0, 8.0, 7.0])) for _ in range(3)] == [2, 2, 0]


def test_tokens_of_the_prompt_and_the_answer_are_penalised() -> None:
    sampler = Sampler(SamplingParams(temperature=0.0, repetition_penalty=2.0), [0], [3])
    assert [sampler.choose(torch.tensor([10.0, 9.0, 8.0, -9.0])) for _ in range(3)] == [1, 2, 0]


def test_the_caller_s_logits_are_left_alone() -> None:
    logits = torch.tensor([9.0, 8.0, 7.0])
    Sampler(SamplingParams(temperature=0.0, min_tokens=2, repetition_penalty=2.0), [1], [0]).choose(logits)
    assert logits.tolist() == [9.0, 8.0, 7.0]


def test_a_seed_repeats_its_draws_and_another_does_not() -> None:
    def draws(seed: int | None) -> list[int]:
        sampler = Sampler(SamplingParams(temperature=1.0, seed=seed), [], [0])
        return [sampler.choose(torch.zeros(1000)) for _ in range(8)]

    assert draws(1) == draws(1)
    assert draws(1) != draws(2)
    assert draws(None) != draws(None)


def test_sampling_leaves_the_global_generator_alone() -> None:
    before = torch.get_rng_state()
    Sampler(SamplingParams(temperature=1.0), [], [0]).choose(torch.zeros(10))
    assert torch.equal(before, torch.get_rng_state())


def test_draws_follow_the_probabilities() -> None:
    sampler = Sampler(SamplingParams(temperature=1.0, seed=0), [], [0])
    logits = torch.tensor([0.5, 0.3, 0.2]).log()
    counts = Counter(sampler.choose(logits) for _ in range(2000))
    assert [counts[i] / 2000 for i in range(3)] == pytest.approx([0.5, 0.3, 0.2], abs=0.04)
