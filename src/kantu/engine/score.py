"""The probability of each of a few answers, without generating one.

An answer is a path down the tree of the choices' tokens. The model decides only where the tree branches, so it is asked
only there, and its probabilities are normalised over the branches. Choices that differ in their first token cost one
prefill and no decode step; all further branches share the prompt through the prefix cache.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from kantu.engine.generation import Probe
from kantu.engine.protocol import Handle, Listener, ScoreListener
from kantu.engine.request import Delta, Request, SamplingParams, Scores, check_choices
from kantu.errors import KantuError, blaming, error
from kantu.processing.tokenizer import Tokenizer

Path = tuple[int, ...]
Submit = Callable[[Request, Listener, Probe | None], Handle]
_END = -1  # stands for any end token
_PROBES_AT_ONCE = 8  # of one score: each takes one of the places that a line's requests wait in
_LEAST_SECONDS = 1e-3


def submit_score(
    submit: Submit,
    request: Request,
    choices: Sequence[str],
    tokenizer: Tokenizer,
    end_ids: Iterable[int],
    listener: ScoreListener,
) -> Handle:
    """See `Engine.submit_score`. `submit` admits a request with a probe, and may be called on the engine's thread."""
    with blaming("choices"):
        paths = [(*tokenizer.encode(choice, allow_special=False), _END) for choice in check_choices(choices)]
    scoring = _Scoring(submit, request, paths, tuple(sorted(end_ids)), listener)
    scoring.begin()
    return scoring


class _Scoring:
    """One score under way: a few probes at a time, the shortest paths first, until every fork is known."""

    def __init__(
        self, submit: Submit, request: Request, paths: Sequence[Path], ends: tuple[int, ...], listener: ScoreListener
    ) -> None:
        self._submit, self._listener = submit, listener
        self._request = replace(request, sampling=SamplingParams(max_tokens=1))
        self._ends_at = None if request.timeout_seconds is None else time.monotonic() + request.timeout_seconds
        self._paths, self._ends = paths, ends
        self._branching = branches(paths)
        self._lock = threading.Lock()  # guards what follows
        self._left = deque(self._branching.items())
        self._handles: dict[Path, Handle | None] = {}  # of probes on their way; None until they have been submitted
        self._found: dict[Path, Delta] = {}
        self._failure: KantuError | None = None
        self._told = False

    def begin(self) -> None:
        """Submit the first probes. Raises what refuses the first of them; the listener hears of the others."""
        self._submit_next()
        for _ in range(_PROBES_AT_ONCE - 1):
            self._submit_another()

    def cancel(self) -> None:
        """See `Handle.cancel`."""
        self._stop(error("cancelled"))

    def _submit_next(self) -> None:
        with self._lock:
            if self._failure is not None or not self._left:
                return
            path, following = self._left.popleft()
            self._handles[path] = None
        ids = tuple(token for token in following if token != _END) + (self._ends if _END in following else ())
        request = self._request
        if self._ends_at is not None:
            request = replace(request, timeout_seconds=max(self._ends_at - time.monotonic(), _LEAST_SECONDS))
        try:
            handle = self._submit(request, lambda item: self._hear(path, item), Probe(path, ids))
        except KantuError:
            with self._lock:
                del self._handles[path]
            raise
        with self._lock:
            stopped = self._failure is not None
            if path in self._handles:
                self._handles[path] = handle
        if stopped:
            handle.cancel()

    def _submit_another(self) -> None:
        try:
            self._submit_next()
        except KantuError as failure:
            self._stop(failure)

    def _hear(self, path: Path, item: Delta | KantuError) -> None:
        """On the engine's thread."""
        with self._lock:
            self._handles.pop(path, None)
            if not isinstance(item, KantuError):
                self._found[path] = item
        if isinstance(item, KantuError):
            self._stop(item)
        else:
            self._submit_another()
            self._tell_at_the_end()

    def _stop(self, failure: KantuError) -> None:
        """End with the first failure, as soon as all probes on their way have ended too."""
        with self._lock:
            self._failure = self._failure or failure
            handles = [handle for handle in self._handles.values() if handle is not None]
        for handle in handles:
            handle.cancel()
        self._tell_at_the_end()

    def _tell_at_the_end(self) -> None:
        with self._lock:
            complete = len(self._found) == len(self._branching)
            if self._told or self._handles or not (complete or self._failure):
                return
            self._told = True
        if complete:
            self._listener(_scores(self._paths, self._branching, self._found, self._ends))
        else:
            assert self._failure is not None
            self._listener(self._failure)


def _scores(
    paths: Sequence[Path],
    branching: Mapping[Path, Sequence[int]],
    found: Mapping[Path, Delta],
    ends: Sequence[int],
) -> Scores:
    steps = {path: _distribution(found[path], following, ends) for path, following in branching.items()}
    probabilities = [math.exp(sum(_logprobs(path, steps))) for path in paths]
    total = sum(probabilities)
    ended = {path: delta.end for path, delta in found.items() if delta.end is not None}  # a probe is one delta
    # Whichever probe came first has computed the prompt, and the others have found it.
    cached_tokens = min(end.usage.cached_tokens for end in ended.values())
    last = max((end.timings for end in ended.values()), key=lambda timings: timings.total_seconds)
    return Scores(
        tuple(p / total for p in probabilities),
        max(range(len(paths)), key=probabilities.__getitem__),
        replace(ended[min(ended, key=len)].usage, cached_tokens=cached_tokens),
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
