"""A certificate that cannot be served with is an error of the settings, before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization as pems

from kantu.errors import InvalidRequestError
from kantu.service.tls import check_certificate
from tests.service.fetch.certificates import Authority


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    """A certificate and its key in one file."""
    Authority(tmp_path).context("gateway.example")
    return tmp_path / "gateway.example.pem"


def refused(certificate: Path | None, key: Path | None) -> InvalidRequestError:
    with pytest.raises(InvalidRequestError) as caught:
        check_certificate(certificate, key)
    assert caught.value.code == "invalid_settings"
    return caught.value


def test_neither_or_both_is_right(pem: Path) -> None:
    check_certificate(None, None)
    check_certificate(pem, pem)


def test_one_without_the_other_names_the_one_that_is_missing(pem: Path) -> None:
    assert refused(pem, None).param == "server.tls_key"
    assert refused(None, pem).param == "server.tls_certificate"


def test_files_that_are_missing_no_pem_or_no_pair_are_refused(pem: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    Authority(other).context("gateway.example")
    (tmp_path / "text").write_text("no PEM")
    for key in (tmp_path / "missing", tmp_path, tmp_path / "text", other / "gateway.example.pem"):
        assert str(key) not in refused(pem, key).message


def test_a_key_with_a_password_is_refused_not_asked_for(pem: Path, tmp_path: Path) -> None:
    key = pems.load_pem_private_key(pem.read_bytes(), None)
    locked = tmp_path / "locked.pem"
    locked.write_bytes(
        key.private_bytes(pems.Encoding.PEM, pems.PrivateFormat.PKCS8, pems.BestAvailableEncryption(b"password"))
    )
    refused(pem, locked)
