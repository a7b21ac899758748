"""A service and a Prometheus of this run's own, each in a process on a free port."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from kantu.service.actor import Limits
from kantu.service.audit.opening import open_audit_log
from kantu.service.database import Database
from kantu.service.keys.service import KeyService
from kantu.service.settings import AuditSettings
from tests.service.warm import Started, start

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "deploy" / "prometheus"
_WAIT_SECONDS = 180  # for one start of everything on a machine that is busy with something else


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(what: Callable[[], Any], process: subprocess.Popen[bytes] | Started) -> Any:
    """The first true value of `what`, which may meet a server that does not listen yet."""
    until = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < until:
        assert process.poll() is None, "the process has ended"
        try:
            if found := what():
                return found
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError("waited too long")


@contextmanager
def _process(arguments: list[str], log: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            arguments, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(_WAIT_SECONDS)


@contextmanager
def _service(port: int, folder: Path) -> Iterator[Started]:
    environment = {**os.environ, "KANTU_HOME": str(folder)}
    with (folder / "log").open("wb") as output:
        process = start("serve", "--port", str(port), cwd=folder, environment=environment, output=output)
    try:
        yield process
    finally:
        process.end()


@dataclass(frozen=True)
class Served:
    """A service that is ready."""

    port: int
    log: Path
    client: httpx.Client
    key: str
    limited_key: str

    def ask(self, key: str, **changed: Any) -> httpx.Response:
        """One question about one picture."""
        picture = base64.b64encode((ROOT / "examples" / "order.png").read_bytes()).decode()
        content = [
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{picture}"}},
            {"type": "text", "text": "为什么这个还没发货？"},
        ]
        body = {
            "model": "kantu-mini",
            "messages": [{"role": "user", "content": content}],
            "max_completion_tokens": 8,
            **changed,
        }
        headers = {"authorization": f"Bearer {key}"}
        return self.client.post("/v1/chat/completions", json=body, headers=headers)


@contextmanager
def serve(folder: Path) -> Iterator[Served]:
    """The embedded model behind the gateway, and a few requests of every kind already answered."""
    port = free_port()
    with (
        _service(port, folder) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=_WAIT_SECONDS) as client,
    ):
        wait_for(lambda: client.get("/readyz").status_code == 200, process)
        database = Database.sqlite(folder / "kantu.db")
        keys = KeyService(database, open_audit_log(AuditSettings(), folder, database))
        _, key = keys.create("test")
        _, limited_key = keys.create("limited", limits=Limits(requests_per_minute=1))
        database.close()
        yield Served(port, folder / "log", client, key, limited_key)


@dataclass(frozen=True)
class Prometheus:
    """Scrapes a service every second, with our rules."""

    client: httpx.Client
    process: subprocess.Popen[bytes]

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The result of an instant query: `{"metric": labels, "value": [time, text]}` each."""
        answer = self.client.get("/api/v1/query", params={"query": expression})
        said = answer.json()
        assert said["status"] == "success", f"{expression}: {said}"
        result: list[dict[str, Any]] = said["data"]["result"]
        return result

    def rules(self) -> list[dict[str, Any]]:
        groups = self.client.get("/api/v1/rules").json()["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]


@contextmanager
def scrape(port: int, folder: Path) -> Iterator[Prometheus]:
    """Debian's Prometheus with the configuration that we ship, but for its target and its pace."""
    shutil.copy(PROMETHEUS / "rules.yml", folder)
    config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text(encoding="utf-8"))
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["scrape_configs"][0]["static_configs"] = [{"targets": [f"127.0.0.1:{port}"]}]
    (folder / "prometheus.yml").write_text(json.dumps(config), encoding="utf-8")  # JSON is YAML
    own_port = free_port()
    arguments = [
        "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{own_port}",
    ]
    with (
        _process(arguments, folder / "log") as process,
        httpx.Client(base_url=f"http://127.0.0.1:{own_port}", timeout=10) as client,
    ):
        wait_for(lambda: client.get("/-/ready").status_code == 200, process)
        yield Prometheus(client, process)
