"""The probability of each of a few answers, without generating one.

An answer is a path down the tree of the choices' tokens. The model decides only where the tree branches, so it is asked
only there, and its probabilities are normalised over the branches. Choices that differ in their first token cost one
prefill and no decode step; all further branches share the prompt through the prefix cache.
"""

from __future__ import annotations

import math
import queue
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from kantu.engine.generation import Probe
from kantu.engine.protocol import Handle, Listener
from kantu.engine.request import Delta, Request, SamplingParams, Scores, check_choices
from kantu.errors import KantuError, blaming
from kantu.processing.tokenizer import Tokenizer

Path = tuple[int, ...]
Submit = Callable[[Request, Listener, Probe | None], Handle]
_END = -1  # stands for any end token


def score(
    submit: Submit, request: Request, choices: Sequence[str], tokenizer: Tokenizer, end_ids: Iterable[int]
) -> Scores:
    """See `Engine.score`. `submit` admits a request with a probe."""
    with blaming("choices"):
        paths = [(*tokenizer.encode(choice, allow_special=False), _END) for choice in check_choices(choices)]
    ends = tuple(sorted(end_ids))
    asked = replace(request, sampling=SamplingParams(max_tokens=1))
    answers: queue.SimpleQueue[tuple[Path, Delta | KantuError]] = queue.SimpleQueue()
    branching = branches(paths)
    handles: list[Handle] = []
    found: dict[Path, Delta] = {}
    try:
        for path, following in branching.items():
            ids = tuple(token for token in following if token != _END) + (ends if _END in following else ())
            handles.append(submit(asked, lambda item, path=path: answers.put((path, item)), Probe(path, ids)))  # type: ignore[misc]
        while len(found) < len(branching):
            path, item = answers.get()
            if isinstance(item, KantuError):
                raise item
            found[path] = item
    finally:
        for handle in handles:  # nothing for those that have ended
            handle.cancel()
    steps = {path: _distribution(found[path], following, ends) for path, following in branching.items()}
    probabilities = [math.exp(sum(_logprobs(path, steps))) for path in paths]
    total = sum(probabilities)
    ended = {path: delta.end for path, delta in found.items() if delta.end is not None}  # a probe is one delta
    last = max((end.timings for end in ended.values()), key=lambda timings: timings.total_seconds)
    return Scores(
        tuple(p / total for p in probabilities),
        max(range(len(paths)), key=probabilities.__getitem__),
        ended[min(ended, key=len)].usage,
        replace(last, ttft_seconds=last.total_seconds),
    )


def branches(paths: Sequence[Path]) -> dict[Path, tuple[int, ...]]:
    """Where the tree of `paths` branches: prefix -> the different tokens that follow it; shortest prefix first."""
    following: dict[Path, dict[int, None]] = {}
    for path in paths:
        for length, token in enumerate(path):
            following.setdefault(path[:length], {})[token] = None
    found = {path: tuple(tokens) for path, tokens in following.items() if len(tokens) > 1}
    return dict(sorted(found.items(), key=lambda item: len(item[0])))


def _distribution(delta: Delta, following: Sequence[int], ends: Sequence[int]) -> Mapping[int, float]:
    """Log probabilities, normalised over the branches."""
    known = {token: logprob for token, _, logprob in delta.logprobs[0].top}
    raw = {token: _log_sum([known[end] for end in ends]) if token == _END else known[token] for token in following}
    total = _log_sum(list(raw.values()))
    return {token: value - total for token, value in raw.items()}


def _logprobs(path: Path, steps: Mapping[Path, Mapping[int, float]]) -> Iterable[float]:
    for length, token in enumerate(path):
        if path[:length] in steps:
            yield steps[path[:length]][token]


def _log_sum(values: Sequence[float]) -> float:
    most = max(values)
    return most if math.isinf(most) else most + math.log(sum(math.exp(value - most) for value in values))
