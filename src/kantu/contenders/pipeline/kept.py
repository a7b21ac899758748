"""What has been made of a picture is kept for the next question about it, as our engine keeps what it has computed."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass

CAPACITY_BYTES = 2**28
"""As much as our engine's cache of visual tokens holds where nobody says otherwise."""


@dataclass(frozen=True, slots=True)
class Key:
    """Everything that an answer depends on: the whole SHA-256 of what was given, and the options that change it."""

    sha256: str
    options: tuple[Hashable, ...]

    @classmethod
    def of(cls, given: bytes, *options: Hashable) -> Key:
        return cls(hashlib.sha256(given).hexdigest(), options)


class Kept:
    """Answers as bytes, bounded in bytes; the least recently used go first. Any thread may ask."""

    def __init__(self, capacity_bytes: int = CAPACITY_BYTES) -> None:
        self.capacity_bytes = capacity_bytes
        self.bytes = 0
        self._lock = threading.Lock()  # guards `bytes` and what follows
        self._entries: OrderedDict[Key, bytes] = OrderedDict()
        self._under_way: dict[Key, Future[bytes]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Key, make: Callable[[], bytes]) -> tuple[bytes, bool]:
        """The answer, and whether it was made for this call.

        Who asks for what is being made waits and shares what comes of it, an error too. Errors are not kept.
        """
        with self._lock:
            if (kept := self._entries.get(key)) is not None:
                self._entries.move_to_end(key)
                return kept, False
            others = self._under_way.get(key)
            ours = Future[bytes]()
            if others is None:
                self._under_way[key] = ours
        if others is not None:
            return others.result(), False
        try:
            made = make()
        except BaseException as failure:
            ours.set_exception(failure)
            raise
        else:
            ours.set_result(made)
            return made, True
        finally:
            self._end(key, ours)

    def _end(self, key: Key, made: Future[bytes]) -> None:
        """Keep what was made and drop older answers; what is larger than all there is room for is not kept."""
        with self._lock:
            del self._under_way[key]
            if made.exception() is not None or len(made.result()) > self.capacity_bytes:
                return
            self._entries[key] = made.result()
            self.bytes += len(made.result())
            while self.bytes > self.capacity_bytes:
                self.bytes -= len(self._entries.popitem(last=False)[1])
