"""/v1/batches over HTTP, run by the application through the same code as chat."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from kantu.errors import OutOfMemoryError
from kantu.service.actor import Limits
from kantu.service.batches.record import UNFINISHED
from kantu.service.gateway import Gateway
from tests.service.gateways import MODEL, ScriptedEngine, client_of, png, question, settings_with

pytestmark = [pytest.mark.whole, pytest.mark.anyio]

PATH = "/v1/batches"
CHAT = "/v1/chat/completions"
Make = Callable[..., Gateway]


def _line(custom_id: str, body: dict[str, Any], url: str = CHAT) -> str:
    return json.dumps({"custom_id": custom_id, "method": "POST", "url": url, "body": body}, ensure_ascii=False)


async def _upload(client: httpx.AsyncClient, *lines: str) -> str:
    files = {"file": ("in.jsonl", "\n".join(lines).encode())}
    file_id: str = (await client.post("/v1/files", data={"purpose": "batch"}, files=files)).json()["id"]
    return file_id


async def _create(client: httpx.AsyncClient, file_id: str, **fields: Any) -> httpx.Response:
    body = {"input_file_id": file_id, "endpoint": CHAT, "completion_window": "24h", **fields}
    return await client.post(PATH, json=body)


async def _ended(client: httpx.AsyncClient, batch: dict[str, Any]) -> dict[str, Any]:
    async with asyncio.timeout(30):
        while batch["status"] in UNFINISHED:
            await asyncio.sleep(0.02)
            batch = (await client.get(f"{PATH}/{batch['id']}")).json()
    return batch


async def _content(client: httpx.AsyncClient, file_id: str) -> list[dict[str, Any]]:
    response = await client.get(f"/v1/files/{file_id}/content")
    return [json.loads(line) for line in response.text.splitlines()]


def _code(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


async def test_a_batch_may_be_of_responses(make_gateway: Make) -> None:
    url = "/v1/responses"
    async with client_of(make_gateway()) as client:
        good = _line("a", {"model": MODEL, "input": "这是什么？"}, url)
        bad = _line("b", {"model": MODEL, "input": "?", "max_output_tokens": 0}, url)
        created = (await _create(client, await _upload(client, good, bad), endpoint=url)).json()
        assert created["endpoint"] == url
        batch = await _ended(client, created)
        (answer,) = await _content(client, batch["output_file_id"])
        assert answer["response"]["body"]["output"][0]["content"][0]["text"] == "你好"
        (error,) = await _content(client, batch["error_file_id"])
        assert error["response"]["body"]["error"]["param"] == "max_output_tokens"


async def test_a_batch_may_be_of_a_task(make_gateway: Make) -> None:
    url = "/v1/tasks/ask"
    async with client_of(make_gateway()) as client:
        good = _line("a", {"model": MODEL, "input": {"question": "标题写的什么？"}}, url)
        bad = _line("b", {"model": MODEL, "input": {}}, url)
        created = (await _create(client, await _upload(client, good, bad), endpoint=url)).json()
        batch = await _ended(client, created)
        (answer,) = await _content(client, batch["output_file_id"])
        assert answer["response"]["body"]["result"] == "你好"
        (error,) = await _content(client, batch["error_file_id"])
        assert error["response"]["body"]["error"]["code"] == "task_variables"


async def test_a_batch_of_tasks_needs_a_key_for_tasks(make_gateway: Make) -> None:
    url = "/v1/tasks/ask"
    async with client_of(make_gateway(), endpoints=["batches", "files", "chat"]) as client:
        line = _line("a", {"model": MODEL, "input": {"question": "标题写的什么？"}}, url)
        batch = await _ended(client, (await _create(client, await _upload(client, line), endpoint=url)).json())
        (error,) = await _content(client, batch["error_file_id"])
    assert error["response"]["body"]["error"]["code"] == "endpoint_not_allowed"


async def test_a_batch_runs_to_its_files(make_gateway: Make) -> None:
    engine = ScriptedEngine()
    async with client_of(make_gateway(engine)) as client:
        good, bad = _line("图", question("这是什么？", png())), _line("错", question(colour="red"))
        file_id = await _upload(client, good, bad, "")
        response = await _create(client, file_id, metadata={"项目": "看图"})
        assert response.status_code == 200
        created = response.json()
        assert created["object"] == "batch"
        assert created["status"] == "validating"
        assert created["metadata"] == {"项目": "看图"}
        assert created["expires_at"] - created["created_at"] == 86_400
        batch = await _ended(client, created)
        assert batch["status"] == "completed"
        assert batch["request_counts"] == {"total": 2, "completed": 1, "failed": 1}
        assert batch["errors"] is None
        (answer,) = await _content(client, batch["output_file_id"])
        assert answer["custom_id"] == "图"
        assert answer["response"]["status_code"] == 200
        assert answer["response"]["body"]["choices"][0]["message"]["content"] == "你好"
        assert answer["response"]["body"]["model"] == MODEL
        (error,) = await _content(client, batch["error_file_id"])
        assert error["custom_id"] == "错"
        assert error["response"]["status_code"] == 400
        assert error["response"]["body"]["error"]["code"] == "unknown_parameter"
        assert error["response"]["body"]["error"]["message"].startswith("不认识")
        output = (await client.get(f"/v1/files/{batch['output_file_id']}")).json()
        assert output["purpose"] == "batch_output"
        listed = (await client.get(PATH)).json()
        assert listed["data"] == [batch]
        assert (listed["first_id"], listed["last_id"], listed["has_more"]) == (batch["id"], batch["id"], False)


async def test_bad_lines_fail_a_batch_in_the_language_of_whoever_asks(make_gateway: Make) -> None:
    engine = ScriptedEngine()
    async with client_of(make_gateway(engine)) as client:
        streaming = _line("a", question(stream=True))
        batch = await _ended(client, (await _create(client, await _upload(client, streaming, "{"))).json())
        assert batch["status"] == "failed"
        codes = [(problem["line"], problem["code"]) for problem in batch["errors"]["data"]]
        assert codes == [(1, "stream_not_supported"), (2, "invalid_json_line")]
        assert batch["errors"]["data"][1]["message"].startswith("这一行")
        english = (await client.get(f"{PATH}/{batch['id']}", headers={"Accept-Language": "en"})).json()
        assert english["errors"]["data"][1]["message"].startswith("The line")
    assert engine.requests == []


async def test_an_engine_out_of_memory_fails_only_its_lines(make_gateway: Make) -> None:
    engine = ScriptedEngine([OutOfMemoryError("out_of_memory", "内存不足。", "Out of memory.")])
    async with client_of(make_gateway(engine)) as client:
        file_id = await _upload(client, _line("a", question()), _line("b", question()))
        batch = await _ended(client, (await _create(client, file_id)).json())
        assert batch["request_counts"] == {"total": 2, "completed": 0, "failed": 2}
        errors = await _content(client, batch["error_file_id"])
        assert {line["response"]["status_code"] for line in errors} == {413}
        assert batch["output_file_id"] is None


async def test_a_revoked_key_runs_nothing_more(make_gateway: Make) -> None:
    gateway = make_gateway(ScriptedEngine())
    async with client_of(gateway, owner="team") as client:
        file_id = await _upload(client, *(_line(str(number), question()) for number in range(3)))
        key, text = gateway.keys.create("short-lived", owner="team", limits=Limits())
        gateway.batch_runner.wake = lambda: None  # type: ignore[method-assign]
        created = await client.post(
            PATH,
            json={"input_file_id": file_id, "endpoint": CHAT, "completion_window": "24h"},
            headers={"Authorization": f"Bearer {text}"},
        )
        gateway.keys.revoke(key.id)
        batch = await _ended(client, created.json())
        assert batch["request_counts"]["failed"] == 3
        errors = await _content(client, batch["error_file_id"])
        assert {line["response"]["body"]["error"]["code"] for line in errors} == {"revoked_api_key"}


async def test_lines_count_as_requests_of_the_key(make_gateway: Make) -> None:
    """An upload, the batch and two lines are four; the third line waits for the next day."""
    gateway = make_gateway()
    async with client_of(gateway, limits=Limits(requests_per_day=4)) as client:
        file_id = await _upload(client, *(_line(str(number), question()) for number in range(3)))
        batch = (await _create(client, file_id)).json()
        (key,) = gateway.keys.list()
        async with asyncio.timeout(30):
            while (await gateway.batches.get(key.actor(), batch["id"])).completed < 2:
                await asyncio.sleep(0.02)
        assert (await gateway.batches.get(key.actor(), batch["id"])).status == "in_progress"
        assert _code(await client.get(PATH)) == (429, "request_limit_exceeded")


async def test_cancelling(make_gateway: Make) -> None:
    engine = ScriptedEngine(["…", None])  # never finishes
    gateway = make_gateway(engine)
    async with client_of(gateway) as client:
        created = (await _create(client, await _upload(client, *(_line(str(n), question()) for n in range(9))))).json()
        async with asyncio.timeout(30):
            while len(engine.requests) < gateway.settings.store.batch_concurrency:
                await asyncio.sleep(0.02)
        cancelled = (await client.post(f"{PATH}/{created['id']}/cancel")).json()
        assert cancelled["status"] == "cancelling"
        assert cancelled["cancelling_at"] >= created["created_at"]
        assert len(engine.requests) == gateway.settings.store.batch_concurrency


async def test_a_batch_waits_while_its_owner_s_share_is_used_up_and_then_goes_on(make_gateway: Make) -> None:
    engine = ScriptedEngine()
    gateway = make_gateway(engine, settings_with(request={"max_in_flight": 4}))
    async with client_of(gateway) as client:
        (key,) = gateway.keys.list()
        async with gateway.admission.request(key.actor()):
            created = (await _create(client, await _upload(client, _line("a", question())))).json()
            async with asyncio.timeout(30):
                while (await gateway.batches.get(key.actor(), created["id"])).status != "in_progress":
                    await asyncio.sleep(0.02)
            await asyncio.sleep(0.2)
            batch = await gateway.batches.get(key.actor(), created["id"])
            assert (batch.status, batch.completed, batch.failed) == ("in_progress", 0, 0)
            assert engine.requests == []
        batch = await _ended(client, created)
        assert batch["request_counts"] == {"total": 1, "completed": 1, "failed": 0}
        assert gateway.admission.body_bytes == 0


async def test_another_owners_batch_is_not_found_on_any_route(make_gateway: Make) -> None:
    gateway = make_gateway()
    async with client_of(gateway) as client:
        file_id = await _upload(client, _line("a", question()))
        batch = (await _create(client, file_id)).json()
        _, text = gateway.keys.create("other", limits=Limits())
        client.headers["Authorization"] = f"Bearer {text}"
        assert _code(await client.get(f"{PATH}/{batch['id']}")) == (404, "batch_not_found")
        assert _code(await client.post(f"{PATH}/{batch['id']}/cancel")) == (404, "batch_not_found")
        assert _code(await client.get(PATH, params={"after": batch["id"]})) == (404, "batch_not_found")
        assert _code(await _create(client, file_id)) == (404, "file_not_found")
        assert (await client.get(PATH)).json()["data"] == []


@pytest.mark.parametrize(
    "fields",
    [
        {"endpoint": "/v1/embeddings"},
        {"completion_window": "1h"},
        {"input_file_id": 7},
        {"metadata": {"a": 1}},
        {"metadata": {"a": "x" * 513}},
        {"metadata": {"x" * 65: "a"}},
        {"metadata": {str(number): "" for number in range(17)}},
        {"metadata": {"a": "\ud800"}},
        {"output_expires_after": {"anchor": "now", "seconds": 60}},
        {"output_expires_after": {"anchor": "created_at", "seconds": 0}},
        {"output_expires_after": {"anchor": "created_at", "seconds": 10**9}},
        {"colour": "red"},
    ],
)
async def test_parameters_that_cannot_be_served_are_refused(make_gateway: Make, fields: dict[str, Any]) -> None:
    async with client_of(make_gateway()) as client:
        body = {"input_file_id": await _upload(client, ""), "endpoint": CHAT, "completion_window": "24h", **fields}
        response = await client.post(
            PATH, content=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
        )
        assert response.status_code == 400
        assert (await client.get(PATH)).json()["data"] == []


async def test_a_key_that_is_not_for_batches_is_turned_away(make_gateway: Make) -> None:
    async with client_of(make_gateway(), endpoints=["chat", "files"]) as client:
        assert _code(await client.get(PATH)) == (403, "endpoint_not_allowed")
