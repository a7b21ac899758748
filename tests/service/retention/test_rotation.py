"""A new master key takes over every data key, and the service goes on meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from kantu.errors import StoreError
from kantu.service.actor import Actor
from kantu.service.database import Database
from kantu.service.database.owners import of_everybody
from kantu.service.database.repository import Paging
from kantu.service.gcm import CipherName
from kantu.service.retention.keyring import KeyRing, MasterKey, read_keys, write_keys
from kantu.service.retention.record import Exchange
from kantu.service.retention.repository import HistoryRow
from kantu.service.retention.rotation import rotate, wrap_all
from kantu.service.retention.service import HistoryService, Retention
from tests.service.actors import ALICE, BOB
from tests.service.audits import LOG, acts_of, entries_of

pytestmark = pytest.mark.anyio


def history_of(database: Database, key_file: Path, cipher: CipherName = "aes-256-gcm") -> HistoryService:
    keys = KeyRing(key_file)
    return HistoryService(database, LOG, Retention(1, keys, cipher, 2**20), keys)


async def said(history: HistoryService, actor: Actor) -> list[str]:
    return [listed.title for listed in (await history.page(actor, Paging(order="asc")))[0]]


def exchange(said: str) -> Exchange:
    return Exchange("chat", "m", said, ["y"], (b"picture",))


async def test_everything_kept_is_wrapped_with_the_new_key_and_can_still_be_read(
    database: Database, key_file: Path
) -> None:
    history = history_of(database, key_file)
    for actor, cipher in ((ALICE, "aes-256-gcm"), (BOB, "sm4-gcm")):
        await history_of(database, key_file, cipher).keep(actor, exchange(f"of {actor.tenant}"))  # type: ignore[arg-type]
    (before,) = read_keys(key_file)
    assert rotate(database, LOG, key_file) == 2
    now, *older = read_keys(key_file)
    assert older == [before]
    with database.session(read_only=True) as session:
        assert set(session.scalars(of_everybody(select(HistoryRow.master_key_id)))) == {now.id}
    assert (await said(history, ALICE), await said(history, BOB)) == (["of alice"], ["of bob"])
    (opened,), _ = await history.page(BOB, Paging())
    assert await history.picture(BOB, opened.record.id, 0) == b"picture"


async def test_a_running_service_wraps_with_the_new_key_from_then_on(database: Database, key_file: Path) -> None:
    history = history_of(database, key_file)
    rotate(database, LOG, key_file)
    await history.keep(ALICE, exchange("later"))
    assert rotate(database, LOG, key_file) == 1
    assert await said(history, ALICE) == ["later"]


async def test_of_old_keys_only_the_last_one_stays(database: Database, key_file: Path) -> None:
    history = history_of(database, key_file)
    await history.keep(ALICE, exchange("first"))
    (first,) = read_keys(key_file)
    for _ in range(3):
        rotate(database, LOG, key_file)
    keys = read_keys(key_file)
    assert len(keys) == 2
    assert first not in keys
    assert await said(history, ALICE) == ["first"]


def test_every_rotation_is_in_the_audit(database: Database, key_file: Path) -> None:
    (old,) = read_keys(key_file)
    rotate(database, LOG, key_file)
    wrap_all(database, LOG, key_file)
    new = read_keys(key_file)[0]
    assert acts_of(database) == ["rotate retention ok"] * 2
    assert [(entry.before, entry.after) for entry in entries_of(database)] == [
        (f'{{"key_id":"{old.id}"}}', f'{{"key_id":"{new.id}"}}'),
        (None, f'{{"key_id":"{new.id}","wrap_only":true}}'),
    ]


def test_what_cannot_be_recorded_makes_no_key(database: Database, key_file: Path) -> None:
    rotate(database, LOG, key_file)
    keys = read_keys(key_file)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE audit_head SET sequence = 7")
    for run in (rotate, wrap_all):
        with pytest.raises(StoreError, match="audit_chain_broken"):
            run(database, LOG, key_file)
    assert read_keys(key_file) == keys


def test_the_first_rotation_makes_the_file(database: Database, tmp_path: Path) -> None:
    assert rotate(database, LOG, tmp_path / "keys") == 0
    assert len(read_keys(tmp_path / "keys")) == 1


async def test_a_file_that_is_kept_elsewhere_is_only_followed(database: Database, key_file: Path) -> None:
    history = history_of(database, key_file)
    await history.keep(ALICE, exchange("x"))
    (old,) = read_keys(key_file)
    new = MasterKey.new()
    write_keys(key_file, [new, old])
    assert wrap_all(database, LOG, key_file) == 1
    write_keys(key_file, [new])
    assert await said(history, ALICE) == ["x"]


async def test_a_lost_key_ends_the_rotation_and_no_key_is_forgotten(database: Database, key_file: Path) -> None:
    await history_of(database, key_file).keep(ALICE, exchange("x"))
    (lost,) = read_keys(key_file)
    write_keys(key_file, [MasterKey.new(), MasterKey.new(), MasterKey.new()])
    with pytest.raises(StoreError) as failed:
        rotate(database, LOG, key_file)
    assert failed.value.code == "history_unreadable"
    assert len(read_keys(key_file)) == 4
    write_keys(key_file, [*read_keys(key_file), lost])
    assert rotate(database, LOG, key_file) == 1
