"""What was sealed comes out again, or nothing does."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pytest

from kantu.errors import InvalidRequestError
from kantu.service.backup import sealing
from kantu.service.backup.sealing import SealedReader, SealedWriter, Secret, read_key_file, read_passphrase
from kantu.service.gcm import CipherName
from tests.service.backup.conftest import KEY

PATH = Path("a.backup")
WAYS: list[tuple[Secret | None, CipherName]] = [(None, "aes-256-gcm"), (KEY, "aes-256-gcm"), (KEY, "sm4-gcm")]

pytestmark = pytest.mark.whole


def sealed(data: bytes, secret: Secret | None = None, cipher: CipherName = "aes-256-gcm") -> bytes:
    file = io.BytesIO()
    writer = SealedWriter(file, secret, cipher)
    for start in range(0, len(data), 700):
        writer.write(data[start : start + 700])
    writer.close()
    return file.getvalue()


def opened(written: bytes, secret: Secret | None = None) -> bytes:
    reader = SealedReader(io.BytesIO(written), PATH, secret)
    pieces = []
    while piece := reader.read(999):
        pieces.append(piece)
    return b"".join(pieces)


def code_of(written: bytes, secret: Secret | None = None) -> str:
    with pytest.raises(InvalidRequestError) as caught:
        opened(written, secret)
    return caught.value.code


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> int:
    """Bytes of a chunk, so that little data has several."""
    monkeypatch.setattr(sealing, "_CHUNK_BYTES", 64)
    return 64


@pytest.mark.parametrize(("secret", "cipher"), WAYS)
@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 128, 1000])
@pytest.mark.usefixtures("small_chunks")
def test_what_goes_in_comes_out(size: int, secret: Secret | None, cipher: CipherName) -> None:
    data = random.Random(size).randbytes(size)
    written = sealed(data, secret, cipher)
    assert opened(written, secret) == data
    assert secret is None or size < 16 or data[:16] not in written


def test_a_passphrase_opens_what_it_closed() -> None:
    secret = read_passphrase("正确的马 电池 订书钉 十二")
    written = sealed(b"data", secret, "sm4-gcm")
    assert opened(written, read_passphrase("正确的马 电池 订书钉 十二")) == b"data"
    assert code_of(written, read_passphrase("正确的马 电池 订书钉 十三")) == "backup_key_wrong"
    assert code_of(written, KEY) == "backup_key_needed"


@pytest.mark.parametrize(("secret", "cipher"), WAYS)
@pytest.mark.usefixtures("small_chunks")
def test_any_changed_byte_is_found(secret: Secret | None, cipher: CipherName) -> None:
    written = sealed(bytes(200), secret, cipher)
    for place in range(len(written)):
        changed = bytearray(written)
        changed[place] ^= 1
        assert code_of(bytes(changed), secret).startswith(("backup_", "not_a_backup")), place


@pytest.mark.parametrize(("secret", "cipher"), WAYS)
@pytest.mark.usefixtures("small_chunks")
def test_any_cut_is_found(secret: Secret | None, cipher: CipherName) -> None:
    written = sealed(bytes(200), secret, cipher)
    for size in range(len(sealing.MAGIC), len(written)):
        assert code_of(written[:size], secret) == "backup_damaged", size


@pytest.mark.parametrize(("secret", "cipher"), WAYS)
def test_chunks_cannot_change_places_or_come_twice(
    small_chunks: int, secret: Secret | None, cipher: CipherName
) -> None:
    written = sealed(bytes(4 * small_chunks), secret, cipher)
    size = small_chunks + (32 if secret is None else 16)
    head, chunks = written[: -4 * size], [written[len(written) - n * size :][:size] for n in (4, 3, 2, 1)]
    assert head + b"".join(chunks) == written
    for order in ([1, 0, 2, 3], [0, 1, 1, 3], [0, 2, 1, 3], [0, 3], [0, 1, 2, 3, 3]):
        assert code_of(head + b"".join(chunks[it] for it in order), secret) == "backup_damaged"


def test_no_two_files_are_alike() -> None:
    assert sealed(b"data", KEY) != sealed(b"data", KEY)


def test_what_is_not_encrypted_is_not_taken_for_what_is() -> None:
    assert code_of(sealed(b"data"), KEY) == "backup_not_encrypted"
    assert code_of(sealed(b"data", KEY)) == "backup_key_needed"
    assert code_of(sealed(b"data", KEY), Secret("key-file", bytes(32))) == "backup_key_wrong"


def test_other_files_and_newer_formats_are_told_apart() -> None:
    assert code_of(b"PK\3\4 something else") == "not_a_backup"
    assert code_of(b"") == "not_a_backup"
    assert code_of(sealing.MAGIC + b'{"format": 2, "cipher": "ml"}\n') == "backup_too_new"
    assert code_of(sealing.MAGIC + b"[]\n") == "backup_damaged"


def test_short_secrets_are_refused(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(bytes(31))
    for read in (lambda: read_passphrase("十一个字符的口令还不够"), lambda: read_key_file(tmp_path / "key")):
        with pytest.raises(InvalidRequestError) as caught:
            read()
        assert caught.value.code == "invalid_backup_key"
    with pytest.raises(InvalidRequestError, match="backup_unreadable"):
        read_key_file(tmp_path / "missing")
