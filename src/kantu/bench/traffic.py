"""The suite `gateway`: what the gateway adds to its engine, and how it holds under mixed traffic.

Three tables: the gateway's own overhead (what the client waited less what the engine reports), a closed loop (so many
clients that ask without pause), and an open loop (requests that arrive by chance, whether or not the last are
answered). The clients are threads of this process: on a small machine they take their share of it.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import random
import re
import socket
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from PIL import Image

from kantu.bench.attacks.attack import image, text
from kantu.bench.gateway import default_command, fresh_home, running
from kantu.bench.match import Track
from kantu.bench.plan import Plan
from kantu.bench.report import Cell, Table, percentile, percentiles
from kantu.bench.work import example, noise
from kantu.contenders.server import Server, is_url
from kantu.errors import error

QUESTIONS = ("为什么这个还没发货？", "价格是多少？", "有哪些按钮？", "订单号是多少？")
SCHEMA = {
    "type": "object",
    "properties": {"状态": {"type": "string", "maxLength": 12}, "价格": {"type": "string", "maxLength": 10}},
    "required": ["状态", "价格"],
    "additionalProperties": False,
}
CLIENTS = (1, 2, 4, 8, 16)
LOADS = (0.3, 0.6, 0.9, 1.5)  # arrivals as a share of the most that the closed loop reached
KINDS = {"known": 35, "new": 15, "text": 15, "record": 15, "stream": 20}  # of requests, with their share of the mix
_ALONE = ("shortest", "text", "stream")  # kinds whose overhead is measured
_WARM_UP, _SAMPLES = 5, 100  # requests of each
_PATIENCE_SECONDS = 120.0
_REFUSED_SECONDS = 0.05  # until a client that was hung up on connects again
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Address:
    """A gateway, and what it takes to ask it."""

    host: str
    port: int
    key: str
    model: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One request: seconds the client waited, seconds the engine reports (None: no answer), and the outcome."""

    seconds: float
    engine_seconds: float | None
    outcome: str


def traffic(plan: Plan, track: Track) -> tuple[Table, ...]:
    """Of a gateway of its own, or of the one whose URL is given as the model.

    Raises:
        InvalidRequestError: `invalid_seconds`.
        EngineError: `gateway_failed`, `example_missing`.
    """
    if plan.seconds <= 0:
        raise error("invalid_seconds")
    picture = _png(example())
    with _address(plan) as address:
        alone = [_overhead(address, picture, kind) for kind in track(_ALONE, description="gateway: overhead")]
        closed = [
            _closed(address, picture, clients, plan.seconds)
            for clients in track(CLIENTS, description="gateway: closed")
        ]
        most = max(float(row["answers_per_second"] or 0.0) for row in closed)
        rates = [share * most for share in LOADS] if most else []  # none of a gateway that answers nothing
        opened = [_open(address, picture, rate, plan.seconds) for rate in track(rates, description="gateway: open")]
    curves = ("total_p50_seconds", "total_p95_seconds")
    return (
        Table("gateway_overhead", tuple(alone)),
        Table("gateway_closed", tuple(closed), "concurrency", curves),
        Table("gateway_open", tuple(opened), "arrivals_per_second", curves),
    )


class Client:
    """Asks over one connection, which it keeps.

    Bytes on a socket and nothing more while the clock runs: a client library's parsing of headers would count as the
    gateway's time.
    """

    def __init__(self, address: Address) -> None:
        self._socket = socket.create_connection((address.host, address.port), timeout=_PATIENCE_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._head = (
            f"POST /v1/chat/completions HTTP/1.1\r\nHost: {address.host}:{address.port}\r\n"
            f"Authorization: Bearer {address.key}\r\nContent-Type: application/json\r\nContent-Length: "
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self, body: bytes) -> Sample:
        """Send one body, and read its answer to the end."""
        request = f"{self._head}{len(body)}\r\n\r\n".encode() + body
        started = time.perf_counter()
        self._socket.sendall(request)
        answer = self._answer()
        seconds = time.perf_counter() - started
        told = read_answer(answer)
        if "error" in told:
            return Sample(seconds, None, told["error"]["code"])
        return Sample(seconds, told["kantu"]["timings"]["total_seconds"], "ok")

    def _answer(self) -> bytes:
        """The bytes of one answer, head and all; a body in chunks is left as it came."""
        got = b""
        while b"\r\n\r\n" not in got:
            got += self._more()
        head, _, body = got.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        while len(body) < int(length[1]) if length is not None else not body.endswith(b"\r\n0\r\n\r\n"):
            body += self._more()
        return head + b"\r\n\r\n" + body

    def _more(self) -> bytes:
        got = self._socket.recv(2**16)
        if not got:
            raise ConnectionResetError("the gateway has closed the connection")
        return got


def read_answer(answer: bytes) -> dict[str, Any]:
    """The JSON of an answer that came whole, or of the last event of one that was streamed."""
    received = http.client.HTTPResponse(_Received(answer))  # type: ignore[arg-type]
    received.begin()
    content, kind = received.read(), received.getheader("content-type", "")
    if not kind.startswith("text/event-stream"):
        told: dict[str, Any] = json.loads(content)
        return told
    import httpx  # both come with the extra `service`, without which there is no gateway
    from httpx_sse import EventSource

    response = httpx.Response(200, headers={"content-type": kind}, content=content)
    *_, last = (event.data for event in EventSource(response).iter_sse() if event.data != "[DONE]")
    told = json.loads(last)
    return told


class _Received:
    """Bytes where `http.client` expects a socket."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, mode: str) -> io.BytesIO:
        return io.BytesIO(self._data)


def body(kind: str, model: str, picture: bytes, chance: random.Random) -> bytes:
    """One of the kinds of the mix, or "shortest": an answer of one token."""
    fields: dict[str, Any] = {"max_completion_tokens": 1 if kind == "shortest" else 32}
    shown = [image(_png(noise(chance.getrandbits(32), 224, 224)) if kind == "new" else picture, "png")]
    if kind == "record":
        form = {"name": "order", "strict": True, "schema": SCHEMA}
        fields |= {"response_format": {"type": "json_schema", "json_schema": form}, "max_completion_tokens": 64}
    elif kind == "stream":
        fields |= {"stream": True, "stream_options": {"include_usage": True}}
    content = [*([] if kind == "text" else shown), text(chance.choice(QUESTIONS))]
    return json.dumps({"model": model, "messages": [{"role": "user", "content": content}], **fields}).encode()


def _overhead(address: Address, picture: bytes, kind: str) -> dict[str, Cell]:
    """Requests one after another: nothing waits, so what is not the engine's is the gateway's."""
    asked = body(kind, address.model, picture, random.Random(0))
    with Client(address) as client:
        for _ in range(_WARM_UP):
            client.ask(asked)
        started = time.perf_counter()
        samples = [client.ask(asked) for _ in range(_SAMPLES)]
    return {"kind": kind, **_row(samples, time.perf_counter() - started)}


def _closed(address: Address, picture: bytes, clients: int, seconds: float) -> dict[str, Cell]:
    """`clients` that ask without pause, each at least once, and connect anew where they are hung up on."""

    def ask(seed: int) -> list[Sample]:
        chance = random.Random(seed)
        samples: list[Sample] = []
        while not samples or time.perf_counter() < deadline:
            try:
                with Client(address) as client:
                    while not samples or time.perf_counter() < deadline:
                        samples.append(client.ask(_mixed(address, picture, chance)))
            except OSError as error:
                samples.append(Sample(0.0, None, type(error).__name__))
                time.sleep(_REFUSED_SECONDS)
        return samples

    with ThreadPoolExecutor(clients) as pool:
        started = time.perf_counter()
        deadline = started + seconds
        samples = [sample for each in pool.map(ask, range(clients)) for sample in each]
    return {"concurrency": clients, **_row(samples, time.perf_counter() - started)}


def _open(address: Address, picture: bytes, rate: float, seconds: float) -> dict[str, Cell]:
    """Arrivals that wait for no answer: Poisson, `rate` a second, each over a connection of its own."""
    chance, due = random.Random(0), [0.0]
    while (after := due[-1] + chance.expovariate(rate)) < seconds:
        due.append(after)

    def ask(seed: int) -> Sample:
        asked = _mixed(address, picture, random.Random(seed))
        try:
            with Client(address) as client:
                return client.ask(asked)
        except OSError as error:
            return Sample(0.0, None, type(error).__name__)

    futures: list[Future[Sample]] = []
    with ThreadPoolExecutor(len(due)) as pool:
        started = time.perf_counter()
        for seed, after in enumerate(due):
            time.sleep(max(0.0, started + after - time.perf_counter()))
            futures.append(pool.submit(ask, seed))
    samples = [future.result() for future in futures]
    return {"arrivals_per_second": rate, **_row(samples, time.perf_counter() - started)}


def _mixed(address: Address, picture: bytes, chance: random.Random) -> bytes:
    (kind,) = chance.choices(list(KINDS), weights=list(KINDS.values()))
    return body(kind, address.model, picture, chance)


def _row(samples: Sequence[Sample], seconds: float) -> dict[str, Cell]:
    answered = [(each.seconds, each.engine_seconds) for each in samples if each.engine_seconds is not None]
    overhead = [waited - engine for waited, engine in answered]
    outcomes = Counter(each.outcome for each in samples)
    return {
        "requests": len(samples),
        "answers_per_second": len(answered) / seconds,
        **percentiles("total", [waited for waited, _ in answered]),
        "overhead_p50_seconds": percentile(overhead, 50),
        "overhead_p95_seconds": percentile(overhead, 95),
        "outcomes": "，".join(f"{name} {count}" for name, count in outcomes.items()),
    }


@contextlib.contextmanager
def _address(plan: Plan) -> Iterator[Address]:
    if plan.model is not None and is_url(plan.model):
        with contextlib.closing(Server(plan.model, parallel=1)) as server:
            upstream = server.upstream
            parts = urlsplit(upstream.url)
            yield Address(parts.hostname or "", parts.port or 80, upstream.api_key or "", upstream.model)
        return
    with fresh_home(default_command(), ("bench",)) as home, running(home, plan.serve_options) as gateway:
        yield Address("127.0.0.1", gateway.port, home.keys["bench"], gateway.model)


def _png(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()
