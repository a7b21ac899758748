"""A gateway that keeps what it is asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kantu.service.gateway import Gateway
from kantu.service.retention.keyring import MasterKey, write_keys
from tests.service.gateways import ScriptedEngine, settings_with
from tests.service.retention.traces import ANSWER

Keeping = Callable[..., Gateway]


@pytest.fixture
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with one master key, somewhere else than the data."""
    path = tmp_path_factory.mktemp("keys") / "master"
    write_keys(path, [MasterKey.new()])
    return path


@pytest.fixture
def keeping(make_gateway: Callable[..., Gateway], key_file: Path) -> Keeping:
    """(settings of `retention`) -> a gateway that keeps exchanges, and answers with the planted answer."""

    def make(engine: ScriptedEngine | None = None, **more: Any) -> Gateway:
        retention = {"days": 30, "key_file": key_file, **more}
        settings = settings_with(retention=retention, server={"max_memory_bytes": 2**32})
        return make_gateway(engine or ScriptedEngine((ANSWER[:4], ANSWER[4:])), settings)

    return make
