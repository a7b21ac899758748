"""The engine never dies of a request: whatever fails, the next good request succeeds and the accounts add up."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from kantu.engine.constraint import Matcher
from kantu.engine.local import LocalEngine
from kantu.engine.protocol import DeltaStream
from kantu.engine.request import Constraint, Delta
from kantu.errors import CancelledError, EngineError, KantuError, OutOfMemoryError
from kantu.model.qwen3vl import Qwen3VL
from tests.engine.engines import Parts, picture, request, run, tokens

GOOD = {"max_tokens": 4, "min_tokens": 4, "temperature": 0}


class Faulty:
    """A network that does something else at some of its calls.

    Args:
        fault: called before each call with its number and the number of tokens (0 for pictures); may raise, or return
            what to do to the logits.
    """

    def __init__(self, model: Qwen3VL, fault: Callable[[int, int], Callable[[Tensor], Tensor] | None]) -> None:
        self.config, self.parameters, self.buffers = model.config, model.parameters, model.buffers
        self._model, self._fault, self._calls = model, fault, 0

    def encode_images(self, *args: Any) -> Tensor:
        self._calls += 1
        self._fault(self._calls, 0)
        return self._model.encode_images(*args)

    def __call__(self, input_ids: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        self._calls += 1
        change = self._fault(self._calls, len(input_ids))
        logits: Tensor = self._model(input_ids, *args, **kwargs)
        return logits if change is None else change(logits)


def outcomes(engine: LocalEngine, parts: Parts, count: int) -> list[list[int] | KantuError]:
    """What comes of several requests at once."""
    streams = [DeltaStream(engine, request([picture(parts, 96, 64, seed)], **GOOD)) for seed in range(count)]
    results: list[list[int] | KantuError] = []
    for stream in streams:
        try:
            results.append(tokens(list(stream)))
        except KantuError as error:
            results.append(error)
    return results


@settings(max_examples=25, deadline=None)
@given(failing=st.sets(st.integers(1, 14), max_size=5))
def test_an_allocation_that_fails_now_and_then_loses_nothing(parts: Parts, failing: set[int]) -> None:
    with parts.engine() as sound:
        expected = outcomes(sound, parts, 3)

    failing = set(failing)

    def fault(call: int, count: int) -> None:
        if call in failing:
            raise torch.OutOfMemoryError("out of memory")

    with parts.engine(model=Faulty(parts.model, fault)) as engine:
        for result, right in zip(outcomes(engine, parts, 3), expected, strict=True):
            assert result == right or isinstance(result, OutOfMemoryError)
        failing.clear()
        assert len(tokens(run(engine, request(**GOOD)))) == 4


def test_a_step_too_large_for_memory_is_tried_smaller(parts: Parts) -> None:
    def fault(call: int, count: int) -> None:
        if count > 20:
            raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate")

    with parts.engine() as sound:
        expected = outcomes(sound, parts, 3)
    with parts.engine(model=Faulty(parts.model, fault)) as engine:
        assert outcomes(engine, parts, 3) == expected
        assert engine.stats().counters["out_of_memory"] > 0


def test_memory_that_never_suffices_fails_the_one_request_with_a_typed_error(parts: Parts) -> None:
    poison = 777

    def fault(call: int, count: int) -> None:
        if count >= poison:
            raise MemoryError

    class Poisoned(Faulty):
        def __call__(self, input_ids: Tensor, *args: Any, **kwargs: Any) -> Tensor:
            if int(input_ids.max()) == parts.chat.tokenizer.added_tokens["<|image_pad|>"]:
                raise MemoryError
            return super().__call__(input_ids, *args, **kwargs)

    with parts.engine(model=Poisoned(parts.model, fault)) as engine:
        bad = DeltaStream(engine, request([picture(parts, 64, 64)], **GOOD))
        good = DeltaStream(engine, request(**GOOD))
        assert len(tokens(list(good))) == 4
        with pytest.raises(OutOfMemoryError):
            list(bad)
        assert engine.stats().counters["requests_failed"] == 1


def test_a_network_that_raises_fails_only_what_it_raises_for(parts: Parts) -> None:
    class Poisoned(Faulty):
        def encode_images(self, *args: Any) -> Tensor:
            raise ValueError("a mistake of ours")

    with parts.engine(model=Poisoned(parts.model, lambda call, count: None)) as engine:
        bad = DeltaStream(engine, request([picture(parts, 64, 64)], **GOOD))
        good = DeltaStream(engine, request(**GOOD))
        assert len(tokens(list(good))) == 4
        with pytest.raises(EngineError) as caught:
            list(bad)
        assert caught.value.code == "engine_failed"
        assert "mistake" not in caught.value.message


def test_logits_that_are_not_numbers_fail_the_request_not_the_server(parts: Parts) -> None:
    def fault(call: int, count: int) -> Callable[[Tensor], Tensor] | None:
        return (lambda logits: logits * torch.nan) if call == 1 else None

    with parts.engine(model=Faulty(parts.model, fault)) as engine:
        with pytest.raises(EngineError) as caught:
            run(engine, request(**GOOD))
        assert caught.value.code == "nan_logits"
        assert len(tokens(run(engine, request(**GOOD)))) == 4


def test_a_listener_that_raises_cancels_its_own_request(parts: Parts, engine: LocalEngine) -> None:
    seen = threading.Event()

    def listener(item: Delta | KantuError) -> None:
        seen.set()
        raise RuntimeError("the caller's mistake")

    engine.submit(request(max_tokens=500, min_tokens=500), listener)
    assert seen.wait(10)
    assert len(tokens(run(engine, request(**GOOD)))) == 4
    assert engine.stats().counters["listener_errors"] == 1


def test_a_client_that_never_reads_holds_nothing_up(parts: Parts, engine: LocalEngine) -> None:
    unread = [DeltaStream(engine, request(**GOOD)) for _ in range(20)]
    assert len(tokens(run(engine, request(**GOOD)))) == 4
    for stream in unread:
        list(stream)


def test_a_constraint_that_runs_away_fails_its_request(
    parts: Parts, engine: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Matcher, token: int) -> None:
        raise RuntimeError("inconsistent")

    with monkeypatch.context() as patch:
        patch.setattr("kantu.engine.constraint._PROBED_TOKENS", 0)  # it would be refused before it runs
        patch.setattr(Matcher, "accept", broken)
        with pytest.raises(EngineError):
            run(engine, request(max_tokens=50, constraint=Constraint("regex", "[0-9]{30}")))
    assert len(tokens(run(engine, request(**GOOD)))) == 4


def test_a_thousand_cancels(parts: Parts, engine: LocalEngine) -> None:
    for number in range(1000):
        stream = DeltaStream(engine, request(max_tokens=50, min_tokens=50))
        if number % 3 == 0:
            next(stream)
        stream.cancel()
        with pytest.raises(CancelledError):
            list(stream)
    assert len(tokens(run(engine, request(**GOOD)))) == 4
    assert engine.stats().counters["requests_cancelled"] == 1000
