"""Batches from their start to their end."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from kantu.errors import (
    AuthenticationError,
    EngineError,
    InvalidRequestError,
    KantuError,
    LimitExceededError,
    NotFoundError,
    OverloadedError,
    StoreError,
)
from kantu.service.actor import Actor
from kantu.service.batches.batch_files import creator_of
from kantu.service.batches.record import UNFINISHED, WINDOW_SECONDS, Batch
from kantu.service.batches.runner import BatchRunner
from kantu.service.database import Database
from kantu.service.files import usage
from kantu.service.files.quota import Quota
from tests.service.actors import ALICE, BOB, CAROL
from tests.service.batches.conftest import Answer, Desk, echo, request_line
from tests.service.clock import Clock
from tests.service.files.conftest import create, stream

pytestmark = pytest.mark.whole


def _numbered(count: int, prefix: str = "r") -> list[str]:
    return [request_line(f"{prefix}{number}", number=number) for number in range(count)]


class Script:
    """Answers, or raises what a body's number is mapped to, the first `times` times."""

    def __init__(self, errors: dict[int, Exception], times: int = 10**9) -> None:
        self.calls: Counter[int] = Counter()
        self._errors, self._times = errors, times

    async def __call__(self, key_id: str, body: dict[str, Any]) -> dict[str, Any]:
        number = body["number"]
        self.calls[number] += 1
        await asyncio.sleep(0)
        if number in self._errors and self.calls[number] <= self._times:
            raise self._errors[number]
        return {"number": number, "key": key_id}


class Gate:
    """Answers nothing until it is opened."""

    def __init__(self) -> None:
        self.entered: list[int] = []
        self.open = asyncio.Event()

    async def __call__(self, key_id: str, body: dict[str, Any]) -> dict[str, Any]:
        self.entered.append(body["number"])
        await self.open.wait()
        return {"number": body["number"]}


def test_every_line_gets_its_answer_in_order(desk: Desk) -> None:
    async def run() -> None:
        batch = await desk.submit(_numbered(120))
        assert batch.status == "validating"
        assert desk.changes == 1
        async with desk.running(Script({})):
            (batch,) = await desk.ended(batch)
        assert batch.status == "completed"
        assert (batch.total, batch.completed, batch.failed) == (120, 120, 0)
        assert batch.error_file_id is None
        output = await desk.read(ALICE, batch.output_file_id)
        assert [line["custom_id"] for line in output] == [f"r{number}" for number in range(120)]
        first = output[0]
        assert first["id"].startswith("batch_req_")
        assert first["error"] is None
        assert first["response"]["status_code"] == 200
        assert first["response"]["request_id"].startswith("req_")
        assert first["response"]["body"] == {"number": 0, "key": "key_alice"}
        file = await desk.files.get(ALICE, batch.output_file_id or "")
        assert (file.purpose, file.filename) == ("batch_output", f"{batch.id}_output.jsonl")
        for moment in (batch.in_progress_at, batch.finalizing_at, batch.completed_at):
            assert moment == desk.clock.now
        assert _items(desk) == 0

    asyncio.run(run())


def test_failed_lines_go_to_the_error_file(desk: Desk) -> None:
    async def run() -> None:
        errors: dict[int, Exception] = {
            1: InvalidRequestError("unknown_parameter", "不认识", "Unknown", param="colour"),
            2: RuntimeError("the secret prompt"),
        }
        batch = await desk.submit(_numbered(4))
        async with desk.running(Script(errors)):
            (batch,) = await desk.ended(batch)
        assert (batch.status, batch.completed, batch.failed) == ("completed", 2, 2)
        assert [line["custom_id"] for line in await desk.read(ALICE, batch.output_file_id)] == ["r0", "r3"]
        refused, broken = await desk.read(ALICE, batch.error_file_id)
        assert refused["custom_id"] == "r1"
        assert refused["response"]["status_code"] == 400
        assert refused["response"]["body"]["error"] == {
            "message": "Unknown",  # the language of whoever started the batch
            "type": "invalid_request_error",
            "param": "colour",
            "code": "unknown_parameter",
        }
        assert broken["response"]["status_code"] == 500
        assert broken["response"]["body"]["error"]["code"] == "internal_error"
        assert "secret" not in str(broken)

    asyncio.run(run())


def test_what_went_wrong_with_a_line_is_logged_without_its_words(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        batch = await desk.submit(_numbered(1))
        async with desk.running(Script({0: RuntimeError("the secret prompt")})):
            await desk.ended(batch)

    asyncio.run(run())
    assert any("RuntimeError" in message for message in caplog.messages)
    assert "secret" not in caplog.text


def test_a_file_with_bad_lines_fails_before_anything_is_run(desk: Desk) -> None:
    async def run() -> None:
        script = Script({})
        batch = await desk.submit([*_numbered(2), "not json", request_line("r0")])
        async with desk.running(script):
            (batch,) = await desk.ended(batch)
        assert batch.status == "failed"
        assert batch.failed_at == desk.clock.now
        problems = [(problem.line, problem.code) for problem in batch.problems]
        assert problems == [(3, "invalid_json_line"), (4, "duplicate_custom_id")]
        assert not script.calls
        assert batch.output_file_id is batch.error_file_id is None

    asyncio.run(run())


@pytest.mark.parametrize(
    "error",
    [
        OverloadedError("overloaded", "", "", retry_after_seconds=0.01),
        LimitExceededError("request_limit_exceeded", "", "", retry_after_seconds=0.01),
        EngineError("engine_crashed", "", ""),
    ],
)
def test_what_passes_is_waited_out(desk: Desk, error: KantuError) -> None:
    async def run() -> None:
        script = Script(dict.fromkeys(range(3), error), times=1)
        batch = await desk.submit(_numbered(3))
        async with desk.running(script):
            (batch,) = await desk.ended(batch)
        assert (batch.completed, batch.failed) == (3, 0)
        assert set(script.calls.values()) <= {1, 2}
        assert sum(script.calls.values()) == 6

    asyncio.run(run())


def test_a_line_that_kills_the_engine_fails_in_the_end(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kantu.service.batches.pacing.backoff_seconds", lambda tries: 0.01)

    async def run() -> None:
        script = Script({1: EngineError("engine_crashed", "", "")})
        batch = await desk.submit(_numbered(3))
        async with desk.running(script):
            (batch,) = await desk.ended(batch)
        assert (batch.completed, batch.failed) == (2, 1)
        assert script.calls[1] == 3

    asyncio.run(run())


def test_lines_of_a_revoked_key_fail_with_its_code(desk: Desk) -> None:
    async def run() -> None:
        revoked = AuthenticationError("revoked_api_key", "", "revoked")
        batch = await desk.submit(_numbered(5))
        async with desk.running(Script(dict.fromkeys(range(2, 5), revoked))):
            (batch,) = await desk.ended(batch)
        assert (batch.completed, batch.failed) == (2, 3)
        errors = await desk.read(ALICE, batch.error_file_id)
        assert {line["response"]["status_code"] for line in errors} == {401}
        assert {line["response"]["body"]["error"]["code"] for line in errors} == {"revoked_api_key"}

    asyncio.run(run())


def test_a_key_at_its_limit_holds_up_only_its_own_batch(desk: Desk) -> None:
    async def limited(key_id: str, body: dict[str, Any]) -> dict[str, Any]:
        if key_id == "key_alice":
            raise LimitExceededError("request_limit_exceeded", "", "", retry_after_seconds=3600)
        return {}

    async def run() -> None:
        stuck = await desk.submit(_numbered(20), ALICE)
        async with desk.running(limited, concurrency=2):
            await desk.until(stuck, lambda now: now.status == "in_progress")
            (other,) = await desk.ended(await desk.submit(_numbered(20), BOB))
            assert other.completed == 20
            assert (await desk.look(stuck)).status == "in_progress"

    asyncio.run(run())


def test_a_giant_batch_does_not_starve_another_owners(desk: Desk) -> None:
    async def run() -> None:
        order: list[str] = []
        small_has_begun = asyncio.Event()

        async def note(key_id: str, body: dict[str, Any]) -> dict[str, Any]:
            order.append(key_id)
            if len(order) > 20:
                await small_has_begun.wait()
            return await echo(key_id, body)

        giant = await desk.submit(_numbered(300), ALICE)
        async with desk.running(note, concurrency=2):
            await desk.until(giant, lambda now: now.completed > 5)
            small = await desk.submit(_numbered(10), BOB)
            await desk.until(small, lambda now: now.status == "in_progress")
            small_has_begun.set()
            (small,) = await desk.ended(small)
            assert small.status == "completed"
            first, last = order.index("key_bob"), len(order) - order[::-1].index("key_bob")
            assert last - first <= 40  # about every second line is Bob's
            assert "key_alice" in order[last:]  # the giant one had not ended

    asyncio.run(run())


def test_no_more_lines_are_under_way_than_allowed(desk: Desk) -> None:
    async def run() -> None:
        gate = Gate()
        batches = [await desk.submit(_numbered(10), actor) for actor in (ALICE, BOB)]
        async with desk.running(gate, concurrency=3):
            while len(gate.entered) < 3:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)
            assert len(gate.entered) == 3
            gate.open.set()
            assert [batch.completed for batch in await desk.ended(*batches)] == [10, 10]

    asyncio.run(run())


def test_cancelling_finishes_what_is_under_way_and_keeps_what_is_done(desk: Desk) -> None:
    async def run() -> None:
        gate = Gate()
        batch = await desk.submit(_numbered(10))
        async with desk.running(gate, concurrency=2):
            while len(gate.entered) < 2:
                await asyncio.sleep(0.01)
            assert (await desk.batches.cancel(ALICE, batch.id)).status == "cancelling"
            assert (await desk.batches.cancel(ALICE, batch.id)).status == "cancelling"
            await asyncio.sleep(0.1)
            gate.open.set()
            (batch,) = await desk.ended(batch)
        assert (batch.status, batch.completed, batch.failed) == ("cancelled", 2, 0)
        assert batch.cancelling_at == batch.cancelled_at == desk.clock.now
        assert len(gate.entered) == 2
        assert len(await desk.read(ALICE, batch.output_file_id)) == 2
        assert batch.error_file_id is None

    asyncio.run(run())


def test_a_batch_whose_lines_wait_for_their_turn_can_be_cancelled(desk: Desk) -> None:
    async def run() -> None:
        gate = Gate()
        giant = await desk.submit(_numbered(10))
        async with desk.running(gate, concurrency=2):
            while len(gate.entered) < 2:
                await asyncio.sleep(0.01)
            small = await desk.submit(_numbered(10), BOB)
            await desk.until(small, lambda now: now.status == "in_progress")
            await asyncio.sleep(0.1)  # it waits for a slot; both are taken
            await desk.batches.cancel(BOB, small.id)
            (small,) = await desk.ended(small)
            assert (small.status, small.completed) == ("cancelled", 0)
            gate.open.set()
            (giant,) = await desk.ended(giant)
            assert (giant.status, giant.completed) == ("completed", 10)  # and no slot was lost

    asyncio.run(run())


def test_a_batch_can_be_cancelled_before_it_is_looked_at(desk: Desk) -> None:
    async def run() -> None:
        batch = await desk.submit(_numbered(3))
        await desk.batches.cancel(ALICE, batch.id)
        script = Script({})
        async with desk.running(script):
            (batch,) = await desk.ended(batch)
        assert (batch.status, batch.output_file_id) == ("cancelled", None)
        assert not script.calls

    asyncio.run(run())


def test_when_the_window_ends_the_rest_is_told_so(desk: Desk) -> None:
    async def run() -> None:
        gate = Gate()
        batch = await desk.submit(_numbered(250))
        async with desk.running(gate, concurrency=2):
            while len(gate.entered) < 2:
                await asyncio.sleep(0.01)
            desk.clock.now += WINDOW_SECONDS
            await asyncio.sleep(0.05)
            gate.open.set()
            (batch,) = await desk.ended(batch)
        assert (batch.status, batch.completed, batch.failed) == ("expired", 2, 248)
        assert len(await desk.read(ALICE, batch.output_file_id)) == 2
        errors = await desk.read(ALICE, batch.error_file_id)
        assert [line["custom_id"] for line in errors] == [f"r{number}" for number in range(2, 250)]
        assert errors[0]["response"] is None
        assert errors[0]["error"]["code"] == "batch_expired"

    asyncio.run(run())


def test_a_batch_that_nobody_looked_at_in_time_expires(desk: Desk) -> None:
    async def run() -> None:
        batch = await desk.submit(_numbered(3))
        desk.clock.now += WINDOW_SECONDS
        async with desk.running():
            (batch,) = await desk.ended(batch)
        assert (batch.status, batch.output_file_id, batch.error_file_id) == ("expired", None, None)

    asyncio.run(run())


def test_a_batch_whose_input_was_deleted_keeps_what_is_done(desk: Desk) -> None:
    async def run() -> None:
        gate = Gate()
        batch = await desk.submit(_numbered(5))
        async with desk.running(gate, concurrency=2):
            while len(gate.entered) < 2:
                await asyncio.sleep(0.01)
        await desk.files.delete(ALICE, batch.input_file_id)
        async with desk.running():
            (batch,) = await desk.ended(batch)
        assert batch.status == "failed"
        assert [problem.code for problem in batch.problems] == ["input_file_gone"]

    asyncio.run(run())


def test_a_runner_that_stops_leaves_its_batches_to_the_next_at_once(desk: Desk) -> None:
    async def run() -> None:
        gate, script = Gate(), Script({})
        batch = await desk.submit(_numbered(6))
        async with desk.running(gate, concurrency=2, lease_seconds=10**6):
            while len(gate.entered) < 2:
                await asyncio.sleep(0.01)
        async with desk.running(script):
            (batch,) = await desk.ended(batch)
        assert batch.completed == 6
        assert script.calls == dict.fromkeys(range(6), 1)

    asyncio.run(run())


def test_two_runners_share_batches_and_never_a_batch(desk: Desk) -> None:
    async def run() -> None:
        first, second = Script({}), Script({})
        batches = [await desk.submit(_numbered(30), actor) for actor in (ALICE, BOB, ALICE, BOB)]
        async with desk.running(first), desk.running(second):
            ended = await desk.ended(*batches)
        assert [batch.completed for batch in ended] == [30] * 4
        assert sum((first.calls + second.calls).values()) == 120

    asyncio.run(run())


def test_a_silent_runner_loses_its_batch_and_can_record_nothing_more(desk: Desk) -> None:
    async def run() -> None:
        gate, script = Gate(), Script({})
        batch = await desk.submit(_numbered(4))
        async with desk.running(gate, concurrency=2, lease_seconds=30) as silent:
            while len(gate.entered) < 2:
                await asyncio.sleep(0.01)
            silent._renew_at = float("inf")  # as a process that was stopped for a while
            async with desk.running(script, lease_seconds=30) as other:
                await _seconds_pass(desk, other, 0)
                await _seconds_pass(desk, other, 29)
                assert not script.calls
                while not script.calls:  # a renewal may still have been under way
                    await _seconds_pass(desk, other, 10)
                (ended,) = await desk.ended(batch)
                gate.open.set()
                await asyncio.sleep(0.05)
        assert ended == await desk.look(batch)
        assert (ended.status, ended.completed) == ("completed", 4)
        assert script.calls == dict.fromkeys(range(4), 1)
        assert len(await desk.read(ALICE, ended.output_file_id)) == 4

    asyncio.run(run())


def test_results_wait_for_a_database_that_is_away(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        gate = Gate()
        batch = await desk.submit(_numbered(2))
        real, away = desk.database.run, True

        async def flaky(work: Any, **options: Any) -> Any:
            if away:
                raise StoreError("store_unavailable", "", "")
            return await real(work, **options)

        async with desk.running(gate, concurrency=2):
            while len(gate.entered) < 2:
                await asyncio.sleep(0.01)
            monkeypatch.setattr(desk.database, "run", flaky)
            gate.open.set()
            await asyncio.sleep(0.1)
            away = False
            (batch,) = await desk.ended(batch)
        assert batch.completed == 2
        assert len(gate.entered) == 2

    asyncio.run(run())


def test_a_full_disk_delays_the_end(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kantu.service.batches.runner.backoff_seconds", lambda tries: 0.01)

    async def run() -> None:
        script = Script({})
        batch = await desk.submit(_numbered(2))
        prepare, failures = desk.files.prepare, 0

        async def full(*arguments: Any, **options: Any) -> Any:
            nonlocal failures
            failures += 1
            if failures <= 2:
                raise StoreError("store_full", "", "")
            return await prepare(*arguments, **options)

        monkeypatch.setattr(desk.files, "prepare", full)
        async with desk.running(script):
            (batch,) = await desk.ended(batch)
        assert failures == 3
        assert (batch.status, batch.completed) == ("completed", 2)
        assert script.calls == {0: 1, 1: 1}

    asyncio.run(run())


def test_output_files_expire_when_asked(desk: Desk) -> None:
    async def run() -> Batch:
        submitted = await desk.submit(_numbered(1))
        batch = await desk.batches.create(ALICE, submitted.input_file_id, "zh", output_expires_after_seconds=60)
        async with desk.running():
            (batch,) = await desk.ended(batch)
        assert len(await desk.read(ALICE, batch.output_file_id)) == 1
        desk.clock.now += 60
        with pytest.raises(NotFoundError):
            await desk.read(ALICE, batch.output_file_id)
        return batch

    assert asyncio.run(run()).status not in UNFINISHED


def _answers_of(size: int) -> Answer:
    async def answer(key_id: str, body: dict[str, Any]) -> dict[str, Any]:
        await asyncio.sleep(0)
        return {"number": body["number"], "text": "看" * (size // 3)}

    return answer


def test_results_over_the_bound_end_the_batch_and_what_there_is_is_kept(desk: Desk) -> None:
    async def run() -> None:
        batch = await desk.submit(_numbered(40))
        async with desk.running(_answers_of(2**14), concurrency=1, most_bytes=10 * 2**14):
            (batch,) = await desk.ended(batch)
        assert (batch.status, [problem.code for problem in batch.problems]) == ("failed", ["batch_output_too_large"])
        output = await desk.read(ALICE, batch.output_file_id)
        assert [line["response"]["body"]["number"] for line in output] == list(range(9))  # the envelope counts, too
        file = await desk.files.get(ALICE, batch.output_file_id or "")
        assert 9 * 2**14 < file.size <= 10 * 2**14
        assert (batch.completed, batch.total) == (9, 40)
        assert _items(desk) == 0
        assert _stored(desk) == file.size + await _size_of_input(desk, batch)

    asyncio.run(run())


def test_an_owner_s_quota_ends_its_batch_and_no_other(database: Database, folder: Path, clock: Clock) -> None:
    desk = Desk(database, folder, clock, Quota(tenant_files=9, tenant_bytes=10 * 2**14, total_bytes=2**24))

    async def run() -> None:
        large, small = await desk.submit(_numbered(40), ALICE), await desk.submit(_numbered(2), BOB)
        async with desk.running(_answers_of(2**14)):
            large, small = await desk.ended(large, small)
        assert (large.status, [problem.code for problem in large.problems]) == ("failed", ["storage_quota_exceeded"])
        assert len(await desk.read(ALICE, large.output_file_id)) == large.completed == 9
        assert (small.status, small.completed) == ("completed", 2)
        assert _stored(desk) <= 10 * 2**14
        await desk.files.delete(ALICE, large.output_file_id or "")
        async with desk.running(_answers_of(2**14)):
            (again,) = await desk.ended(await desk.submit(_numbered(5), ALICE))
        assert (again.status, again.completed) == ("completed", 5)

    asyncio.run(run())


def test_a_store_that_is_full_holds_batches_up_until_there_is_room_and_they_can_be_cancelled(
    database: Database, folder: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kantu.service.batches.work.backoff_seconds", lambda tries: 0.01)
    desk = Desk(database, folder, clock, Quota(tenant_files=9, tenant_bytes=2**20, total_bytes=10 * 2**14))

    async def run() -> None:
        filler = await create(desk.files, CAROL, "x", "batch", stream(bytes(6 * 2**14)))
        first, second = await desk.submit(_numbered(6), ALICE), await desk.submit(_numbered(6), BOB)
        async with desk.running(_answers_of(2**14)):
            while (await desk.look(first)).completed + (await desk.look(second)).completed < 3:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)
            assert (await desk.look(first)).status == (await desk.look(second)).status == "in_progress"
            await desk.batches.cancel(BOB, second.id)
            (second,) = await desk.ended(second)
            assert second.status == "cancelled"
            assert len(await desk.read(BOB, second.output_file_id)) == second.completed
            await desk.files.delete(CAROL, filler.id)
            (first,) = await desk.ended(first)
        assert (first.status, first.completed) == ("completed", 6)

    asyncio.run(run())


def test_results_are_never_all_in_memory(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither many nor long ones: what is read at once is a MiB, or one line."""
    pages: list[int] = []
    prepare = desk.files.prepare

    async def measured(actor: Actor, name: str, purpose: Any, pieces: AsyncIterator[bytes], lifetime: int) -> Any:
        async def noted() -> AsyncIterator[bytes]:
            async for piece in pieces:
                pages.append(len(piece))
                yield piece

        return await prepare(actor, name, purpose, noted(), lifetime)

    monkeypatch.setattr(desk.files, "prepare", measured)

    async def run() -> None:
        batch = await desk.submit(_numbered(12))
        async with desk.running(_answers_of(300 * 2**10)):
            (batch,) = await desk.ended(batch)
        assert batch.completed == 12

    asyncio.run(run())
    assert len(pages) == 2  # a character is three bytes here
    assert max(pages) < 3 * 2**20 + 2**14


@pytest.mark.parametrize("jump_seconds", [-30 * 86_400, 3600])
def test_a_clock_that_is_set_neither_idles_a_batch_nor_ends_it(desk: Desk, jump_seconds: int) -> None:
    """The lease of a runner that was killed runs out by the steady clock."""

    async def run() -> None:
        gate, script = Gate(), Script({})
        batch = await desk.submit(_numbered(4))
        async with desk.running(gate, concurrency=2, lease_seconds=30) as killed:
            while len(gate.entered) < 2:
                await asyncio.sleep(0.01)
            killed._renew_at = float("inf")
            desk.clock.now += jump_seconds
            async with desk.running(script, lease_seconds=30) as other:
                while not script.calls:
                    await _seconds_pass(desk, other, 10)
                (ended,) = await desk.ended(batch)
                gate.open.set()
        assert (ended.status, ended.completed) == ("completed", 4)

    asyncio.run(run())


async def _seconds_pass(desk: Desk, observer: BatchRunner, seconds: float) -> None:
    """And the observer has looked since."""
    desk.steady.now += seconds
    looked, broken = asyncio.Event(), observer._silence.broken

    def look(leases: Any) -> Any:
        looked.set()
        return broken(leases)

    observer._silence.broken = look  # type: ignore[method-assign]
    try:
        await looked.wait()
    finally:
        observer._silence.broken = broken  # type: ignore[method-assign]


def _stored(desk: Desk, owner: str = "alice") -> int:
    with desk.database.session(read_only=True) as session:
        return usage.usage_of(session, owner).tenant_bytes


async def _size_of_input(desk: Desk, batch: Batch) -> int:
    return (await desk.files.get(creator_of(batch), batch.input_file_id)).size


def _items(desk: Desk) -> int:
    from sqlalchemy import text

    with desk.database.session(read_only=True) as session:
        return int(session.execute(text("SELECT count(*) FROM batch_items")).scalar_one())
