"""Of any number of racing requests, no more than the limit are let in; what is not used is given back."""

from __future__ import annotations

import asyncio
import math
import secrets
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kantu.errors import LimitExceededError
from kantu.service.actor import Actor, Limits, Quota
from kantu.service.limits.limiter import Limiter, Reservation
from kantu.service.limits.store import LimitStore
from kantu.service.limits.window import counters_of
from tests.service.clock import Clock
from tests.service.limits.conftest import START
from tests.service.redis_server import RedisServer

pytestmark = [pytest.mark.whole, pytest.mark.anyio]


def actor_with(**limits: int) -> Actor:
    key_id = f"key_{secrets.token_hex(12)}"
    return Actor(key_id, key_id, limits=Limits(**limits))


async def refusal(call: Coroutine[Any, Any, object]) -> LimitExceededError:
    with pytest.raises(LimitExceededError) as caught:
        await call
    return caught.value


async def let_in(limiter: Limiter, actor: Actor) -> bool:
    try:
        await limiter.admit(actor)
    except LimitExceededError:
        return False
    return True


async def counted(limiter: Limiter, actor: Actor, clock: Clock) -> dict[tuple[str, str], int | None]:
    """What is counted in the actor's limited windows now."""
    kinds = ("requests", "visual_tokens", "output_tokens")
    counters = [counter for kind in kinds for counter in counters_of(actor, kind, clock.now)]  # type: ignore[arg-type]
    return {(it.kind, it.period): await limiter.store.add(it.name, 0, it.seconds) for it in counters}


# requests


async def test_as_many_requests_as_the_limit_are_let_in(limiter: Limiter) -> None:
    actor = actor_with(requests_per_minute=3)
    assert [await let_in(limiter, actor) for _ in range(5)] == [True, True, True, False, False]


async def test_a_refusal_says_when_the_window_ends(limiter: Limiter, clock: Clock) -> None:
    clock.now = START + 36_000 + 12.5
    by_minute, by_day = actor_with(requests_per_minute=1), actor_with(requests_per_day=1)
    for actor in (by_minute, by_day):
        await limiter.admit(actor)
    error = await refusal(limiter.admit(by_minute))
    assert (error.code, error.retry_after_seconds) == ("request_limit_exceeded", 47.5)
    assert "每分钟 1 次" in error.message
    error = await refusal(limiter.admit(by_day))
    assert (error.code, error.retry_after_seconds) == ("request_limit_exceeded", 86_400 - 36_012.5)
    assert "每天 1 次" in error.message


async def test_the_next_window_begins_anew(limiter: Limiter, clock: Clock) -> None:
    actor = actor_with(requests_per_minute=1, requests_per_day=3)
    let = []
    for seconds in (0, 59, 60, 61, 120, 180, 86_400):
        clock.now = START + seconds
        let.append(await let_in(limiter, actor))
    assert let == [True, False, True, False, True, False, True]  # the last but one by the day


async def test_requests_that_the_minute_refuses_do_not_use_up_the_day(limiter: Limiter, clock: Clock) -> None:
    actor = actor_with(requests_per_minute=1, requests_per_day=10)
    for _ in range(5):
        await let_in(limiter, actor)
    assert (await counted(limiter, actor, clock))["requests", "day"] == 1


async def test_keys_have_limits_of_their_own(limiter: Limiter) -> None:
    one, other = actor_with(requests_per_minute=1), actor_with(requests_per_minute=1)
    assert [await let_in(limiter, actor) for actor in (one, other, one, other)] == [True, True, False, False]


async def test_of_racing_requests_exactly_the_limit_are_let_in(limiter: Limiter) -> None:
    for requests in (50, 400):  # the second is more than the store has connections
        actor = actor_with(requests_per_minute=10)
        let = await asyncio.gather(*(let_in(limiter, actor) for _ in range(requests)))
        assert sum(let) == 10
    assert limiter.store.errors == 0


def test_threads_that_hand_requests_to_the_loop_race_no_better(redis_url: str | None, clock: Clock) -> None:
    async def race() -> list[bool]:
        limiter, actor = Limiter(LimitStore(redis_url), clock), actor_with(requests_per_minute=10)
        loop = asyncio.get_running_loop()

        def ask() -> bool:
            return asyncio.run_coroutine_threadsafe(let_in(limiter, actor), loop).result()

        with ThreadPoolExecutor(50) as threads:
            let = await asyncio.gather(*(loop.run_in_executor(threads, ask) for _ in range(50)))
        await limiter.close()
        return let

    assert sum(asyncio.run(race())) == 10


def test_replicas_share_limits_through_redis(shared_redis: RedisServer, clock: Clock) -> None:
    actor = actor_with(requests_per_minute=10)

    async def replica() -> int:
        limiter = Limiter(LimitStore(shared_redis.url), clock)
        let = await asyncio.gather(*(let_in(limiter, actor) for _ in range(10)))
        await limiter.close()
        return sum(let)

    with ThreadPoolExecutor(5) as threads:
        assert sum(threads.map(lambda _: asyncio.run(replica()), range(5))) == 10


# tokens


async def test_a_reservation_counts_the_most_and_settling_what_was_used(limiter: Limiter, clock: Clock) -> None:
    actor = actor_with(visual_tokens_per_minute=1000, visual_tokens_per_day=5000, output_tokens_per_minute=500)
    reservation = await limiter.reserve(actor, visual_tokens=196, output_tokens=400)
    minute, day, output = ("visual_tokens", "minute"), ("visual_tokens", "day"), ("output_tokens", "minute")
    assert await counted(limiter, actor, clock) == {minute: 196, day: 196, output: 400}
    await reservation.settle(196, 37)
    await reservation.settle(0, 0)
    assert await counted(limiter, actor, clock) == {minute: 196, day: 196, output: 37}


@pytest.mark.parametrize(
    ("limits", "code", "says"),
    [
        ({"visual_tokens_per_minute": 300}, "visual_token_limit_exceeded", "每分钟 300 个"),
        ({"visual_tokens_per_day": 300}, "visual_token_limit_exceeded", "每天 300 个"),
        ({"output_tokens_per_minute": 150}, "output_token_limit_exceeded", "每分钟 150 个"),
        ({"output_tokens_per_day": 150}, "output_token_limit_exceeded", "每天 150 个"),
    ],
)
async def test_what_goes_over_a_limit_is_refused_and_not_counted(
    limiter: Limiter, clock: Clock, limits: dict[str, int], code: str, says: str
) -> None:
    clock.now += 20
    actor = actor_with(**limits)
    await limiter.reserve(actor, visual_tokens=200, output_tokens=100)
    before = await counted(limiter, actor, clock)
    error = await refusal(limiter.reserve(actor, visual_tokens=200, output_tokens=100))
    assert error.code == code
    assert says in error.message
    assert "等待也无济于事" not in error.message
    assert error.retry_after_seconds == (40 if "minute" in next(iter(limits)) else 86_380)
    assert await counted(limiter, actor, clock) == before


async def test_what_one_limit_refuses_is_given_back_to_the_others(limiter: Limiter, clock: Clock) -> None:
    actor = actor_with(visual_tokens_per_minute=1000, visual_tokens_per_day=1000, output_tokens_per_day=100)
    await limiter.reserve(actor, visual_tokens=10, output_tokens=60)
    await refusal(limiter.reserve(actor, visual_tokens=10, output_tokens=60))
    assert set((await counted(limiter, actor, clock)).values()) == {10, 60}


async def test_a_request_that_no_window_has_room_for_is_told_what_to_change(limiter: Limiter) -> None:
    actor = actor_with(visual_tokens_per_minute=100, output_tokens_per_minute=100)
    error = await refusal(limiter.reserve(actor, visual_tokens=101, output_tokens=1))
    assert "等待也无济于事：请缩小图片" in error.message
    assert error.retry_after_seconds == math.inf
    error = await refusal(limiter.reserve(actor, visual_tokens=1, output_tokens=101))
    assert "等待也无济于事：请减小 max_completion_tokens" in error.message
    assert "lower max_completion_tokens" in error.message_en


async def test_what_is_given_back_late_does_not_reach_the_next_window(limiter: Limiter, clock: Clock) -> None:
    actor = actor_with(output_tokens_per_minute=100)
    reservation = await limiter.reserve(actor, visual_tokens=0, output_tokens=100)
    clock.now += 60
    await limiter.reserve(actor, visual_tokens=0, output_tokens=100)
    await reservation.settle(0, 0)
    await refusal(limiter.reserve(actor, visual_tokens=0, output_tokens=1))


async def test_using_more_than_was_reserved_is_counted_too(limiter: Limiter, clock: Clock) -> None:
    actor = actor_with(output_tokens_per_minute=100)
    reservation = await limiter.reserve(actor, visual_tokens=0, output_tokens=10)
    await reservation.settle(0, 25)
    assert await counted(limiter, actor, clock) == {("output_tokens", "minute"): 25}


async def test_a_client_that_goes_away_while_reserving_or_settling_leaves_nothing_counted(
    limiter: Limiter, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    actor = actor_with(visual_tokens_per_minute=100, output_tokens_per_minute=100)
    add, waiting = limiter.store.add, asyncio.Event()

    async def stuck_on_output(name: str, amount: int, seconds: int) -> int | None:
        if "output" in name:
            waiting.set()
            await asyncio.Event().wait()
        return await add(name, amount, seconds)

    monkeypatch.setattr(limiter.store, "add", stuck_on_output)
    asking = asyncio.create_task(limiter.reserve(actor, visual_tokens=50, output_tokens=50))
    await waiting.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    monkeypatch.setattr(limiter.store, "add", add)
    assert set((await counted(limiter, actor, clock)).values()) == {0}


async def test_settling_goes_on_where_the_request_is_cancelled_again_and_again(limiter: Limiter, clock: Clock) -> None:
    """anyio, under Starlette, cancels every `await` of a scope that has ended."""
    actor = actor_with(visual_tokens_per_minute=100, output_tokens_per_minute=100)
    reservation = await limiter.reserve(actor, visual_tokens=50, output_tokens=50)
    with anyio.CancelScope() as scope:
        try:
            scope.cancel()
            await anyio.sleep_forever()
        finally:
            await reservation.settle(20, 5)
    assert set((await counted(limiter, actor, clock)).values()) == {20, 5}


async def test_without_limits_the_store_is_not_touched(clock: Clock) -> None:
    limiter = Limiter(LimitStore("redis://127.0.0.1:1/0"), clock)  # nobody listens there
    actor = actor_with()
    await limiter.admit(actor)
    await (await limiter.reserve(actor, visual_tokens=10**9, output_tokens=10**9)).settle(1, 1)
    assert limiter.store.errors == 0
    await limiter.close()


WISHES = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.floats(0, 1)), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wishes=WISHES, minute=st.integers(1, 120), day=st.integers(1, 200))
def test_racing_reservations_never_exceed_a_limit_and_settle_exactly(
    wishes: list[tuple[int, int, float]], minute: int, day: int
) -> None:
    clock = Clock(START)
    actor = actor_with(visual_tokens_per_minute=minute, visual_tokens_per_day=day, output_tokens_per_minute=minute)

    async def race() -> None:
        limiter, held, used = Limiter(LimitStore(None), clock), [0, 0], [0, 0]

        async def ask(visual: int, output: int, share: float) -> None:
            reservation: Reservation
            try:
                reservation = await limiter.reserve(actor, visual_tokens=visual, output_tokens=output)
            except LimitExceededError:
                return
            held[0] += visual
            held[1] += output
            assert held[0] <= min(minute, day)
            assert held[1] <= minute
            await asyncio.sleep(0)
            really = int(output * share)
            held[1] -= output - really
            await reservation.settle(visual, really)
            used[0] += visual
            used[1] += really

        await asyncio.gather(*(ask(*wish) for wish in wishes))
        assert await counted(limiter, actor, clock) == {
            ("visual_tokens", "minute"): used[0],
            ("visual_tokens", "day"): used[0],
            ("output_tokens", "minute"): used[1],
        }

    asyncio.run(race())


# groups


async def test_what_a_person_s_own_limit_refuses_uses_nothing_of_the_group_s(limiter: Limiter) -> None:
    quota = Quota(f"grp_{secrets.token_hex(12)}", Limits(requests_per_minute=3, output_tokens_per_day=10))
    greedy, other = (replace(actor_with(requests_per_minute=2), quota=quota) for _ in range(2))
    assert [await let_in(limiter, greedy) for _ in range(5)] == [True, True, False, False, False]
    assert [await let_in(limiter, other) for _ in range(2)] == [True, False]


async def test_the_tokens_of_a_group_are_given_back_to_it(limiter: Limiter, clock: Clock) -> None:
    quota = Quota(f"grp_{secrets.token_hex(12)}", Limits(output_tokens_per_day=10))
    one, other = (replace(actor_with(), quota=quota) for _ in range(2))
    reservation = await limiter.reserve(one, visual_tokens=0, output_tokens=8)
    await refusal(limiter.reserve(other, visual_tokens=0, output_tokens=3))
    await reservation.settle(0, 5)
    await limiter.reserve(other, visual_tokens=0, output_tokens=5)
    assert await counted(limiter, other, clock) == {("output_tokens", "day"): 10}
