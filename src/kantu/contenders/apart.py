"""Things that run in a process of their own.

PyTorch's CPU threads of two users in one process slow each other down (see `LocalEngine`): a contender in ours would be
measured slower than it is, and so would we.
"""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from kantu.contenders.contender import AskOptions, Contender, Reply
from kantu.errors import error
from kantu.processing.conversation import ImageSource

T = TypeVar("T")
_CONTEXT = multiprocessing.get_context("spawn")  # nothing of our process comes along


def apart(function: Callable[[], T]) -> T:
    """What `function` returns in a fresh process; what it raises is raised here. Both must pickle."""
    with ProcessPoolExecutor(1, mp_context=_CONTEXT) as pool:
        return pool.submit(function).result()


class Apart:
    """A contender in a process of its own, asked one question after another.

    Args:
        make: makes the contender, over there; what it raises is raised here.
    """

    def __init__(self, make: Callable[[], Contender]) -> None:
        self._lock = threading.Lock()
        self._connection, theirs = _CONTEXT.Pipe()
        self._process = _CONTEXT.Process(target=_serve, args=(theirs, make), daemon=True)
        self._process.start()
        theirs.close()
        self.name = str(self._receive())

    def ask(self, pictures: Sequence[ImageSource], question: str, options: AskOptions) -> Reply:
        """See `Contender`; the times are taken over there."""
        with self._lock:
            self._connection.send((pictures, question, options))
            reply: Reply = self._receive()
            return reply

    def close(self) -> None:
        self._connection.close()  # its loop ends
        self._process.join()

    def _receive(self) -> Any:
        try:
            item = self._connection.recv()
        except EOFError:
            raise error("rival_died") from None
        if isinstance(item, Exception):
            raise item
        return item


def _serve(connection: Connection, make: Callable[[], Contender]) -> None:
    """Answer questions until the other side hangs up. Any error goes there: it has to be raised where it is read."""
    try:
        contender = make()
        connection.send(contender.name)
        while True:
            connection.send(contender.ask(*connection.recv()))
    except EOFError:
        return
    except Exception as error:
        connection.send(error)
