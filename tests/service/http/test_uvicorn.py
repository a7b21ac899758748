"""uvicorn's insides on which ours rest. Not public, so any release may change them: then read what changed."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from typing import Any

import pytest
import uvicorn
from sse_starlette.sse import AppStatus
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

# sse-starlette, which the MCP SDK brings, puts a function of its own around it.
_HANDLE_EXIT = getattr(AppStatus, "original_handler", None) or uvicorn.Server.handle_exit
# Read and found to fit `http/connection.py` and `server.py` in this release.
VERSION = "0.54"
PARTS: dict[str, tuple[type | Callable[..., Any], str]] = {
    "HttpToolsProtocol": (HttpToolsProtocol, "18fdf324b11bf160"),
    "RequestResponseCycle": (RequestResponseCycle, "e67d470d435dcc1c"),
    "Server.startup": (uvicorn.Server.startup, "2aa1d70a244bfcf2"),
    "Server._serve": (uvicorn.Server._serve, "4575b7a50adfede8"),
    "Server.shutdown": (uvicorn.Server.shutdown, "9b33c50562992b1e"),
    "Server.handle_exit": (_HANDLE_EXIT, "553276efa26e09ea"),
}


@pytest.mark.parametrize("name", PARTS)
def test_what_we_override_is_as_it_was_when_we_read_it(name: str) -> None:
    part, expected = PARTS[name]
    found = hashlib.sha256(inspect.getsource(part).encode()).hexdigest()[:16]
    changed = f"{name} of uvicorn {uvicorn.__version__} is not that of {VERSION}: compare them, then write {found} here"
    assert found == expected, changed
