"""The service for messages of the Model Context Protocol."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.whole


def test_a_gateway_starts_without_the_sdk() -> None:
    code = "import sys, kantu.service.server; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "kantu.service.mcp.service" in loaded
    assert not {"mcp", "mcp_types", "torch"} & set(loaded)
