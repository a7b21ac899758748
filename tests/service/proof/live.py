"""`kantu serve` with the embedded model as a process of its own, to be attacked, starved and killed."""

from __future__ import annotations

import re
import signal
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from kantu.service.audit.opening import open_audit_log
from kantu.service.database import Database
from kantu.service.keys.service import KeyService
from kantu.service.settings import AuditSettings
from tests.service.warm import Started, bare_environment, start

MODEL = "kantu-mini"
CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"
LONG = 1500
"""Tokens of an answer that is still being written when a test does something to it."""

_LISTENING = re.compile(r"看图正在监听 (http://\S+:(\d+))")
_READY = f"模型 {MODEL} 已就绪"
_PATIENCE_SECONDS = 60.0
_START_SECONDS = 180.0  # a start is seconds of computing, and takes many times as long on a machine that is busy
_ENGINE = "kantu.engine.process.child"
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # nothing that the system trusts is read for each client
_SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class LiveGateway:
    """A running service."""

    process: Started
    home: Path
    log: Path

    @property
    def address(self) -> str:
        return _listening(self.log)[1]

    @property
    def port(self) -> int:
        return int(_listening(self.log)[2])

    @property
    def key(self) -> str:
        """The one that the first start has made."""
        return (self.home / "first-key").read_text(encoding="ascii").strip()

    def new_key(self, **key: Any) -> str:
        """The text of a fresh key, made as `kantu keys create` makes it: beside the running service."""
        database = Database.sqlite(self.home / "kantu.db")
        try:
            return KeyService(database, open_audit_log(AuditSettings(), self.home, database)).create("test", **key)[1]
        finally:
            database.close()

    def client(self, key: str | None = None, **options: Any) -> httpx.Client:
        headers = {"Authorization": f"Bearer {key or self.key}", "Accept-Language": "en"}
        return httpx.Client(
            base_url=self.address,
            headers=headers,
            timeout=_PATIENCE_SECONDS,
            trust_env=False,
            verify=_NO_TLS,
            **options,
        )

    def exchange(self, sent: bytes, source: str = "127.0.0.1") -> tuple[int, str | None]:
        """(status, code) of what is answered to bytes on a connection of their own, which the service then closes.

        A status of 0 is a connection that was closed without a word.
        """
        with self.connect(source) as connection:
            received = b""
            try:
                connection.sendall(sent)
                while piece := connection.recv(2**16):
                    received += piece
            except ConnectionError:  # closed while we were still sending
                pass
        if not received:
            return 0, None
        head, _, body = received.partition(b"\r\n\r\n")
        response = httpx.Response(int(head.split(b" ")[1]), content=body)
        return code_of(response)

    def connect(self, source: str = "127.0.0.1") -> socket.socket:
        """A connection on which nothing has been said, from one of this machine's addresses."""
        return socket.create_connection(("127.0.0.1", self.port), _PATIENCE_SECONDS, (source, 0))

    def metric(self, name: str, **labels: str) -> float:
        """The sum of the samples of a name that carry these labels; 0 where there are none."""
        text = self.get("/metrics").text
        wanted = {f'{label}="{value}"' for label, value in labels.items()}
        samples = (match.groups() for match in _SAMPLE.finditer(text))
        return sum(
            float(value)
            for found, given, value in samples
            if found == name and all(label in (given or "") for label in wanted)
        )

    def get(self, path: str) -> httpx.Response:
        """What is answered without a key, on a connection of its own."""
        return httpx.get(f"{self.address}{path}", trust_env=False, timeout=_PATIENCE_SECONDS, verify=_NO_TLS)

    def running(self) -> float:
        """Answers that the engine is writing."""
        return self.metric("kantu_engine_running")

    def engine_pid(self) -> int:
        """The process of the engine, started by the service's; that of the decoders is beside it."""
        (found,) = [child.pid for child in psutil.Process(self.process.pid).children() if _ENGINE in _command(child)]
        return int(found)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def ended(self) -> int:
        """The exit status, which comes soon."""
        return self.process.wait(timeout=_PATIENCE_SECONDS)


@contextmanager
def live_gateway(
    folder: Path,
    environment: dict[str, str] | None = None,
    *arguments: str,
    ready: bool = True,
    module: str = "kantu.cli",
) -> Iterator[LiveGateway]:
    """A service with its data in `folder`/home; what is there already is used again.

    Args:
        environment: settings, as `KANTU_SECTION_NAME`.
        ready: wait until its model is loaded, else only until it listens.
        module: whose `main` is called.
    """
    variables = bare_environment() | {
        "KANTU_HOME": str(folder / "home"),
        "KANTU_SERVER_PAGE": "false",
        **(environment or {}),
    }
    log = folder / f"log-{time.monotonic_ns()}"
    with log.open("wb") as written:
        process = start(
            "serve", "--port", "0", *arguments, cwd=folder, environment=variables, output=written, module=module
        )
    gateway = LiveGateway(process, folder / "home", log)
    try:
        said = _READY if ready else "看图正在监听"
        wait_until(lambda: process.poll() is not None or said in _text(log), _START_SECONDS)
        assert process.poll() is None, _text(log)
        yield gateway
    finally:
        process.end()


def wait_until(holds: Callable[[], bool], seconds: float = _PATIENCE_SECONDS) -> None:
    """Return once something holds, which must happen soon."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def question(text: str = "这是什么？", **fields: Any) -> dict[str, Any]:
    """The body of a chat completion with a short answer."""
    return {"model": MODEL, "messages": [{"role": "user", "content": text}], "max_tokens": 2, **fields}


def long_question(**fields: Any) -> dict[str, Any]:
    """The body of one whose answer takes seconds."""
    return question("请从一数到一千。", max_tokens=LONG, min_tokens=LONG, **fields)


def code_of(response: httpx.Response) -> tuple[int, str | None]:
    """(status, code) of an answer; every refusal has our envelope, or Anthropic's."""
    if response.status_code < 400:
        return response.status_code, None
    body = response.json()
    error = body["error"]
    assert error["message"]
    if body.get("type") == "error":
        assert set(error) == {"type", "message", "details"}, error
        return response.status_code, error["details"]["error_code"]
    assert set(error) == {"message", "type", "param", "code"}, error
    return response.status_code, error["code"]


def _text(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")


def _listening(log: Path) -> re.Match[str]:
    found = _LISTENING.search(_text(log))
    assert found is not None
    return found


def _command(process: psutil.Process) -> list[str]:
    try:
        command: list[str] = process.cmdline()
    except psutil.Error:  # it has ended
        return []
    return command
