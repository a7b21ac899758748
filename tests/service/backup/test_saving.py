"""A backup is of one moment, whatever goes on meanwhile, and complete or not there at all."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from kantu.errors import KantuError
from kantu.service.actor import Limits
from kantu.service.backup import saving
from kantu.service.backup.restoring import check, restore
from kantu.service.backup.saving import Saved, back_up
from kantu.service.database.migrate import revisions
from kantu.service.files import usage
from kantu.service.files.content import place_of
from kantu.service.keys import repository
from kantu.service.keys.api_key import KEY_IDS, digest_of
from kantu.service.keys.service import make
from tests.service.actors import ALICE
from tests.service.backup.conftest import KEY, Kind, Place, unrecorded

pytestmark = pytest.mark.whole


def saved(place: Place, path: Path, **options: bool) -> Saved:
    return back_up(path, place.home, place.database, None, record=unrecorded, clock=lambda: 1_700_000_000.9, **options)


def code_of(place: Place, path: Path) -> str:
    with pytest.raises(KantuError) as caught:
        saved(place, path)
    return caught.value.code


def test_the_manifest_says_what_is_in_it(place: Place, kind: Kind, tmp_path: Path) -> None:
    path = tmp_path / "a.backup"
    made = saved(place, path)
    manifest = made.manifest
    assert (manifest.database, manifest.revision, manifest.created_at) == (kind, revisions()[-1], 1_700_000_000)
    names = {member.name.removeprefix("home/"): member.size for member in manifest.members}
    assert {name: size for name, size in names.items() if name != "database.sqlite"} == {
        name: len(data) for name, data in place.kept().items()
    }
    assert (made.files, made.missing) == (4, ())
    assert check(path, None) == manifest
    assert path.stat().st_mode & 0o777 == 0o600


def test_nothing_else_is_left(place: Place, tmp_path: Path) -> None:
    before = {path.name for path in place.home.iterdir()}
    for name in ("drafts", "ab"):
        (place.home / "files" / name).mkdir(exist_ok=True)
    (place.home / "files" / "drafts" / "half").write_bytes(b"half")
    (place.home / "files" / "ab" / "file-orphan").write_bytes(b"orphan")
    made = saved(place, tmp_path / "a.backup")
    assert not [it.name for it in made.manifest.members if "half" in it.name or "orphan" in it.name]
    assert {path.name for path in place.home.iterdir()} == before
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["a.backup"]


def test_a_file_that_is_there_is_not_overwritten(place: Place, tmp_path: Path) -> None:
    path = tmp_path / "precious"
    path.write_bytes(b"precious")
    assert code_of(place, path) == "backup_exists"
    assert path.read_bytes() == b"precious"
    assert code_of(place, tmp_path / "no such folder" / "a.backup") == "backup_unwritable"


def test_where_there_is_nothing_there_is_nothing_to_back_up(
    make_place: Callable[[Kind], Place], kind: Kind, tmp_path: Path
) -> None:
    place = make_place(kind)
    assert code_of(place, tmp_path / "a.backup") == "nothing_to_back_up"
    place.database.upgrade()
    assert code_of(place, tmp_path / "a.backup") == "nothing_to_back_up"


def test_contents_that_are_lost_are_told_of(place: Place, tmp_path: Path) -> None:
    lost = place.upload(b"lost")
    (place.home / "files" / place_of(lost.id)).unlink()
    path = tmp_path / "a.backup"
    assert code_of(place, path) == "backup_incomplete"
    assert not [found for found in tmp_path.iterdir() if found.is_file()]
    assert saved(place, path, allow_missing=True).missing == (lost.id,)


def test_what_is_deleted_meanwhile_is_deleted_in_the_backup(
    place: Place, make_place: Callable[[Kind], Place], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the database was copied, before the content was."""
    deleted, copy_from = place.upload(b"deleted meanwhile"), saving.copy_from

    def copy_and_delete(*arguments: object) -> None:
        copy_from(*arguments)  # type: ignore[arg-type]
        asyncio.run(place.files.delete(ALICE, deleted.id))

    monkeypatch.setattr(saving, "copy_from", copy_and_delete)
    made = saved(place, tmp_path / "a.backup")
    assert (made.files, made.missing) == (4, ())
    restored = make_place("sqlite")
    restore(tmp_path / "a.backup", restored.home, restored.database, None, force=False, stage=unrecorded)
    assert without_audit(restored.rows()) == without_audit(place.rows())  # and no longer counts
    assert restored.kept() == place.kept()


def without_audit(rows: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """All but the audit, where the deletion is that came later."""
    return {name: found for name, found in rows.items() if not name.startswith("audit_")}


@contextmanager
def at_work(*works: Callable[[], None]) -> Iterator[None]:
    """Threads that do something again and again, and have done it at least once before the block and after it."""
    done, failures = threading.Event(), list[BaseException]()
    begun = [threading.Event() for _ in works]

    def repeat(work: Callable[[], None], started: threading.Event) -> None:
        try:
            while not done.is_set():
                work()
                started.set()
        except BaseException as failure:
            failures.append(failure)
            started.set()

    threads = [threading.Thread(target=repeat, args=pair) for pair in zip(works, begun, strict=True)]
    for thread in threads:
        thread.start()
    for event in begun:
        assert event.wait(60)
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert failures == []


@pytest.mark.parametrize("into", ["sqlite", "postgresql"])
def test_with_writes_going_on_it_is_consistent(
    place: Place, make_place: Callable[[Kind], Place], into: Kind, tmp_path: Path
) -> None:
    """Keys in pairs within a transaction; files that come and go. Every row has its content, and counts agree."""

    def add_pair() -> None:
        with place.database.session() as session:
            for name in ("left", "right"):
                _insert_key(session, name)

    def come_and_go() -> None:
        staying, going = place.upload(b"x" * 50), place.upload(b"y" * 70)
        assert staying.size == 50
        asyncio.run(place.files.delete(ALICE, going.id))

    paths = [tmp_path / f"{number}.backup" for number in range(3)]
    with at_work(add_pair, come_and_go):
        for path in paths:
            saved(place, path)
    for path in paths:
        restored = make_place(into)
        restore(path, restored.home, restored.database, None, force=False, stage=unrecorded)
        names = [key.name for key in restored.keys.list()]
        assert names.count("left") == names.count("right") > 0
        rows = restored.rows()["files"]
        contents = {Path(name).name: data for name, data in restored.kept().items() if name.startswith("files/")}
        assert {row["id"]: row["size"] for row in rows} == {name: len(data) for name, data in contents.items()}
        with restored.database.session() as session:
            mine = [row["size"] for row in rows if row["owner"] == "alice"]
            counted = usage.usage_of(session, "alice")
        results = sum(row["result_bytes"] for row in restored.rows()["batches"] if row["owner"] == "alice")
        assert (counted.tenant_files, counted.tenant_bytes) == (len(mine), sum(mine) + results)


def _insert_key(session: Session, name: str) -> None:
    key, text = make(
        KEY_IDS.new(), name, owner=None, models=None, endpoints=None, limits=Limits(), created_at=1, expires_at=None
    )
    repository.add(session, key, digest_of(text))


def test_a_killed_backup_leaves_no_file_that_looks_whole(place: Place, tmp_path: Path) -> None:
    path = tmp_path / "a.backup"
    place.database.close()  # no connection is shared
    child = os.fork()
    if child == 0:
        saving.put_in_place = lambda *_: os.kill(os.getpid(), 9)  # type: ignore[assignment, return-value]
        saved(place, path)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 9
    assert not path.exists()
    assert saved(place, path).files == 4  # and is no hindrance
    assert sorted(found.name for found in tmp_path.iterdir() if found.is_file()) == ["a.backup"]
    assert not (place.home / ".backup").exists()


def test_encrypted_nothing_of_it_can_be_read(place: Place, tmp_path: Path) -> None:
    for cipher in ("aes-256-gcm", "sm4-gcm"):
        path = tmp_path / cipher
        back_up(path, place.home, place.database, KEY, cipher, record=unrecorded)  # type: ignore[arg-type]
        data = path.read_bytes()
        assert not [word for word in (b"kt-mine", b"api_keys", "内容".encode(), b"first-key") if word in data]
        assert check(path, KEY).members
