"""Tasks over HTTP, with an engine that says what the test tells it to."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kantu.engine.protocol import Listener, ScoreListener
from kantu.engine.request import Request
from kantu.errors import EngineError, InvalidRequestError
from kantu.service.actor import Limits
from kantu.service.gateway import Gateway
from kantu.tasks.builtin import MATCH, ORDER, TASKS
from tests.service.gateways import MODEL, ScriptedEngine, client_of, png, settings_with

pytestmark = pytest.mark.anyio

Make = Callable[..., Gateway]
FINE = '{"verdict": "合规", "categories": [], "side": null, "evidence": []}'
VERDICT = '{"verdict": "无法判断", "conflict": null, "reasons": []}'
RECORD = json.dumps(
    {
        "status": None,
        "status_text": "待商家发货",
        "order_number": "8230417756",
        "tracking_number": None,
        "amount": None,
        "happening": "还没有发货。",
        "advice": "请等待。",
        "reply": "您好，还没有发货。",
    },
    ensure_ascii=False,
)
BOX = '[{"bbox_2d": [100, 250, 500, 500], "label": "x"}]'


class TaskEngine(ScriptedEngine):
    """Answers a task's own prompt with `record`, and where something stands with a box."""

    def __init__(self, record: str) -> None:
        super().__init__()
        self.record = record

    def submit(self, request: Request, listener: Listener) -> ScriptedEngine:
        prompt = request.turns[-1].texts[-1]
        self.pieces = (BOX if "什么位置" in prompt else self.record,)
        return super().submit(request, listener)

    def submit_score(self, request: Request, choices: Any, listener: ScoreListener) -> ScriptedEngine:
        self.pieces = ("",)
        return super().submit_score(request, choices, listener)


def data_url(width: int = 64, height: int = 64) -> str:
    return f"data:image/png;base64,{base64.b64encode(png(width, height)).decode()}"


def body(**more: Any) -> dict[str, Any]:
    return {"model": MODEL, "images": [data_url(320, 160)], "input": {"text": "红色的杯子"}, **more}


async def test_a_task_comes_back_typed_with_its_confidence(make_gateway: Make) -> None:
    engine = TaskEngine(VERDICT)
    async with client_of(make_gateway(engine)) as client:
        response = await client.post("/v1/tasks/match", json=body())
    told = response.json()
    assert response.status_code == 200, told
    assert told["object"] == "task.result"
    assert told["result"] == json.loads(VERDICT)
    assert told["fields"]["verdict"]["confidence"] == pytest.approx(4 / 7)  # of the last of three choices
    assert (told["model"], told["usage"]["visual_tokens"]) == (MODEL, 50)
    asked = engine.requests[0]
    assert asked.turns[-1].texts == (MATCH.instruct(text="红色的杯子"),)
    assert asked.sampling.temperature == 0


async def test_a_blank_picture_is_warned_about(make_gateway: Make) -> None:
    async with client_of(make_gateway(TaskEngine(VERDICT))) as client:
        told = (await client.post("/v1/tasks/match", json=body())).json()
        question = {"images": [], "input": {"question": "什么是发票？"}}
        none = (await client.post("/v1/tasks/ask", json=body(**question))).json()
    assert "picture_blank" in [warning["code"] for warning in told["warnings"]]
    assert [warning["code"] for warning in none["warnings"]] == ["no_picture"]


async def test_printed_values_have_boxes_in_the_original_picture(make_gateway: Make) -> None:
    engine = TaskEngine(RECORD)
    async with client_of(make_gateway(engine)) as client:
        told = (await client.post("/v1/tasks/order", json=body(input={}))).json()
        without = (await client.post("/v1/tasks/order", json=body(input={}, evidence=False))).json()
    assert told["fields"]["order_number"]["boxes"] == [{"picture": 0, "x1": 32, "y1": 40, "x2": 160, "y2": 80}]
    assert told["fields"]["tracking_number"]["boxes"] == []
    assert without["fields"]["order_number"]["boxes"] == []


async def test_an_uploaded_picture_is_named_by_its_id(make_gateway: Make) -> None:
    async with client_of(make_gateway(TaskEngine(VERDICT))) as client:
        upload = await client.post("/v1/files", files={"file": ("a.png", png(320, 160))}, data={"purpose": "vision"})
        told = (await client.post("/v1/tasks/match", json=body(images=[upload.json()["id"]]))).json()
        missing = await client.post("/v1/tasks/match", json=body(images=["file-" + "0" * 24]))
    assert told["usage"]["visual_tokens"] == 50
    assert (missing.status_code, missing.json()["error"]["param"]) == (404, "images.0")


async def test_the_tasks_are_listed_with_what_they_take(make_gateway: Make) -> None:
    async with client_of(make_gateway()) as client:
        told = (await client.get("/v1/tasks")).json()
    listed = {task["id"]: task for task in told["data"]}
    assert listed.keys() == TASKS.keys()
    assert listed["order"]["input"] == [{"name": "question", "default": ORDER.defaults["question"]}]
    assert listed["match"]["input"] == [{"name": "text", "default": None}]
    assert listed["ask"]["result_schema"] is None
    assert {name: task["max_pixels"] for name, task in listed.items()} == {
        name: task.max_pixels for name, task in TASKS.items()
    }
    assert listed["order"]["max_pixels"] == 1280 * 1024


async def test_the_operator_s_own_words_are_looked_for_in_a_moderated_text(make_gateway: Make, tmp_path: Path) -> None:
    words = tmp_path / "words.toml"
    words.write_text('allow = ["拒绝刷好评"]\n[words]\n"本店禁语" = ["刷好评"]\n', "utf-8")
    gateway = make_gateway(TaskEngine(FINE), settings_with(tasks={"moderation_words": words}))
    async with client_of(gateway) as client:
        told = {
            text: (await client.post("/v1/tasks/moderate", json=body(input={"text": text}))).json()
            for text in ("刷 好评送红包", "我们拒绝刷好评", "有事加V聊")
        }
    problems = {text: [each["code"] for each in one["fields"]["verdict"]["problems"]] for text, one in told.items()}
    assert problems == {"刷 好评送红包": ["word_listed"], "我们拒绝刷好评": [], "有事加V聊": []}


def test_with_words_that_cannot_be_read_the_gateway_does_not_start(make_gateway: Make, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        make_gateway(settings=settings_with(tasks={"moderation_words": tmp_path / "missing.toml"}))
    assert refused.value.code == "word_list_invalid"


@pytest.mark.parametrize(
    ("task", "change", "status", "code"),
    [
        ("dance", {}, 404, "task_not_found"),
        ("match", {"input": {}}, 400, "task_variables"),
        ("match", {"input": {"text": "x", "more": "y"}}, 400, "task_variables"),
        ("match", {"colour": 1}, 400, "unknown_parameter"),
        ("match", {"model": "other"}, 404, "model_not_served"),
        ("match", {"images": ["http://example.com/a.png"]}, 400, "image_url_not_allowed"),
        ("match", {"max_pixels": 1}, 400, "invalid_max_pixels"),
        ("match", {"images": [data_url()] * 40}, 400, "too_many_images"),
    ],
)
async def test_what_is_wrong_is_said(make_gateway: Make, task: str, change: Any, status: int, code: str) -> None:
    async with client_of(make_gateway(TaskEngine(VERDICT))) as client:
        response = await client.post(f"/v1/tasks/{task}", json=body(**change))
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)


@pytest.mark.parametrize(
    ("task", "change", "code", "param"),
    [
        ("match", {"input": {}}, "task_variables", "input.text"),
        ("match", {"input": {"text": " "}}, "task_variables", "input.text"),
        ("match", {"input": {"text": "x", "more": "y"}}, "task_variables", "input"),
        ("match", {"input": {"text": 1.5}}, "invalid_parameter", "input.text"),
        ("ui_point", {"input": {"x": 10_000, "y": 120}}, "task_variables", "input.x"),
        ("ui_point", {"input": {"x": "10", "y": "-5"}}, "task_variables", "input.y"),
        ("extract", {"input": {"keys": ""}}, "invalid_keys", "input.keys"),
        ("match", {"images": []}, "task_needs_picture", "images"),
    ],
)
async def test_what_is_wrong_is_named_by_its_path(
    make_gateway: Make, task: str, change: Any, code: str, param: str
) -> None:
    async with client_of(make_gateway(TaskEngine(VERDICT))) as client:
        response = await client.post(f"/v1/tasks/{task}", json=body(**change))
    failure = response.json()["error"]
    assert (response.status_code, failure["code"], failure["param"]) == (400, code, param)


async def test_a_point_may_be_written_in_numbers(make_gateway: Make) -> None:
    engine = TaskEngine('{"kind": "按钮", "label": "提交", "state": null, "bbox_2d": [1, 2, 3, 4]}')
    async with client_of(make_gateway(engine)) as client:
        response = await client.post("/v1/tasks/ui_point", json=body(input={"x": 500, "y": "120"}))
    assert response.status_code == 200, response.text
    assert "[500, 120]" in engine.requests[0].turns[-1].texts[-1]


async def test_a_record_of_another_form_is_the_upstream_s_fault(make_gateway: Make) -> None:
    async with client_of(make_gateway(TaskEngine('{"verdict": "也许"}'))) as client:
        response = await client.post("/v1/tasks/match", json=body())
    assert (response.status_code, response.json()["error"]["code"]) == (502, "task_answer_invalid")


async def test_a_key_s_limits_count_what_a_task_uses(make_gateway: Make) -> None:
    limits = Limits(visual_tokens_per_day=90)
    async with client_of(make_gateway(TaskEngine(VERDICT)), limits=limits) as client:
        statuses = [(await client.post("/v1/tasks/match", json=body())).status_code for _ in range(2)]
    assert statuses == [200, 429]


async def test_what_fails_before_it_began_costs_nothing(make_gateway: Make) -> None:
    engine = TaskEngine(VERDICT)
    engine.refusal = EngineError("engine_failed", "坏了", "broken")
    limits = Limits(visual_tokens_per_day=60)
    async with client_of(make_gateway(engine), limits=limits) as client:
        failed = await client.post("/v1/tasks/match", json=body())
        engine.refusal = None
        fine = await client.post("/v1/tasks/match", json=body())
    assert (failed.status_code, fine.status_code) == (500, 200)


async def test_a_key_for_chat_alone_runs_no_task(make_gateway: Make) -> None:
    async with client_of(make_gateway(), endpoints=["chat"]) as client:
        response = await client.post("/v1/tasks/match", json=body())
    assert (response.status_code, response.json()["error"]["code"]) == (403, "endpoint_not_allowed")


async def test_more_visual_tokens_than_the_server_allows_are_not_taken(make_gateway: Make) -> None:
    settings = settings_with(request={"max_pixels": 65_536})
    async with client_of(make_gateway(TaskEngine(VERDICT), settings)) as client:
        told = (await client.post("/v1/tasks/match", json=body(images=[data_url(640, 640)]))).json()
    assert told["usage"]["visual_tokens"] == 64
