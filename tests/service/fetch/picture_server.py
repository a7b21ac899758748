"""A web server on loopback that says exactly the bytes a test gives it, over TCP or TLS."""

from __future__ import annotations

import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

Answer = bytes | Callable[[Any, threading.Event], None]


def reply(body: bytes = b"picture", *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def redirect(location: str, status: str = "302 Found") -> bytes:
    return reply(b"", f"Location: {location}", status=status)


class PictureServer(socketserver.ThreadingTCPServer):
    """Answers `routes[target]`: raw bytes, or a function that writes to the socket until the event is set.

    Attributes:
        requests: heads of the requests received, as text.
        dialled: local addresses that connections came in at.
    """

    allow_reuse_address = True

    def __init__(self, host: str, routes: Mapping[str, Answer], tls: ssl.SSLContext | None) -> None:
        super().__init__((host, 0), _Handler)
        self.routes = dict(routes)
        self.tls = tls
        self.requests: list[str] = []
        self.dialled: list[str] = []
        self.stopping = threading.Event()

    @property
    def port(self) -> int:
        return self.server_address[1]


class _Handler(socketserver.BaseRequestHandler):
    server: PictureServer

    def handle(self) -> None:
        self.server.dialled.append(self.request.getsockname()[0])
        self.request.settimeout(20)  # so that a client that never hangs up fails its test instead of stopping it
        try:
            stream = self.server.tls.wrap_socket(self.request, server_side=True) if self.server.tls else self.request
        except (ssl.SSLError, ConnectionError):  # a client that does not accept our certificate
            return
        try:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                piece = stream.recv(65536)
                if not piece:
                    return
                head += piece
                if head.startswith(b"\x16"):  # TLS is spoken, but not here
                    stream.sendall(reply(status="400 Bad Request"))
                    return
            self.server.requests.append(head.decode())
            answer = self.server.routes[head.split()[1].decode()]
            if isinstance(answer, bytes):
                stream.sendall(answer)
            else:
                answer(stream, self.server.stopping)
        except (ConnectionError, ssl.SSLError):  # the client has heard enough
            return
        finally:
            if stream is not self.request:
                stream.close()


@contextmanager
def serving(
    routes: Mapping[str, Answer] | None = None, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> Iterator[PictureServer]:
    with PictureServer(host, routes or {}, tls) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.stopping.set()
            server.shutdown()
            thread.join()
