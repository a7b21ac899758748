"""A chat-completions server on 127.0.0.1 that answers like vLLM and misbehaves as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class FakeUpstream:
    """What the server says.

    Attributes:
        reply: answers one chat completion, over its `Exchange`.
        models_status, models: HTTP status and body of GET /models.
        bodies, keys: JSON bodies and Authorization headers of the chat completions received, in order.
        probes: how many GET /models were answered.
        hung_up: set once a client has gone while it was being answered.
    """

    reply: Callable[[Exchange], None]
    models_status: int = 200
    models: str = "{}"
    bodies: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    probes: int = 0
    hung_up: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"


class Exchange(BaseHTTPRequestHandler):
    """One request and the answer to it."""

    protocol_version = "HTTP/1.1"
    fake: FakeUpstream
    body: dict[str, Any]

    def do_GET(self) -> None:
        self.fake.probes += 1
        self.refuse(self.fake.models_status, self.fake.models)

    def do_POST(self) -> None:
        assert self.path == "/v1/chat/completions"
        self.body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.fake.keys.append(self.headers["Authorization"])
        self.fake.bodies.append(self.body)
        try:
            self.fake.reply(self)
        except (BrokenPipeError, ConnectionResetError):
            self.fake.hung_up.set()

    def refuse(self, status: int, text: str = "{}", **headers: str) -> None:
        """Answer with no stream; underscores in the names of headers become dashes."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def start(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def send(self, data: bytes) -> None:
        """One piece of the stream."""
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def event(self, value: Any) -> None:
        """One event, JSON unless it is text."""
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        self.send(f"data: {text}\n\n".encode())

    def done(self) -> None:
        self.event("[DONE]")
        self.wfile.write(b"0\r\n\r\n")

    def wait_for_hang_up(self) -> None:
        """Say nothing until the client goes."""
        while self.connection.recv(1024):
            pass
        self.fake.hung_up.set()

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


def piece(text: str, finish: str | None = None, index: int = 0, **more: Any) -> dict[str, Any]:
    """A chunk of one answer; `more` goes into its choice."""
    choice = {"index": index, "delta": {"content": text}, "finish_reason": finish, **more}
    return {"object": "chat.completion.chunk", "choices": [choice]}


def usage(prompt: int, completion: int, cached: int = 0, images: int | None = None) -> dict[str, Any]:
    """The last chunk of a stream."""
    details = {"cached_tokens": cached, "image_tokens": images}
    return {
        "choices": [],
        "usage": {"prompt_tokens": prompt, "completion_tokens": completion, "prompt_tokens_details": details},
    }


def say(*texts: str) -> Callable[[Exchange], None]:
    """Answers with these pieces, well-behaved."""

    def reply(exchange: Exchange) -> None:
        exchange.start()
        exchange.event({"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]})
        for text in texts:
            exchange.event(piece(text))
        exchange.event(piece("", "stop"))
        exchange.event(usage(7, len(texts) + 1, cached=3))
        exchange.done()

    return reply


def stream(*events: Any) -> Callable[[Exchange], None]:
    """Answers with exactly these events, then cuts the connection."""

    def reply(exchange: Exchange) -> None:
        exchange.start()
        for event in events:
            exchange.event(event)
        exchange.close_connection = True

    return reply


def refuse(status: int, text: str = "{}", **headers: str) -> Callable[[Exchange], None]:
    """Answers with an HTTP error."""
    return lambda exchange: exchange.refuse(status, text, **headers)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes is no error."""


@contextmanager
def serve(reply: Callable[[Exchange], None], *, port: int = 0) -> Iterator[FakeUpstream]:
    """Run a server on a free port, or on a given one."""
    fake = FakeUpstream(reply)
    server = _Server(("127.0.0.1", port), type("Handler", (Exchange,), {"fake": fake}))
    fake.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
