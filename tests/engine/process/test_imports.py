"""Whoever only asks an engine never imports PyTorch."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.whole


@pytest.mark.parametrize(
    "module",
    [
        "kantu",
        "kantu.engine.process",
        "kantu.engine.process.child",
        "kantu.engine.protocol",
        "kantu.engine.remote.engine",
        "kantu.engine.request",
        "kantu.hub",
        "kantu.processing.chat",
        "kantu.processing.image",
        "kantu.processing.messages",
    ],
)
def test_importing_it_does_not_import_pytorch(module: str) -> None:
    script = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
