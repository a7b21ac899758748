"""Two who are asked the same things in turns, so that what disturbs the machine disturbs both."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from kantu.bench.work import Work, Workload
from kantu.contenders.contender import Contender, Reply
from kantu.contenders.kantu import Kantu

T = TypeVar("T")


class Track(Protocol):
    """Shows progress over things, however many; `rich.progress.Progress.track` is one."""

    def __call__(self, sequence: Iterable[T], *, description: str) -> Iterable[T]: ...


class Match:
    """Us and a rival, and the works they are asked."""

    def __init__(self, ours: Kantu, rival: Contender, workload: Workload) -> None:
        self.ours, self.rival, self.workload = ours, rival, workload
        self._turns = itertools.count()

    def both(self, ours: Callable[[], T], theirs: Callable[[], T]) -> tuple[T, T]:
        """What both return; who goes first alternates."""
        if next(self._turns) % 2:
            second = theirs()
            return ours(), second
        return ours(), theirs()

    def replies(self, work: Work) -> tuple[Reply, Reply]:
        """One work, asked of both."""
        return self.both(lambda: work.ask(self.ours), lambda: work.ask(self.rival))
