"""Logits -> the next token: penalties, constraint, masked end tokens, temperature, top-k, top-p, min-p.

The order is that of transformers' processors, with OpenAI's penalties and the constraint where vLLM has them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from kantu.engine.request import SamplingParams, TokenLogprob
from kantu.errors import error

if TYPE_CHECKING:
    from kantu.engine.closing import Closing
    from kantu.processing.tokenizer import Tokenizer

_GREEDY_BELOW = 1e-6  # a temperature: dividing by less turns ordinary logits into infinities


class Tally:
    """Counts how often each token came. Adding costs O(1) amortised; reading copies nothing."""

    def __init__(self, tokens: Iterable[int] = ()) -> None:
        self._places: dict[int, int] = {}
        self._ids = np.zeros(64, dtype=np.int64)
        self._times = np.zeros(64, dtype=np.float32)
        for token in tokens:
            self.add(token)

    def __len__(self) -> int:
        return len(self._places)

    def add(self, token: int) -> None:
        place = self._places.setdefault(token, len(self._places))
        if place == len(self._ids):
            self._ids, self._times = (np.concatenate([old, np.zeros_like(old)]) for old in (self._ids, self._times))
        self._ids[place] = token
        self._times[place] += 1

    @property
    def ids(self) -> Tensor:
        """The tokens, int64 [different tokens], in the order in which they first came."""
        return torch.from_numpy(self._ids[: len(self)])

    @property
    def times(self) -> Tensor:
        """How often each of them came, float32 [different tokens]."""
        return torch.from_numpy(self._times[: len(self)])


class Sampler:
    """Chooses the tokens of one answer, with a random generator of its own.

    Sampling happens on the CPU in float32, so that a seed gives the same tokens on every device with the same logits.

    Args:
        params: completed by the folder's generation config: no sampling parameter is None.
        prompt_ids: tokens that the repetition penalty counts as seen from the start.
        end_ids: tokens masked before `params.min_tokens` tokens are chosen.
        tokenizer: gives the bytes of tokens whose log probabilities are reported.
        index: which of the request's answers this is.
    """

    def __init__(
        self,
        params: SamplingParams,
        prompt_ids: Iterable[int],
        end_ids: Iterable[int],
        tokenizer: Tokenizer,
        index: int = 0,
    ) -> None:
        self._params = params
        self._end_ids = torch.tensor(sorted(end_ids), dtype=torch.long)
        self._seen = Tally(prompt_ids) if params.repetition_penalty not in (None, 1) else None
        self._said = Tally() if params.presence_penalty or params.frequency_penalty else None
        self._count = 0  # tokens of the answer
        self._tokenizer = tokenizer
        self._generator = torch.Generator()
        if params.seed is None:
            self._generator.seed()
        else:
            self._generator.manual_seed(answer_seed(params.seed, index))

    def choose(self, logits: Tensor, closing: Closing | None = None) -> tuple[int, TokenLogprob | None]:
        """Choose and remember the next token from logits [vocab]; also its log probability if the request asks for it.
        The constraint takes the token too, and may replace it (see `Closing.settle`).

        Raises:
            EngineError: `nan_logits`: the logits are not numbers; `constraint_failed`: the constraint allows nothing.
        """
        raw, token = _checked(logits)
        scores = self._processed(raw, closing)
        temperature = self._params.temperature or 0.0
        if temperature >= _GREEDY_BELOW:
            ids, kept = warp(
                scores, temperature, self._params.top_k or 0, self._params.top_p or 1.0, self._params.min_p
            )
            token = int(ids[torch.multinomial(kept.softmax(-1), 1, generator=self._generator)])
        elif scores is not raw:
            token = int(scores.max(dim=0).indices)
        if closing is not None:
            token = closing.settle(token)
        self.note(token)
        return token, self._logprob(raw, token)

    def note(self, token: int) -> None:
        """Remember a token that was forced, not chosen."""
        self._count += 1
        for tally in (self._seen, self._said):
            if tally is not None:
                tally.add(token)

    def certain(self, token: int) -> TokenLogprob:
        """The log probability of a forced token: 0."""
        return TokenLogprob(token, self._tokenizer.token_bytes(token), 0.0)

    def _processed(self, raw: Tensor, closing: Closing | None) -> Tensor:
        """Scores [vocab] after every step before the temperature; `raw` itself if none changes anything."""
        params, scores = self._params, raw
        if self._seen:
            scores = penalised(scores, self._seen.ids, params.repetition_penalty or 1.0)
        if self._said:
            scores = discouraged(scores, self._said, params.presence_penalty, params.frequency_penalty)
        if closing is not None:
            scores = scores.clone() if scores is raw else scores
            closing.mask_(scores)
        if self._count < params.min_tokens:
            unended = scores.index_fill(0, self._end_ids, -torch.inf)
            if unended.max() > -torch.inf:  # otherwise only an end token is possible, and that wins over min_tokens
                scores = unended
        if scores is not raw and scores.max() == -torch.inf:
            raise error("nan_logits")  # the model rules out every token that the constraint allows
        return scores

    def _logprob(self, raw: Tensor, token: int) -> TokenLogprob | None:
        if self._params.logprobs is None:
            return None
        logprobs = raw.log_softmax(-1)
        values, ids = logprobs.topk(min(self._params.logprobs, len(logprobs)))
        say = self._tokenizer.token_bytes
        top = tuple((i, say(i), value) for i, value in zip(ids.tolist(), values.tolist(), strict=True))
        return TokenLogprob(token, say(token), float(logprobs[token]), top)


def logprobs_of(logits: Tensor, token_ids: Sequence[int]) -> list[float]:
    """Log probabilities of these tokens under logits [vocab].

    Raises:
        EngineError: `nan_logits`.
    """
    found: list[float] = _checked(logits)[0].log_softmax(-1)[list(token_ids)].tolist()
    return found


def answer_seed(seed: int, index: int) -> int:
    """The seed of a request's answer `index`; that of answer 0 is the request's own."""
    if index == 0:
        return seed
    return int.from_bytes(hashlib.sha256(f"{seed}/{index}".encode()).digest()[:8], "big") >> 1


def penalised(scores: Tensor, seen: Tensor, penalty: float) -> Tensor:
    """Scores [vocab], with the scores of the seen tokens [seen] divided by `penalty` if positive and multiplied by it
    if negative. Each seen token is listed once."""
    values = scores[seen]
    return scores.index_copy(0, seen, torch.where(values < 0, values * penalty, values / penalty))


def discouraged(scores: Tensor, said: Tally, presence: float, frequency: float) -> Tensor:
    """Scores [vocab], minus `presence` for every token in the answer and `frequency` for each time it came (OpenAI)."""
    return scores.index_add(0, said.ids, -(presence + frequency * said.times))


def warp(scores: Tensor, temperature: float, top_k: int, top_p: float, min_p: float) -> tuple[Tensor, Tensor]:
    """The tokens [kept], ascending, that may be drawn, and their scores [kept], divided by the temperature.

    Top-k keeps ties with the k-th token. Top-p drops the least probable tokens while the dropped ones add up to at most
    1 - top_p, and always keeps one. Min-p drops tokens less probable than `min_p` times the most probable. Each filter
    sees only what the one before it kept. If only some of several equal tokens are kept, they have the higher ids.
    """
    scores = scores / temperature
    ids = torch.arange(len(scores))
    if 0 < top_k < len(scores):
        ids = (scores >= scores.topk(top_k).values[-1]).nonzero()[:, 0]
        scores = scores[ids]
    if top_p < 1:
        ascending = torch.from_numpy(np.sort(scores.numpy()))  # 0.3 ms for 151,936; PyTorch's takes 11 ms
        dropped = int((ascending.softmax(-1).cumsum(-1)[:-1] <= 1 - top_p).sum())
        least = ascending[dropped]
        equals = (scores == least).nonzero()[:, 0]
        kept = scores > least
        kept[equals[len(equals) - int((ascending[dropped:] == least).sum()) :]] = True
        ids, scores = ids[kept], scores[kept]
    if min_p > 0:
        probabilities = scores.softmax(-1)
        kept = (probabilities >= min_p * probabilities.max()).nonzero()[:, 0]
        ids, scores = ids[kept], scores[kept]
    return ids, scores


def _checked(logits: Tensor) -> tuple[Tensor, int]:
    """Logits as float32 on the CPU, which must not be changed in place, and the best token. A maximum over any NaN is
    NaN, so one pass finds both (60 us for 151,936)."""
    raw = logits.detach().to(device="cpu", dtype=torch.float32)
    best, token = raw.max(dim=0)
    if not best.isfinite():
        raise error("nan_logits")
    return raw, int(token)
