"""MCP with the protocol's own Python client, against `kantu serve` and the embedded model."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from openai import OpenAI

from kantu.service.actor import Limits
from kantu.service.keys.service import KeyService
from kantu.tasks.builtin import TASKS
from kantu.tasks.results import OrderResult
from mcp import Client
from tests.service.clients.questions import MODEL, ORDER, STATUS
from tests.service.proof.live import LiveGateway

pytestmark = [pytest.mark.whole, pytest.mark.anyio]

ERAS = ["legacy", "auto"]  # with the handshake, and 2026-07-28's, where every request stands for itself


@asynccontextmanager
async def connected(served: LiveGateway, key: str, mode: str = "auto") -> AsyncIterator[Client]:
    """A client, which checks all structured content against its tool's schema."""
    async with (
        create_mcp_http_client(headers={"Authorization": f"Bearer {key}"}) as http,
        Client(streamable_http_client(f"{served.address}/mcp", http_client=http), mode=mode) as client,
    ):
        yield client


@pytest.fixture
def picture(client: OpenAI) -> str:
    """The order, uploaded with the first key."""
    return client.files.create(file=ORDER, purpose="vision").id


@pytest.mark.parametrize("mode", ERAS)
async def test_every_task_is_a_tool_and_is_called(served: LiveGateway, picture: str, mode: str) -> None:
    async with connected(served, served.key, mode) as client:
        assert [tool.name for tool in (await client.list_tools()).tools] == list(TASKS)
        order = await client.call_tool("order", {"images": [picture], "question": "为什么还没发货？"})
        asked = await client.call_tool("ask", {"images": [picture], "question": "现在是什么状态？"})
    assert order.structured_content["result"].keys() == OrderResult.model_fields.keys()
    assert any(found["boxes"] for found in order.structured_content["fields"].values())
    assert STATUS in asked.structured_content["result"]
    assert asked.structured_content["model"] == MODEL
    assert STATUS in asked.content[0].text  # type: ignore[union-attr]


@pytest.mark.parametrize("task", TASKS)
async def test_structured_content_of_every_task_fits_its_schema(served: LiveGateway, picture: str, task: str) -> None:
    given = {"question": "现在是什么状态？", "target": "订单ID", "text": "订单已发货", "x": "500", "y": "500"}
    given = {name: value for name, value in {**given, "keys": "商家、金额"}.items() if name in TASKS[task].variables}
    async with connected(served, served.key) as client:
        told = await client.call_tool(task, {"images": [picture], "evidence": False, **given})
    assert not told.is_error, told.content
    assert told.structured_content["task"]["name"] == task


async def test_a_path_of_the_server_is_no_picture(served: LiveGateway) -> None:
    async with connected(served, served.key) as client:
        told = await client.call_tool("read", {"images": [str(ORDER)]})
    assert told.is_error
    assert "[invalid_parameter]" in told.content[0].text  # type: ignore[union-attr]


async def test_a_wrong_key_opens_nothing(served: LiveGateway) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the SDK's, in a group of exceptions
        async with connected(served, "kt-wrong"):
            pass
    assert "Server returned an error response" in _all_texts(caught.value)  # which one, it does not say


async def test_another_tenant_s_file_is_not_found(served: LiveGateway, keys: KeyService, picture: str) -> None:
    _, other = keys.create("other", limits=Limits())
    async with connected(served, other) as client:
        told = await client.call_tool("read", {"images": [picture]})
    assert told.is_error
    assert "[file_not_found]" in told.content[0].text  # type: ignore[union-attr]


def _all_texts(failure: BaseException) -> str:
    inner = failure.exceptions if isinstance(failure, BaseExceptionGroup) else ()
    return str(failure) + "".join(map(_all_texts, inner))
