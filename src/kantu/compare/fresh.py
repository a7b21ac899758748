"""A contender in a fresh process of its own: how long it takes to start, what memory it needs, what it sends where."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass

import psutil

from kantu.bench.memory import peak_bytes
from kantu.compare.asked import Asked
from kantu.compare.sockets import Place, Traffic, can_count, counting
from kantu.contenders.contender import Contender


@dataclass(frozen=True)
class Start:
    """What a fresh process took.

    Attributes:
        ready_seconds: from the process's start until it can be asked; `first_answer_seconds` until it has answered.
        peak_bytes: the most it had in RAM, some questions later.
    """

    ready_seconds: float
    first_answer_seconds: float
    peak_bytes: int


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
