"""POST /v1/responses, over a scripted engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from kantu.engine.request import Constraint, Delta, End, FinishReason, Request, Usage
from kantu.errors import EngineError
from kantu.processing.conversation import Turn
from kantu.service.actor import Limits
from kantu.service.gateway import Gateway
from tests.service.chat.test_endpoints import Slow, events
from tests.service.gateways import MODEL, TIMINGS, ScriptedEngine, client_of, data_url, png, settings_with

pytestmark = [pytest.mark.whole, pytest.mark.anyio]

PATH = "/v1/responses"
Make = Callable[..., Gateway]
SCHEMA = {"type": "object", "properties": {"a": {"const": {"text": ""}}}, "required": ["a"]}
TEXT = {"type": "input_text", "text": "这是什么？"}
ORDER = [
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.completed",
]


def asked(given: Any = "这是什么？", **fields: Any) -> dict[str, Any]:
    return {"model": MODEL, "input": given, **fields}


def about(*pictures: dict[str, Any]) -> list[dict[str, Any]]:
    parts = [{"type": "input_image", **picture} for picture in pictures]
    return [{"role": "user", "content": [*parts, TEXT]}]


class Ending(ScriptedEngine):
    """Ends its answer for a reason."""

    def __init__(self, reason: FinishReason, *pieces: str) -> None:
        super().__init__(pieces)
        self._reason = reason

    def _answer(self, index: int, request: Request, listener: Any) -> None:
        for number, piece in enumerate(self.pieces, 1):
            end = End(self._reason, Usage(10, 0, number), TIMINGS) if number == len(self.pieces) else None
            listener(Delta(str(piece), (number,), end))


# Whole


async def test_a_question_about_a_picture_is_answered_as_openai_would(make_gateway: Make) -> None:
    engine = ScriptedEngine()
    body = asked(about({"image_url": data_url(png(320, 160))}), instructions="只说一句。", max_output_tokens=9)
    async with client_of(make_gateway(engine)) as client:
        response = await client.post(PATH, json=body)
    answer = response.json()
    assert response.status_code == 200
    assert (answer["object"], answer["status"], answer["model"]) == ("response", "completed", MODEL)
    assert answer["id"].startswith("resp_")
    (item,) = answer["output"]
    assert item["id"].startswith("msg_")
    assert (item["type"], item["role"], item["status"]) == ("message", "assistant", "completed")
    assert item["content"] == [{"type": "output_text", "text": "你好", "annotations": [], "logprobs": []}]
    usage = answer["usage"]
    assert (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]) == (60, 2, 62)
    assert usage["input_tokens_details"]["cached_tokens"] == 4
    assert usage["visual_tokens"] == usage["input_tokens_details"]["image_tokens"] == 50
    assert (answer["error"], answer["incomplete_details"], answer["max_output_tokens"]) == (None, None, 9)
    (request,) = engine.requests
    assert request.turns == (Turn("system", "只说一句。"), Turn("user", (None, "这是什么？")))
    assert request.images[0].pixels.shape == (160, 320, 3)
    assert request.sampling.max_tokens == 9


async def test_every_parameter_reaches_the_engine(make_gateway: Make) -> None:
    engine = ScriptedEngine()
    body = asked(temperature=0.5, top_p=0.9, max_output_tokens=9, user="u")
    async with client_of(make_gateway(engine)) as client:
        answer = (await client.post(PATH, json=body)).json()
    sampling = engine.requests[0].sampling
    assert (sampling.temperature, sampling.top_p, sampling.max_tokens) == (0.5, 0.9, 9)
    assert (answer["temperature"], answer["top_p"]) == (0.5, 0.9)


@pytest.mark.parametrize(
    ("form", "constraint"),
    [
        (None, None),
        ({"type": "text"}, None),
        ({"type": "json_object"}, Constraint("json_object")),
        ({"type": "json_schema", "name": "r", "schema": SCHEMA}, Constraint.json_schema(SCHEMA)),
        ({"type": "json_schema", "name": "r", "strict": True, "schema": SCHEMA}, Constraint.json_schema(SCHEMA)),
    ],
)
async def test_formats_become_constraints_and_are_repeated(
    make_gateway: Make, form: Any, constraint: Constraint | None
) -> None:
    engine = ScriptedEngine(['{"text":""', "}"])
    async with client_of(make_gateway(engine)) as client:
        answer = (await client.post(PATH, json=asked(text={"format": form}))).json()
    assert engine.requests[0].sampling.constraint == constraint
    assert answer["text"]["format"] == (form or {"type": "text"})
    assert answer["output"][0]["content"][0]["text"] == '{"text":""}'  # not where the schema has the same words


async def test_a_conversation_is_taken_as_the_answers_and_the_client_word_it(make_gateway: Make) -> None:
    engine = ScriptedEngine()
    async with client_of(make_gateway(engine)) as client:
        first = (await client.post(PATH, json=asked())).json()
        given = [
            {"role": "developer", "content": [{"type": "input_text", "text": "读出订单号。"}]},
            {"role": "user", "content": "第一问", "type": "message"},
            *first["output"],
            {"role": "user", "content": [TEXT]},
            {"role": "assistant", "content": "答"},
            {"role": "user", "content": [{"type": "input_image", "image_url": data_url(png()), "detail": "low"}]},
        ]
        response = await client.post(PATH, json=asked(given))
    assert response.status_code == 200, response.text
    assert engine.requests[1].turns == (
        Turn("system", ("读出订单号。",)),
        Turn("user", "第一问"),
        Turn("assistant", "你好"),
        Turn("user", ("这是什么？",)),
        Turn("assistant", "答"),
        Turn("user", (None,)),
    )


async def test_pictures_may_be_uploaded_first(make_gateway: Make) -> None:
    engine = ScriptedEngine()
    async with client_of(make_gateway(engine)) as client:
        uploaded = await client.post("/v1/files", data={"purpose": "vision"}, files={"file": ("a.png", png())})
        response = await client.post(PATH, json=asked(about({"file_id": uploaded.json()["id"]})))
    assert response.status_code == 200
    assert engine.requests[0].images[0].pixels.shape == (64, 64, 3)


async def test_a_body_with_pictures_may_be_as_long_as_of_a_chat_completion(make_gateway: Make) -> None:
    noise = data_url(png())[:-4] + "A" * 2**21
    async with client_of(make_gateway()) as client:
        response = await client.post(PATH, json=asked(about({"image_url": noise})))
    assert response.json()["error"]["code"] != "body_too_large"


@pytest.mark.parametrize(("finish", "reason"), [("length", "max_output_tokens"), ("repetition", "repetition")], ids=str)
@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_that_was_cut_is_incomplete_and_says_why(
    make_gateway: Make, finish: FinishReason, reason: str, stream: bool
) -> None:
    async with client_of(make_gateway(Ending(finish, "你", "好"))) as client:
        response = await client.post(PATH, json=asked(stream=stream))
    if stream:
        name, data = events(response.text)[-1]
        assert name == "response.incomplete"
    answer = data["response"] if stream else response.json()
    assert (answer["status"], answer["incomplete_details"]) == ("incomplete", {"reason": reason})
    assert answer["output"][0]["status"] == "incomplete"
    assert answer["output"][0]["content"][0]["text"] == "你好"


# Streams


async def test_a_stream_has_openais_events_in_openais_order(make_gateway: Make) -> None:
    async with client_of(make_gateway()) as client:
        response = await client.post(PATH, json=asked(stream=True, temperature=0))
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    found = events(response.text)
    assert [name for name, _ in found] == [data["type"] for _, data in found] == ORDER
    assert [data["sequence_number"] for _, data in found] == list(range(len(ORDER)))
    by_name = dict(found)
    assert by_name["response.created"]["response"]["status"] == "in_progress"
    assert by_name["response.created"]["response"]["output"] == []
    assert by_name["response.output_item.added"]["item"]["content"] == []
    assert [data["delta"] for name, data in found if name == "response.output_text.delta"] == ["你", "好"]
    assert by_name["response.output_text.done"]["text"] == "你好"
    assert by_name["response.content_part.done"]["part"]["text"] == "你好"
    last = by_name["response.completed"]["response"]
    assert by_name["response.output_item.done"]["item"] == last["output"][0]
    assert last["output"][0]["content"][0]["text"] == "你好"
    assert last["usage"]["output_tokens"] == 2
    assert {data["response"]["id"] for _, data in found if "response" in data} == {last["id"]}
    assert {data["item_id"] for _, data in found if "item_id" in data} == {last["output"][0]["id"]}


async def test_an_answer_without_a_word_is_an_empty_text(make_gateway: Make) -> None:
    async with client_of(make_gateway(ScriptedEngine([""]))) as client:
        found = events((await client.post(PATH, json=asked(stream=True))).text)
    assert [name for name, _ in found] == [name for name in ORDER if name != "response.output_text.delta"]
    assert found[-1][1]["response"]["output"][0]["content"][0]["text"] == ""


async def test_what_fails_before_the_first_word_has_a_status(make_gateway: Make) -> None:
    engine = ScriptedEngine([EngineError("engine_crashed", "中", "en")])
    async with client_of(make_gateway(engine)) as client:
        response = await client.post(PATH, json=asked(stream=True))
    assert (response.status_code, response.json()["error"]["code"]) == (500, "engine_crashed")


async def test_what_fails_in_a_stream_is_a_failed_response(make_gateway: Make) -> None:
    engine = ScriptedEngine(["你", EngineError("engine_crashed", "中", "en")])
    async with client_of(make_gateway(engine)) as client:
        response = await client.post(PATH, json=asked(stream=True), headers={"Accept-Language": "en"})
    found = events(response.text)
    assert [name for name, _ in found] == [*ORDER[:5], "response.failed"]
    data = found[-1][1]
    assert data["sequence_number"] == 5
    assert (data["response"]["status"], data["response"]["id"]) == ("failed", found[0][1]["response"]["id"])
    assert data["response"]["error"] == {
        "code": "engine_crashed",
        "message": "en",
        "param": None,
        "type": "server_error",
    }


async def test_what_fails_after_a_comment_is_a_response_that_was_created_and_failed(make_gateway: Make) -> None:
    engine = Slow(0.2, EngineError("engine_crashed", "中", "en"))
    gateway = make_gateway(engine, settings_with(server={"stream_keep_alive_seconds": 0.05}))
    async with client_of(gateway) as client:
        response = await client.post(PATH, json=asked(stream=True))
    assert response.text.startswith(": keep-alive\n\n")
    found = events(response.text)
    assert [name for name, _ in found] == ["response.created", "response.failed"]
    assert [data["sequence_number"] for _, data in found] == [0, 1]
    assert len({data["response"]["id"] for _, data in found}) == 1
    assert found[1][1]["response"]["error"]["code"] == "engine_crashed"


async def test_a_client_that_goes_cancels_its_answer(make_gateway: Make) -> None:
    engine = ScriptedEngine(["你", None])
    async with client_of(make_gateway(engine)) as client:
        task = asyncio.create_task(client.post(PATH, json=asked(stream=True)))
        async with asyncio.timeout(30):
            while not engine.requests:
                await asyncio.sleep(0.01)
            task.cancel()
            while not engine.cancelled:
                await asyncio.sleep(0.01)


# What is refused, and what is not


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({"previous_response_id": "resp_1"}, "unknown_parameter", "previous_response_id"),
        ({"conversation": "conv_1"}, "unknown_parameter", "conversation"),
        ({"store": True}, "unknown_parameter", "store"),
        ({"background": True}, "unknown_parameter", "background"),
        ({"tools": [{"type": "web_search"}]}, "unknown_parameter", "tools"),
        ({"tool_choice": "required"}, "unknown_parameter", "tool_choice"),
        ({"include": ["message.output_text.logprobs"]}, "unknown_parameter", "include"),
        ({"top_logprobs": 2}, "unknown_parameter", "top_logprobs"),
        ({"truncation": "auto"}, "unknown_parameter", "truncation"),
        ({"reasoning": {"effort": "low"}}, "unknown_parameter", "reasoning"),
        ({"metadata": {"a": "b"}}, "unknown_parameter", "metadata"),
        ({"seed": 7}, "unknown_parameter", "seed"),
        ({"messages": []}, "unknown_parameter", "messages"),
        ({"max_output_tokens": 0}, "invalid_max_tokens", "max_output_tokens"),
        ({"max_output_tokens": 4097}, "invalid_parameter", "max_output_tokens"),
        ({"temperature": 2.01}, "invalid_temperature", "temperature"),
        ({"top_p": 0}, "invalid_top_p", "top_p"),
        ({"text": {"verbosity": "low"}}, "invalid_parameter", "text.verbosity"),
        ({"text": {"format": {"type": "json_schema"}}}, "missing_parameter", "text.format.name"),
        ({"text": {"format": {"type": "grammar"}}}, "invalid_parameter", "text.format.type"),
        (
            {"text": {"format": {"type": "json_schema", "name": "r", "strict": True, "schema": {"type": "object"}}}},
            "constraint_not_supported",
            "text.format",
        ),
        ({"model": "gpt-4o"}, "model_not_served", "model"),
        ({"input": " "}, "empty_question", "input"),
        ({"input": []}, "invalid_parameter", "input"),
        ({"input": [{"role": "assistant", "content": "x"}]}, "invalid_messages", "input.0.role"),
        ({"input": [{"role": "user", "content": " "}], "instructions": ""}, "empty_question", "input.0.content"),
        ({"input": [{"type": "function_call", "call_id": "c"}]}, "invalid_parameter", "input.0.type"),
        ({"input": [{"type": "item_reference", "id": "msg_1"}]}, "invalid_parameter", "input.0.type"),
        ({"input": [{"role": "tool", "content": "x"}]}, "invalid_parameter", "input.0.role"),
        (
            {"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "file-1"}]}]},
            "invalid_parameter",
            "input.0.content.0.type",
        ),
        ({"input": about({})}, "invalid_parameter", "input.0.content.0"),
        ({"input": about({"image_url": "data:,", "file_id": "f"})}, "invalid_parameter", "input.0.content.0"),
        (
            {"input": about({"image_url": "data:,", "detail": "original"})},
            "invalid_parameter",
            "input.0.content.0.detail",
        ),
    ],
    ids=str,
)
async def test_what_is_not_supported_is_refused_by_name(
    make_gateway: Make, fields: dict[str, Any], code: str, param: str
) -> None:
    engine = ScriptedEngine()
    async with client_of(make_gateway(engine)) as client:
        response = await client.post(PATH, json=asked() | fields)
    error = response.json()["error"]
    assert (error["code"], error["param"]) == (code, param)
    assert response.status_code == (404 if code == "model_not_served" else 400)
    assert engine.requests == []


@pytest.mark.parametrize(
    ("picture", "code", "name"),
    [
        ({"image_url": data_url(b"x")}, "image_unsupported_format", "image_url"),
        ({"image_url": "https://example.com/a.png"}, "image_url_not_allowed", "image_url"),
        ({"file_id": "file-nope"}, "file_not_found", "file_id"),
    ],
)
@pytest.mark.parametrize("instructions", [None, "只说一句。"])
async def test_of_several_pictures_the_broken_one_is_named(
    make_gateway: Make, picture: dict[str, Any], code: str, name: str, instructions: str | None
) -> None:
    body = asked(about({"image_url": data_url(png())}, picture), instructions=instructions)
    async with client_of(make_gateway()) as client:
        error = (await client.post(PATH, json=body)).json()["error"]
    assert (error["code"], error["param"]) == (code, f"input.0.content.1.{name}")


async def test_words_of_errors_have_the_clients_names(make_gateway: Make) -> None:
    async with client_of(make_gateway()) as client:
        error = (await client.post(PATH, json=asked(max_output_tokens=0))).json()["error"]
    assert "max_output_tokens" in error["message"]
    assert "max_tokens" not in error["message"]


async def test_what_says_the_same_as_nothing_is_let_through(make_gateway: Make) -> None:
    body = asked(
        tools=[],
        tool_choice="auto",
        store=False,
        previous_response_id=None,
        include=[],
        metadata={},
        parallel_tool_calls=True,
        reasoning=None,
        service_tier="auto",
        truncation="disabled",
        stream_options={"include_obfuscation": False},
        text={"format": {"type": "text"}, "verbosity": "medium"},
    )
    async with client_of(make_gateway()) as client:
        response = await client.post(PATH, json=body)
    assert response.status_code == 200, response.text


async def test_requests_are_bounded_as_those_of_chat_completions(make_gateway: Make) -> None:
    limits = {"max_messages": 2, "max_images": 1, "max_characters": 8}
    turn = [{"role": "user", "content": "问"}, {"role": "assistant", "content": "答"}]
    picture = {"image_url": data_url(png())}
    async with client_of(make_gateway(settings=settings_with(request=limits))) as client:
        for body, code in (
            (asked([*turn, turn[0]]), "too_many_messages"),
            (asked(about(picture, picture)), "too_many_images"),
            (asked("九个字符的一句话哦"), "too_many_characters"),
        ):
            response = await client.post(PATH, json=body)
            assert (response.status_code, response.json()["error"]["code"]) == (400, code)


# Who may, and what is counted


async def test_a_key_for_chat_is_enough_and_one_for_something_else_is_not(make_gateway: Make) -> None:
    gateway = make_gateway()
    for endpoint, status in (("chat", 200), ("models", 403)):
        async with client_of(gateway, endpoints=[endpoint]) as client:
            assert (await client.post(PATH, json=asked())).status_code == status


async def test_its_tokens_count_as_those_of_chat_completions(make_gateway: Make) -> None:
    async with client_of(make_gateway(), limits=Limits(output_tokens_per_day=12)) as client:
        assert (await client.post(PATH, json=asked(max_output_tokens=11))).status_code == 200
        refused = await client.post(PATH, json=asked(max_output_tokens=11))
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "output_token_limit_exceeded")


async def test_it_is_counted_by_its_own_route(make_gateway: Make) -> None:
    gateway = make_gateway()
    async with client_of(gateway) as client:
        await client.post(PATH, json=asked())
    told = gateway.watch.metrics.text().decode()
    assert f'kantu_requests_total{{code="ok",endpoint="{PATH}"' in told
    assert f'kantu_ttft_seconds_count{{endpoint="{PATH}"' in told
    assert "/v1/chat/completions" not in told
