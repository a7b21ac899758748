"""Logits -> the next token: penalty, masked end tokens, temperature, top-k, top-p, in transformers' order."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from kantu.engine.request import SamplingParams


class Sampler:
    """Chooses the tokens of one request, with a random generator of its own.

    The choosing happens on the CPU in float32, so that a seed gives the same tokens on every device that gives the
    same logits.

    Args:
        params: completed by the folder's generation config (no None among the choosing parameters).
        prompt_ids: tokens the repetition penalty counts as seen from the start.
        end_ids: tokens masked before `params.min_tokens` tokens are chosen.
    """

    def __init__(self, params: SamplingParams, prompt_ids: Iterable[int], end_ids: Iterable[int]) -> None:
        self._params = params
        self._end_ids = torch.tensor(sorted(end_ids), dtype=torch.long)
        self._seen = set(prompt_ids) if params.repetition_penalty not in (None, 1) else None
        self._generator = torch.Generator()
        if params.seed is None:
            self._generator.seed()
        else:
            self._generator.manual_seed(params.seed)
        self._count = 0

    def choose(self, logits: Tensor) -> int:
        """The next token from logits [vocab]; remembers it."""
        params = self._params
        scores = logits.detach().to(device="cpu", dtype=torch.float32, copy=True)
        if self._seen:
            penalise_(scores, sorted(self._seen), params.repetition_penalty or 1.0)
        if self._count < params.min_tokens:
            scores[self._end_ids] = -torch.inf
        if not params.temperature:
            token = int(scores.argmax())
        else:
            probabilities = warp(scores, params.temperature, params.top_k or 0, params.top_p or 1.0).softmax(-1)
            token = int(torch.multinomial(probabilities, 1, generator=self._generator))
        self._count += 1
        if self._seen is not None:
            self._seen.add(token)
        return token


def penalise_(scores: Tensor, seen: list[int], penalty: float) -> None:
    """Divide positive and multiply negative scores [vocab] of the seen tokens by `penalty`, in place."""
    index = torch.tensor(seen, dtype=torch.long)
    values = scores[index]
    scores[index] = torch.where(values < 0, values * penalty, values / penalty)


def warp(scores: Tensor, temperature: float, top_k: int, top_p: float) -> Tensor:
    """Scores [vocab] divided by the temperature, everything outside top-k, then outside top-p, set to -inf.

    Top-k keeps ties with the k-th; top-p drops the least probable tokens as long as what is dropped adds up to at most
    1 - top_p, and always keeps one.
    """
    scores = scores / temperature
    if 0 < top_k < scores.numel():
        scores = scores.masked_fill(scores < scores.topk(top_k).values[-1], -torch.inf)
    if top_p < 1:
        ascending, order = scores.sort()
        dropped = ascending.softmax(-1).cumsum(-1) <= 1 - top_p
        dropped[-1] = False
        scores = scores.index_fill(0, order[dropped], -torch.inf)
    return scores
