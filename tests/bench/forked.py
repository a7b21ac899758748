"""Stands for `subprocess` in `kantu.bench.gateway`: `kantu` is forked, so that a test does not wait for its imports."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from subprocess import DEVNULL, CalledProcessError, TimeoutExpired
from typing import BinaryIO

from tests.service import warm

__all__ = ["DEVNULL", "CalledProcessError", "Popen", "TimeoutExpired", "run"]


def _popen(
    command: Sequence[str], *, env: Mapping[str, str], stdin: int, stdout: BinaryIO, stderr: BinaryIO
) -> warm.Started:
    assert stdin == DEVNULL
    return warm.start(*command[1:], cwd=Path.cwd(), environment=env, output=stdout, errors=stderr)


Popen = _popen


def run(
    command: Sequence[str], *, env: Mapping[str, str], capture_output: bool, text: bool
) -> subprocess.CompletedProcess[str]:
    assert capture_output
    assert text
    return warm.run(*command[1:], environment=env)
