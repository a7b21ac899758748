"""Erasing an owner leaves nothing of it in the database's files, and everything of all others."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from kantu.errors import StoreError
from kantu.service.batches.record import BATCH_IDS
from kantu.service.database import Database
from kantu.service.database.owners import of_everybody
from kantu.service.gateway import Gateway
from kantu.service.retention.erasure import erase_owner
from kantu.service.retention.repository import HistoryPictureRow, HistoryRow
from tests.service.audits import LOG, acts_of, entries_of
from tests.service.gateways import client_of
from tests.service.retention.conftest import Keeping
from tests.service.retention.test_history import ask, kept
from tests.service.retention.traces import holding, noise

pytestmark = pytest.mark.anyio

BATCH = b'{"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "m"}}\n'


async def fill(client: httpx.AsyncClient, owner: str) -> list[bytes]:
    """Have an owner keep and store something; the ids of all of it, with the owner: so each row begins on the disk."""
    for number in range(3):
        await ask(client, "问题", noise(number))
    upload = await client.post(
        "/v1/files", files={"file": ("a.jsonl", BATCH + owner.encode() * 50)}, data={"purpose": "batch"}
    )
    picture = await client.post("/v1/files", files={"file": ("a.png", noise(9))}, data={"purpose": "vision"})
    file_id = upload.json()["id"]
    asked = {"input_file_id": file_id, "endpoint": "/v1/chat/completions", "completion_window": "24h"}
    batch = await client.post("/v1/batches", json=asked)
    assert BATCH_IDS.fits(batch.json()["id"])
    ids = [*(str(item["id"]) for item in await kept(client)), file_id, picture.json()["id"], batch.json()["id"]]
    return [f"{each}{owner}".encode() for each in ids]


@asynccontextmanager
async def filled(gateway: Gateway) -> AsyncIterator[tuple[httpx.AsyncClient, list[bytes]]]:
    """A client of the owner `ours`, who has something, and how the rows of all of it begin."""
    async with client_of(gateway, owner="ours") as client:
        yield client, await fill(client, "ours")


async def test_nothing_of_an_owner_is_left_on_the_disk_and_all_of_another_is(keeping: Keeping, tmp_path: Path) -> None:
    gateway = keeping()
    async with filled(gateway) as (client, ours):
        key = client.headers["Authorization"]
        client.headers["Authorization"] = f"Bearer {gateway.keys.create('other', owner='theirs')[1]}"
        theirs = await fill(client, "theirs")
        assert all(holding(tmp_path, each) for each in ours)
        erased = erase_owner(gateway.database, LOG, tmp_path / "files", "ours")
        assert (erased.history, erased.files, erased.batches, erased.verified) == (3, 2, 1, True)
        assert holding(tmp_path, ours) == []
        assert holding(tmp_path, b"oursours") == []
        assert not any(each.decode() == f"{path.name}ours" for each in ours for path in tmp_path.rglob("*"))
        history = [each.removesuffix(b"ours") for each in ours if each.startswith(b"hist_")]
        assert (len(history), holding(tmp_path, history)) == (3, [])  # no index has them either
        assert all(holding(tmp_path, each) for each in theirs)
        items = await kept(client)
        assert len(items) == 3
        pictures = {(await client.get(f"/v1/history/{item['id']}/pictures/0")).content for item in items}
        assert pictures == {noise(number) for number in range(3)}
        for address in ("history", "files", "batches"):
            told = await client.get(f"/v1/{address}", headers={"Authorization": key})
            assert told.json()["data"] == []
    assert holding(tmp_path, ours) == []


async def test_the_sealed_content_is_gone_as_well(keeping: Keeping, tmp_path: Path) -> None:
    gateway = keeping()
    async with filled(gateway):
        with gateway.database.session(read_only=True) as session:
            sealed = session.scalars(select(HistoryPictureRow.content)).all()
            keys = session.scalars(of_everybody(select(HistoryRow.wrapped_key))).all()
        pieces = [each[at : at + 32] for each in (*sealed, *keys) for at in range(0, len(each) - 32, 1_000)]
        assert holding(tmp_path, pieces) != []
        erase_owner(gateway.database, LOG, tmp_path / "files", "ours")
        assert holding(tmp_path, pieces) == []


async def test_what_an_older_version_has_left_in_free_pages_is_found_and_written_over(
    keeping: Keeping, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = keeping()
    rewritten: list[None] = []
    rewrite = Database.rewrite

    def noted(database: Database) -> None:
        rewritten.append(None)
        rewrite(database)

    monkeypatch.setattr(Database, "rewrite", noted)
    async with filled(gateway) as (_, rows):
        with closing(sqlite3.connect(tmp_path / "kantu.db", isolation_level=None)) as connection:
            connection.execute("PRAGMA secure_delete=OFF")
            connection.execute("CREATE TABLE copied AS SELECT * FROM history")
            connection.execute("DROP TABLE copied")
        erase_owner(gateway.database, LOG, tmp_path / "files", "ours")
        assert rewritten == [None]
        assert holding(tmp_path, rows) == []


async def test_traces_that_cannot_be_removed_are_told(
    keeping: Keeping, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = keeping()
    monkeypatch.setattr(Database, "scrub", lambda _: None)  # as if a reader kept the log from being emptied
    monkeypatch.setattr(Database, "rewrite", lambda _: None)
    async with filled(gateway):
        with pytest.raises(StoreError) as incomplete:
            erase_owner(gateway.database, LOG, tmp_path / "files", "ours")
    assert incomplete.value.code == "erasure_incomplete"


async def test_erasing_is_in_the_audit_which_keeps_the_ids_of_what_was_there(keeping: Keeping, tmp_path: Path) -> None:
    gateway = keeping()
    async with filled(gateway) as (_, rows):
        erase_owner(gateway.database, LOG, tmp_path / "files", "ours")
        uploaded = [entry for entry in entries_of(gateway.database) if entry.resource == "files"]
        erased, verified = entries_of(gateway.database)[-2:]
    assert {f"{entry.target_id}ours".encode() for entry in uploaded} <= set(rows)
    assert acts_of(gateway.database).count("erase owner ok") == 1
    assert (erased.action, erased.target_id) == ("erase", "ours")
    assert erased.after == '{"batches":1,"files":2,"history":3}'
    assert (verified.action, verified.resource, verified.after) == ("verify", "erasure", '{"read_on_disk":true}')


async def test_what_cannot_be_recorded_is_not_erased(keeping: Keeping, tmp_path: Path) -> None:
    gateway = keeping()
    async with filled(gateway) as (client, _):
        with gateway.database.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE audit_head SET sequence = 1")
        with pytest.raises(StoreError, match="audit_chain_broken"):
            erase_owner(gateway.database, LOG, tmp_path / "files", "ours")
        assert len(await kept(client)) == 3


@pytest.mark.parametrize("owner", ["ok", "o", "create", "files", "{", ".*"])
async def test_an_owner_may_be_called_like_the_words_of_the_audit(keeping: Keeping, tmp_path: Path, owner: str) -> None:
    gateway = keeping()
    async with client_of(gateway, owner=owner) as client:
        await fill(client, owner)
        for item in (await client.get("/v1/files")).json()["data"]:
            assert (await client.get(f"/v1/files/{item['id']}")).status_code == 200
        (item, *_) = await kept(client)
        assert (await client.delete(f"/v1/history/{item['id']}")).status_code == 200
        erased = erase_owner(gateway.database, LOG, tmp_path / "files", owner)
    assert (erased.history, erased.files, erased.verified) == (2, 2, True)


async def test_erasing_again_or_somebody_unknown_does_nothing(keeping: Keeping, tmp_path: Path) -> None:
    gateway = keeping()
    async with filled(gateway):
        erase_owner(gateway.database, LOG, tmp_path / "files", "ours")
        for owner in ("ours", "nobody"):
            erased = erase_owner(gateway.database, LOG, tmp_path / "files", owner)
            assert (erased.history, erased.files, erased.batches) == (0, 0, 0)


async def test_contents_are_overwritten_before_they_are_removed(keeping: Keeping, tmp_path: Path) -> None:
    gateway = keeping()
    async with filled(gateway):
        (content,) = (path for path in (tmp_path / "files").rglob("file-*") if b"oursours" in path.read_bytes())
        os.link(content, tmp_path / "same blocks")
        erase_owner(gateway.database, LOG, tmp_path / "files", "ours")
    left = (tmp_path / "same blocks").read_bytes()
    assert left == bytes(len(left))
    assert left


def test_in_a_database_elsewhere_rows_go_and_the_tables_are_written_anew(database: Database, tmp_path: Path) -> None:
    erased = erase_owner(database, LOG, tmp_path / "files", "nobody")
    assert erased.verified == (database.engine.dialect.name == "sqlite")
