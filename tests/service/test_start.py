"""What `kantu serve` listens on (beyond this machine only over TLS, or where that is meant), and begins with."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from kantu.errors import InvalidRequestError
from kantu.service.settings import ServerSettings
from kantu.service.start import listen
from tests.service.fetch.certificates import Authority

pytestmark = pytest.mark.whole


def refused(settings: ServerSettings) -> str:
    with pytest.raises(InvalidRequestError) as caught:
        listen(settings)
    return caught.value.code


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "localhost", "::1"])
def test_this_machine_needs_no_tls(host: str) -> None:
    with listen(ServerSettings(host=host, port=0)) as listener:
        assert listener.getsockname()[1] > 0


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "::", "", "192.0.2.1", "10.0.0.1", "::ffff:10.0.0.1", "127.example.com", "localhost.example.com"],
)
def test_anywhere_else_needs_tls_or_a_word(host: str) -> None:
    assert refused(ServerSettings(host=host, port=0)) == "insecure_listen"


def test_the_word_is_enough() -> None:
    with listen(ServerSettings(host="0.0.0.0", port=0, allow_insecure=True)) as listener:
        assert listener.getsockname()[0] == "0.0.0.0"


def test_tls_is_enough(tmp_path: Path) -> None:
    Authority(tmp_path).context("gateway.example")
    pem = tmp_path / "gateway.example.pem"
    with listen(ServerSettings(host="0.0.0.0", port=0, tls_certificate=pem, tls_key=pem)) as listener:
        assert listener.getsockname()[0] == "0.0.0.0"


def test_tls_that_does_not_work_does_not_count(tmp_path: Path) -> None:
    missing = tmp_path / "missing.pem"
    assert refused(ServerSettings(host="0.0.0.0", tls_certificate=missing, tls_key=missing)) == "invalid_settings"
    assert refused(ServerSettings(tls_certificate=missing)) == "invalid_settings"


def test_a_port_that_is_taken_is_an_error_of_ours() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert refused(ServerSettings(port=taken.getsockname()[1])) == "cannot_listen"
    assert refused(ServerSettings(host="192.0.2.1", port=0, allow_insecure=True)) == "cannot_listen"


def test_engines_are_started_before_what_serves_requests_is_imported() -> None:
    """Importing it takes seconds, in which they load."""
    code = "import sys, kantu.service.start; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "kantu.service.models.registry" in loaded
    assert not {"kantu.service.gateway", "kantu.service.server", "fastapi", "torch"} & set(loaded)
