"""What owners can do with batches, each only with its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from kantu.errors import (
    ConflictError,
    InvalidRequestError,
    KantuError,
    LimitExceededError,
    NotFoundError,
    PermissionDeniedError,
)
from kantu.service.actor import Actor
from kantu.service.batches.record import WINDOW_SECONDS
from kantu.service.batches.service import MOST_UNFINISHED
from tests.service.actors import ALICE, BOB
from tests.service.batches.conftest import Desk, request_line
from tests.service.files.conftest import create, stream
from tests.service.files.pictures import png

pytestmark = pytest.mark.whole

DAY = 86_400


def _error(call: Callable[[], Coroutine[Any, Any, object]], kind: type[KantuError]) -> tuple[str, str | None]:
    with pytest.raises(kind) as caught:
        asyncio.run(call())
    return caught.value.code, caught.value.param


def test_a_new_batch_waits_for_its_check(desk: Desk) -> None:
    batch = asyncio.run(desk.submit([request_line("a")]))
    assert asyncio.run(desk.look(batch)) == batch
    assert (batch.status, batch.total, batch.problems) == ("validating", 0, ())
    assert batch.expires_at - batch.created_at == WINDOW_SECONDS


def test_metadata_comes_back(desk: Desk) -> None:
    async def run() -> None:
        first = await desk.submit([request_line("a")])
        for metadata in (None, {}, {"项目": "看图\x00"}):
            batch = await desk.batches.create(ALICE, first.input_file_id, "zh", metadata=metadata)
            assert (await desk.look(batch)).labels == metadata

    asyncio.run(run())


def test_another_owners_batch_does_not_exist(desk: Desk) -> None:
    batch = asyncio.run(desk.submit([request_line("a")]))
    gone = ("batch_not_found", None)
    assert _error(lambda: desk.batches.get(BOB, batch.id), NotFoundError) == gone
    assert _error(lambda: desk.batches.cancel(BOB, batch.id), NotFoundError) == gone
    after = ("batch_not_found", "after")
    assert _error(lambda: desk.batches.list(BOB, after=batch.id, limit=9), NotFoundError) == after
    assert asyncio.run(desk.batches.list(BOB, after=None, limit=9)) == ([], False)
    assert asyncio.run(desk.look(batch)).status == "validating"


def test_another_owners_file_cannot_be_run(desk: Desk) -> None:
    batch = asyncio.run(desk.submit([request_line("a")]))
    call = lambda: desk.batches.create(BOB, batch.input_file_id, "zh")  # noqa: E731
    assert _error(call, NotFoundError) == ("file_not_found", "input_file_id")


@pytest.mark.parametrize("batch_id", ["", "batch_\x00", "batch_'; DROP TABLE batches", "batch_" + "G" * 24])
def test_whatever_is_no_id_does_not_exist(desk: Desk, batch_id: str) -> None:
    assert _error(lambda: desk.batches.get(ALICE, batch_id), NotFoundError)[0] == "batch_not_found"
    assert _error(lambda: desk.batches.cancel(ALICE, batch_id), NotFoundError)[0] == "batch_not_found"


def test_a_picture_is_no_input(desk: Desk) -> None:
    file = asyncio.run(create(desk.files, ALICE, "a.png", "vision", stream(png())))
    call = lambda: desk.batches.create(ALICE, file.id, "zh")  # noqa: E731
    assert _error(call, InvalidRequestError) == ("file_not_for_batch", "input_file_id")


def test_a_key_that_may_not_chat_can_start_none(desk: Desk) -> None:
    actor = Actor("key_x", "alice", endpoints=("batches", "files"))
    assert _error(lambda: desk.submit([request_line("a")], actor), PermissionDeniedError)[0] == "endpoint_not_allowed"


def test_output_files_are_kept_no_longer_than_others(desk: Desk) -> None:
    batch = asyncio.run(desk.submit([request_line("a")]))
    call = lambda: desk.batches.create(  # noqa: E731
        ALICE, batch.input_file_id, "zh", output_expires_after_seconds=10**9
    )
    assert _error(call, InvalidRequestError) == ("invalid_expires_after", "output_expires_after.seconds")


def test_an_owner_has_only_so_many_unfinished_batches(desk: Desk) -> None:
    async def fill() -> None:
        first = await desk.submit([request_line("a")])
        for _ in range(MOST_UNFINISHED - 1):
            await desk.batches.create(ALICE, first.input_file_id, "zh")
        with pytest.raises(LimitExceededError) as caught:
            await desk.batches.create(ALICE, first.input_file_id, "zh")
        assert caught.value.code == "too_many_batches"
        await desk.submit([request_line("a")], BOB)

    asyncio.run(fill())


def test_pages_follow_each_other(desk: Desk) -> None:
    async def run() -> None:
        batches = []
        for number in range(5):
            batches.append(await desk.submit([request_line("a")]))
            desk.clock.now += number % 2
        newest_first = sorted(batches, key=lambda batch: (batch.created_at, batch.id), reverse=True)
        first, more = await desk.batches.list(ALICE, after=None, limit=3)
        assert (list(first), more) == (newest_first[:3], True)
        second, more = await desk.batches.list(ALICE, after=first[-1].id, limit=3)
        assert (list(second), more) == (newest_first[3:], False)

    asyncio.run(run())


def test_what_has_ended_cannot_be_cancelled(desk: Desk) -> None:
    async def run() -> str:
        batch = await desk.submit([request_line("a")])
        async with desk.running():
            await desk.ended(batch)
        return batch.id

    batch_id = asyncio.run(run())
    code, _ = _error(lambda: desk.batches.cancel(ALICE, batch_id), ConflictError)
    assert code == "batch_not_cancellable"


def test_a_batch_is_gone_so_many_days_after_its_end_and_no_other_is(desk: Desk) -> None:
    async def run() -> None:
        async with desk.running():
            old = (await desk.ended(await desk.submit([request_line("a")])))[0]
            desk.clock.now += 30 * DAY
            recent = (await desk.ended(await desk.submit([request_line("b")], BOB)))[0]
        waiting = await desk.submit([request_line("c")])
        assert await desk.batches.sweep() == 0  # not a second early
        desk.clock.now += 1
        assert await desk.batches.sweep() == 1
        assert await desk.batches.sweep() == 0
        with pytest.raises(NotFoundError):
            await desk.look(old)
        assert (await desk.look(recent)).status == "completed"
        assert (await desk.look(waiting)).status == "validating"
        desk.clock.now += 300 * DAY
        assert await desk.batches.sweep() == 1
        assert (await desk.look(waiting)).status == "validating"  # however long it takes

    asyncio.run(run())
