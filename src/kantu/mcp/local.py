"""A model in this process, loaded in the background, and the calls that it answers."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import anyio
from anyio import to_thread

from kantu.engine.cancellation import Cancellation
from kantu.errors import KantuError
from kantu.mcp.folders import AllowedFolders
from kantu.mcp.tools import Call
from kantu.solve.result import TaskResult
from kantu.tasks.extract import typed

if TYPE_CHECKING:
    from kantu.vlm import VLM


@dataclass(frozen=True)
class ModelChoice:
    """Which model, and how it runs; as `kantu.load` takes them."""

    name: str | None = None
    device: str | None = None
    quantize: str | None = None


class LocalModel:
    """A model, loaded on a thread, so that clients are answered meanwhile. Made and used on an event loop."""

    def __init__(self, choice: ModelChoice, folders: AllowedFolders) -> None:
        self._folders = folders
        self._loading = asyncio.ensure_future(to_thread.run_sync(_load, choice))

    async def loaded(self) -> VLM:
        """The model, as soon as it is there. Raises KantuError where it cannot be loaded."""
        await asyncio.wait([self._loading])
        return self._loading.result()

    async def answer(self, call: Call) -> TaskResult[Any]:
        """The result, worked out on a thread. Cancelling this ends what the engine does for it.

        Raises KantuError, `path_not_allowed` among them.
        """
        task, given = typed(call.task, call.given)
        pictures = await to_thread.run_sync(lambda: [self._folders.file(name) for name in call.images])
        vlm = await self.loaded()
        cancellation = Cancellation()

        def work() -> TaskResult[Any]:
            return vlm.run(task, pictures, given, evidence=call.evidence, force=call.force, cancellation=cancellation)

        working = asyncio.ensure_future(to_thread.run_sync(work))
        try:
            await asyncio.wait([working])  # which does not cancel it
        except asyncio.CancelledError:
            cancellation.cancel()
            with anyio.CancelScope(shield=True):
                await asyncio.wait([working])
            working.exception()  # nobody wants to hear it
            raise
        return working.result()

    async def close(self) -> None:
        """Free it. Loading cannot be interrupted, so this waits for its end."""
        await asyncio.wait([self._loading])
        if self._loading.exception() is None:
            await to_thread.run_sync(self._loading.result().close)


def _load(choice: ModelChoice) -> VLM:
    from kantu.vlm import load  # PyTorch

    try:
        vlm = load(choice.name, device=choice.device, quantize=choice.quantize)
    except KantuError as failure:
        print(f"错误：{failure.message} [{failure.code}]", file=sys.stderr, flush=True)
        raise
    print(f"模型 {vlm.name} 已就绪", file=sys.stderr, flush=True)
    return vlm
