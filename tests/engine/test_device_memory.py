"""How much memory the device has in use and left, as the engine's gauges."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from kantu.engine.device_memory import device_memory
from kantu.engine.local import LocalEngine
from tests.engine.engines import CPU

MIB = 2**20


def test_on_the_cpu_it_is_what_the_process_holds_and_what_the_system_can_give() -> None:
    before = device_memory(CPU)
    held = np.ones(256 * MIB, np.uint8)
    after = device_memory(CPU)
    assert after["device_memory_used_bytes"] - before["device_memory_used_bytes"] > 200 * MIB
    assert after["device_memory_free_bytes"] > 0
    assert held.nbytes == 256 * MIB


def test_a_device_of_another_kind_reports_nothing() -> None:
    assert device_memory(torch.device("meta")) == {}


def test_on_cuda_it_is_the_whole_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (3 * MIB, 8 * MIB))
    assert device_memory(torch.device("cuda", 0)) == {
        "device_memory_used_bytes": 5 * MIB,
        "device_memory_free_bytes": 3 * MIB,
    }


def test_the_engine_reports_it(engine: LocalEngine) -> None:
    gauges = engine.stats().gauges
    assert gauges["device_memory_used_bytes"] > gauges["weight_bytes"]
    assert gauges["device_memory_free_bytes"] > 0
