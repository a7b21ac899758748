"""Where use is counted: in this process, or in a Redis that several share. Losing it stops no request."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from typing import Any

from limits.aio.storage import RedisStorage
from limits.errors import StorageError
from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from kantu.errors import error
from kantu.service.limits.memory import MemoryCounters

_log = logging.getLogger(__name__)

_REDIS_SCHEMES = ("redis://", "rediss://", "unix://")
_REDIS_SECONDS = 2.0  # a machine that is merely busy must not look like a Redis that is gone: limits would not hold
_CONNECTIONS = 16  # further additions wait: a pool that runs out raises, and limits would not hold under load
_PAUSE_SECONDS = 5.0  # a Redis that hangs costs its timeout once in so long, not at every request
_LOG_EVERY_SECONDS = 60.0


class LimitStore:
    """Counters by name. Used on one event loop.

    Args:
        redis_url: None counts in this process.
        clock: seconds, never going back.

    Raises:
        InvalidRequestError: `invalid_settings`: not a URL of Redis.

    Attributes:
        errors: additions that could not be made.
    """

    def __init__(self, redis_url: str | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._pool = None if redis_url is None else _connections(redis_url)
        self._storage = MemoryCounters(clock) if self._pool is None else _redis_storage(self._pool)
        self.errors = 0
        self._turns = asyncio.Semaphore(_CONNECTIONS)
        self._clock = clock
        self._paused_until = -float("inf")
        self._silent_until = -float("inf")

    async def add(self, name: str, amount: int, seconds: int) -> int | None:
        """Add to a counter, in one step for everybody who shares it.

        Args:
            amount: may be negative.
            seconds: how long a new counter is kept.

        Returns:
            Its value now; None where the store cannot be reached.
        """
        async with self._turns:
            if self._clock() < self._paused_until:
                self.errors += 1
                return None
            try:
                return await self._storage.incr(name, seconds, amount)
            except StorageError as error:
                self._lost(type(error.__cause__).__name__)
                return None

    async def close(self) -> None:
        """Close all connections."""
        if self._pool is not None:
            await self._pool.aclose()

    def _lost(self, reason: str) -> None:
        now = self._clock()
        self._paused_until = now + _PAUSE_SECONDS
        self.errors += 1
        if now >= self._silent_until:
            self._silent_until = now + _LOG_EVERY_SECONDS
            _log.warning("limit_store_unavailable", extra={"reason": reason})


def _connections(url: str) -> ConnectionPool:
    options: dict[str, Any] = {
        "max_connections": _CONNECTIONS,
        "socket_timeout": _REDIS_SECONDS,
        "socket_connect_timeout": _REDIS_SECONDS,
        "retry": Retry(NoBackoff(), 0),  # an addition whose answer was lost may have been made
    }
    if url.startswith(_REDIS_SCHEMES):
        with contextlib.suppress(ValueError, TypeError):  # an address that is none, an option that is none
            pool = ConnectionPool.from_url(url, **options)
            pool.connection_class(**pool.connection_kwargs)  # connects to nothing, but looks at the options
            return pool
    raise error("invalid_settings.redis_url")


def _redis_storage(pool: ConnectionPool) -> RedisStorage:
    options: dict[str, Any] = {"connection_pool": pool}
    return RedisStorage(
        "async+redis://", wrap_exceptions=True, implementation="redispy", key_prefix="kantu:limits", **options
    )
