"""A gateway with the page in its own process, and a browser to visit it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.service.page.chromium import EXECUTABLE, Tab, chromium
from tests.service.page.fake_gateway import KEY
from tests.service.page.visit import arrive

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Gateway:
    """Where it listens, and the empty folder it was started in."""

    address: str
    folder: Path

    def seen(self) -> dict[str, Any]:
        """What its API was asked."""
        with urllib.request.urlopen(f"{self.address}/seen") as answer:
            told: dict[str, Any] = json.load(answer)
            return told


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("gateway")
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": paths, "KANTU_HOME": str(folder)}
    command = [sys.executable, "-m", "tests.service.page.fake_gateway"]
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield Gateway(f"http://127.0.0.1:{process.stdout.readline().strip()}", folder)
    finally:
        process.terminate()
        process.wait(timeout=20)
        process.stdout.close()


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    """One browser for all tests. It is slow to start, and has nothing that `arrive` does not put back."""
    if EXECUTABLE is None:
        pytest.skip("chromium is not installed (apt-get install chromium)")
    with chromium(tmp_path_factory.mktemp("profile")) as tab:
        yield tab


@pytest.fixture
def stranger(browser: Tab, gateway: Gateway) -> Tab:
    arrive(browser, gateway.address)
    return browser


@pytest.fixture
def visitor(browser: Tab, gateway: Gateway) -> Tab:
    arrive(browser, gateway.address, KEY)
    return browser


@pytest.fixture(scope="session")
def picture() -> Path:
    return ROOT / "examples" / "order.png"
