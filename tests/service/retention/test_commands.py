"""`kantu retention rotate` and `kantu erase`, as they are typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from kantu.cli import app
from kantu.service.actor import Actor
from kantu.service.database import Database
from kantu.service.database.repository import Paging
from kantu.service.retention.keyring import KeyRing, read_keys
from kantu.service.retention.record import Exchange
from kantu.service.retention.service import HistoryService, Retention
from tests.service.audits import LOG, acts_of

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the test's own."""
    folder = tmp_path / "home"
    monkeypatch.setenv("KANTU_HOME", str(folder))
    return folder


def kantu_(*arguments: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(app, list(arguments), input=typed)


async def keep(home: Path, key_file: Path, tenant: str) -> None:
    """Have somebody keep something in the home's database."""
    database = Database.sqlite(home / "kantu.db")
    keys = KeyRing(key_file)
    exchange = Exchange("chat", "m", "x", ["y"])
    await HistoryService(database, LOG, Retention(1, keys, "sm4-gcm", 2**20), keys).keep(
        Actor("key_1", tenant), exchange
    )
    database.close()


def acts(home: Path) -> list[str]:
    database = Database.sqlite(home / "kantu.db")
    found = acts_of(database)
    database.close()
    return found


async def left(home: Path, key_file: Path, tenant: str) -> int:
    database = Database.sqlite(home / "kantu.db")
    found, _ = await HistoryService(database, LOG, None, KeyRing(key_file)).page(Actor("key_1", tenant), Paging())
    database.close()
    return len(found)


async def test_the_first_rotation_makes_a_key_and_the_next_one_another(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key_file = tmp_path / "keys"
    monkeypatch.setenv("KANTU_RETENTION_KEY_FILE", str(key_file))
    first = kantu_("retention", "rotate")
    assert first.exit_code == 0, first.output
    assert first.stdout == ""
    (old,) = read_keys(key_file)
    assert str(old.secret) not in first.output
    await keep(home, key_file, "甲")
    second = kantu_("retention", "rotate")
    assert "重新加密了 1 个数据密钥" in second.stderr
    assert read_keys(key_file)[1] == old
    assert "重新加密了 0 个数据密钥" in kantu_("retention", "rotate", "--wrap-only").stderr
    assert await left(home, key_file, "甲") == 1


def test_without_a_place_for_the_key_there_is_no_rotation(home: Path) -> None:
    assert "[retention_key_missing]" in kantu_("retention", "rotate").output
    assert acts(home) == ["rotate retention failed"]


def test_an_erasure_that_left_something_has_failed_in_the_audit_as_well(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kantu.service.retention.erasure._left", lambda *_: 1)
    assert "[erasure_incomplete]" in kantu_("erase", "--owner", "甲", "--yes").output
    assert acts(home) == ["erase owner ok", "erase owner failed"]


async def test_an_owner_is_erased_once_that_is_confirmed(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key_file = tmp_path / "keys"
    monkeypatch.setenv("KANTU_RETENTION_KEY_FILE", str(key_file))
    kantu_("retention", "rotate")
    for tenant in ("甲", "乙"):
        await keep(home, key_file, tenant)
    assert kantu_("erase", "--owner", "甲", typed="n\n").exit_code != 0
    assert await left(home, key_file, "甲") == 1
    erased = kantu_("erase", "--owner", "甲", "--yes")
    assert erased.exit_code == 0, erased.output
    assert "抹掉了 1 次提问" in erased.stderr
    assert "数据库文件里已没有它们" in erased.stderr
    assert (await left(home, key_file, "甲"), await left(home, key_file, "乙")) == (0, 1)
    assert acts(home) == ["rotate retention ok", "erase owner ok", "verify erasure ok"]
    assert "没有问题" in kantu_("audit", "verify").stdout
