"""How many requests a second a contender answers, by the number of clients that ask without pause."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

from PIL import Image

from kantu.bench.report import percentile
from kantu.compare.asked import Asked, Variants
from kantu.compare.pace import Pace
from kantu.contenders.contender import Contender
from kantu.errors import KantuError

TOGETHER = (4, 16)  # clients; one alone is timed in a process of its own, see `fresh.fresh`
Question = tuple[Asked, Image.Image]

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
    warming = min(max(clients), _WARMING)
    with ThreadPoolExecutor(warming) as pool:
        deque(pool.map(lambda question: _answers(contender, [question]), islice(questions, warming)))
    return tuple(_load(contender, questions, each, pace.load_seconds) for each in clients)


def alone(contender: Contender, asked: Sequence[Asked]) -> Load:
    """One client, which asks these questions. Raises KantuError where one has no answer."""
    seconds = []
    for each in asked:
        begun = time.perf_counter()
        each.of(contender)
        seconds.append(time.perf_counter() - begun)
    return Load(1, len(seconds) / sum(seconds), 0, Spread.of(seconds))


def _load(contender: Contender, questions: Iterator[Question], clients: int, seconds: float) -> Load:
    with ThreadPoolExecutor(clients) as pool:
        started = time.perf_counter()
        until = started + seconds
        found = list(pool.map(lambda _: _answers(contender, _before(until, questions)), range(clients)))
        passed = time.perf_counter() - started
    taken = [each for of_client, _ in found for each in of_client]
    return Load(clients, len(taken) / passed, sum(errors for _, errors in found), Spread.of(taken))


def _before(until: float, questions: Iterator[Question]) -> Iterator[Question]:
    while time.perf_counter() < until:
        yield next(questions)


def _answers(contender: Contender, questions: Iterable[Question]) -> tuple[list[float], int]:
    """How many seconds each took, one after the other, and how many had an error instead."""
    taken, errors = [], 0
    for asked, picture in questions:
        begun = time.perf_counter()
        try:
            asked.of(contender, picture)
            taken.append(time.perf_counter() - begun)
        except KantuError:
            errors += 1
    return taken, errors
