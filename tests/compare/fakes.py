"""Contenders and deployments that do as they are told."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from kantu.contenders.contender import AskOptions, Reply, Said
from kantu.contenders.pipeline.parts import Completion, Picture, Prompt, Trace
from kantu.contenders.pipeline.seen import Seen, SeenElement
from kantu.errors import error
from kantu.processing.conversation import ImageSource
from kantu.solve.reader import PrintedLine


def line(text: str, top: int = 0, left: int = 0) -> PrintedLine:
    """A line of 20 pixels' height, at a place of a picture of 1000 x 1000."""
    return PrintedLine(text, (left, top, left + 20 * len(text), top + 20), 0.9)


def seen(
    lines: Sequence[PrintedLine], elements: Sequence[SeenElement] = (), rows: Sequence[Sequence[int]] = ()
) -> Seen:
    """What was seen, where every line is a row of its own unless told otherwise."""
    told = tuple(map(tuple, rows)) or tuple((number,) for number in range(len(lines)))
    return Seen(tuple(elements), "白", told, (), ("黑",) * len(lines), ("白",) * len(lines))


def trace(
    text: str,
    lines: Sequence[PrintedLine],
    *,
    completion: str | None = None,
    description: str | None = None,
    elements: Sequence[SeenElement] = (),
    rows: Sequence[Sequence[int]] = (),
) -> Trace:
    """Of one picture; the description is its lines, and the completion the answer, unless told otherwise."""
    words = "\n".join(each.text for each in lines) if description is None else description
    picture = Picture((1000, 1000), 1.0, tuple(lines), seen(lines, elements, rows), words)
    said = Completion(text if completion is None else completion, 0.1, 70, 5)
    return Trace((picture,), Prompt((Said("user", words),)), said, text, {"ocr": 0.5, "language": 0.2})


class FakePipeline:
    """Answers what `say` makes of a question; has read the same lines in every picture."""

    name = "pipeline"

    def __init__(self, say: Callable[[str], str], lines: Sequence[PrintedLine] = ()) -> None:
        self.say, self.lines = say, tuple(lines)
        self.asked: list[str] = []
        self.closed = False

    def trace(self, pictures: Sequence[ImageSource], question: str, options: AskOptions) -> Trace:
        self.asked.append(question)
        return trace(self.say(question), self.lines)

    def ask(self, pictures: Sequence[ImageSource], question: str, options: AskOptions) -> Reply:
        return Reply(self.trace(pictures, question, options).text, 0.1, 0.2)

    def close(self) -> None:
        self.closed = True


class Client:
    """Sends a question to each of some services in turn; the answer is what the last one says."""

    name = "client"

    def __init__(self, services: Mapping[str, str]) -> None:
        self.services = services

    def ask(self, pictures: Sequence[ImageSource], question: str, options: AskOptions) -> Reply:
        told = question
        for url in self.services.values():
            told = _post(url, told)
        return Reply(told, 0.0, 0.01)

    def close(self) -> None:
        """Holds nothing."""


def _post(url: str, told: str) -> str:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
    try:
        connection.request("POST", "/echo", json.dumps(told))
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException):
        raise error("rival_died") from None
    finally:
        connection.close()
    if answer.status != 200:
        raise error("gateway_failed", last=str(answer.status))
    return (
        str(json.loads(body.decode("utf-8", "replace").replace("\x00", ""), strict=False)) if body[:1] == b'"' else "?"
    )


class EchoService:
    """Says what it is told, with its name before it; can be killed and started again at its port."""

    def __init__(self, name: str) -> None:
        self.name, self.requests = name, 0
        self.port = 0
        self.revive()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def kill(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def revive(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), type("Handler", (_Echo,), {"service": self}))
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()


class _Echo(BaseHTTPRequestHandler):
    service: EchoService

    def do_POST(self) -> None:
        self.service.requests += 1
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body = json.dumps(f"{self.service.name}:{told}", ensure_ascii=False).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


class FakeDeployment:
    """Services that echo."""

    def __init__(self, services: Mapping[str, EchoService]) -> None:
        self.processes = services
        self.services = {name: service.url for name, service in services.items()}

    def client(self, services: Mapping[str, str], *, parallel: int) -> Callable[[], Client]:
        return lambda: Client(services)


@contextmanager
def deployed(*names: str) -> Iterator[FakeDeployment]:
    """So many services."""
    services = {name: EchoService(name) for name in names}
    try:
        yield FakeDeployment(services)
    finally:
        for service in services.values():
            service.kill()
