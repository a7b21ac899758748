"""How many requests a second a contender answers, by the number of clients that ask without pause."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from kantu.bench.report import percentile
from kantu.compare.asked import Asked, Variants
from kantu.compare.pace import Pace
from kantu.contenders.contender import Contender
from kantu.errors import KantuError

CLIENTS = (1, 4, 16)
_WARMING = 4  # clients, at most, ask once before the time is taken: what is loaded when several ask, is


@dataclass(frozen=True)
class Spread:
    """Of seconds that requests took."""

    p50_seconds: float
    p95_seconds: float
    count: int

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Spread | None:
        """None of nothing."""
        p50, p95 = percentile(seconds, 50), percentile(seconds, 95)
        return None if p50 is None or p95 is None else cls(p50, p95, len(seconds))


@dataclass(frozen=True)
class Load:
    """What so many clients at once were given."""

    clients: int
    requests_per_second: float
    errors: int
    spread: Spread | None


def loads(contender: Contender, asked: Sequence[Asked], clients: Sequence[int], pace: Pace) -> tuple[Load, ...]:
    """Closed loops of so many clients, one after the other; every request is about a picture that no cache has."""
    questions = Variants(asked)
    first, picture = next(questions)
    first.of(contender, picture)  # what is loaded late, is
    return tuple(_load(contender, questions, each, pace.load_seconds) for each in clients)


def _load(contender: Contender, questions: Variants, clients: int, seconds: float) -> Load:
    def warm(_: int) -> None:
        asked, picture = next(questions)
        with contextlib.suppress(KantuError):  # it will be counted if it happens again
            asked.of(contender, picture)

    def ask(_: int) -> tuple[list[float], int]:
        taken, errors = [], 0
        while time.perf_counter() < deadline:
            asked, picture = next(questions)
            begun = time.perf_counter()
            try:
                asked.of(contender, picture)
                taken.append(time.perf_counter() - begun)
            except KantuError:
                errors += 1
        return taken, errors

    with ThreadPoolExecutor(clients) as pool:
        deque(pool.map(warm, range(min(clients, _WARMING))))
        started = time.perf_counter()
        deadline = started + seconds
        found = list(pool.map(ask, range(clients)))
        passed = time.perf_counter() - started
    taken = [each for of_client, _ in found for each in of_client]
    return Load(clients, len(taken) / passed, sum(errors for _, errors in found), Spread.of(taken))
