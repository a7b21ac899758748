"""Trying keys gets slower, without memory, waiting or locking out without end."""

from __future__ import annotations

import asyncio

import pytest

from kantu.errors import AuthenticationError, LimitExceededError
from kantu.service.database import Database
from kantu.service.keys.service import KeyService
from kantu.service.keys.wrong_keys import WrongKeys
from tests.service.audits import LOG
from tests.service.clock import Clock

pytestmark = pytest.mark.anyio

ONE, OTHER = "192.0.2.1", "192.0.2.2"


class Sleeps:
    """In place of `asyncio.sleep`: remembers how long, and wakes at once or when it is told to."""

    def __init__(self, *, held: bool = False) -> None:
        self.seconds: list[float] = []
        self.wake = asyncio.Event()
        if not held:
            self.wake.set()

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        await self.wake.wait()


async def tries(wrong: WrongKeys, times: int, address: str | None = ONE, hint: str | None = None) -> None:
    for _ in range(times):
        await wrong.delay(address, hint)


async def test_some_mistakes_are_free_and_each_further_one_costs_twice_the_last_up_to_a_bound() -> None:
    sleeps = Sleeps()
    wrong = WrongKeys(Clock(0.0), sleeps)
    await tries(wrong, 5)
    assert sleeps.seconds == []
    await tries(wrong, 4)
    assert sleeps.seconds == [0.1, 0.2, 0.4, 0.8]
    await tries(wrong, 1000)
    assert max(sleeps.seconds) == sleeps.seconds[-1] == 5.0
    assert wrong.total == 1009


async def test_addresses_do_not_pay_for_each_other_but_those_of_one_ipv6_network_do() -> None:
    sleeps = Sleeps()
    wrong = WrongKeys(Clock(0.0), sleeps)
    await tries(wrong, 5, ONE)
    await tries(wrong, 5, OTHER)
    for number in range(5):
        await tries(wrong, 1, f"2001:db8:0:1::{number}")
    assert sleeps.seconds == []
    await tries(wrong, 1, "2001:db8:0:1:ffff::")
    assert sleeps.seconds == [0.1]


async def test_the_beginning_of_one_key_costs_from_however_many_addresses() -> None:
    sleeps = Sleeps()
    wrong = WrongKeys(Clock(0.0), sleeps)
    for number in range(7):
        await tries(wrong, 1, f"192.0.2.{number}", "kt-abcd")
    assert sleeps.seconds == [0.1, 0.2]
    await tries(wrong, 1, "192.0.2.100", "kt-efgh")
    assert sleeps.seconds == [0.1, 0.2]


async def test_it_is_forgotten_after_some_minutes_however_much_came() -> None:
    clock, sleeps = Clock(0.0), Sleeps()
    wrong = WrongKeys(clock, sleeps)
    await tries(wrong, 10_000)
    clock.now += 200
    sleeps.seconds.clear()
    await tries(wrong, 5)
    assert sleeps.seconds == []


async def test_few_may_wait_at_once_and_the_others_hear_it_at_once() -> None:
    sleeps = Sleeps(held=True)
    wrong = WrongKeys(Clock(0.0), sleeps)
    outcomes = [asyncio.create_task(wrong.delay(ONE, None)) for _ in range(200)]
    await asyncio.sleep(0)
    refused = [task for task in outcomes if task.done() and task.exception() is not None]
    assert (wrong.waiting, len(refused)) == (8, 200 - 8 - 5)
    error = refused[0].exception()
    assert isinstance(error, LimitExceededError)
    assert error.code == "too_many_wrong_keys"
    assert error.retry_after_seconds > 0
    sleeps.wake.set()
    await asyncio.gather(*outcomes, return_exceptions=True)
    assert wrong.waiting == 0


async def test_however_many_addresses_ask_few_wait() -> None:
    sleeps = Sleeps(held=True)
    wrong = WrongKeys(Clock(0.0), sleeps)
    tasks = [asyncio.create_task(wrong.delay(f"10.0.{n // 6}.1", None)) for n in range(6 * 100)]
    await asyncio.sleep(0)
    assert wrong.waiting == 64
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert wrong.waiting == 0


async def test_what_is_remembered_is_bounded() -> None:
    wrong = WrongKeys(Clock(0.0), Sleeps())
    for number in range(10_000):
        await wrong.delay(f"10.{number >> 8}.{number & 255}.1", f"kt-{number:04}")
    assert len(wrong._tries) == 4096
    assert len(wrong._waiting_of) == 0


async def test_a_good_key_behind_the_same_address_never_waits(sqlite: Database) -> None:
    sleeps = Sleeps(held=True)
    keys = KeyService(sqlite, LOG, wrong=WrongKeys(sleep=sleeps))
    _, good = keys.create("good")
    bad = f"Bearer {good[:7]}{'x' * 39}"  # the good key's own beginning
    attack = [asyncio.create_task(keys.authenticate(bad, ONE)) for _ in range(200)]
    for _ in range(20):
        assert (await keys.authenticate(f"Bearer {good}", ONE)).key_id  # no wrong key is told before the event is set
    while not all(task.done() for task in attack) and keys._wrong.total < 200:
        await asyncio.sleep(0.01)
    assert (await keys.authenticate(f"Bearer {good}", ONE)).key_id
    sleeps.wake.set()
    outcomes = await asyncio.gather(*attack, return_exceptions=True)
    kinds = {type(outcome) for outcome in outcomes}
    assert kinds == {AuthenticationError, LimitExceededError}
