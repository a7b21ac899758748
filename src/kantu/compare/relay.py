"""A relay between a client and one service over HTTP, that misbehaves as it is told: how faults are put in."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import urlsplit

WireFault = Literal["", "slow", "garbage", "rate_limited", "silent"]
"""What a relay does instead of relaying: nothing; wait before it relays; answer with bytes that mean nothing; answer
with 429; never answer."""
Fault = Literal["killed"] | WireFault
"""What can happen to a service; its process is killed, not the relay."""

RETRY_AFTER_SECONDS = 1
_GARBAGE = b'{"\xff\x00\x17' + bytes(range(200, 256)) * 4
_HOP_BY_HOP = frozenset(("connection", "keep-alive", "transfer-encoding", "content-length", "host"))
_SERVICE_SECONDS = 120.0  # of silence of the service behind
_LONGEST_SILENCE_SECONDS = 600.0


class Relay:
    """Relays to one service. `fault` may change at any time; requests that come then see the new one.

    Attributes:
        url: where clients reach the service through it; the path is that of the service's own address.
        requests: how many have come.
        slow_seconds: what `slow` waits.
    """

    def __init__(self, service: str, *, slow_seconds: float) -> None:
        self._to = urlsplit(service)
        self.slow_seconds = slow_seconds
        self.fault: WireFault = ""
        self.requests = 0
        self._healed = threading.Event()
        self._server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"relay": self}))
        host, port = self._server.server_address[:2]
        self.url = f"http://{host!s}:{port}{self._to.path}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    @contextmanager
    def failing(self, fault: WireFault) -> Iterator[None]:
        """The fault for as long as the context lasts."""
        self._healed.clear()
        self.fault = fault
        try:
            yield
        finally:
            self.fault = ""
            self._healed.set()

    def wait_until_healed(self) -> None:
        """Say nothing while the fault lasts."""
        self._healed.wait(_LONGEST_SILENCE_SECONDS)

    def connect(self) -> http.client.HTTPConnection:
        """To the service."""
        kind = http.client.HTTPSConnection if self._to.scheme == "https" else http.client.HTTPConnection
        return kind(self._to.hostname or "", self._to.port, timeout=_SERVICE_SECONDS)

    @property
    def service_host(self) -> str:
        """As its Host header names it."""
        return self._to.netloc

    def close(self) -> None:
        self._healed.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"
    relay: Relay

    def do_GET(self) -> None:
        self._relay()

    def do_POST(self) -> None:
        self._relay()

    def _relay(self) -> None:
        relay, body = self.relay, self.rfile.read(int(self.headers.get("Content-Length") or 0))
        relay.requests += 1
        fault = relay.fault
        if fault == "silent":
            relay.wait_until_healed()
            self._hang_up()
        elif fault == "garbage":
            self._answer(200, {"Content-Type": "application/json"}, _GARBAGE)
        elif fault == "rate_limited":
            limited = {"Content-Type": "application/json", "Retry-After": str(RETRY_AFTER_SECONDS)}
            self._answer(429, limited, b'{"error": {"message": "rate limit", "code": "rate_limit_exceeded"}}')
        else:
            time.sleep(relay.slow_seconds if fault == "slow" else 0)
            self._forward(body)

    def _forward(self, body: bytes) -> None:
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
        service = self.relay.connect()
        try:
            service.request(self.command, self.path, body, {**headers, "Host": self.relay.service_host})
            answer = service.getresponse()
            told = {name: value for name, value in answer.getheaders() if name.lower() not in _HOP_BY_HOP}
            self._answer(answer.status, told, answer.read())
        except (OSError, http.client.HTTPException):  # the service is gone: so are we
            self._hang_up()
        finally:
            service.close()

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes is no error."""
