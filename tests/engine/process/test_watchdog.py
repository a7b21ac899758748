"""A process counts as hung when it is silent, or runs something without progress, for too many ticks."""

from __future__ import annotations

from kantu.engine.metrics import Stats
from kantu.engine.process.watchdog import Watchdog


def stats(running: int, **counters: int) -> Stats:
    return Stats(counters, {"running": running})


def test_no_progress_while_something_runs_is_a_hang() -> None:
    dog = Watchdog(3)
    assert [dog.hung(True, stats(1, steps=5)) for _ in range(4)] == [False, False, False, True]


def test_every_step_and_every_end_is_progress() -> None:
    dog = Watchdog(2)
    done: dict[str, int] = {}
    for name in ("steps", "requests_finished", "requests_failed", "requests_cancelled") * 3:
        done[name] = done.get(name, 0) + 1
        assert not dog.hung(True, stats(1, **done))
        assert not dog.hung(True, stats(1, **done))


def test_where_nothing_runs_nothing_has_to_progress() -> None:
    dog = Watchdog(2)
    assert not any(dog.hung(True, stats(0, steps=5)) for _ in range(10))
    assert not any(dog.hung(True, Stats()) for _ in range(10))


def test_silence_is_a_hang_even_where_nothing_runs() -> None:
    dog = Watchdog(3)
    assert [dog.hung(False, stats(0)) for _ in range(3)] == [False, False, True]


def test_an_answer_ends_the_silence() -> None:
    dog = Watchdog(3)
    assert not any(dog.hung(answered, stats(0)) for answered in (False, False, True, False, False))
