"""Lines of a pipe, as they come."""

from __future__ import annotations

import asyncio
import os

import pytest

from kantu.mcp.stdin import StdinLines

pytestmark = [pytest.mark.anyio, pytest.mark.whole]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_lines_are_put_together_from_pieces() -> None:
    ours, theirs = os.pipe()
    lines = StdinLines(ours)
    picture = "图".encode()
    for piece in (b"on", b"e\ntwo\n", picture[:1], picture[1:] + b"\n", b"x" * 200_000 + b"\nlast"):
        await asyncio.to_thread(os.write, theirs, piece)
    os.close(theirs)
    assert [line async for line in lines] == ["one", "two", "图", "x" * 200_000, "last"]
    os.close(ours)


async def test_whoever_waits_for_a_line_can_stop() -> None:
    ours, theirs = os.pipe()
    waiting = asyncio.create_task(anext(StdinLines(ours)))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    os.close(theirs)
