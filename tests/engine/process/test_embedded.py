"""The embedded model in a child process answers exactly as it does here."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kantu import hub
from kantu.engine.process import ProcessEngine
from kantu.engine.protocol import DeltaStream, Engine
from kantu.engine.request import Constraint, End, Request, SamplingParams
from kantu.errors import CancelledError, DeadlineExceededError, EngineError, InvalidRequestError, PromptTooLongError
from kantu.model.folder import ModelFolder
from kantu.processing.conversation import Turn
from kantu.processing.image import ImageConfig, prepare
from tests.engine.process.embedded import load_embedded
from tests.engine.process.engines import WAIT_SECONDS, process_engine

pytestmark = pytest.mark.whole

ROOT = Path(__file__).resolve().parents[3]
WHY = "为什么这个还没发货？"


@pytest.fixture(scope="module")
def local() -> Iterator[Engine]:
    engine = load_embedded()
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def remote() -> Iterator[ProcessEngine]:
    with process_engine(load_embedded) as engine:
        assert engine.wait_ready(WAIT_SECONDS)
        yield engine
        engine.check()


def asked(text: str = WHY, *, pictures: int = 1, max_pixels: int | None = 2**17, **sampling: Any) -> Request:
    """About the example, small by default to be quick."""
    config = ImageConfig.from_folder(ModelFolder.open(hub.locate(None)))
    image = prepare(ROOT / "examples/order.png", config, max_pixels=max_pixels)
    turn = Turn("user", (*(None for _ in range(pictures)), text))
    return Request((turn,), (image,) * pictures, SamplingParams(**sampling))


def pieces(engine: Engine, request: Request) -> list[tuple[Any, ...]]:
    """All that does not depend on time, answer by answer."""
    deltas = sorted(DeltaStream(engine, request), key=lambda delta: delta.index)
    return [(d.index, d.text, d.token_ids, d.logprobs, _timeless(d.end)) for d in deltas]


def _timeless(end: End | None) -> tuple[str | int, ...] | None:
    if end is None:
        return None
    usage = end.usage
    return (end.finish_reason, usage.prompt_tokens, usage.visual_tokens, usage.completion_tokens)


SCHEMA = {
    "type": "object",
    "properties": {"status": {"enum": ["待商家发货", "已发货"]}, "count": {"enum": [1, 2, 3]}},
    "required": ["status", "count"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    "question",
    [
        {"temperature": 0},
        {"text": "你好", "pictures": 0, "max_tokens": 8, "temperature": 0},
        {"max_tokens": 12, "min_tokens": 12, "temperature": 1.0, "seed": 3, "n": 2},
        {"max_tokens": 6, "temperature": 0, "logprobs": 3},
        {"temperature": 0, "constraint": Constraint.json_schema(SCHEMA)},
    ],
    ids=["picture", "text", "two answers", "logprobs", "schema"],
)
def test_deltas_are_those_of_the_same_engine_here(
    local: Engine, remote: ProcessEngine, question: dict[str, Any]
) -> None:
    assert pieces(remote, asked(**question)) == pieces(local, asked(**question))


def test_an_answer_streams_and_tells_its_usage_and_timings(remote: ProcessEngine) -> None:
    deltas = list(DeltaStream(remote, asked(temperature=0, max_pixels=None)))
    assert len(deltas) > 1
    assert "待商家发货" in "".join(delta.text for delta in deltas)
    end = deltas[-1].end
    assert end is not None
    assert end.usage.visual_tokens > 0
    assert 0 < end.timings.ttft_seconds <= end.timings.total_seconds


def test_a_record_fits_its_schema(remote: ProcessEngine) -> None:
    deltas = DeltaStream(remote, asked(temperature=0, constraint=Constraint.json_schema(SCHEMA)))
    assert json.loads("".join(delta.text for delta in deltas)).keys() == {"status", "count"}


def test_scores_are_those_of_the_same_engine_here(local: Engine, remote: ProcessEngine) -> None:
    choices = ["待商家发货", "已发货", "待付款"]
    here, there = (engine.score(asked("订单是什么状态？", max_pixels=None), choices) for engine in (local, remote))
    assert there.probabilities == pytest.approx(here.probabilities, abs=1e-5)
    assert there.best == here.best == 0


def test_what_the_engine_refuses_keeps_its_type(remote: ProcessEngine) -> None:
    with pytest.raises(PromptTooLongError):
        pieces(remote, asked("字" * 100_000, pictures=0))
    with pytest.raises(InvalidRequestError):
        pieces(remote, asked(constraint=Constraint("json_schema", "{")))


def test_cancel_and_deadline_cross(remote: ProcessEngine) -> None:
    long = asked(max_tokens=300, min_tokens=300)
    stream = DeltaStream(remote, long)
    next(stream)
    stream.cancel()
    with pytest.raises(CancelledError):
        list(stream)
    with pytest.raises(DeadlineExceededError):
        pieces(remote, replace(long, timeout_seconds=0.01))


def test_after_kill_9_in_the_middle_of_an_answer_the_next_one_comes(local: Engine, remote: ProcessEngine) -> None:
    before, pid, restarts = remote.stats(), remote.pid, remote.restarts
    stream = DeltaStream(remote, asked(max_tokens=300, min_tokens=300))
    next(stream)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(EngineError, match="engine_crashed"):
        list(stream)
    assert remote.wait_ready(WAIT_SECONDS)
    assert remote.restarts == restarts + 1
    assert pieces(remote, asked(temperature=0)) == pieces(local, asked(temperature=0))
    after = remote.stats()
    assert all(after.counters[name] >= count for name, count in before.counters.items())
    assert after.gauges["device_memory_used_bytes"] > after.gauges["weight_bytes"] > 0
