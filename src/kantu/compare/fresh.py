"""A contender in a fresh process of its own: how long it takes to start, what memory it needs, what it sends where."""

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


def starts(
    make: Callable[[], Contender], asked: Sequence[Asked], pace: Pace
) -> tuple[tuple[Start, ...], Traffic | None]:
    """A few fresh processes, one after the other. The first is asked everything, and its bytes are counted; the others,
    of which fewer begin where they take long, are asked the first question.
    """
    begun = time.monotonic()
    first, traffic = apart(functools.partial(start, make, asked, {}))
    found = [first]
    while len(found) < _MOST_STARTS and time.monotonic() - begun < pace.starts_seconds:
        found.append(apart(functools.partial(start, make, asked[:1], {}))[0])
    return tuple(found), traffic


def start(
    make: Callable[[], Contender], asked: Sequence[Asked], services: Mapping[int, str]
) -> tuple[Start, Traffic | None]:
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
        for each in asked[1:]:
            each.of(contender)
        peak = peak_bytes(os.getpid())
    return Start(ready, first, peak), Traffic(len(asked), tuple(places)) if counts else None
