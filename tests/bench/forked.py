"""Stands for `subprocess` in `kantu.bench.gateway`: `kantu` is forked, so that a test does not wait for its imports."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from subprocess import DEVNULL, CalledProcessError, TimeoutExpired
from typing import BinaryIO

from tests.service.warm import Started, start

__all__ = ["DEVNULL", "CalledProcessError", "Popen", "TimeoutExpired", "run"]


def _popen(
    command: Sequence[str], *, env: Mapping[str, str], stdin: int, stdout: BinaryIO, stderr: BinaryIO
) -> Started:
    assert stdin == DEVNULL
    return start(*command[1:], cwd=Path.cwd(), environment=env, output=stdout, errors=stderr)


Popen = _popen


def run(
    command: Sequence[str], *, env: Mapping[str, str], capture_output: bool, text: bool
) -> subprocess.CompletedProcess[str]:
    assert capture_output
    assert text
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        started = start(*command[1:], cwd=Path.cwd(), environment=env, output=output, errors=errors)
        status = started.wait()
        said = [file.seek(0) or file.read().decode() for file in (output, errors)]
    return subprocess.CompletedProcess(command, status, *said)
