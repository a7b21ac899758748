"""The sweeper goes on whatever happens to the store."""

from __future__ import annotations

import asyncio

import pytest

from kantu.errors import StoreError
from kantu.service.sweeper import sweep_forever


class _Flaky:
    """A file service whose store is away at first."""

    def __init__(self) -> None:
        self.sweeps = 0
        self.swept_twice = asyncio.Event()

    async def sweep(self) -> int:
        self.sweeps += 1
        if self.sweeps == 1:
            raise StoreError("store_unavailable", "", "")
        self.swept_twice.set()
        return 3


def test_sweeping_goes_on_after_a_failure(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")

    async def run() -> None:
        files = _Flaky()
        task = asyncio.create_task(sweep_forever("files", files.sweep, 0))
        await files.swept_twice.wait()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    assert "store_unavailable" in caplog.messages[0]
    assert "3 files swept" in caplog.messages
