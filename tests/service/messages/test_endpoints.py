"""POST /v1/messages and /v1/messages/count_tokens, over a scripted engine."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from kantu import hub
from kantu.engine.request import Constraint
from kantu.errors import EngineError, OverloadedError
from kantu.model.folder import ModelFolder
from kantu.processing.chat import ChatProcessor
from kantu.processing.conversation import Turn
from kantu.service.actor import Limits
from kantu.service.gateway import Gateway
from kantu.service.models.registry import ModelRegistry
from kantu.service.tokenize.service import TokenizeService
from tests.service.gateways import MODEL, ScriptedEngine, client_of, png, settings_with
from tests.service.time_left import TimeLeft

pytestmark = [pytest.mark.whole, pytest.mark.anyio]

PATH = "/v1/messages"
COUNT = "/v1/messages/count_tokens"
Make = Callable[..., Gateway]
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}


def prompt(text: str = "这是什么？", *pictures: bytes | dict[str, Any], **fields: Any) -> dict[str, Any]:
    """The body of a count."""
    blocks: list[dict[str, Any]] = [
        {"type": "image", "source": picture if isinstance(picture, dict) else sent(picture)} for picture in pictures
    ]
    content = [*blocks, {"type": "text", "text": text}] if blocks else text
    return {"model": MODEL, "messages": [{"role": "user", "content": content}], **fields}


def sent(picture: bytes) -> dict[str, Any]:
    return {"type": "base64", "media_type": "image/png", "data": base64.b64encode(picture).decode()}


def asked(text: str = "这是什么？", *pictures: bytes | dict[str, Any], **fields: Any) -> dict[str, Any]:
    """The body of a message."""
    return {**prompt(text, *pictures), "max_tokens": 9, **fields}


def events(text: str) -> list[tuple[str, Any]]:
    """(name, data) of a stream, comments left out."""
    found = []
    for block in text.strip().split("\n\n"):
        if not block.startswith(":"):
            name, data = block.split("\n")
            found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


def refused(response: httpx.Response) -> tuple[int, str, str | None, str]:
    """(status, code, parameter, type) of an error in Anthropic's envelope."""
    body = response.json()
    assert set(body) == {"type", "error"}
    assert body["type"] == "error"
    assert set(body["error"]) == {"type", "message", "details"}
    assert body["error"]["message"]
    details = body["error"]["details"]
    assert response.headers["request-id"] == response.headers["x-request-id"]
    return response.status_code, details["error_code"], details["param"], body["error"]["type"]


async def test_a_question_about_a_picture_is_answered_as_anthropic_would(make_gateway: Make) -> None:
    engine = ScriptedEngine()
    async with client_of(make_gateway(engine)) as client:
        response = await client.post(PATH, json=asked("这是什么？", png(320, 160), system="短"))
    answer = response.json()
    assert response.status_code == 200
    assert answer["id"].startswith("msg_")
    assert (answer["type"], answer["role"], answer["model"]) == ("message", "assistant", MODEL)
    assert answer["content"] == [{"type": "text", "text": "你好"}]
    assert (answer["stop_reason"], answer["stop_sequence"]) == ("end_turn", None)
    usage = answer["usage"]
    assert (usage["input_tokens"], usage["cache_read_input_tokens"], usage["output_tokens"]) == (56, 4, 2)
    assert usage["visual_tokens"] == 50
    (request,) = engine.requests
    assert request.turns == (Turn("system", "短"), Turn("user", (None, "这是什么？")))
    assert request.images[0].pixels.shape == (160, 320, 3)
    assert request.tenant.startswith("key_")


async def test_every_parameter_reaches_the_engine(make_gateway: Make) -> None:
    engine = ScriptedEngine()
    body = asked(
        temperature=0.5,
        top_p=0.9,
        top_k=5,
        stop_sequences=["。"],
        output_config={"format": {"type": "json_schema", "schema": SCHEMA}},
        metadata={"user_id": "u"},
    )
    async with client_of(make_gateway(engine)) as client:
        assert (await client.post(PATH, json=body)).status_code == 200
    (request,) = engine.requests
    sampling = request.sampling
    assert (sampling.max_tokens, sampling.temperature, sampling.top_p, sampling.top_k) == (9, 0.5, 0.9, 5)
    assert sampling.stop == ("。",)
    assert sampling.constraint == Constraint.json_schema(SCHEMA)


async def test_a_stream_is_events_of_anthropic_s_names(make_gateway: Make) -> None:
    async with client_of(make_gateway()) as client:
        response = await client.post(PATH, json=asked(stream=True))
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    found = events(response.text)
    assert [name for name, _ in found] == [
        "message_start",
        "content_block_start",
        "ping",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert found[-2][1]["usage"]["output_tokens"] == 2


async def test_a_failure_before_the_first_token_has_a_status_and_a_later_one_is_an_event(make_gateway: Make) -> None:
    crash = EngineError("engine_crashed", "引擎停了。", "The engine has stopped.")
    engine = ScriptedEngine([crash])
    async with client_of(make_gateway(engine)) as client:
        early = await client.post(PATH, json=asked(stream=True))
        engine.pieces = ["你", crash]
        late = await client.post(PATH, json=asked(stream=True))
    assert refused(early) == (500, "engine_crashed", None, "api_error")
    name, data = events(late.text)[-1]
    assert (name, data["type"], data["error"]["type"]) == ("error", "error", "api_error")
    assert data["error"]["message"] == "引擎停了。"
    assert data["error"]["details"] == {"error_code": "engine_crashed", "param": None}


async def test_a_stream_that_waits_is_kept_alive_and_fails_in_anthropic_s_words(
    make_gateway: Make, time_left: TimeLeft
) -> None:
    time_left.end_with_the_first_bytes()
    engine = ScriptedEngine([None])
    settings = settings_with(server={"stream_keep_alive_seconds": 0.05})
    async with client_of(make_gateway(engine, settings)) as client:
        response = await client.post(PATH, json=asked(stream=True))
    assert response.text.startswith(": keep-alive\n\n")
    name, data = events(response.text)[-1]
    assert (name, data["error"]["type"]) == ("error", "timeout_error")
    assert data["error"]["details"]["error_code"] == "deadline_exceeded"


# Refusals


@pytest.mark.parametrize("path", [PATH, COUNT])
async def test_whoever_has_no_good_key_reads_so_in_anthropic_s_envelope(make_gateway: Make, path: str) -> None:
    async with client_of(make_gateway()) as client:
        del client.headers["authorization"]
        missing = await client.post(path, json=asked())
        wrong = await client.post(path, json=asked(), headers={"x-api-key": "kt-" + "x" * 43})
    assert refused(missing) == (401, "missing_api_key", None, "authentication_error")
    assert refused(wrong) == (401, "invalid_api_key", None, "authentication_error")


@pytest.mark.parametrize("path", [PATH, COUNT])
async def test_the_key_may_come_in_either_header(make_gateway: Make, path: str) -> None:
    gateway = with_chat(make_gateway())
    async with client_of(gateway) as client:
        key = client.headers.pop("authorization").removeprefix("Bearer ")
        body = asked() if path == PATH else prompt()
        headers = {"x-api-key": key, "anthropic-version": "2023-06-01", "anthropic-beta": "any-2026-01-01"}
        assert (await client.post(path, json=body, headers=headers)).status_code == 200


@pytest.mark.parametrize("path", [PATH, COUNT])
async def test_what_middlewares_and_the_framework_refuse_has_the_envelope_too(make_gateway: Make, path: str) -> None:
    settings = settings_with(server={"max_body_bytes": 2_000_000})
    async with client_of(make_gateway(settings=settings)) as client:
        large = await client.post(path, json=asked("字" * 700_000))
        broken = await client.post(path, content=b"{", headers={"content-type": "application/json"})
        packed = await client.post(path, json=asked(), headers={"content-encoding": "gzip"})
        method = await client.get(path)
        nowhere = await client.post(f"{path}/nothing", json={})
    assert refused(large) == (413, "body_too_large", None, "request_too_large")
    assert refused(broken)[:2] == (400, "invalid_json")
    assert refused(packed)[:2] == (415, "unsupported_content_encoding")
    assert refused(method)[:2] == (405, "method_not_allowed")
    assert refused(nowhere) == (404, "endpoint_not_found", None, "not_found_error")


async def test_a_body_as_large_as_a_chat_s_is_taken(make_gateway: Make) -> None:
    """More than what JSON without pictures may have."""
    async with client_of(with_chat(make_gateway())) as client:
        padded = {"type": "image", "source": {**sent(png()), "data": sent(png())["data"] + "\n" * 2**21}}
        message = asked(messages=[{"role": "user", "content": [padded, {"type": "text", "text": "问"}]}])
        assert (await client.post(PATH, json=message)).status_code == 200
        del message["max_tokens"]
        assert (await client.post(COUNT, json=message)).status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "code", "param"),
    [
        (asked(temperature=-1), 400, "invalid_temperature", "temperature"),
        (asked(max_tokens=0), 400, "invalid_max_tokens", "max_tokens"),
        (asked(max_tokens=10**6), 400, "invalid_parameter", "max_tokens"),
        (asked(tools=[{"name": "f"}]), 400, "unknown_parameter", "tools"),
        (asked(stop_sequences=[""]), 400, "invalid_stop", "stop_sequences"),
        (asked(" ", system="短"), 400, "empty_question", "messages.0.content"),
        (
            asked(messages=[{"role": "assistant", "content": "答"}], system="短"),
            400,
            "invalid_messages",
            "messages.0.role",
        ),
        (
            asked("?", {"type": "url", "url": "https://a.example/b.png"}, system="短"),
            400,
            "image_url_not_allowed",
            "messages.0.content.0.source",
        ),
        (asked("?", sent(b"no picture")), 400, "image_unsupported_format", "messages.0.content.0.source"),
        (asked("?", {**sent(b""), "data": "!"}), 400, "invalid_data_url", "messages.0.content.0.source"),
        (asked("?", {"type": "file", "file_id": "file-1"}), 404, "file_not_found", "messages.0.content.0.source"),
        (asked(model="claude"), 404, "model_not_served", "model"),
    ],
)
async def test_a_fault_has_its_place_in_anthropic_s_body(
    make_gateway: Make, body: dict[str, Any], status: int, code: str, param: str
) -> None:
    async with client_of(make_gateway()) as client:
        assert refused(await client.post(PATH, json=body))[:3] == (status, code, param)


async def test_whoever_asks_too_much_is_told_when_to_come_back(make_gateway: Make) -> None:
    async with client_of(make_gateway(), limits=Limits(requests_per_minute=1)) as client:
        assert (await client.post(PATH, json=asked())).status_code == 200
        late = await client.post(PATH, json=asked())
    assert refused(late) == (429, "request_limit_exceeded", None, "rate_limit_error")
    assert int(late.headers["retry-after"]) >= 1


async def test_an_engine_that_is_busy_is_overloaded(make_gateway: Make) -> None:
    engine = ScriptedEngine(refusal=OverloadedError("overloaded", "忙。", "Busy.", retry_after_seconds=2.0))
    async with client_of(make_gateway(engine)) as client:
        response = await client.post(PATH, json=asked(), headers={"accept-language": "en"})
    assert refused(response) == (503, "overloaded", None, "overloaded_error")
    assert response.json()["error"]["message"] == "Busy."


async def test_a_key_for_something_else_is_denied(make_gateway: Make) -> None:
    async with client_of(make_gateway(), endpoints=["models"]) as client:
        for path, body in ((PATH, asked()), (COUNT, prompt())):
            assert refused(await client.post(path, json=body))[1::2] == ("endpoint_not_allowed", "permission_error")


# An uploaded picture; a client that goes


async def test_an_uploaded_picture_is_asked_about_by_its_id(make_gateway: Make) -> None:
    engine = ScriptedEngine()
    async with client_of(make_gateway(engine)) as client:
        file = await client.post("/v1/files", data={"purpose": "vision"}, files={"file": ("a.png", png(64, 32))})
        body = asked("?", {"type": "file", "file_id": file.json()["id"]})
        assert (await client.post(PATH, json=body)).status_code == 200
    assert engine.requests[0].images[0].pixels.shape == (32, 64, 3)


async def test_a_client_that_goes_is_cancelled(make_gateway: Make) -> None:
    engine = ScriptedEngine(["你", None])
    async with client_of(make_gateway(engine)) as client:
        task = asyncio.create_task(client.post(PATH, json=asked(stream=True)))
        while not engine.requests:
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert engine.cancelled == 1


async def test_its_answers_are_counted_by_their_own_route(make_gateway: Make) -> None:
    gateway = make_gateway()
    async with client_of(gateway) as client:
        await client.post(PATH, json=asked())
    told = gateway.watch.metrics.text().decode()
    assert f'kantu_ttft_seconds_count{{endpoint="{PATH}",model="{MODEL}"}} 1.0' in told
    assert "/v1/chat/completions" not in told


# count_tokens


def with_chat(gateway: Gateway) -> Gateway:
    """With a model whose tokenizer is at hand."""
    chat = ChatProcessor.from_folder(ModelFolder.open(hub.locate(None)))
    models = ModelRegistry(replace(model, chat=chat, context_tokens=64) for model in gateway.models)
    service = TokenizeService(gateway.settings.request, models, gateway.pictures, gateway.admission)
    return replace(gateway, tokenize=service)


async def test_the_tokens_of_a_prompt_are_counted_with_its_pictures_and_system_prompt(make_gateway: Make) -> None:
    async with client_of(with_chat(make_gateway())) as client:
        counts = [
            (await client.post(COUNT, json=body)).json()
            for body in (prompt(), prompt("这是什么？", png()), prompt("这是什么？", png(), system="短"))
        ]
        long = await client.post(COUNT, json=prompt("货" * 64))
    assert [set(count) for count in counts] == [{"input_tokens"}] * 3
    text, picture, system = (count["input_tokens"] for count in counts)
    assert text + 4 < picture < system
    assert refused(long)[:2] == (400, "prompt_too_long")


async def test_a_model_that_keeps_its_tokenizer_to_itself_is_not_counted(make_gateway: Make) -> None:
    async with client_of(make_gateway()) as client:
        response = await client.post(COUNT, json=prompt())
    assert refused(response) == (400, "token_count_unavailable", "model", "invalid_request_error")


async def test_a_count_takes_what_is_counted(make_gateway: Make) -> None:
    async with client_of(make_gateway()) as client:
        assert refused(await client.post(COUNT, json=asked()))[1:3] == ("unknown_parameter", "max_tokens")
        place = "messages.0.content.0.source"
        body = prompt("?", {"type": "file", "file_id": "file-1"}, system="短", tools=[])
        assert refused(await client.post(COUNT, json=body))[1:3] == ("file_not_found", place)
