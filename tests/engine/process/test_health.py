"""A process counts as hung when it is silent, or runs something without progress, for too many ticks; pauses before the
next one double up to the longest, and start again after good health."""

from __future__ import annotations

from kantu.engine.metrics import Stats
from kantu.engine.process.health import Backoff, Watchdog


def stats(running: int, **counters: int) -> Stats:
    return Stats(counters, {"running": running})


def dog(silent: int = 100, stuck: int = 100, doubtful: int = 100) -> Watchdog:
    return Watchdog(silent, stuck, doubtful)


def test_no_progress_while_something_runs_is_a_hang() -> None:
    watchdog = dog(stuck=3)
    assert [watchdog.look(True, stats(1, steps=5)) for _ in range(4)] == ["well", "well", "unresponsive", "stuck"]


def test_every_step_and_every_end_is_progress() -> None:
    watchdog = dog(stuck=3)
    done: dict[str, int] = {}
    for name in ("steps", "requests_finished", "requests_failed", "requests_cancelled") * 3:
        done[name] = done.get(name, 0) + 1
        assert watchdog.look(True, stats(1, **done)) == "well"
        assert watchdog.look(True, stats(1, **done)) == "well"


def test_where_nothing_runs_nothing_has_to_progress() -> None:
    watchdog = dog(stuck=2)
    assert {watchdog.look(True, stats(0, steps=5)) for _ in range(10)} == {"well"}
    assert {watchdog.look(True, Stats()) for _ in range(10)} == {"well"}


def test_silence_is_a_hang_even_where_nothing_runs() -> None:
    watchdog = dog(silent=3)
    assert [watchdog.look(False, stats(0)) for _ in range(3)] == ["well", "well", "silent"]


def test_an_answer_ends_the_silence() -> None:
    watchdog = dog(silent=3)
    assert {watchdog.look(answered, stats(0)) for answered in (False, False, True, False, False)} == {"well"}


def test_long_before_silence_is_a_hang_it_is_doubtful_and_an_answer_ends_that_too() -> None:
    watchdog = dog(silent=6, doubtful=2)
    answers = (False, False, False, True, False, False)
    assert [watchdog.look(answered, stats(0)) for answered in answers] == [
        "well",
        "unresponsive",
        "unresponsive",
        "well",
        "well",
        "unresponsive",
    ]


def test_pauses_double_up_to_the_longest() -> None:
    backoff = Backoff(1.0, 30.0, 60.0)
    assert [backoff.pause_seconds(0.0) for _ in range(7)] == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


def test_health_starts_them_again() -> None:
    backoff = Backoff(1.0, 30.0, 60.0)
    assert [backoff.pause_seconds(healthy) for healthy in (0, 59, 60, 0, 0)] == [1.0, 2.0, 1.0, 2.0, 4.0]
