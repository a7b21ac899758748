"""The key that signs: from a file, its owner's only, and never made anew where it would hide a loss."""

from __future__ import annotations

import hashlib
import hmac
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kantu.errors import StoreError
from kantu.service.audit.keys import AuditKeys, make_key_file, read_keys
from kantu.service.audit.opening import open_audit_log
from kantu.service.database import Database
from kantu.service.settings import AuditSettings
from tests.service.audits import record

OLD, NEW = b"o" * 32, b"n" * 32


def test_a_file_that_is_made_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "audit" / "key"
    make_key_file(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [file.name for file in path.parent.iterdir()] == ["key"]


def test_processes_that_start_at_once_have_the_same_key(tmp_path: Path) -> None:
    path = tmp_path / "key"
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: make_key_file(path), range(8)))
    made = path.read_text()
    make_key_file(path)
    assert path.read_text() == made


@pytest.mark.parametrize("content", ["", "short\n", "g" * 64, "Ａ" * 64])
def test_what_is_no_key_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "key"
    path.write_text(content, encoding="utf-8")
    path.chmod(0o600)
    with pytest.raises(StoreError, match="audit_key_unreadable"):
        read_keys(path)


def test_a_key_that_everybody_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    make_key_file(path)
    path.chmod(0o604)
    with pytest.raises(StoreError, match="audit_key_insecure"):
        read_keys(path)


def test_a_key_that_cannot_be_written_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="audit_key_unwritable"):
        make_key_file(tmp_path / "file" / "key")


def test_signatures_are_those_of_the_standards() -> None:
    keys = AuditKeys([OLD])
    assert keys.sign(b"data", "hmac-sha256") == hmac.digest(OLD, b"data", "sha256")
    # HMAC (RFC 2104) over SM3, by hand
    inner = _sm3(bytes(byte ^ 0x36 for byte in OLD.ljust(64, b"\0")) + b"data")
    assert keys.sign(b"data", "hmac-sm3") == _sm3(bytes(byte ^ 0x5C for byte in OLD.ljust(64, b"\0")) + inner)


def test_sm3_is_that_of_gb_t_32905() -> None:
    assert _sm3(b"abc").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"


def test_the_last_key_signs_and_the_older_ones_are_still_known() -> None:
    old, both = AuditKeys([OLD]), AuditKeys([OLD, NEW])
    signed = old.sign(b"data", "hmac-sha256")
    assert both.current_id != old.current_id
    assert both.is_signed(b"data", signed, "hmac-sha256", old.current_id)
    assert not both.is_signed(b"data", signed, "hmac-sha256", both.current_id)
    assert not both.is_signed(b"data", signed, "hmac-md5", old.current_id)
    assert not old.is_signed(b"data", both.sign(b"data", "hmac-sha256"), "hmac-sha256", both.current_id)


def test_a_first_start_makes_a_key_and_the_next_one_reads_it(database: Database, tmp_path: Path) -> None:
    log = open_audit_log(AuditSettings(), tmp_path, database)
    record(database, log=log)
    assert open_audit_log(AuditSettings(), tmp_path, database).keys.ids == log.keys.ids


def test_no_key_is_made_for_records_that_another_one_has_signed(database: Database, tmp_path: Path) -> None:
    record(database)
    with pytest.raises(StoreError, match="audit_key_unreadable"):
        open_audit_log(AuditSettings(), tmp_path, database)
    make_key_file(tmp_path / "audit" / "key")
    with pytest.raises(StoreError, match="audit_key_wrong"):
        open_audit_log(AuditSettings(), tmp_path, database)


def _sm3(data: bytes) -> bytes:
    from cryptography.hazmat.primitives import hashes

    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    found = digest.finalize()
    if "sm3" in hashlib.algorithms_available:
        assert found == hashlib.new("sm3", data).digest()
    return found
