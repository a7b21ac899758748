"""Things that run in a process of their own.

PyTorch's CPU threads of two users in one process slow each other down (see `LocalEngine`): a rival in ours would be
measured slower than it is, and so would we.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any, TypeVar

from kantu.errors import EngineError

if TYPE_CHECKING:
    from kantu.bench.rivals import Reading, Rival
    from kantu.bench.work import Work

T = TypeVar("T")
_CONTEXT = multiprocessing.get_context("spawn")  # nothing of our process comes along


def apart(function: Callable[[], T]) -> T:
    """What `function` returns in a fresh process; what it raises is raised here. Both must pickle."""
    with ProcessPoolExecutor(1, mp_context=_CONTEXT) as pool:
        return pool.submit(function).result()


class Apart:
    """A rival in a process of its own.

    Args:
        make: makes the rival, over there; what it raises is raised here.
    """

    def __init__(self, make: Callable[[], Rival]) -> None:
        self._connection, theirs = _CONTEXT.Pipe()
        self._process = _CONTEXT.Process(target=_serve, args=(theirs, make), daemon=True)
        self._process.start()
        theirs.close()
        self.name = str(self._receive())

    def reading(self, work: Work) -> Reading:
        """See `Rival`; the times are taken over there."""
        self._connection.send(work)
        reading: Reading = self._receive()
        return reading

    def close(self) -> None:
        self._connection.close()  # its loop ends
        self._process.join()

    def _receive(self) -> Any:
        try:
            item = self._connection.recv()
        except EOFError:
            raise EngineError(
                "rival_died", "对照进程意外退出（可能是内存不足）。", "The rival's process died, perhaps out of memory."
            ) from None
        if isinstance(item, Exception):
            raise item
        return item


def _serve(connection: Connection, make: Callable[[], Rival]) -> None:
    """Answer works until the other side hangs up. Any error goes there: it has to be raised where it is read."""
    try:
        rival = make()
        connection.send(rival.name)
        while True:
            connection.send(rival.reading(connection.recv()))
    except EOFError:
        return
    except Exception as error:
        connection.send(error)
