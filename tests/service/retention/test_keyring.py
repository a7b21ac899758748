"""The file of master keys."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from kantu.errors import InvalidRequestError, StoreError
from kantu.service.retention.keyring import KeyRing, MasterKey, read_keys, write_keys


def test_keys_come_back_in_their_order_and_only_their_owner_can_read_them(tmp_path: Path) -> None:
    keys = (MasterKey.new(), MasterKey.new())
    write_keys(tmp_path / "keys", keys)
    assert read_keys(tmp_path / "keys") == keys
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["keys"]


def test_a_key_is_not_shown() -> None:
    key = MasterKey.new()
    assert repr(key) == f"MasterKey(id={key.id!r})"


@pytest.mark.parametrize("content", ["", "mk_1 AAAA\n", "mk_" + "0" * 24 + " AAAA\n", "mk_" + "0" * 24 + "\n", "密钥"])
def test_what_is_no_such_file_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "keys"
    path.write_text(content, "utf-8")
    path.chmod(0o600)
    with pytest.raises(InvalidRequestError) as refused:
        KeyRing(path)
    assert refused.value.code == "retention_key_file"


def test_a_file_that_is_missing_or_that_everybody_can_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError):
        KeyRing(tmp_path / "keys")
    write_keys(tmp_path / "keys", [MasterKey.new()])
    (tmp_path / "keys").chmod(0o644)
    with pytest.raises(InvalidRequestError):
        KeyRing(tmp_path / "keys")


def test_a_running_service_follows_its_file(tmp_path: Path) -> None:
    path, old, new = tmp_path / "keys", MasterKey.new(), MasterKey.new()
    write_keys(path, [old])
    ring = KeyRing(path)
    assert ring.current == old
    write_keys(path, [new, old])
    assert (ring.current, ring.get(old.id)) == (new, old)
    write_keys(path, [new])
    with pytest.raises(StoreError) as gone:
        ring.get(old.id)
    assert gone.value.code == "history_unreadable"
