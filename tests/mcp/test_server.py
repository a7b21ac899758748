"""The server in this process, asked by the SDK's own client, which checks every result against its schema."""

from __future__ import annotations

from typing import Any

import pytest
from mcp.shared.exceptions import MCPError

from kantu.errors import error
from kantu.mcp.server import Context, server_over
from kantu.mcp.tools import Call, tools_of
from kantu.solve.result import TaskResult
from kantu.tasks.builtin import TASKS
from mcp import Client
from tests.mcp.test_output import conflict

pytestmark = pytest.mark.anyio

ERAS = ["legacy", "auto"]  # with the handshake, and 2026-07-28's, where every request stands for itself


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def client(mode: str, calls: list[Call]) -> Client:
    tools = tools_of(TASKS.values(), "图片的路径")

    async def answer(_: Context, call: Call) -> TaskResult[Any]:
        calls.append(call)
        if call.images == ("none.png",):
            raise error("image_not_found", path="none.png")
        return conflict()

    return Client(server_over(lambda _: tools, answer), mode=mode)


@pytest.mark.parametrize("mode", ERAS)
async def test_tools_are_listed_and_called(mode: str) -> None:
    calls: list[Call] = []
    async with client(mode, calls) as opened:
        listed = (await opened.list_tools()).tools
        told = await opened.call_tool("match", {"images": ["a.png"], "text": "已发货"})
    assert [tool.name for tool in listed] == list(TASKS)
    assert told.structured_content == conflict().to_dict()
    assert "结论：不一致" in told.content[0].text  # type: ignore[union-attr]
    assert calls[0].given == {"text": "已发货"}


@pytest.mark.parametrize("mode", ERAS)
async def test_what_is_wrong_with_a_call_is_its_result(mode: str) -> None:
    calls: list[Call] = []
    async with client(mode, calls) as opened:
        missing = await opened.call_tool("match", {"images": ["none.png"], "text": "x"})
        unnamed = await opened.call_tool("match", {"images": ["a.png"]})
    for told, code in ((missing, "image_not_found"), (unnamed, "missing_parameter")):
        assert told.is_error
        assert f"[{code}]" in told.content[0].text  # type: ignore[union-attr]
    assert len(calls) == 1


@pytest.mark.parametrize("mode", ERAS)
async def test_a_tool_that_is_not_there_is_an_error_of_the_protocol(mode: str) -> None:
    async with client(mode, []) as opened:
        with pytest.raises(MCPError, match="没有这个工具"):
            await opened.call_tool("dance", {})
