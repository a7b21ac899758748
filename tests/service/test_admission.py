"""What is under way is counted by tenant: who wants more than its share waits, and at last is turned away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any

import pytest

from kantu.errors import KantuError, LimitExceededError, OverloadedError
from kantu.service.actor import Actor
from kantu.service.admission import Admission
from kantu.service.errors import status_of
from tests.service.actors import ALICE, BOB, CAROL
from tests.service.admissions import admission_with

pytestmark = pytest.mark.anyio

Take = Callable[[Admission, Actor], AbstractAsyncContextManager[Any]]
KINDS: dict[str, tuple[dict[str, int], Take, str, str]] = {
    "requests": (
        {"requests": 4},
        lambda admission, actor: admission.request(actor),
        "too_many_requests_of_owner",
        "too_many_in_flight",
    ),
    "pixels": (
        {"pixels": 400},
        lambda admission, actor: admission.picture(actor, 100),
        "too_many_pixels_of_owner",
        "too_many_pixels_in_flight",
    ),
    "bytes": (
        {"body_bytes": 4000},
        lambda admission, actor: admission.body(actor, 1000),
        "too_many_bytes_of_owner",
        "too_many_bytes_in_flight",
    ),
}
each_kind = pytest.mark.parametrize("kind", KINDS)


async def refusal(waiting: AbstractAsyncContextManager[Any]) -> KantuError:
    with pytest.raises(KantuError) as refused:
        async with waiting:
            raise AssertionError("let in")
    return refused.value


@each_kind
async def test_one_tenant_takes_its_share_and_the_rest_is_for_others(kind: str) -> None:
    limits, take, own_code, _ = KINDS[kind]
    admission = admission_with(**limits, share=0.5, wait_seconds=0.01)
    async with take(admission, ALICE), take(admission, ALICE):
        refused = await refusal(take(admission, ALICE))
        assert isinstance(refused, LimitExceededError)
        assert (refused.code, status_of(refused)) == (own_code, 429)
        assert refused.retry_after_seconds > 0
        async with take(admission, BOB), take(admission, BOB):
            pass
    assert (admission.requests, admission.pixels, admission.body_bytes) == (0, 0, 0)


@each_kind
async def test_when_all_of_it_is_held_a_tenant_of_none_is_told_so(kind: str) -> None:
    limits, take, _, code = KINDS[kind]
    admission = admission_with(**limits, share=0.5, wait_seconds=0.01)
    async with take(admission, ALICE), take(admission, ALICE), take(admission, BOB), take(admission, BOB):
        refused = await refusal(take(admission, CAROL))
        assert isinstance(refused, OverloadedError)
        assert (refused.code, status_of(refused)) == (code, 503)


@each_kind
async def test_who_waits_is_let_in_when_its_tenant_s_other_requests_are_done(kind: str) -> None:
    limits, take, _, _ = KINDS[kind]
    admission = admission_with(**limits, share=0.25)
    async with AsyncExitStack() as first:
        await first.enter_async_context(take(admission, ALICE))
        second = asyncio.create_task(first_of(take(admission, ALICE)))
        await asyncio.sleep(0)
        assert not second.done()
    await asyncio.wait_for(second, 1)


async def first_of(waiting: AbstractAsyncContextManager[Any]) -> None:
    async with waiting:
        pass


async def test_a_line_of_one_tenant_is_bounded_and_is_nobody_else_s() -> None:
    admission = admission_with(requests=4, share=0.5)
    held = [asyncio.Event() for _ in range(2)]

    async def run(release: asyncio.Event) -> None:
        async with admission.request(ALICE):
            await release.wait()

    tasks = [asyncio.create_task(run(release)) for release in held]
    tasks += [asyncio.create_task(first_of(admission.request(ALICE))) for _ in range(256)]
    await asyncio.sleep(0)
    assert (await refusal(admission.request(ALICE))).code == "too_many_requests_of_owner"
    async with admission.request(BOB):
        assert admission.requests == 3
    for release in held:
        release.set()
    await asyncio.gather(*tasks)
    assert admission.requests == 0


async def test_a_request_that_fails_is_counted_out() -> None:
    admission = admission_with(requests=1, pixels=100)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            async with admission.request(ALICE), admission.picture(ALICE, 100):
                _ = 1 / 0
    assert (admission.requests, admission.pixels) == (0, 0)


async def test_a_share_of_the_bytes_holds_the_largest_body() -> None:
    admission = admission_with(body_bytes=4000, share=0.25, largest_body=3000)
    async with admission.body(ALICE, 3000):
        assert admission.body_bytes == 3000


async def test_a_request_alone_is_let_in_however_many_pixels_it_has() -> None:
    admission = admission_with(pixels=100, share=0.5)
    async with admission.picture(ALICE, 1000):
        assert admission.pixels == 50


async def test_a_request_without_pictures_never_waits_for_pixels() -> None:
    admission = admission_with(pixels=100, wait_seconds=0.01)
    async with admission.picture(ALICE, 100), admission.picture(ALICE, 0), admission.picture(BOB, 0):
        assert admission.pixels == 100


async def test_it_is_full_when_all_requests_are_under_way() -> None:
    admission = admission_with(requests=2, share=0.5)
    async with admission.request(ALICE):
        assert not admission.full
        async with admission.request(BOB):
            assert admission.full


async def test_a_line_of_a_batch_waits_nowhere_for_its_tenant_s_other_requests() -> None:
    admission = admission_with(requests=4, pixels=100, body_bytes=1000, share=0.5)
    async with admission.line_of_batch(ALICE, 400):
        assert admission.body_bytes == 400
    async with admission.request(ALICE), admission.line_of_batch(ALICE, 400), admission.request(ALICE):
        assert (await refusal(admission.line_of_batch(ALICE, 1))).code == "too_many_requests_of_owner"
        async with admission.line_of_batch(BOB, 400):
            pass
    async with admission.picture(ALICE, 50):
        assert (await refusal(admission.line_of_batch(ALICE, 1))).code == "too_many_pixels_of_owner"
    async with admission.body(ALICE, 500):
        assert (await refusal(admission.line_of_batch(ALICE, 1))).code == "too_many_bytes_of_owner"


@pytest.mark.parametrize("take", [Admission.fetch, Admission.score])
async def test_one_tenant_s_slow_fetches_and_scores_leave_room_for_others(take: Take) -> None:
    admission = admission_with(share=0.25, wait_seconds=0.01)
    async with AsyncExitStack() as held:
        for _ in range(4):  # of 16
            await held.enter_async_context(take(admission, ALICE))
        assert (await refusal(take(admission, ALICE))).code == "too_many_requests_of_owner"
        async with take(admission, BOB):
            pass
