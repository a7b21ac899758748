"""Tasks of one line run in order, and lines take turns."""

from __future__ import annotations

import threading

from kantu.engine.workers import Workers


def test_one_line_s_many_tasks_do_not_stand_before_another_s() -> None:
    workers, begun, free, done = Workers(1, "test"), threading.Event(), threading.Event(), list[str]()

    def hold() -> None:
        begun.set()
        free.wait()

    workers.submit("a", hold)
    begun.wait()
    for line, number in [("a", 1), ("a", 2), ("a", 3), ("b", 1), ("b", 2), ("c", 1)]:
        workers.submit(line, lambda name=f"{line}{number}": done.append(name))  # type: ignore[misc]
    free.set()
    workers.close()
    assert done == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_closing_waits_for_what_was_submitted() -> None:
    workers, done = Workers(3, "test"), list[int]()
    for number in range(50):
        workers.submit(str(number % 4), lambda number=number: done.append(number))  # type: ignore[misc]
    workers.close()
    workers.close()
    assert sorted(done) == list(range(50))
