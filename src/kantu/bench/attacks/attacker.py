"""The attacker: a process of its own, so that what it costs is neither the gateway's nor the quiet client's."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import multiprocessing
import resource
from collections import Counter
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any

from kantu.bench.attacks.attack import Attack, Seen, Target
from kantu.bench.attacks.catalogue import chosen
from kantu.errors import error

_CONTEXT = multiprocessing.get_context("spawn")  # nothing of our process comes along
_GRACE_SECONDS = 0.3  # for acts to end with their time, before they are cut off


class Attacker:
    """Has everything ready that the attacks of these names send, and attacks when told to.

    Raises:
        EngineError: `attacker_failed`: its process ended, or could not prepare an attack.
    """

    def __init__(self, names: Sequence[str], target: Target) -> None:
        self._connection, theirs = _CONTEXT.Pipe()
        self._process = _CONTEXT.Process(target=_serve, args=(theirs, tuple(names), target), daemon=True)
        self._process.start()
        theirs.close()
        self._receive()  # it is ready

    def attack(self, names: Sequence[str], seconds: float) -> dict[str, Seen]:
        """Run these attacks at once for so long; what each was answered."""
        self._connection.send((tuple(names), seconds))
        seen: dict[str, Seen] = self._receive()
        return seen

    def close(self) -> None:
        self._connection.close()  # its loop ends
        self._process.join(10)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def _receive(self) -> Any:
        try:
            item = self._connection.recv()
        except EOFError:
            item = "its process ended"
        if isinstance(item, str):
            raise error("attacker_failed", item=item)
        return item


def _serve(connection: Connection, names: tuple[str, ...], target: Target) -> None:
    """Attack until the other side hangs up. Any error goes there as words: it has to be raised where it is read."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with contextlib.suppress(EOFError):
        try:
            ready = {attack.name: (attack, attack.requests(target)) for attack in chosen(names)}
            connection.send(True)
            while True:
                wanted, seconds = connection.recv()
                connection.send(asyncio.run(_attack(target, [ready[name] for name in wanted], seconds)))
        except Exception as error:
            if isinstance(error, EOFError):
                raise
            connection.send(f"{type(error).__name__}: {error}")


async def _attack(target: Target, attacks: Sequence[tuple[Attack, Sequence[bytes]]], seconds: float) -> dict[str, Seen]:
    until = asyncio.get_running_loop().time() + seconds
    seen: dict[str, Seen] = {attack.name: Counter() for attack, _ in attacks}
    clients = [
        asyncio.ensure_future(_client(target, attack, requests, start, until, seen[attack.name]))
        for attack, requests in attacks
        for start in range(attack.clients)
    ]
    await asyncio.wait(clients, timeout=seconds + _GRACE_SECONDS)
    for client in clients:
        client.cancel()
    for ended in await asyncio.gather(*clients, return_exceptions=True):
        if isinstance(ended, Exception):
            raise ended
    return seen


async def _client(
    target: Target, attack: Attack, requests: Sequence[bytes], start: int, until: float, seen: Seen
) -> None:
    """Act again and again. Clients begin one after another within a pause, with different requests."""
    await asyncio.sleep(attack.pause_seconds * start / attack.clients)
    turns = itertools.cycle([*requests[start % len(requests) :], *requests[: start % len(requests)]])
    while asyncio.get_running_loop().time() < until:
        try:
            await attack.act(target, next(turns), until, seen)
        except asyncio.CancelledError:
            seen["unanswered"] += 1
            raise
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            seen[type(error).__name__] += 1
            await asyncio.sleep(0.05)  # whoever is refused at once does not ask faster than this
        await asyncio.sleep(attack.pause_seconds)
