"""POST /mcp: who may ask, what it costs, and that tools call the service's own tasks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from kantu.service.actor import Limits
from kantu.service.gateway import Gateway
from kantu.service.mcp.endpoint import check_origin
from kantu.tasks.builtin import TASKS
from tests.service.gateways import MODEL, ScriptedEngine, client_of, png, settings_with
from tests.service.tasks.test_endpoints import VERDICT, TaskEngine

pytestmark = [pytest.mark.anyio, pytest.mark.whole]

Make = Callable[..., Gateway]
HEADERS = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-11-25"}


def message(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


def call(name: str, **arguments: Any) -> dict[str, Any]:
    return message("tools/call", name=name, arguments=arguments)


async def send(client: httpx.AsyncClient, what: dict[str, Any], **headers: str) -> httpx.Response:
    return await client.post("/mcp", json=what, headers={**HEADERS, **headers})


async def uploaded(client: httpx.AsyncClient) -> str:
    """The id of a picture."""
    files = {"file": ("a.png", png(320, 160), "image/png")}
    response = await client.post("/v1/files", data={"purpose": "vision"}, files=files)
    found: str = response.json()["id"]
    return found


def told_code(response: httpx.Response) -> str:
    """Of a tool's result that is an error."""
    result = response.json()["result"]
    assert result["isError"], result
    text: str = result["content"][0]["text"]
    return text.rpartition("[")[2].rstrip("]")


async def test_a_tool_is_the_task_of_the_service(make_gateway: Make) -> None:
    engine = TaskEngine(VERDICT)
    async with client_of(make_gateway(engine)) as client:
        told = await send(client, call("match", images=[await uploaded(client)], text="红色的杯子"))
        listed = await send(client, message("tools/list"))
    result = told.json()["result"]
    assert result["structuredContent"]["result"] == json.loads(VERDICT)
    assert result["structuredContent"]["usage"]["visual_tokens"] == 50
    assert "结论：无法判断" in result["content"][0]["text"]
    tools = listed.json()["result"]["tools"]
    assert [tool["name"] for tool in tools] == list(TASKS)
    assert tools[0]["inputSchema"]["properties"]["model"]["default"] == MODEL


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"images": ["data:image/png;base64,AAAA"], "text": "x"}, "invalid_parameter"),
        ({"images": ["https://example.com/a.png"], "text": "x"}, "invalid_parameter"),
        ({"images": ["/etc/passwd"], "text": "x"}, "invalid_parameter"),
        ({"images": ["file-0123456789abcdef01234567"], "text": "x"}, "file_not_found"),
        ({"text": "x"}, "missing_parameter"),
    ],
)
async def test_pictures_are_uploaded_files_and_nothing_else(
    make_gateway: Make, arguments: dict[str, Any], code: str
) -> None:
    engine = ScriptedEngine()
    async with client_of(make_gateway(engine)) as client:
        assert told_code(await send(client, call("match", **arguments))) == code
    assert not engine.requests


async def test_a_file_of_another_tenant_is_not_there(make_gateway: Make) -> None:
    gateway = make_gateway(ScriptedEngine())
    _, other = gateway.keys.create("other", limits=Limits())
    async with client_of(gateway) as client:
        theirs = await uploaded(client)
        response = await send(client, call("read", images=[theirs]), Authorization=f"Bearer {other}")
    assert told_code(response) == "file_not_found"


@pytest.mark.parametrize(("key", "code"), [("Bearer kt-wrong", "invalid_api_key"), ("", "missing_api_key")])
async def test_without_a_good_key_nothing_is_answered(make_gateway: Make, key: str, code: str) -> None:
    async with client_of(make_gateway()) as client:
        response = await send(client, message("tools/list"), Authorization=key)
    assert (response.status_code, response.json()["error"]["code"]) == (401, code)


async def test_a_key_must_be_for_tasks(make_gateway: Make) -> None:
    async with client_of(make_gateway(), endpoints=["chat"]) as client:
        response = await send(client, message("tools/list"))
    assert (response.status_code, response.json()["error"]["code"]) == (403, "endpoint_not_allowed")


async def test_a_key_for_no_model_has_no_tools(make_gateway: Make) -> None:
    async with client_of(make_gateway(), models=["another"]) as client:
        listed = await send(client, message("tools/list"))
        told = await send(client, call("read", images=[]))
    assert listed.json()["result"]["tools"] == []
    assert told.json()["error"]["message"] == "没有这个工具。"


async def test_calls_count_as_requests_and_lists_do_not(make_gateway: Make) -> None:
    async with client_of(make_gateway(), limits=Limits(requests_per_minute=2)) as client:
        picture = await uploaded(client)  # one
        for _ in range(3):
            assert (await send(client, message("tools/list"))).status_code == 200
        assert (await send(client, call("read", images=[picture]))).json()["result"]["isError"] is False
        assert told_code(await send(client, call("read", images=[picture]))) == "request_limit_exceeded"


async def test_pages_of_other_origins_are_refused(make_gateway: Make) -> None:
    async with client_of(make_gateway()) as client:
        evil = await send(client, message("tools/list"), Origin="http://evil.example", Host="evil.example")
        own = await send(client, message("tools/list"), Origin="http://localhost:3000")
    assert (evil.status_code, evil.json()["error"]["code"]) == (403, "origin_not_allowed")
    assert own.status_code == 200


@pytest.mark.parametrize("origin", ["https://app.example", "http://127.0.0.1:8000", "http://[::1]", None])
def test_origins_that_may(origin: str | None) -> None:
    check_origin(origin, ["https://app.example"])
    check_origin("https://any.example", ["*"])


@pytest.mark.parametrize("origin", ["null", "http://localhost.evil.example", "http://[", "", "https://app.example.org"])
def test_origins_that_may_not(origin: str) -> None:
    with pytest.raises(Exception, match="origin_not_allowed"):
        check_origin(origin, ["https://app.example"])


async def test_it_can_be_switched_off(make_gateway: Make) -> None:
    async with client_of(make_gateway(settings=settings_with(server={"mcp": False}))) as client:
        assert (await send(client, message("tools/list"))).status_code == 404


async def test_there_are_no_sessions_and_no_streams_of_their_own(make_gateway: Make) -> None:
    async with client_of(make_gateway()) as client:
        told = {"name": "test", "version": "0"}
        hello = await send(
            client, message("initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo=told)
        )
        assert hello.json()["result"]["serverInfo"]["name"] == "kantu"
        assert "mcp-session-id" not in hello.headers
        done = await send(client, {"jsonrpc": "2.0", "method": "notifications/initialized"})
        assert done.status_code == 202
        for method in ("GET", "DELETE"):
            assert (await client.request(method, "/mcp", headers=HEADERS)).status_code == 405


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"{", b""])
async def test_what_is_no_message_is_refused(make_gateway: Make, body: bytes) -> None:
    async with client_of(make_gateway()) as client:
        response = await client.post("/mcp", content=body, headers={**HEADERS, "Content-Type": "application/json"})
    assert response.status_code == 400


async def test_a_body_holds_no_pictures(make_gateway: Make) -> None:
    async with client_of(make_gateway()) as client:
        response = await send(client, call("read", images=["A" * 2**20]))
    assert response.status_code == 413


async def test_a_client_that_leaves_ends_what_the_engine_does(make_gateway: Make) -> None:
    engine = ScriptedEngine(pieces=("一", None))
    async with client_of(make_gateway(engine)) as client:
        picture = await uploaded(client)
        calling = asyncio.create_task(send(client, call("read", images=[picture])))
        while not engine.requests:
            await asyncio.sleep(0.001)
        calling.cancel()
        await asyncio.wait([calling])
        while not engine.cancelled:
            await asyncio.sleep(0.001)


async def test_a_call_keeps_to_the_deadline(make_gateway: Make) -> None:
    settings = settings_with(request={"timeout_seconds": 0.5})
    async with client_of(make_gateway(ScriptedEngine(pieces=("一", None)), settings)) as client:
        response = await send(client, call("ask", images=[], question="图里有什么？"))
    assert "deadline_exceeded" in response.text  # told by the tool, or by the gateway where that was too late
