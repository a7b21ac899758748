"""`kantu mcp`: the tools on one local model, for the client that has started this process."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import cast

import anyio
from mcp.server.stdio import stdio_server

from kantu.mcp.folders import AllowedFolders
from kantu.mcp.local import LocalModel, ModelChoice
from kantu.mcp.server import server_over
from kantu.mcp.stdin import StdinLines
from kantu.mcp.tools import tools_of
from kantu.tasks.task import Task

_PICTURE = "图片文件的路径，相对路径从允许的文件夹算起；不收 base64 和网址"


def serve(tasks: Mapping[str, Task], choice: ModelChoice, folders: AllowedFolders) -> None:
    """Answer the client on standard input and output until it closes its end, or until Ctrl-C.

    Nothing else is ever written to standard output: while this runs, whatever prints there prints to standard error.
    """
    asyncio.run(_serve(tasks, choice, folders))


async def _serve(tasks: Mapping[str, Task], choice: ModelChoice, folders: AllowedFolders) -> None:
    try:
        await _answer_all(tasks, choice, folders)
    except* (anyio.BrokenResourceError, BrokenPipeError):
        pass  # the client is gone, or has sent something at the moment of Ctrl-C, which the SDK then cannot hand on
    this = asyncio.current_task()
    assert this is not None
    if this.cancelling():
        raise asyncio.CancelledError  # Ctrl-C, whatever else has happened


async def _answer_all(tasks: Mapping[str, Task], choice: ModelChoice, folders: AllowedFolders) -> None:
    tools = tools_of(tasks.values(), _PICTURE)
    async with stdio_server(stdin=cast("anyio.AsyncFile[str]", StdinLines())) as (incoming, outgoing):
        model = LocalModel(choice, folders)
        try:
            server = server_over(lambda _: tools, lambda _, call: model.answer(call))
            await server.run(incoming, outgoing, server.create_initialization_options())
        finally:
            with anyio.CancelScope(shield=True):
                await model.close()
