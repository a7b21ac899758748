"""A contender in a fresh process: how long it takes to start and answer, what memory it needs, what it sends where."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass

import psutil

from kantu.bench.memory import peak_bytes
from kantu.compare.asked import Asked
from kantu.compare.load import Load, alone
from kantu.compare.pace import Pace
from kantu.compare.sockets import Place, Traffic, can_count, counting
from kantu.contenders.apart import apart
from kantu.contenders.contender import Contender

_MOST_STARTS = 3


@dataclass(frozen=True)
class Start:
    """What a fresh process took.

    Attributes:
        ready_seconds: from the process's start until it can be asked; `first_answer_seconds` until it has answered.
        peak_bytes: the most it had in RAM, after all that it was asked.
    """

    ready_seconds: float
    first_answer_seconds: float
    peak_bytes: int


@dataclass(frozen=True)
class Fresh:
    """What was measured in a fresh process.

    Attributes:
        alone: its questions after the first one, by one client; None where there are none.
        traffic: of all its questions; None where the kernel does not tell.
    """

    start: Start
    alone: Load | None
    traffic: Traffic | None


def several(make: Callable[[], Contender], asked: Sequence[Asked], pace: Pace) -> tuple[Fresh, ...]:
    """A few fresh processes, one after the other. The first is asked everything; the others, of which fewer begin where
    they take long, are asked the first question.
    """
    found = [apart(functools.partial(fresh, make, asked, {}))]
    begun = time.monotonic()
    while len(found) < _MOST_STARTS and time.monotonic() - begun < pace.starts_seconds:
        found.append(apart(functools.partial(fresh, make, asked[:1], {})))
    return tuple(found)


def fresh(make: Callable[[], Contender], asked: Sequence[Asked], services: Mapping[int, str]) -> Fresh:
    """Make a contender in this process, which is fresh and ends with this (see `apart`), and ask it.

    Args:
        services: what stands at the ports of this machine.
    """
    born = psutil.Process().create_time()
    places: list[Place] = []
    counts = can_count()
    with counting(services, places) if counts else nullcontext(), closing(make()) as contender:
        ready = time.time() - born
        asked[0].of(contender)
        first = time.time() - born
        load = alone(contender, asked[1:]) if asked[1:] else None
        peak = peak_bytes(os.getpid())
    return Fresh(Start(ready, first, peak), load, Traffic(len(asked), tuple(places)) if counts else None)
