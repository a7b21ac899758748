"""Memory of a process and its children."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from kantu.bench.memory import engine_pid, footprint, peak_bytes

MIB = 2**20
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")

PARENT = f"""
import subprocess, sys
held = bytearray(40 * {MIB})
held[::4096] = b"x" * len(held[::4096])
del held
holder = (
    "import sys; held = bytearray(int(sys.argv[2])); held[::4096] = b'x' * len(held[::4096]); "
    "print(flush=True); input()"
)
children = [
    subprocess.Popen([sys.executable, "-c", holder, name, str(size)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    for name, size in (("kantu.engine.process.child", 30 * {MIB}), ("decoder", 20 * {MIB}))
]
for child in children:
    child.stdout.readline()
print("ready", flush=True)
input()
for child in children:
    child.communicate(b"\\n")
"""


@pytest.fixture
def parent() -> Iterator[int]:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process.pid
        process.communicate(b"\n")


def test_the_engine_is_told_from_the_other_children(parent: int) -> None:
    found = footprint(parent)
    assert 30 * MIB < found.engine < 50 * MIB
    assert 20 * MIB < found.decoders < 35 * MIB
    engine = engine_pid(parent)
    assert engine is not None
    assert footprint(engine).http == found.engine


def test_the_peak_remembers_what_is_no_longer_held(parent: int) -> None:
    assert peak_bytes(parent) > footprint(parent).http + 30 * MIB


def test_a_process_that_is_gone_has_nothing() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert (footprint(gone.pid).http, peak_bytes(gone.pid), engine_pid(gone.pid)) == (0, 0, None)
