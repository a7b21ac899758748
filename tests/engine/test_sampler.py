"""The sampler chooses what transformers' processors and warpers leave to be chosen."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import torch
from torch import Tensor
from transformers.generation.logits_process import (
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from kantu.engine.closing import Closing
from kantu.engine.constraint import ConstraintCompiler
from kantu.engine.request import Constraint, SamplingParams, TokenLogprob
from kantu.engine.sampler import Sampler, Tally, answer_seed, discouraged, logprobs_of, penalised, warp
from kantu.errors import EngineError
from kantu.model.folder import ModelFolder
from kantu.processing.tokenizer import Tokenizer


@pytest.fixture(scope="module")
def tokenizer(tiny_folder: Path) -> Tokenizer:
    return Tokenizer.from_folder(ModelFolder.open(tiny_folder))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("temperature", "top_k", "top_p", "min_p"),
    [
        (0.7, 20, 0.8, 0),
        (1.0, 0, 0.5, 0),
        (1.3, 5, 1.0, 0.2),
        (0.2, 1, 0.1, 0),
        (1.0, 0, 0.95, 0.1),
        (2.0, 0, 1.0, 1.0),
    ],
)
def test_warping_equals_transformers(seed: int, temperature: float, top_k: int, top_p: float, min_p: float) -> None:
    scores = torch.randn(300, generator=torch.Generator().manual_seed(seed)) * 3
    scores[10] = scores[20]  # a tie
    expected = TemperatureLogitsWarper(temperature)(None, scores[None])
    if top_k:
        expected = TopKLogitsWarper(top_k)(None, expected)
    if top_p < 1:
        expected = TopPLogitsWarper(top_p)(None, expected)
    if min_p:
        expected = MinPLogitsWarper(min_p)(None, expected)
    ids, kept = warp(scores, temperature, top_k, top_p, min_p)
    found = torch.full_like(scores, -torch.inf)
    found[ids] = kept
    torch.testing.assert_close(found, expected[0], rtol=0, atol=0)
    assert ids.tolist() == sorted(ids.tolist())


@pytest.mark.parametrize("top_p", [0.01, 0.3, 0.62, 0.9, 0.999])
def test_top_p_keeps_as_many_of_equal_scores_as_transformers(top_p: float) -> None:
    scores = torch.randint(0, 5, (2000,), generator=torch.Generator().manual_seed(1)).float()
    expected = TopPLogitsWarper(top_p)(None, scores[None])[0]
    ids, kept = warp(scores, 1.0, 0, top_p, 0.0)
    assert torch.equal(kept.sort().values, expected[expected > -torch.inf].sort().values)
    assert torch.equal(scores[ids], kept)


def test_the_repetition_penalty_equals_transformers() -> None:
    scores = torch.randn(50, generator=torch.Generator().manual_seed(0))
    expected = RepetitionPenaltyLogitsProcessor(1.3)(torch.tensor([[3, 7, 7, 49]]), scores[None].clone())
    torch.testing.assert_close(penalised(scores, torch.tensor([3, 7, 49]), 1.3), expected[0], rtol=0, atol=0)


def test_presence_counts_once_and_frequency_every_time() -> None:
    found = discouraged(torch.zeros(4), Tally([1, 3, 3, 3, 3, 3]), 0.5, 0.25)
    assert found.tolist() == [0, -0.75, 0, -1.75]


def test_a_tally_counts_what_a_counter_counts() -> None:
    tokens = torch.randint(0, 300, (2000,), generator=torch.Generator().manual_seed(0)).tolist()
    tally = Tally(tokens)
    assert dict(zip(tally.ids.tolist(), tally.times.tolist(), strict=True)) == Counter(tokens)


@pytest.mark.parametrize("temperature", [0.0, 1e-30])
def test_temperature_zero_is_greedy(tokenizer: Tokenizer, temperature: float) -> None:
    sampler = Sampler(SamplingParams(temperature=temperature, top_k=0, top_p=0.1), [], [0], tokenizer)
    assert choices(sampler, [0.0, 3.0, 2.0], 3) == [1, 1, 1]


def test_of_equals_the_first_is_chosen(tokenizer: Tokenizer) -> None:
    sampler = Sampler(SamplingParams(temperature=0.0), [], [0], tokenizer)
    logits = torch.randint(0, 3, (20_000,), generator=torch.Generator().manual_seed(0)).float()
    assert sampler.choose(logits)[0] == int(logits.argmax())


def test_end_tokens_are_masked_until_min_tokens(tokenizer: Tokenizer) -> None:
    sampler = Sampler(SamplingParams(temperature=0.0, min_tokens=2), [], [0, 1], tokenizer)
    assert choices(sampler, [9.0, 8.0, 7.0], 3) == [2, 2, 0]


def test_the_end_wins_where_nothing_else_is_possible(tokenizer: Tokenizer) -> None:
    for temperature in (0.0, 1.0):
        sampler = Sampler(SamplingParams(temperature=temperature, min_tokens=2), [], [0, 1], tokenizer)
        assert choices(sampler, [-9.0, -torch.inf, -torch.inf], 1) == [0]


def test_tokens_of_the_prompt_and_the_answer_are_penalised(tokenizer: Tokenizer) -> None:
    sampler = Sampler(SamplingParams(temperature=0.0, repetition_penalty=2.0), [0], [3], tokenizer)
    assert choices(sampler, [10.0, 9.0, 8.0, -9.0], 3) == [1, 2, 0]


def test_presence_and_frequency_look_at_the_answer_only(tokenizer: Tokenizer) -> None:
    sampler = Sampler(SamplingParams(temperature=0.0, presence_penalty=2.0), [0], [3], tokenizer)
    assert choices(sampler, [10.0, 9.0, 8.5, -9.0], 5) == [0, 1, 2, 0, 0]
    sampler = Sampler(SamplingParams(temperature=0.0, frequency_penalty=2.0), [0], [3], tokenizer)
    assert choices(sampler, [10.0, 9.0, 8.5, -9.0], 5) == [0, 1, 2, 0, 1]


def test_tokens_that_followed_unchosen_count(tokenizer: Tokenizer) -> None:
    params = SamplingParams(temperature=0.0, presence_penalty=2.0, repetition_penalty=1.5, min_tokens=2)
    sampler = Sampler(params, [], [2], tokenizer)
    sampler.note(0)
    assert choices(sampler, [10.0, 9.0, 9.5], 2) == [1, 2]


def test_the_caller_s_logits_are_left_alone(tokenizer: Tokenizer) -> None:
    logits = torch.tensor([9.0, 8.0, 7.0])
    params = SamplingParams(temperature=0.7, min_tokens=2, repetition_penalty=2.0, presence_penalty=1, top_k=2)
    Sampler(params, [1], [0], tokenizer).choose(logits)
    assert logits.tolist() == [9.0, 8.0, 7.0]


def test_a_seed_repeats_its_draws_and_another_does_not(tokenizer: Tokenizer) -> None:
    def draws(seed: int | None, index: int = 0) -> list[int]:
        sampler = Sampler(SamplingParams(temperature=1.0, seed=seed), [], [0], tokenizer, index)
        return choices(sampler, [0.0] * 1000, 8)

    assert draws(1) == draws(1)
    assert draws(1) != draws(2)
    assert draws(None) != draws(None)
    assert draws(1, 3) == draws(1, 3)
    assert len({tuple(draws(1, index)) for index in range(4)}) == 4


def test_answer_0_has_the_seed_itself() -> None:
    assert answer_seed(7, 0) == 7
    seeds = [answer_seed(seed, index) for seed in (7, 8, 2**63 - 1) for index in range(16)]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_sampling_leaves_the_global_generator_alone(tokenizer: Tokenizer) -> None:
    before = torch.get_rng_state()
    Sampler(SamplingParams(temperature=1.0), [], [0], tokenizer).choose(torch.zeros(10))
    assert torch.equal(before, torch.get_rng_state())


def test_draws_follow_the_probabilities(tokenizer: Tokenizer) -> None:
    sampler = Sampler(SamplingParams(temperature=1.0, seed=0), [], [0], tokenizer)
    counts = Counter(choices(sampler, torch.tensor([0.5, 0.3, 0.2]).log(), 2000))
    assert [counts[i] / 2000 for i in range(3)] == pytest.approx([0.5, 0.3, 0.2], abs=0.04)


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_log_probabilities_are_the_model_s_own(tokenizer: Tokenizer, temperature: float) -> None:
    params = SamplingParams(temperature=temperature, logprobs=3, presence_penalty=2.0, top_k=1, min_tokens=9)
    sampler = Sampler(params, [], [0], tokenizer)
    logits = torch.linspace(-4, 4, 1000)[torch.randperm(1000, generator=torch.Generator().manual_seed(0))]
    sampler.note(int(logits.argmax()))
    token, logprob = sampler.choose(logits)
    expected = logits.log_softmax(-1)
    best = expected.argsort(descending=True)[:3].tolist()
    assert token == best[1]
    assert logprob is not None
    assert (logprob.token_id, logprob.token) == (token, tokenizer.token_bytes(token))
    assert logprob.logprob == pytest.approx(float(expected[token]))
    assert logprob.top == tuple((i, tokenizer.token_bytes(i), float(expected[i])) for i in best)
    assert logprobs_of(logits, best) == expected[best].tolist()


def test_log_probabilities_are_not_computed_unasked(tokenizer: Tokenizer) -> None:
    assert Sampler(SamplingParams(temperature=0.0), [], [0], tokenizer).choose(torch.zeros(3))[1] is None
    asked = Sampler(SamplingParams(temperature=0.0, logprobs=0), [], [0], tokenizer).choose(torch.zeros(3))[1]
    assert isinstance(asked, TokenLogprob)
    assert asked.top == ()


@pytest.mark.parametrize("temperature", [0.0, 1.0])
@pytest.mark.parametrize("bad", [[1.0, torch.nan, 0.0], [-torch.inf] * 3, [torch.inf, 0.0, 0.0]])
def test_logits_that_are_not_numbers_are_an_error(tokenizer: Tokenizer, temperature: float, bad: list[float]) -> None:
    sampler = Sampler(SamplingParams(temperature=temperature), [], [0], tokenizer)
    for ask in (sampler.choose, lambda logits: logprobs_of(logits, [0])):
        with pytest.raises(EngineError, match="nan_logits"):
            ask(torch.tensor(bad))
    assert choices(sampler, [-50.0, 50.0, -torch.inf], 1) == [1]  # the next step is not affected


@pytest.mark.parametrize("temperature", [0.0, 0.7])
def test_a_constraint_decides_what_may_be_chosen(tiny_folder: Path, tokenizer: Tokenizer, temperature: float) -> None:
    end = tokenizer.token_id("<|im_end|>")
    compiler = ConstraintCompiler(ModelFolder.open(tiny_folder), tokenizer.vocab_size, {end})
    closing = Closing.at_start(compiler.compile(Constraint("regex", "[ab]")), 8)
    params = SamplingParams(temperature=temperature, top_k=20, top_p=0.8, min_tokens=5, logprobs=1)
    sampler = Sampler(params, [], [end], tokenizer)
    logits = torch.zeros(tokenizer.vocab_size)
    logits[[end, tokenizer.token_id("c"), tokenizer.token_id("b")]] = torch.tensor([90.0, 80.0, 70.0])
    token, logprob = sampler.choose(logits, closing)
    assert token == tokenizer.token_id("b")
    assert logprob is not None
    assert logprob.top[0][0] == end
    assert sampler.choose(logits, closing)[0] == end  # in spite of min_tokens
    logits[[tokenizer.token_id("a"), tokenizer.token_id("b")]] = -torch.inf
    with pytest.raises(EngineError, match="nan_logits"):
        sampler.choose(logits, Closing.at_start(compiler.compile(Constraint("regex", "[ab]")), 8))


def choices(sampler: Sampler, logits: Tensor | list[float], count: int) -> list[int]:
    return [sampler.choose(torch.as_tensor(logits))[0] for _ in range(count)]
