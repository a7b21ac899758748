"""Limiters on both stores."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from kantu.service.limits.limiter import Limiter
from kantu.service.limits.store import LimitStore
from tests.service.clock import Clock
from tests.service.redis_server import RedisServer

START = 20_000 * 86_400.0
"""A moment that begins a day, and so a minute."""


@pytest.fixture
def clock() -> Clock:
    return Clock(START)


@pytest.fixture(scope="session")
def shared_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One that stays alive. Tests are kept apart by the ids of their keys."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture(params=["memory", "redis"])
def redis_url(request: pytest.FixtureRequest) -> str | None:
    """Where to count: None in this process."""
    if request.param == "memory":
        return None
    server: RedisServer = request.getfixturevalue("shared_redis")
    return server.url


@pytest.fixture
async def limiter(redis_url: str | None, clock: Clock) -> AsyncIterator[Limiter]:
    limiter = Limiter(LimitStore(redis_url), clock)
    yield limiter
    await limiter.close()
