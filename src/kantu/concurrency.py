"""Asks about a stream of items, several at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import TypeVar

from kantu.errors import OverloadedError

T = TypeVar("T")
R = TypeVar("R")

_TRIES = 5


def in_parallel(ask: Callable[[T], R], items: Iterable[T], parallel: int) -> Iterator[tuple[T, R]]:
    """Each item with what comes of it, in the order in which they come.

    No more than `parallel` items have been taken and not handed out. Raises what `ask` and `items` raise: what came
    before has been handed out, what is under way is waited for and dropped.
    """
    waiting = iter(items)
    with ThreadPoolExecutor(parallel) as pool:
        running: dict[Future[R], T] = {}
        try:
            while True:
                for item in islice(waiting, parallel - len(running)):
                    running[pool.submit(ask, item)] = item
                if not running:
                    return
                for done in wait(running, return_when=FIRST_COMPLETED).done:
                    yield running.pop(done), done.result()
        finally:
            for future in running:
                future.cancel()


def patiently(ask: Callable[[], R]) -> R:
    """What `ask` returns, tried again a few times while whoever is asked says that it is full."""
    for remaining in reversed(range(_TRIES)):
        try:
            return ask()
        except OverloadedError as full:
            if not remaining:
                raise
            time.sleep(full.retry_after_seconds)
    raise AssertionError("the last try returns or raises")
