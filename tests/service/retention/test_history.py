"""What is kept is its owner's: to list, to read, to delete; and it has its time and its bounds."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select, text, update

from kantu.errors import InvalidRequestError, NotFoundError, error
from kantu.service.database.owners import of_everybody
from kantu.service.database.repository import Paging
from kantu.service.gateway import Gateway
from kantu.service.retention.keyring import KeyRing, MasterKey, write_keys
from kantu.service.retention.record import Exchange
from kantu.service.retention.repository import HistoryPictureRow, HistoryRow
from kantu.service.retention.service import HistoryService, Retention
from tests.service.actors import ALICE, BOB
from tests.service.audits import LOG, entries_of
from tests.service.clock import Clock
from tests.service.gateways import MODEL, ScriptedEngine, client_of, data_url, png, question
from tests.service.retention.conftest import Keeping
from tests.service.retention.traces import ANSWER, QUESTION, noise

pytestmark = pytest.mark.anyio

CHAT = "/v1/chat/completions"
HISTORY = "/v1/history"


async def kept(client: httpx.AsyncClient) -> list[dict[str, object]]:
    data: list[dict[str, object]] = (await client.get(HISTORY)).json()["data"]
    return data


async def ask(client: httpx.AsyncClient, said: str = QUESTION, *pictures: bytes, **more: object) -> None:
    assert (await client.post(CHAT, json=question(said, *pictures, **more))).status_code == 200


@pytest.mark.parametrize("cipher", ["aes-256-gcm", "sm4-gcm"])
async def test_a_question_its_pictures_and_its_answer_are_kept(keeping: Keeping, cipher: str) -> None:
    async with client_of(keeping(cipher=cipher)) as client:
        await ask(client, QUESTION, noise(1), noise(2))
        (item,) = await kept(client)
        whole = (await client.get(f"{HISTORY}/{item['id']}")).json()
        pictures = [(await client.get(f"{HISTORY}/{item['id']}/pictures/{number}")) for number in range(3)]
    assert (item["kind"], item["model"], item["title"], item["pictures"]) == ("chat", MODEL, QUESTION, 2)
    assert item["expires_at"] == item["created_at"] + 30 * 86_400  # type: ignore[operator]
    assert whole["question"] == [
        {"role": "user", "content": [{"picture": 0}, {"picture": 1}, {"text": QUESTION}]},
    ]
    assert whole["answer"] == [ANSWER]
    assert [each.content for each in pictures[:2]] == [noise(1), noise(2)]
    assert (pictures[2].status_code, pictures[2].json()["error"]["code"]) == (404, "history_not_found")
    assert pictures[0].headers["content-type"] == "application/octet-stream"


async def test_a_stream_is_kept_once_it_has_ended(keeping: Keeping) -> None:
    async with client_of(keeping()) as client:
        await ask(client, stream=True, n=2)
        (item,) = await kept(client)
        whole = (await client.get(f"{HISTORY}/{item['id']}")).json()
    assert whole["answer"] == [ANSWER, ANSWER]


async def test_a_task_is_kept_with_what_was_given_and_its_result(keeping: Keeping) -> None:
    record = {"verdict": "无法判断", "conflict": None, "reasons": []}
    engine = ScriptedEngine((json.dumps(record, ensure_ascii=False),))
    body = {"model": MODEL, "images": [data_url(png())], "input": {"text": QUESTION}, "evidence": False}
    async with client_of(keeping(engine)) as client:
        assert (await client.post("/v1/tasks/match", json=body)).status_code == 200
        (item,) = await kept(client)
        whole = (await client.get(f"{HISTORY}/{item['id']}")).json()
    assert (item["kind"], item["title"], item["pictures"]) == ("match", QUESTION, 1)
    assert (whole["question"], whole["answer"]) == ({"text": QUESTION}, record)


async def test_what_was_not_answered_is_not_kept(keeping: Keeping) -> None:
    engine = ScriptedEngine(("一", error("engine_failed")))
    async with client_of(keeping(engine)) as client:
        assert (await client.post(CHAT, json=question())).status_code == 500
        assert await kept(client) == []


async def test_only_the_owner_sees_and_deletes_it(keeping: Keeping) -> None:
    gateway = keeping()
    theirs = {"Authorization": f"Bearer {gateway.keys.create('other')[1]}"}
    async with client_of(gateway) as client:
        await ask(client, QUESTION, png())
        (item,) = await kept(client)
        address = f"{HISTORY}/{item['id']}"
        assert (await client.get(HISTORY, headers=theirs)).json()["data"] == []
        for method, path in (("GET", address), ("GET", f"{address}/pictures/0"), ("DELETE", address)):
            refused = await client.request(method, path, headers=theirs)
            assert (refused.status_code, refused.json()["error"]["code"]) == (404, "history_not_found")
        assert (await client.delete(HISTORY, headers=theirs)).json()["deleted"] == 0
        assert len(await kept(client)) == 1


async def test_one_or_all_can_be_deleted(keeping: Keeping) -> None:
    gateway = keeping()
    async with client_of(gateway) as client:
        for _ in range(3):
            await ask(client, QUESTION, png())
        first, *_ = await kept(client)
        assert (await client.delete(f"{HISTORY}/{first['id']}")).json()["deleted"] is True
        assert (await client.get(f"{HISTORY}/{first['id']}")).status_code == 404
        assert (await client.delete(HISTORY)).json() == {"object": "history", "deleted": 2}
        assert await kept(client) == []
    with gateway.database.session(read_only=True) as session:
        assert session.scalars(select(HistoryPictureRow.history_id)).all() == []


async def test_deletions_are_in_the_audit_with_whoever_deleted(keeping: Keeping) -> None:
    gateway = keeping()
    async with client_of(gateway) as client:
        for _ in range(3):
            await ask(client)
        first, *_ = await kept(client)
        await client.delete(f"{HISTORY}/{first['id']}")
        await client.delete(f"{HISTORY}/{first['id']}")  # is gone
        await client.delete(HISTORY)
        assert gateway.audit_writer.flush(30)
        found = [entry for entry in entries_of(gateway.database) if entry.resource == "history"]
    deleted = [entry for entry in found if (entry.action, entry.result) == ("delete", "ok")]
    assert [(entry.target_id, entry.after) for entry in deleted] == [(first["id"], None), (None, '{"all":2}')]
    assert {entry.actor_kind for entry in deleted} == {"key"}
    assert [(entry.action, entry.result) for entry in found].count(("read", "ok")) == 1
    assert [(entry.action, entry.result) for entry in found].count(("delete", "refused")) == 1


async def test_what_cannot_be_recorded_is_not_deleted(keeping: Keeping) -> None:
    gateway = keeping()
    async with client_of(gateway) as client:
        await ask(client)
        (item,) = await kept(client)
        with gateway.database.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE audit_head SET sequence = 1")
        for address in (f"{HISTORY}/{item['id']}", HISTORY):
            refused = await client.delete(address)
            assert (refused.status_code, refused.json()["error"]["code"]) == (503, "audit_chain_broken")
        assert len(await kept(client)) == 1


async def test_a_key_for_something_else_may_not_look(keeping: Keeping) -> None:
    async with client_of(keeping(), endpoints=["chat"]) as client:
        await ask(client)
        for method in ("GET", "DELETE"):
            refused = await client.request(method, HISTORY)
            assert (refused.status_code, refused.json()["error"]["code"]) == (403, "endpoint_not_allowed")


def service(gateway: Gateway, clock: Clock, key_file: Path, most_bytes: int = 2**20) -> HistoryService:
    keys = KeyRing(key_file)
    return HistoryService(gateway.database, LOG, Retention(1, keys, "aes-256-gcm", most_bytes), keys, clock=clock)


def exchange(said: str = "x", *pictures: bytes) -> Exchange:
    return Exchange("chat", MODEL, [{"role": "user", "content": said}], ["y"], pictures)


async def test_it_is_gone_when_it_has_had_its_time(keeping: Keeping, key_file: Path) -> None:
    gateway, clock = keeping(), Clock(1_700_000_000)
    history = service(gateway, clock, key_file)
    await history.keep(ALICE, exchange("x", b"picture"))
    (opened,), _ = await history.page(ALICE, Paging())
    clock.now += 86_399
    assert await history.sweep() == 0
    clock.now += 1
    with pytest.raises(NotFoundError):
        await history.get(ALICE, opened.record.id)
    assert await history.sweep() == 1
    (swept,) = entries_of(gateway.database)
    assert (swept.action, swept.resource, swept.actor_kind) == ("delete", "history", "system")
    assert swept.after == '{"expired":1}'
    with gateway.database.session(read_only=True) as session:
        assert session.scalars(of_everybody(select(HistoryRow.id))).all() == []
        assert session.scalars(select(HistoryPictureRow.history_id)).all() == []


async def test_what_was_kept_expires_when_nothing_more_is_kept(keeping: Keeping, key_file: Path) -> None:
    gateway, clock = keeping(), Clock(1_700_000_000)
    await service(gateway, clock, key_file).keep(ALICE, exchange())
    clock.now += 86_400
    assert await HistoryService(gateway.database, LOG, None, None, clock=clock).sweep() == 1


async def test_the_oldest_of_an_owner_make_room_for_the_newest(keeping: Keeping, key_file: Path) -> None:
    gateway, clock = keeping(), Clock(1_700_000_000)
    history = service(gateway, clock, key_file, 2_500)
    await history.keep(BOB, exchange("b"))
    for number in range(4):
        clock.now += 1
        await history.keep(ALICE, exchange(str(number), bytes(900)))
    found, _ = await history.page(ALICE, Paging())
    assert [each.title for each in found] == ["3", "2"]
    assert len((await history.page(BOB, Paging()))[0]) == 1
    assert [entry.after for entry in entries_of(gateway.database)] == 2 * ['{"crowded_out":1}']


async def test_what_is_larger_than_all_room_is_not_kept_and_drives_nothing_out(
    keeping: Keeping, key_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    history = service(keeping(), Clock(1_700_000_000), key_file, 2_500)
    await history.keep(ALICE, exchange())
    await history.keep(ALICE, exchange("large", bytes(3_000)))
    assert len((await history.page(ALICE, Paging()))[0]) == 1
    assert "history_not_kept" in caplog.text


async def test_an_answer_is_given_even_where_it_cannot_be_kept(
    keeping: Keeping, key_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with client_of(keeping()) as client:
        key_file.write_text("spoilt")
        await ask(client)
    assert "history_not_kept" in caplog.text


@pytest.mark.parametrize("column", ["owner", "created_at", "wrapped_key", "content"])
async def test_what_was_moved_or_changed_in_the_database_is_not_believed(keeping: Keeping, column: str) -> None:
    gateway = keeping()
    async with client_of(gateway) as client:
        await ask(client)
        (item,) = await kept(client)
        with gateway.database.session() as session:
            row = session.scalars(of_everybody(select(HistoryRow))).one()
            value = getattr(row, column)
            changed = {
                "owner": value,  # it is moved to another record below
                "created_at": row.created_at + 1,
                "wrapped_key": bytes(reversed(row.wrapped_key)),
                "content": bytes(reversed(row.content)),
            }[column]
            session.execute(of_everybody(update(HistoryRow)).values({column: changed}))
            if column == "owner":
                session.execute(text("UPDATE history SET id = 'hist_000000000000000000000000'"))
        record_id = "hist_000000000000000000000000" if column == "owner" else item["id"]
        refused = await client.get(f"{HISTORY}/{record_id}")
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "history_unreadable")


async def test_without_its_master_key_nothing_can_be_read(keeping: Keeping, key_file: Path) -> None:
    async with client_of(keeping()) as client:
        await ask(client)
        (item,) = await kept(client)
        write_keys(key_file, [MasterKey.new()])
        refused = await client.get(f"{HISTORY}/{item['id']}")
    assert refused.json()["error"]["code"] == "history_unreadable"


def test_keeping_needs_a_key_file(keeping: Keeping, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError) as missing:
        keeping(key_file=None)
    assert missing.value.code == "retention_key_missing"
    with pytest.raises(InvalidRequestError) as unreadable:
        keeping(key_file=tmp_path / "nothing")
    assert unreadable.value.code == "retention_key_file"
