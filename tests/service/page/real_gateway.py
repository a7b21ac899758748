"""`kantu serve` with the embedded model, as a process."""

from __future__ import annotations

import os
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.service.warm import start


@dataclass(frozen=True)
class RealGateway:
    """Where it listens, the key that its first start has made, and the file it logs to."""

    address: str
    key: str
    log: Path

    def metric(self, sample: str) -> float:
        """One sample of /metrics, by its name with its labels."""
        with urllib.request.urlopen(f"{self.address}/metrics") as answer:
            lines = answer.read().decode().splitlines()
        return float(next(line.rsplit(" ", 1)[1] for line in lines if line.startswith(sample)))


@contextmanager
def real_gateway(folder: Path) -> Iterator[RealGateway]:
    """Started in `folder`, with its data there; given out once its model is loaded."""
    environment = {**os.environ, "KANTU_HOME": str(folder / "home")}
    log = folder / "log"
    with log.open("wb") as written:
        process = start("serve", "--port", "0", cwd=folder, environment=environment, output=written)
    try:
        said = "看图正在监听 "
        end = time.monotonic() + 180
        while "已就绪" not in (text := log.read_text(encoding="utf-8")):
            assert process.poll() is None, text
            assert time.monotonic() < end, text
            time.sleep(0.1)
        address = next(line.removeprefix(said) for line in text.splitlines() if line.startswith(said))
        yield RealGateway(address, (folder / "home" / "first-key").read_text(encoding="utf-8").strip(), log)
    finally:
        process.end()
