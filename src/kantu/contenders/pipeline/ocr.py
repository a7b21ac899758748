"""Stage 2: printed lines with their boxes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from kantu.contenders.pipeline.parts import Lines, Prepared
from kantu.solve.reader import Reader


class Ocr:
    """Reads pictures, never with more threads in all than it may use. Any thread may ask.

    Who finds nobody reading has a reader that takes all threads. Who comes while others read, or has to wait for them,
    has one of several that share the threads; these are made when the first is needed.

    Args:
        make: makes a reader that takes so many threads.
        threads: in all.
        at_once: pictures that are read at once, at most; never more than there are threads.

    Raises KantuError as `make`.
    """

    def __init__(self, make: Callable[[int], Reader], *, threads: int = 1, at_once: int = 1) -> None:
        self._make, self._threads = make, threads
        self._at_once = max(1, min(at_once, threads))
        self._whole = make(threads)
        self._changed = threading.Condition()  # guards what follows
        self._shared: list[Reader] | None = None  # those that nobody reads with
        self._reading = self._waiting = 0
        self._all_taken = False  # the one that reads has all threads

    def __call__(self, prepared: Prepared) -> Lines:
        with self._turn() as reader:
            lines = reader.read(prepared.pixels)
        return tuple(replace(line, text=line.text.strip()) for line in lines if line.text.strip())

    @contextmanager
    def _turn(self) -> Iterator[Reader]:
        reader = self._enter()
        try:
            yield reader
        finally:
            with self._changed:
                if reader is not self._whole and self._shared is not None:
                    self._shared.append(reader)
                self._reading -= 1
                self._all_taken = False
                self._changed.notify_all()

    def _enter(self) -> Reader:
        """Wait for a reader."""
        with self._changed:
            alone = self._at_once == 1 or not (self._reading or self._waiting)
            if not alone and self._shared is None:
                self._shared = [self._make(self._threads // self._at_once) for _ in range(self._at_once)]
            self._waiting += 1
            try:
                self._changed.wait_for(lambda: self._reading < self._at_once and not self._all_taken)
            finally:
                self._waiting -= 1
            reader = self._whole if alone or not self._shared else self._shared.pop()
            self._reading += 1
            self._all_taken = alone
            return reader
