"""What a process gives up, without the filter of system calls: the limits alone leave no file and no socket."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what a process can give up is Linux's here")

SCRIPT = """
import ctypes, os, socket, sys
from pathlib import Path
from kantu.service.decoders import sandbox

got = sandbox.enter(sandbox.libc(), 2**29, filtered=False)
answers = [str(int(got))]
for attempt in (lambda: open("/etc/passwd"), lambda: socket.socket(), lambda: os.pipe(), lambda: bytes(2**29)):
    try:
        attempt()
        answers.append("had")
    except (OSError, MemoryError) as error:
        answers.append(type(error).__name__)
print(*answers)
"""


def test_the_limits_alone_leave_no_file_no_socket_and_little_memory() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["3", "OSError", "OSError", "OSError", "MemoryError"]


def test_a_process_whose_parent_has_gone_already_ends() -> None:
    script = "from kantu.service.decoders import sandbox; sandbox.end_with_parent(sandbox.libc(), 1); print('alive')"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == ""
