"""A step's budget: running answers first, then chunks of waiting prompts; who starts alike waits and reuses."""

from __future__ import annotations

import pytest

from kantu.engine.scheduler import Scheduler, Work
from tests.engine.engines import Parts, request
from tests.engine.test_core import Bench

LONG = "字 " * 60


@pytest.fixture
def bench(parts: Parts) -> Bench:
    return Bench(parts, blocks=128, step_tokens=32)


def works(scheduler: Scheduler) -> list[Work]:
    return scheduler.schedule()


def test_a_long_prompt_is_cut_to_the_budget(bench: Bench) -> None:
    bench.submit(request(text=LONG, max_tokens=4))
    (work,) = works(bench.core.scheduler)
    assert work.count == 32
    assert not work.samples
    bench.finish()


def test_answers_under_way_come_before_prompts(bench: Bench) -> None:
    _, first = bench.submit(request(text="一", max_tokens=30, min_tokens=30, temperature=0))
    while not first.tokens:
        bench.turn()
    bench.submit(request(text=LONG, max_tokens=4))
    decode, chunk = works(bench.core.scheduler)
    assert (decode.count, decode.samples) == (1, True)
    assert chunk.count == 31
    bench.finish()


def test_a_prompt_that_starts_like_one_being_read_waits_for_it(bench: Bench) -> None:
    bench.submit(request(text=LONG + "甲", max_tokens=2))
    bench.submit(request(text=LONG + "乙", max_tokens=2))
    bench.submit(request(text="另一个问题，开头不同的很短。", tenant="other", max_tokens=2))
    running = bench.core.scheduler
    bench.turn()
    assert len(running.waiting) >= 1
    bench.finish()
    assert running.prefix_hits * 8 >= 56


def test_no_more_than_the_limit_run_at_once(bench: Bench) -> None:
    for number in range(7):
        bench.submit(request(text=f"{number}", max_tokens=20, min_tokens=20))
    most = 0
    while bench.core.jobs:
        bench.turn()
        most = max(most, len(bench.core.scheduler.running))
    assert most == 4
