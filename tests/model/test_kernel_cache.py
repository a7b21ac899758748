"""What oneDNN keeps for linears of many different numbers of rows is bounded."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch

from kantu.model.kernel_cache import bound_kernel_caches
from kantu.model.quantize import can_prepack

pytestmark = pytest.mark.whole

NAMES = ("LRU_CACHE_CAPACITY", "ONEDNN_PRIMITIVE_CACHE_CAPACITY")
MIB = 2**20

# oneDNN reads its bound once in a process. Prints the bytes by which kernels 151 to 400 grow it; a product is 0.2 MiB.
GROWTH = """
import psutil
import torch
from kantu.model.kernel_cache import bound_kernel_caches
from kantu.model.quantize import PackedLinear

def resident():
    return psutil.Process().memory_info().rss

bound_kernel_caches()
linear, rows = PackedLinear(torch.randn(256, 256).bfloat16()), torch.randn(400, 256).bfloat16()
for count in range(1, 151):
    linear(rows[:count])
before = resident()
for count in range(151, 401):
    linear(rows[:count])
print(resident() - before)
"""


def grown_bytes(**capacities: str) -> int:
    environment = {name: value for name, value in os.environ.items() if name not in NAMES} | capacities
    environment |= {"OMP_NUM_THREADS": "1"}  # two threads that share a busy core wait for each other
    ran = subprocess.run(
        [sys.executable, "-c", GROWTH], env=environment, capture_output=True, text=True, check=True, timeout=300
    )
    return int(ran.stdout)


@pytest.mark.skipif(not can_prepack(torch.device("cpu"), torch.bfloat16), reason="this CPU does not compute in BF16")
def test_kernels_beyond_the_bound_take_the_place_of_older_ones() -> None:
    unbounded = grown_bytes(**dict.fromkeys(NAMES, "1024"))
    assert unbounded > 100 * MIB
    assert grown_bytes() < unbounded / 2  # not 0: kernels differ a little in size, so malloc finds fewer fitting places


def test_what_the_environment_says_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = NAMES
    monkeypatch.setenv(first, "7")
    monkeypatch.delenv(second, raising=False)
    bound_kernel_caches()
    assert os.environ[first] == "7"
    assert int(os.environ[second]) > 0
