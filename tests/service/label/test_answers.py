"""Every answer that a model has written says so: in a field, in a header, in every wording, and in batches."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from kantu.aigc import SENTENCE
from kantu.service.chat.schemas import ChatRequest
from kantu.service.chat.writer import ChatWording
from kantu.service.gateway import Gateway
from kantu.service.settings import read_settings
from tests.service.actors import ALICE
from tests.service.gateways import MODEL, ScriptedEngine, client_of, data_url, png, question, settings_with

pytestmark = pytest.mark.anyio

Make = Callable[..., Gateway]
TEXT = {"role": "user", "content": "这是什么？"}
RECORD = '{"verdict": "无法判断", "conflict": null, "reasons": []}'
CALLS = [
    ("/v1/chat/completions", question(), ("你好",)),
    ("/v1/responses", {"model": MODEL, "input": "这是什么？"}, ("你好",)),
    ("/v1/messages", {"model": MODEL, "max_tokens": 16, "messages": [TEXT]}, ("你好",)),
]
TASK = {"model": MODEL, "images": [data_url(png())], "input": {"text": "x"}, "evidence": False}


def labelled(**content: Any) -> Any:
    return settings_with(content={"producer": "某某科技", **content})


def events(response: httpx.Response) -> list[dict[str, Any]]:
    lines = [line.removeprefix("data: ") for line in response.text.splitlines() if line.startswith("data: {")]
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize(("address", "body", "pieces"), CALLS)
async def test_a_whole_answer_has_the_label_in_a_field_and_in_a_header(
    make_gateway: Make, address: str, body: dict[str, Any], pieces: tuple[str, ...]
) -> None:
    async with client_of(make_gateway(ScriptedEngine(pieces), labelled())) as client:
        response = await client.post(address, json=body)
    label = response.json()["kantu"]["label"]
    assert label["sentence"] == SENTENCE
    assert (label["AIGC"]["Label"], label["AIGC"]["ContentProducer"]) == ("1", "某某科技")
    assert label["AIGC"]["ProduceID"] == response.json()["id"].replace("-", "_").partition("_")[2]
    assert json.loads(response.headers["aigc"]) == label["AIGC"]


@pytest.mark.parametrize(("address", "body", "pieces"), CALLS)
async def test_a_stream_has_the_label_too(
    make_gateway: Make, address: str, body: dict[str, Any], pieces: tuple[str, ...]
) -> None:
    async with client_of(make_gateway(ScriptedEngine(pieces), labelled())) as client:
        response = await client.post(address, json={**body, "stream": True})
    header = json.loads(response.headers["aigc"])
    extras = [event.get("kantu") or event.get("response", {}).get("kantu") for event in events(response)]
    labels = [extra["label"] for extra in extras if extra]
    assert labels
    assert all(label == {"sentence": SENTENCE, "AIGC": header} for label in labels)


async def test_the_first_chunk_of_a_chat_has_it_so_that_a_stopped_answer_has_it(make_gateway: Make) -> None:
    async with client_of(make_gateway(settings=labelled())) as client:
        first, *others = events(await client.post("/v1/chat/completions", json=question(stream=True, n=2)))
    assert first["kantu"]["label"]["sentence"] == SENTENCE
    assert not any("kantu" in chunk for chunk in others)


async def test_answers_have_numbers_of_their_own(make_gateway: Make) -> None:
    async with client_of(make_gateway(settings=labelled())) as client:
        headers = [(await client.post("/v1/chat/completions", json=question())).headers["aigc"] for _ in range(3)]
    assert len({json.loads(header)["ProduceID"] for header in headers}) == 3


async def test_a_task_s_result_has_it_with_its_own_number(make_gateway: Make) -> None:
    async with client_of(make_gateway(ScriptedEngine((RECORD,)), labelled())) as client:
        response = await client.post("/v1/tasks/match", json=TASK)
    told = response.json()
    assert told["label"]["sentence"] == SENTENCE
    assert f"task-{told['label']['AIGC']['ProduceID']}" == told["id"]
    assert json.loads(response.headers["aigc"]) == told["label"]["AIGC"]


async def test_a_mode_of_a_task_or_of_chat_holds_for_it_alone(make_gateway: Make) -> None:
    settings = labelled(label="explicit", label_by_task=("match=metadata", "chat=off"))
    async with client_of(make_gateway(ScriptedEngine((RECORD,)), settings)) as client:
        match = await client.post("/v1/tasks/match", json=TASK)
        chat = await client.post("/v1/chat/completions", json=question())
        moderate = await client.post("/v1/tasks/read", json={**TASK, "input": {}})
    assert match.json()["label"]["sentence"] is None
    assert match.json()["label"]["AIGC"]["Label"] == "1"
    assert "label" not in chat.json()["kantu"]
    assert "aigc" not in chat.headers
    assert (moderate.json()["label"]["sentence"], moderate.json()["label"]["AIGC"]) == (SENTENCE, None)
    assert "aigc" not in moderate.headers


async def test_a_line_of_a_batch_has_it_like_any_answer(make_gateway: Make) -> None:
    gateway = make_gateway(ScriptedEngine((RECORD,)), labelled())
    async with client_of(gateway):
        chat = json.loads(await gateway.chat.complete(ALICE, ChatWording(ChatRequest.model_validate(question()))))
        task = json.loads(await gateway.tasks.complete(ALICE, "match", TASK))
    assert chat["kantu"]["label"]["AIGC"]["ProduceID"] == chat["id"].removeprefix("chatcmpl-")
    assert task["label"]["AIGC"]["ProduceID"] == task["id"].removeprefix("task-")


async def test_switched_off_there_is_none_anywhere(make_gateway: Make) -> None:
    async with client_of(make_gateway(ScriptedEngine((RECORD,)), labelled(label="off"))) as client:
        for address, body, _ in CALLS:
            for stream in (False, True):
                response = await client.post(address, json={**body, "stream": stream})
                assert "AIGC" not in response.text
                assert "aigc" not in response.headers
        assert (await client.post("/v1/tasks/match", json=TASK)).json()["label"] is None


async def test_what_no_model_has_written_has_none(make_gateway: Make) -> None:
    vague = {"model": MODEL, "images": [data_url(png())], "input": {"question": "它是什么？"}}
    async with client_of(make_gateway(settings=labelled())) as client:
        suggestion = await client.post("/v1/tasks/ask", json=vague)
        refused = await client.post("/v1/chat/completions", json=question(model="none"))
        models = await client.get("/v1/models")
    assert suggestion.json()["suggestion"] is not None
    assert suggestion.json()["label"] is None
    for response in (suggestion, refused, models):
        assert "aigc" not in response.headers


def test_settings_refuse_what_is_no_label() -> None:
    for wrong in ({"label": "none"}, {"label_by_task": ["read"]}, {"label_sentence": "你好"}):
        with pytest.raises(Exception, match="content"):
            read_settings(None, {}, {"content": wrong})
