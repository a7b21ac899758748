"""Batching never changes an answer: any arrivals, sizes, cancellations and repeats, and blocks always add up.

The core runs here without threads, so that an example that fails can be repeated. Everything is float32: ties within a
dtype's rounding are the only difference batching may make.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kantu.engine import kv_cache
from kantu.engine.core import Core
from kantu.engine.kv_cache import BlockPool, ImageSpan
from kantu.engine.metrics import Metrics
from kantu.engine.paged_attention import KVStore
from kantu.engine.preparation import Preparation
from kantu.engine.request import Delta, Request
from kantu.engine.runner import Runner
from kantu.engine.scheduler import Scheduler
from kantu.engine.sequence import Job
from kantu.engine.vision_cache import VisionCache
from kantu.errors import CancelledError, KantuError
from tests.engine.engines import CPU, Parts, picture, request

pytestmark = pytest.mark.whole

TEXTS = ("这是什么？", "为什么还没发货？", "为什么还没发货？请写出订单编号、价格和数量。", "一")
SIZES = ((96, 64), (64, 96), (160, 32), (32, 160), (64, 64))


@dataclass
class Answered:
    """What a listener got."""

    tokens: list[int] = field(default_factory=list)
    ended: bool = False
    error: KantuError | None = None

    def __call__(self, item: Delta | KantuError) -> None:
        assert not self.ended, "something came after the end"
        if isinstance(item, KantuError):
            self.error, self.ended = item, True
        else:
            self.tokens += item.token_ids
            self.ended = item.end is not None


class Bench:
    """A core of given sizes, and a way to put requests in."""

    def __init__(
        self, parts: Parts, *, block_size: int = 8, blocks: int = 64, step_tokens: int = 64, vision_bytes: int = 2**20
    ) -> None:
        config = parts.model.config.text
        self.pool = BlockPool(blocks, block_size)
        self.metrics = Metrics()
        store = KVStore(config, blocks, block_size, device=CPU, dtype=torch.float32)
        runner = Runner(parts.model, parts.image_config, store, VisionCache(vision_bytes), self.metrics)
        scheduler = Scheduler(self.pool, step_tokens=step_tokens, max_running=4)
        self.core = Core(scheduler, runner, self.metrics, lambda job: None)
        self._capacity = blocks * block_size
        self._preparation = Preparation(
            parts.chat, parts.image_config, parts.generation_config, parts.constraints, block_size
        )

    def submit(self, asked: Request) -> tuple[Job, Answered]:
        answered = Answered()
        job = Job(answered, time.perf_counter(), 0, None, open=asked.sampling.n, line=asked.line)
        matcher = self._preparation.matcher(asked.sampling)
        self.core.add(job, self._preparation.sequences(job, asked, matcher, None, self._capacity))
        return job, answered

    def step(self) -> None:
        with torch.inference_mode():
            self.core.step()
        self.pool.check()

    def finish(self) -> None:
        for _ in range(2000):
            if not self.core.jobs:
                return
            self.step()
        raise AssertionError("no progress")


@dataclass(frozen=True)
class Plan:
    """One request of a scenario: what it asks, when it comes, and when it is given up."""

    text: int
    pictures: tuple[int, ...]
    tenant: str
    line: str
    length: int
    turn: int
    cancelled_after: int | None


plans = st.builds(
    Plan,
    text=st.integers(0, len(TEXTS) - 1),
    pictures=st.lists(st.integers(0, len(SIZES) - 1), max_size=2).map(tuple),
    tenant=st.sampled_from(["", "", "other"]),
    line=st.sampled_from(["", "a", "b"]),
    length=st.integers(1, 12),
    turn=st.integers(0, 12),
    cancelled_after=st.none() | st.integers(0, 6),
)


@pytest.fixture(scope="module")
def alone() -> dict[tuple[object, ...], list[int]]:
    """Tokens of requests that ran alone, in one chunk, from cold caches; filled as they are asked for."""
    return {}


def asked(parts: Parts, plan: Plan) -> Request:
    images = [picture(parts, *SIZES[which], seed=which) for which in plan.pictures]
    return request(
        images,
        TEXTS[plan.text],
        tenant=plan.tenant,
        line=plan.line,
        max_tokens=plan.length,
        min_tokens=plan.length,
        temperature=0,
    )


def expected(parts: Parts, plan: Plan, known: dict[tuple[object, ...], list[int]]) -> list[int]:
    key = (plan.text, plan.pictures)
    if key not in known:
        bench = Bench(parts, step_tokens=4096, blocks=256)
        _, answered = bench.submit(asked(parts, Plan(plan.text, plan.pictures, "", "", 12, 0, None)))
        bench.finish()
        known[key] = answered.tokens
    return known[key][: plan.length]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    scenario=st.lists(plans, min_size=1, max_size=7),
    block_size=st.sampled_from([1, 4, 8, 16]),
    spare_blocks=st.integers(0, 40),
    step_tokens=st.sampled_from([1, 3, 16, 64, 512]),
    vision_bytes=st.sampled_from([0, 2**14, 2**20]),
)
def test_every_answer_is_the_one_given_alone(
    parts: Parts,
    alone: dict[tuple[object, ...], list[int]],
    scenario: list[Plan],
    block_size: int,
    spare_blocks: int,
    step_tokens: int,
    vision_bytes: int,
) -> None:
    blocks = 128 // block_size + spare_blocks  # the longest prompt and its answer just fit
    bench = Bench(parts, block_size=block_size, blocks=blocks, step_tokens=step_tokens, vision_bytes=vision_bytes)
    running: list[tuple[Plan, Job, Answered]] = []
    for turn in range(13):
        for plan in scenario:
            if plan.turn == turn:
                running.append((plan, *bench.submit(asked(parts, plan))))
        for plan, job, _ in running:
            if plan.cancelled_after is not None and turn >= plan.turn + plan.cancelled_after:
                job.cancelled = True
        bench.step()
    bench.finish()
    bench.core.check()
    for plan, job, answered in running:
        assert answered.ended
        whole = expected(parts, plan, alone)
        if job.cancelled and answered.error is not None:
            assert isinstance(answered.error, CancelledError)
            assert answered.tokens == whole[: len(answered.tokens)]
        else:
            assert answered.error is None
            assert answered.tokens == whole


def test_preemption_happens_and_changes_nothing(parts: Parts, alone: dict[tuple[object, ...], list[int]]) -> None:
    bench = Bench(parts, block_size=4, blocks=24, step_tokens=64)
    scenario = [Plan(text, (), "", "", 12, 0, None) for text in (0, 1, 2, 3)]
    running = [(plan, bench.submit(asked(parts, plan))[1]) for plan in scenario]
    bench.finish()
    bench.core.check()
    assert bench.core.scheduler.preemptions > 0
    for plan, answered in running:
        assert answered.tokens == expected(parts, plan, alone)


def test_running_answers_go_on_while_a_long_prompt_is_read(parts: Parts) -> None:
    bench = Bench(parts, step_tokens=16, blocks=200)
    _, short = bench.submit(request(text="一", max_tokens=60, min_tokens=60, temperature=0))
    while not short.tokens:
        bench.step()
    _, long = bench.submit(request(text="字 " * 300, max_tokens=2, min_tokens=2, temperature=0))
    while not long.tokens:
        before = len(short.tokens)
        bench.step()
        assert len(short.tokens) == before + 1
    bench.finish()


# The same placeholder ids stand for every picture: only the keys tell them apart.


def answers_of(parts: Parts, requests: list[Request]) -> tuple[list[list[int]], int]:
    """Tokens of requests run one after the other over the same caches, and how many blocks were reused."""
    bench = Bench(parts, blocks=128)
    tokens = []
    for each in requests:
        _, answered = bench.submit(each)
        bench.finish()
        tokens.append(answered.tokens)
    return tokens, bench.core.scheduler.prefix_hits


def lookalikes(parts: Parts) -> list[Request]:
    """Pictures that a careless key confuses: one byte apart, swapped sides of the same bytes."""
    import numpy as np

    from kantu.processing.image import CleanImage, content_hash

    wide = picture(parts, 160, 32, seed=5).pixels
    last = wide.copy()
    last[-1, -1] ^= 255
    last[:, 100:] ^= 255
    tall = np.ascontiguousarray(wide.reshape(160, 32, 3))
    images = [CleanImage(pixels, content_hash(pixels), (1, 1)) for pixels in (wide, last, tall)]
    return [request([image], max_tokens=12, min_tokens=12, temperature=0) for image in images]


def test_lookalike_pictures_are_never_mixed_up(parts: Parts) -> None:
    requests = lookalikes(parts)
    cold = [answers_of(parts, [each])[0][0] for each in requests]
    warm, _ = answers_of(parts, requests)
    assert warm == cold
    assert len({tuple(tokens) for tokens in cold}) > 1  # the pictures do matter


def test_a_broken_key_is_noticed(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    requests = lookalikes(parts)
    cold = [answers_of(parts, [each])[0][0] for each in requests]
    whole = kv_cache.block_key

    def careless(parent: bytes, start: int, token_ids: list[int], images: list[ImageSpan]) -> bytes:
        return whole(parent, start, token_ids, [])  # token ids alone

    monkeypatch.setattr(kv_cache, "block_key", careless)
    warm, hits = answers_of(parts, requests)
    assert hits > 0
    assert warm != cold


def test_another_tenant_shares_nothing(parts: Parts) -> None:
    image = picture(parts, 160, 32)
    ours, theirs = (request([image], tenant=tenant, max_tokens=4, min_tokens=4) for tenant in ("a", "b"))
    assert answers_of(parts, [ours, theirs])[1] == 0
    assert answers_of(parts, [ours, ours])[1] > 0
