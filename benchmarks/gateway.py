"""What the gateway adds to its engine, and how it holds under load: mixed traffic on the embedded model.

    python benchmarks/gateway.py [--seconds 20] [--url URL --key KEY] [--json FILE]

Starts `kantu serve` on a free port with a home of its own (or takes a running one), and prints three tables: the
gateway's own overhead (what the client waited minus what the engine reports), a closed loop (so many clients that ask
without pause), and an open loop (requests that arrive by chance, whether or not the last are answered). The clients are
threads of this process: on a small machine they take their share of it.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import io
import json
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "order.png"
QUESTIONS = ("为什么这个还没发货？", "价格是多少？", "有哪些按钮？", "订单号是多少？")
SCHEMA = {
    "type": "object",
    "properties": {"状态": {"type": "string", "maxLength": 12}, "价格": {"type": "string", "maxLength": 10}},
    "required": ["状态", "价格"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Sample:
    """One request: seconds the client waited, seconds the engine reports (None: no answer), and the outcome."""

    seconds: float
    engine_seconds: float | None
    outcome: str


@dataclass(frozen=True, slots=True)
class Row:
    """Samples of one setting, in milliseconds."""

    setting: str
    requests: int
    per_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    overhead_p50_ms: float
    overhead_p95_ms: float
    outcomes: dict[str, int]


class Client:
    """Asks over one connection, which it keeps.

    Bytes on a socket and nothing more: a client library's parsing of headers would count as the gateway's time.
    """

    def __init__(self, url: str, key: str, model: str, seed: int) -> None:
        parts = urlsplit(url)
        self._socket = socket.create_connection((parts.hostname or "", parts.port or 80), timeout=120)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._head = (
            f"POST /v1/chat/completions HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer {key}\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        )
        self._model, self._random = model, random.Random(seed)
        self._picture = _url(EXAMPLE.read_bytes())

    def ask(self, body: bytes) -> Sample:
        """Send one body, and read its answer to the end."""
        request = f"{self._head}{len(body)}\r\n\r\n".encode() + body
        started = time.perf_counter()
        self._socket.sendall(request)
        head, answer = self._answer()
        seconds = time.perf_counter() - started
        if not head.startswith(b"HTTP/1.1 200 "):
            return Sample(seconds, None, json.loads(answer)["error"]["code"])
        events = [line for line in answer.split(b"\n") if line.startswith(b"data: {")]
        last = json.loads(events[-1][6:] if events else answer)
        return Sample(seconds, last["kantu"]["timings"]["total_seconds"], "ok")

    def _answer(self) -> tuple[bytes, bytes]:
        """The head of one answer and its body; a body in chunks is left as it came."""
        got = b""
        while b"\r\n\r\n" not in got:
            got += self._more()
        head, _, body = got.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        while len(body) < int(length[1]) if length is not None else not body.endswith(b"\r\n0\r\n\r\n"):
            body += self._more()
        return head, body

    def _more(self) -> bytes:
        got = self._socket.recv(2**16)
        if not got:
            sys.exit("the gateway has closed the connection")
        return got

    def body(self, kind: str | None = None) -> bytes:
        """One of the kinds of a mix: known and new pictures, no picture, records, streams."""
        kind = (
            kind or self._random.choices(("known", "new", "text", "record", "stream"), weights=(35, 15, 15, 15, 20))[0]
        )
        question = self._random.choice(QUESTIONS)
        fields: dict[str, Any] = {"max_completion_tokens": 32}
        picture: str | None = self._picture
        if kind == "new":
            noise = np.random.default_rng(self._random.getrandbits(32)).integers(0, 256, (224, 224, 3), dtype=np.uint8)
            picture = _url(_png(noise))
        elif kind == "text":
            picture = None
        elif kind == "record":
            form = {"name": "order", "strict": True, "schema": SCHEMA}
            fields |= {"response_format": {"type": "json_schema", "json_schema": form}, "max_completion_tokens": 64}
        elif kind == "stream":
            fields |= {"stream": True, "stream_options": {"include_usage": True}}
        elif kind == "shortest":
            fields["max_completion_tokens"] = 1
        parts = [{"type": "image_url", "image_url": {"url": picture}}] if picture else []
        content = [*parts, {"type": "text", "text": question}]
        messages = [{"role": "user", "content": content}]
        return json.dumps({"model": self._model, "messages": messages, **fields}).encode()


def main() -> None:
    arguments = _arguments()
    with _gateway(arguments) as (url, key):
        model = _model(url, key)
        rows = {
            "本身的开销（一个客户端）": [overhead(url, key, model, kind) for kind in ("shortest", "text", "stream")],
            "闭环": [closed(url, key, model, clients, arguments.seconds) for clients in (1, 2, 4, 8, 16)],
        }
        most = max(row.per_second for row in rows["闭环"])
        rows["开环"] = [open_loop(url, key, model, most * share, arguments.seconds) for share in (0.3, 0.6, 0.9, 1.5)]
    for title, table in rows.items():
        _show(title, table)
    if arguments.json is not None:
        text = json.dumps({title: [asdict(row) for row in table] for title, table in rows.items()}, ensure_ascii=False)
        arguments.json.write_text(text + "\n", encoding="utf-8")


def overhead(url: str, key: str, model: str, kind: str) -> Row:
    """Requests one after another: nothing waits, so what is not the engine's is the gateway's."""
    client = Client(url, key, model, 0)
    body = client.body(kind)
    for _ in range(5):
        client.ask(body)
    started = time.perf_counter()
    samples = [client.ask(body) for _ in range(100)]
    return _row(kind, samples, time.perf_counter() - started)


def closed(url: str, key: str, model: str, clients: int, seconds: float) -> Row:
    """`clients` that ask without pause."""
    samples: list[Sample] = []
    deadline = time.perf_counter() + seconds

    def run(seed: int) -> None:
        client = Client(url, key, model, seed)
        while time.perf_counter() < deadline:
            samples.append(client.ask(client.body()))

    threads = [threading.Thread(target=run, args=(seed,)) for seed in range(clients)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return _row(f"{clients} 个客户端", samples, time.perf_counter() - started)


def open_loop(url: str, key: str, model: str, rate: float, seconds: float) -> Row:
    """Arrivals by chance, `rate` a second (a Poisson process), each over a connection of its own."""
    samples: list[Sample] = []
    chance, threads = random.Random(0), []
    started = time.perf_counter()
    due = started
    while due < started + seconds:
        time.sleep(max(0.0, due - time.perf_counter()))
        client = Client(url, key, model, len(threads))
        thread = threading.Thread(target=lambda client: samples.append(client.ask(client.body())), args=(client,))
        thread.start()
        threads.append(thread)
        due += chance.expovariate(rate)
    for thread in threads:
        thread.join()
    return _row(f"每秒 {rate:.1f} 个", samples, time.perf_counter() - started)


def _row(setting: str, samples: Sequence[Sample], seconds: float) -> Row:
    answered = [sample for sample in samples if sample.engine_seconds is not None]
    waits = [1000 * sample.seconds for sample in answered] or [float("nan")]
    extra = [1000 * (sample.seconds - (sample.engine_seconds or 0)) for sample in answered] or [float("nan")]
    p50, p95, p99 = (float(np.percentile(waits, share)) for share in (50, 95, 99))
    extra_p50, extra_p95 = (float(np.percentile(extra, share)) for share in (50, 95))
    outcomes = dict(Counter(sample.outcome for sample in samples))
    return Row(setting, len(samples), len(answered) / seconds, p50, p95, p99, extra_p50, extra_p95, outcomes)


def _show(title: str, rows: Sequence[Row]) -> None:
    table = Table("", "请求", "每秒", "P50 ms", "P95 ms", "P99 ms", "开销 P50", "开销 P95", "结果", title=title)
    for row in rows:
        numbers = (row.p50_ms, row.p95_ms, row.p99_ms, row.overhead_p50_ms, row.overhead_p95_ms)
        outcomes = "，".join(f"{name} {count}" for name, count in row.outcomes.items())
        table.add_row(row.setting, str(row.requests), f"{row.per_second:.1f}", *(f"{n:.1f}" for n in numbers), outcomes)
    Console(width=120).print(table)


@contextmanager
def _gateway(arguments: argparse.Namespace) -> Iterator[tuple[str, str]]:
    """The URL and a key of the gateway to measure."""
    if arguments.url is not None:
        yield arguments.url, arguments.key
        return
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "KANTU_HOME": home, "KANTU_WATCH_LOG_LEVEL": "warning"}
        command = [str(Path(sys.executable).with_name("kantu")), "serve", "--port", "0"]
        server = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        try:
            yield _wait(server), (Path(home) / "first-key").read_text("ascii").strip()
        finally:
            server.terminate()
            server.communicate()


def _wait(server: subprocess.Popen[str]) -> str:
    """Read what the server says until its model is there."""
    url, said = "", []
    for line in server.stderr or ():
        said.append(line)
        if (found := re.search(r"正在监听 (\S+)", line)) is not None:
            url = found.group(1)
        if "已就绪" in line:
            threading.Thread(target=lambda: [None for _ in server.stderr or ()], daemon=True).start()
            return url
    sys.exit("".join(said))


def _model(url: str, key: str) -> str:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    connection.request("GET", "/v1/models", headers={"Authorization": f"Bearer {key}"})
    name: str = json.loads(connection.getresponse().read())["data"][0]["id"]
    return name


def _url(picture: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(picture).decode()


def _png(pixels: np.ndarray[Any, Any]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20, help="of each loop")
    parser.add_argument("--url", help="a running gateway, such as http://127.0.0.1:8000")
    parser.add_argument("--key", help="a key for it")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
