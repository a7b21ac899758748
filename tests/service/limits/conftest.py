"""Limiters on both stores."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from kantu.service.limits.limiter import Limiter
from kantu.service.limits.store import LimitStore
from tests.service.limits.redis_server import RedisServer

START = 20_000 * 86_400.0
"""A moment that begins a day, and so a minute."""


class Clock:
    """Time that stands until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def shared_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One that stays alive. Tests are kept apart by the ids of their keys."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """One to mistreat."""
    server = RedisServer(tmp_path)
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
