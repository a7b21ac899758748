"""A store that is lost stops nobody, is counted and logged, and is used again when it is back."""

from __future__ import annotations

import asyncio

import pytest

from kantu.errors import InvalidRequestError, LimitExceededError
from kantu.service.limits.limiter import Limiter
from kantu.service.limits.store import LimitStore
from tests.service.clock import Clock
from tests.service.limits.conftest import START
from tests.service.limits.test_limiter import actor_with, refusal
from tests.service.redis_server import RedisServer

pytestmark = [pytest.mark.whole, pytest.mark.anyio]


async def test_redis_killed_in_the_middle_lets_everybody_in_until_it_is_back(
    redis_server: RedisServer, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    alive = Clock(START)
    limiter = Limiter(LimitStore(redis_server.url, alive), clock)
    actor = actor_with(requests_per_minute=2, output_tokens_per_minute=100)
    reservation = await limiter.reserve(actor, visual_tokens=0, output_tokens=100)
    for _ in range(2):
        await limiter.admit(actor)
    await refusal(limiter.admit(actor))
    assert limiter.store.errors == 0

    redis_server.kill()
    await limiter.admit(actor)
    await limiter.admit(actor)
    await (await limiter.reserve(actor, visual_tokens=0, output_tokens=100)).settle(0, 1)
    await reservation.settle(0, 1)
    assert limiter.store.errors == 4
    alive.now += 59
    await limiter.admit(actor)
    assert limiter.store.errors == 5
    assert [record.message for record in caplog.records] == ["limit_store_unavailable"]
    alive.now += 5
    await limiter.admit(actor)
    assert len(caplog.records) == 2
    assert redis_server.url not in caplog.text

    redis_server.start()
    alive.now += 5
    for _ in range(2):
        await limiter.admit(actor)
    await refusal(limiter.admit(actor))
    assert limiter.store.errors == 6
    await limiter.close()


async def test_requests_racing_while_redis_dies_all_come_through(redis_server: RedisServer, clock: Clock) -> None:
    limiter = Limiter(LimitStore(redis_server.url), clock)
    actor = actor_with(requests_per_minute=1_000_000)
    racing = [asyncio.create_task(limiter.admit(actor)) for _ in range(500)]
    await asyncio.sleep(0)
    redis_server.kill()
    await asyncio.gather(*racing)
    assert limiter.store.errors > 0
    await limiter.close()


async def test_a_redis_that_hangs_is_waited_for_once_not_by_every_request(
    redis_server: RedisServer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kantu.service.limits.store._REDIS_SECONDS", 0.3)
    alive = Clock(START)
    limiter = Limiter(LimitStore(redis_server.url, alive), clock)
    actor = actor_with(requests_per_minute=1)
    asked: list[str] = []
    incr = limiter.store._storage.incr

    async def noted(name: str, seconds: int, amount: int) -> int:
        asked.append(name)
        return await incr(name, seconds, amount)

    monkeypatch.setattr(limiter.store._storage, "incr", noted)
    redis_server.freeze()
    for _ in range(20):
        await limiter.admit(actor)
    assert len(asked) == 1
    alive.now += 5
    await limiter.admit(actor)
    assert len(asked) == 2
    assert limiter.store.errors == 21
    await limiter.close()


async def test_a_redis_that_wants_a_password_is_as_good_as_lost(shared_redis: RedisServer, clock: Clock) -> None:
    url = shared_redis.url.replace("//", "//nobody:wrong-password@")
    limiter = Limiter(LimitStore(url), clock)
    await limiter.admit(actor_with(requests_per_minute=1))
    assert limiter.store.errors == 1
    await limiter.close()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:6379",
        "http://s3cret@h/",
        "redis://:s3cret@h:port/0",
        "redis://:s3cret@h/0?nonsense=1",
        "memory://",
    ],
)
def test_what_is_no_address_of_a_redis_is_refused_at_start_without_quoting_it(url: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        LimitStore(url)
    assert (caught.value.code, caught.value.param) == ("invalid_settings", "store.redis_url")
    assert "s3cret" not in f"{caught.value} {caught.value.message_en} {caught.value.__context__!r}"


async def test_limit_exceeded_is_not_mistaken_for_a_lost_store(clock: Clock) -> None:
    limiter = Limiter(LimitStore(None), clock)
    actor = actor_with(requests_per_minute=1)
    await limiter.admit(actor)
    with pytest.raises(LimitExceededError):
        await limiter.admit(actor)
    assert limiter.store.errors == 0
