"""A step's budget: running answers first, then chunks of waiting prompts; a shared prefix is computed once."""

from __future__ import annotations

import pytest

from kantu.engine.kv_cache import BlockPool
from kantu.engine.request import Constraint
from kantu.engine.scheduler import Chunk, Scheduler
from kantu.engine.sequence import Job
from tests.engine.engines import Parts, request
from tests.engine.test_core import Bench

LONG = "字 " * 60


@pytest.fixture
def bench(parts: Parts) -> Bench:
    return Bench(parts, blocks=128, step_tokens=32)


def chunks(scheduler: Scheduler) -> list[Chunk]:
    return scheduler.schedule()


def test_a_long_prompt_is_cut_to_the_budget(bench: Bench) -> None:
    bench.submit(request(text=LONG, max_tokens=4))
    (chunk,) = chunks(bench.core.scheduler)
    assert chunk.count == 32
    assert not chunk.samples
    bench.finish()


def test_answers_under_way_come_before_prompts(bench: Bench) -> None:
    _, first = bench.submit(request(text="一", max_tokens=30, min_tokens=30, temperature=0))
    while not first.tokens:
        bench.step()
    bench.submit(request(text=LONG, max_tokens=4))
    decode, prefill = chunks(bench.core.scheduler)
    assert (decode.count, decode.samples) == (1, True)
    assert prefill.count == 31
    bench.finish()


def test_a_request_sharing_a_prefix_in_prefill_waits_for_it(bench: Bench) -> None:
    bench.submit(request(text=LONG + "甲", max_tokens=2))
    bench.submit(request(text=LONG + "乙", max_tokens=2))
    bench.submit(request(text="另一个问题，开头不同的很短。", tenant="other", max_tokens=2))
    running = bench.core.scheduler
    bench.step()
    assert len(running.waiting) >= 1
    bench.finish()
    assert running.prefix_hits * 8 >= 56


def test_no_more_than_the_limit_run_at_once(bench: Bench) -> None:
    for number in range(7):
        bench.submit(request(text=f"{number}", max_tokens=20, min_tokens=20))
    most = 0
    while bench.core.jobs:
        bench.step()
        most = max(most, len(bench.core.scheduler.running))
    assert most == 4


# Between callers


def starts(bench: Bench) -> list[Job]:
    """The requests that do not run yet, in the order in which they first run."""
    known = {sequence.job for sequence in bench.core.scheduler.running}
    started: list[Job] = []
    while bench.core.jobs:
        bench.step()
        started += [s.job for s in bench.core.scheduler.running if s.job not in known]
        known.update(started)
    return started


def test_a_newcomer_gets_the_next_free_place_before_another_line_s_many(bench: Bench) -> None:
    for number in range(12):
        bench.submit(request(text=f"{number}", line="many", max_tokens=4 + number, min_tokens=4 + number))
    for _ in range(3):
        bench.step()
    assert len(bench.core.scheduler.running) == 4
    bench.submit(request(text="新来的", line="one", max_tokens=4, min_tokens=4))
    assert starts(bench)[0].line == "one"


def test_long_answers_of_one_line_give_a_newcomer_a_place_at_once_and_are_finished_afterwards(bench: Bench) -> None:
    many = [
        bench.submit(request(text=f"{number}", line="many", max_tokens=30, min_tokens=30))[1] for number in range(6)
    ]
    for _ in range(3):
        bench.step()
    _, newcomer = bench.submit(request(text="新来的", line="one", max_tokens=4, min_tokens=4))
    bench.step()
    assert newcomer.tokens
    assert bench.core.scheduler.preemptions == 1
    while bench.core.jobs:
        bench.step()
    assert [len(heard.tokens) for heard in (*many, newcomer)] == [30] * 6 + [4]


def test_lines_that_have_their_share_take_no_place_from_each_other(bench: Bench) -> None:
    for number in range(12):
        bench.submit(request(text=f"{number}", line=f"{number % 2}", max_tokens=20, min_tokens=20))
    while bench.core.jobs:
        bench.step()
    assert bench.core.scheduler.preemptions == 0


def test_lines_take_turns_and_each_keeps_its_order(bench: Bench) -> None:
    jobs = {}
    for number in range(6):
        for line in ("甲", "乙", "丙") if number < 2 else ("甲",):
            asked = request(text="字", line=line, tenant=f"{line}{number}", max_tokens=3, min_tokens=3)
            jobs[bench.submit(asked)[0]] = number
    started = starts(bench)
    assert {job.line for job in started[:3]} == {"甲", "乙", "丙"}
    assert {job.line for job in started[3:6]} == {"甲", "乙", "丙"}
    for line in ("甲", "乙", "丙"):
        numbers = [jobs[job] for job in started if job.line == line]
        assert numbers == sorted(numbers)


def test_a_long_prompt_leaves_room_for_another_line_s_short_one(bench: Bench) -> None:
    for number in range(3):
        bench.submit(request(text=f"{number}" + LONG * 2, line="long", max_tokens=2, min_tokens=2))
    bench.step()
    _, short = bench.submit(request(text="短", line="short", max_tokens=2, min_tokens=2))
    turns = 0
    while not short.tokens:
        bench.step()
        turns += 1
    assert turns <= 3  # one for its prompt, and one for each piece that the others are owed
    assert any(not sequence.decoding for sequence in bench.core.scheduler.running)
    bench.finish()


def test_a_line_that_was_away_has_saved_up_nothing(bench: Bench) -> None:
    for number in range(30):
        bench.submit(request(text="字", tenant=f"a{number}", line="always", max_tokens=3, min_tokens=3))
    for _ in range(8):
        bench.step()
    for number in range(12):
        bench.submit(request(text="字", tenant=f"l{number}", line="late", max_tokens=3, min_tokens=3))
    lines = [job.line for job in starts(bench)]
    assert 6 <= lines[:16].count("late") <= 10


def test_next_tokens_do_not_wait_for_another_answer_s_forced_run(bench: Bench) -> None:
    """A run of forced tokens is as long as a prompt, and waits like one."""
    _, steady = bench.submit(request(text="一", line="steady", max_tokens=60, min_tokens=60, temperature=0))
    forced = Constraint("regex", "[ab]x{40}[ab]x{40}")
    bench.submit(request(text="二", line="forced", max_tokens=90, constraint=forced, n=3))
    while not steady.tokens:
        bench.step()
    while len(steady.tokens) < 30:
        before = len(steady.tokens)
        bench.step()
        assert len(steady.tokens) == before + 1
    bench.finish()


def test_memory_runs_out_for_the_line_of_which_most_runs(parts: Parts) -> None:
    bench = Bench(parts, block_size=4, blocks=26, step_tokens=64)
    _, one = bench.submit(request(text="一", line="one", max_tokens=30, min_tokens=30, temperature=0))
    for number in range(3):
        bench.submit(request(text=f"{number}", line="many", max_tokens=20, min_tokens=20))
    scheduler = bench.core.scheduler
    while not one.ended:
        bench.step()
        assert any(sequence.job.line == "one" for sequence in scheduler.running) or one.ended
    bench.finish()
    assert scheduler.preemptions > 0
    bench.core.check()


def test_what_is_preempted_waits_before_the_rest_of_its_line(bench: Bench) -> None:
    for number in range(6):
        bench.submit(request(text=f"{number}", line="a", max_tokens=9, min_tokens=9))
    bench.step()
    scheduler = bench.core.scheduler
    victim = scheduler._victim()
    scheduler._preempt(victim)
    assert next(iter(scheduler.waiting)) is victim
    bench.finish()
    bench.core.check()


@pytest.mark.parametrize("same", [True, False])
def test_a_step_looks_at_no_waiting_prompt_again(parts: Parts, same: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """256 requests wait, for another that starts the same way or for a place: what they wait for is remembered."""
    bench = Bench(parts, blocks=400, step_tokens=8)
    for number in range(256):
        text = LONG + str(number) if same else f"{number}{LONG}"
        bench.submit(request(text=text, line=str(number % 7), max_tokens=1))
    for _ in range(2):
        bench.step()
    matches = 0
    match = BlockPool.match

    def counted(pool: BlockPool, keys: list[bytes]) -> list[int]:
        nonlocal matches
        matches += 1
        return match(pool, keys)

    monkeypatch.setattr(BlockPool, "match", counted)
    for _ in range(8):
        bench.step()
    assert matches <= 8 * 4
    for job in list(bench.core.jobs):
        job.cancelled = True
    bench.finish()
    bench.core.check()
