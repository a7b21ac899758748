"""POST /v1/chat/completions, over a scripted engine."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from kantu.engine.protocol import Listener
from kantu.engine.request import Constraint, Delta, End, RepetitionStop, Request, Usage
from kantu.errors import (
    DeadlineExceededError,
    EngineError,
    InvalidRequestError,
    KantuError,
    OutOfMemoryError,
    OverloadedError,
    PromptTooLongError,
    UpstreamError,
    error,
)
from kantu.processing.conversation import Turn
from kantu.service.actor import Limits
from kantu.service.gateway import Gateway
from kantu.service.settings import Settings
from tests.processing.pictures import bombs
from tests.service.decoding import DecodersHere
from tests.service.gateways import MODEL, TIMINGS, ScriptedEngine, client_of, data_url, png, question, settings_with

pytestmark = [pytest.mark.whole, pytest.mark.anyio]

PATH = "/v1/chat/completions"
Make = Callable[..., Gateway]
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}

FORMAT = {"name": "r", "strict": True, "schema": SCHEMA}


def events(text: str) -> list[tuple[str | None, Any]]:
    """(event name, data) of a stream; data is JSON, or [DONE]."""
    found = []
    for block in text.strip().split("\n\n"):
        if block.startswith(":"):  # a comment
            continue
        lines = dict(line.split(": ", 1) for line in block.split("\n"))
        data = lines["data"]
        found.append((lines.get("event"), data if data == "[DONE]" else json.loads(data)))
    return found


async def test_a_question_about_a_picture_is_answered_as_openai_would(make_gateway: Make) -> None:
    engine = ScriptedEngine()
    async with client_of(make_gateway(engine)) as client:
        response = await client.post(PATH, json=question("这是什么？", png(320, 160)))
    answer = response.json()
    assert response.status_code == 200
    assert answer["object"] == "chat.completion"
    assert answer["model"] == MODEL
    assert answer["choices"] == [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "你好", "refusal": None},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ]
    assert answer["usage"]["visual_tokens"] == 50
    assert answer["usage"]["total_tokens"] == 62
    details = {"cached_tokens": 4, "image_tokens": 50, "text_tokens": 10}
    assert answer["usage"]["prompt_tokens_details"] == details
    (request,) = engine.requests
    assert request.turns == (Turn("user", (None, "这是什么？")),)
    assert request.images[0].pixels.shape == (160, 320, 3)
    assert request.tenant.startswith("key_")


async def test_a_stream_opens_with_the_role_and_ends_with_reason_usage_and_done(make_gateway: Make) -> None:
    body = question(stream=True, stream_options={"include_usage": True})
    async with client_of(make_gateway()) as client:
        response = await client.post(PATH, json=body)
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    chunks = [data for _, data in events(response.text)]
    assert chunks.pop() == "[DONE]"
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    assert len({chunk["id"] for chunk in chunks}) == 1
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks[:-1]]
    assert deltas == [{"role": "assistant", "content": ""}, {"content": "你"}, {"content": "好"}]
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks[:-1]] == [None, None, "stop"]
    assert all(chunk["usage"] is None for chunk in chunks[:-1])
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"]["completion_tokens"] == 2


async def test_as_with_vllm_the_usage_of_each_answer_stands_at_its_end_where_asked(make_gateway: Make) -> None:
    options = {"include_usage": True, "continuous_usage_stats": True}
    async with client_of(make_gateway()) as client:
        response = await client.post(PATH, json=question(n=2, stream=True, stream_options=options))
    *chunks, last = [data for _, data in events(response.text) if data != "[DONE]"]
    ends = [chunk for chunk in chunks if chunk["choices"][0]["finish_reason"]]
    assert [(end["choices"][0]["index"], end["usage"]["completion_tokens"]) for end in ends] == [(0, 2), (1, 2)]
    assert all(chunk["usage"] is None for chunk in chunks if chunk not in ends)
    assert last["usage"]["completion_tokens"] == 4


async def test_requests_with_different_salts_share_no_cache(make_gateway: Make) -> None:
    engine = ScriptedEngine()
    async with client_of(make_gateway(engine)) as client:
        for salt in ("a", "b", None):
            await client.post(PATH, json=question(cache_salt=salt))
    assert len({request.tenant for request in engine.requests}) == 3


async def test_a_stream_tells_usage_only_where_asked(make_gateway: Make) -> None:
    async with client_of(make_gateway()) as client:
        response = await client.post(PATH, json=question(stream=True))
    assert all("usage" not in data for _, data in events(response.text) if data != "[DONE]")


async def test_several_answers_carry_their_index_and_share_one_prompt(make_gateway: Make) -> None:
    async with client_of(make_gateway()) as client:
        whole = (await client.post(PATH, json=question(n=3))).json()
        stream = (await client.post(PATH, json=question(n=2, stream=True))).text
    assert [choice["index"] for choice in whole["choices"]] == [0, 1, 2]
    assert whole["usage"]["prompt_tokens"] == 10
    assert whole["usage"]["completion_tokens"] == 6
    chunks = [data["choices"][0] for _, data in events(stream) if data != "[DONE]"]
    assert sorted(chunk["index"] for chunk in chunks if chunk["finish_reason"]) == [0, 1]


async def test_every_parameter_reaches_the_engine(make_gateway: Make) -> None:
    engine = ScriptedEngine()
    body = question(
        temperature=0.5,
        top_p=0.9,
        top_k=5,
        min_p=0.1,
        presence_penalty=1,
        frequency_penalty=-1,
        repetition_penalty=1.1,
        repetition_detection={"max_pattern_size": 8},
        logprobs=True,
        top_logprobs=3,
        n=2,
        seed=7,
        stop=["。", "\n"],
        max_completion_tokens=9,
        min_tokens=2,
        user="u",
    )
    async with client_of(make_gateway(engine)) as client:
        assert (await client.post(PATH, json=body)).status_code == 200
    sampling = engine.requests[0].sampling
    assert (sampling.temperature, sampling.top_p, sampling.top_k, sampling.min_p) == (0.5, 0.9, 5, 0.1)
    assert (sampling.presence_penalty, sampling.frequency_penalty, sampling.repetition_penalty) == (1, -1, 1.1)
    assert (sampling.logprobs, sampling.n, sampling.seed, sampling.stop) == (3, 2, 7, ("。", "\n"))
    assert (sampling.max_tokens, sampling.min_tokens) == (9, 2)
    assert sampling.repetition == RepetitionStop(8)


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"response_format": {"type": "text"}}, None),
        ({"response_format": {"type": "json_object"}}, Constraint("json_object")),
        (
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "r", "strict": True, "schema": SCHEMA},
                }
            },
            Constraint.json_schema(SCHEMA),
        ),
        ({"structured_outputs": {"choice": ["是", "否"]}}, Constraint.choice(["是", "否"])),
        ({"structured_outputs": {"regex": "[0-9]+"}}, Constraint("regex", "[0-9]+")),
        ({"structured_outputs": {"json": SCHEMA}}, Constraint.json_schema(SCHEMA)),
    ],
)
async def test_formats_become_constraints(make_gateway: Make, fields: Any, constraint: Constraint | None) -> None:
    engine = ScriptedEngine()
    async with client_of(make_gateway(engine)) as client:
        assert (await client.post(PATH, json=question(**fields))).status_code == 200
    assert engine.requests[0].sampling.constraint == constraint


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "r", "schema": SCHEMA}}},
            "response_format.json_schema.schema",
        ),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"structured_outputs": {"regex": "("}}, "structured_outputs.regex"),
        ({"structured_outputs": {"choice": ["是", "否"]}}, "structured_outputs.choice"),
        ({"structured_outputs": {"json": SCHEMA}}, "structured_outputs.json"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_a_constraint_that_the_engine_refuses_is_named_by_its_path(
    make_gateway: Make, fields: Any, param: str, stream: bool
) -> None:
    engine = ScriptedEngine()
    engine.refusal = error("constraint_not_supported.no_answer", at="")
    async with client_of(make_gateway(engine)) as client:
        response = await client.post(PATH, json=question(stream=stream, **fields))
    assert (response.status_code, response.json()["error"]["param"]) == (400, param)


async def test_a_schema_that_is_not_strict_is_named_by_its_path(make_gateway: Make) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "r", "strict": True, "schema": {"type": "object"}}}
    async with client_of(make_gateway()) as client:
        response = await client.post(PATH, json=question(response_format=form))
    assert response.json()["error"]["param"] == "response_format.json_schema.schema"


async def test_what_says_the_same_as_nothing_is_let_through(make_gateway: Make) -> None:
    body = question(tools=[], tool_choice="none", logit_bias={}, store=False, metadata=None, modalities=["text"])
    async with client_of(make_gateway()) as client:
        assert (await client.post(PATH, json=body)).status_code == 200


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({"tools": [{"type": "function"}]}, "unknown_parameter", "tools"),
        ({"logit_bias": {"5": 1}}, "unknown_parameter", "logit_bias"),
        ({"store": True}, "unknown_parameter", "store"),
        ({"best_of": 2}, "unknown_parameter", "best_of"),
        ({"mm_processor_kwargs": {"min_pixels": 4}}, "unknown_parameter", "mm_processor_kwargs.min_pixels"),
        ({"temperature": "1"}, "invalid_parameter", "temperature"),
        ({"temperature": True}, "invalid_parameter", "temperature"),
        ({"temperature": 2.01}, "invalid_temperature", "temperature"),
        ({"temperature": -0.1}, "invalid_temperature", "temperature"),
        ({"n": 1.5}, "invalid_parameter", "n"),
        ({"n": 9}, "invalid_parameter", "n"),
        ({"max_completion_tokens": 4097}, "invalid_parameter", "max_completion_tokens"),
        ({"max_completion_tokens": 0}, "invalid_max_tokens", "max_completion_tokens"),
        ({"max_tokens": 4097}, "invalid_parameter", "max_tokens"),
        ({"max_tokens": 0}, "invalid_max_tokens", "max_tokens"),
        ({"max_tokens": 5, "max_completion_tokens": 6}, "invalid_parameter", "max_tokens"),
        ({"top_logprobs": 3}, "invalid_parameter", "top_logprobs"),
        ({"logprobs": True, "top_logprobs": 50}, "invalid_logprobs", "top_logprobs"),
        ({"logprobs": True, "top_logprobs": -1}, "invalid_logprobs", "top_logprobs"),
        ({"seed": 2**63}, "invalid_seed", "seed"),
        ({"top_k": -2}, "invalid_top_k", "top_k"),
        (
            {"repetition_detection": {"max_pattern_size": None}},
            "invalid_parameter",
            "repetition_detection.max_pattern_size",
        ),
        (
            {"repetition_detection": {"max_pattern_size": 4, "min_count": 1}},
            "invalid_min_count",
            "repetition_detection.min_count",
        ),
        ({"structured_outputs": {"choice": ["a"]}}, "invalid_choices", "structured_outputs.choice"),
        ({"stream_options": {"include_usage": True}}, "invalid_parameter", "stream_options"),
        ({"stop": ["a", 1]}, "invalid_parameter", "stop.1"),
        ({"stop": "x" * 257}, "invalid_stop", "stop"),
        ({"stop": ["x" * 200] * 16}, "invalid_stop", "stop"),
        ({"mm_processor_kwargs": {"max_pixels": 1}}, "invalid_max_pixels", "mm_processor_kwargs.max_pixels"),
        ({"response_format": {"type": "json_schema"}}, "missing_parameter", "response_format.json_schema"),
        ({"response_format": {"type": "xml"}}, "invalid_parameter", "response_format.type"),
        ({"structured_outputs": {}}, "invalid_parameter", "structured_outputs"),
        (
            {"structured_outputs": {"regex": "a"}, "response_format": {"type": "json_object"}},
            "invalid_parameter",
            "structured_outputs",
        ),
        ({"model": "gpt-4o"}, "model_not_served", "model"),
        ({"messages": []}, "invalid_parameter", "messages"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "invalid_parameter", "messages.0.role"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "invalid_messages", "messages.0.role"),
        ({"messages": [{"role": "user", "content": "  "}]}, "empty_question", "messages.0.content"),
        (
            {"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]},
            "invalid_parameter",
            "messages.0.content.0.type",
        ),
        (
            {"messages": [{"role": "system", "content": [{"type": "image_url", "image_url": "data:,"}]}]},
            "image_not_from_user",
            "messages.0.content.0",
        ),
    ],
    ids=str,
)
async def test_what_is_not_supported_is_refused_by_name(
    make_gateway: Make, fields: dict[str, Any], code: str, param: str | None
) -> None:
    engine = ScriptedEngine()
    async with client_of(make_gateway(engine)) as client:
        response = await client.post(PATH, json={**question(), **fields})
    error = response.json()["error"]
    assert error["code"] == code
    assert param is None or error["param"] == param
    assert response.status_code == (404 if code == "model_not_served" else 400)
    assert engine.requests == []


@pytest.mark.parametrize(
    "fields",
    [
        {"stream_options": {"include_usage": None, "continuous_usage_stats": None}, "stream": True},
        {"repetition_detection": {"max_pattern_size": 4, "min_pattern_size": None, "min_count": None}},
        {"response_format": {"type": "json_schema", "json_schema": {**FORMAT, "strict": None, "description": None}}},
        {"mm_processor_kwargs": {"max_pixels": None}},
        {"structured_outputs": {"regex": None, "choice": None, "json": SCHEMA}},
        {"logprobs": False, "top_logprobs": 0},
        {"top_logprobs": 0},
        {"seed": -1},
        {"seed": -(2**63)},
        {"top_k": -1},
    ],
    ids=str,
)
async def test_what_openai_or_vllm_take_for_nothing_is_nothing_here(make_gateway: Make, fields: dict[str, Any]) -> None:
    async with client_of(make_gateway()) as client:
        response = await client.post(PATH, json=question(**fields))
    assert response.status_code == 200, response.text
    assert '"usage":{' not in response.text or not fields.get("stream")


async def test_no_seed_and_no_top_k_reach_the_engine_where_minus_one_is_sent(make_gateway: Make) -> None:
    engine = ScriptedEngine()
    async with client_of(make_gateway(engine)) as client:
        await client.post(PATH, json=question(seed=-1, top_k=-1))
        await client.post(PATH, json=question(seed=-2))
    assert [(request.sampling.seed, request.sampling.top_k) for request in engine.requests] == [(None, 0), (-2, None)]


async def test_a_conversation_as_other_servers_take_it_is_taken(make_gateway: Make) -> None:
    engine = ScriptedEngine()
    answered = {"role": "assistant", "content": None, "tool_calls": [], "refusal": None, "reasoning_content": None}
    messages = [
        {"role": "developer", "content": "读出订单号。"},
        {"role": "user", "content": [{"type": "image_url", "image_url": data_url(png())}]},
        answered,
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": data_url(png()), "detail": None}}]},
        {"role": "assistant"},
        {"role": "user", "content": [{"type": "image_url", "image_url": data_url(png()).replace("image/png", "")}]},
    ]
    async with client_of(make_gateway(engine)) as client:
        response = await client.post(PATH, json=question() | {"messages": messages})
    assert response.status_code == 200, response.text
    assert engine.requests[0].turns == (
        Turn("system", "读出订单号。"),
        Turn("user", (None,)),
        Turn("assistant", ""),
        Turn("user", (None,)),
        Turn("assistant", ""),
        Turn("user", (None,)),
    )


async def test_a_low_detail_costs_fewer_visual_tokens_and_the_usage_shows_it(make_gateway: Make) -> None:
    picture = data_url(png(1080, 1400))
    costs: dict[Any, int] = {}
    async with client_of(make_gateway()) as client:
        for detail in ("low", "auto", "high", None):
            asked = question("问", {"url": picture, "detail": detail})
            costs[detail] = (await client.post(PATH, json=asked)).json()["usage"]["visual_tokens"]
            priced = (await client.post("/v1/tokenize", json=asked)).json()
            assert priced["visual_tokens"] == costs[detail]
        asked = question("问", {"url": picture, "detail": "low"}, mm_processor_kwargs={"max_pixels": 600 * 1024})
        assert (await client.post(PATH, json=asked)).json()["usage"]["visual_tokens"] == 567
    assert costs == {"low": 108, "auto": 1240, "high": 1240, None: 1240}


async def test_what_sizes_and_pixels_tell_of_pictures_is_warned_about_streamed_or_not(make_gateway: Make) -> None:
    body = question("问", png(64, 64), png(640, 640), mm_processor_kwargs={"max_pixels": 65_536})
    async with client_of(make_gateway()) as client:
        whole = (await client.post(PATH, json=body)).json()["kantu"]["warnings"]
        options = {"stream": True, "stream_options": {"include_usage": True}}
        stream = await client.post(PATH, json={**body, **options})
    assert [warning[:9] for warning in whole] == ["第 2 张图片从 ", "第 1 张图片几乎", "第 2 张图片几乎"]
    told = [data["kantu"]["warnings"] for _, data in events(stream.text) if data != "[DONE]" and "kantu" in data]
    assert told == [whole, whole]  # with the label, and with the usage


async def test_of_several_pictures_the_broken_one_is_named(make_gateway: Make) -> None:
    broken: tuple[dict[str, Any], ...] = (
        {"url": data_url(b"x")},
        {"url": "data:,"},
        {"url": "https://example.com/a.png"},
        {"file_id": "file-nope"},
    )
    async with client_of(make_gateway()) as client:
        for picture in broken:
            response = await client.post(PATH, json=question("问", png(), picture))
            assert response.json()["error"]["param"] == "messages.0.content.1.image_url"


async def test_pictures_may_be_uploaded_first(make_gateway: Make) -> None:
    engine = ScriptedEngine()
    async with client_of(make_gateway(engine)) as client:
        uploaded = await client.post("/v1/files", data={"purpose": "vision"}, files={"file": ("a.png", png())})
        response = await client.post(PATH, json=question("问", {"file_id": uploaded.json()["id"]}))
    assert response.status_code == 200
    assert engine.requests[0].images[0].pixels.shape == (64, 64, 3)


@pytest.mark.parametrize(
    ("picture", "code"),
    [
        ({"url": "https://example.com/a.png"}, "image_url_not_allowed"),
        ({"url": "file:///etc/passwd"}, "image_url_not_allowed"),
        ({"url": "/etc/passwd"}, "image_url_not_allowed"),
        ({"url": "data:text/plain,hello"}, "invalid_data_url"),
        ({"url": "data:image/png;base64,@@"}, "invalid_data_url"),
        ({"url": "data:image/png;base64,aGVsbG8="}, "image_unsupported_format"),
        ({"url": ""}, "image_url_not_allowed"),
        ({"file_id": "file-nope"}, "file_not_found"),
        ({}, "invalid_parameter"),
        ({"url": "data:,", "file_id": "file-x"}, "invalid_parameter"),
    ],
    ids=str,
)
async def test_pictures_from_elsewhere_are_refused(make_gateway: Make, picture: dict[str, Any], code: str) -> None:
    async with client_of(make_gateway()) as client:
        response = await client.post(PATH, json=question("问", picture))
    assert response.json()["error"]["code"] == code
    assert response.status_code == (404 if code == "file_not_found" else 400)


async def test_requests_are_bounded_in_messages_parts_and_pictures(make_gateway: Make) -> None:
    limits = {"max_messages": 3, "max_parts": 5, "max_images": 2, "max_characters": 8}
    turn = [{"role": "user", "content": "问"}, {"role": "assistant", "content": "答"}]
    many = [{"type": "text", "text": "问"}] * 6
    async with client_of(make_gateway(settings=settings_with(request=limits))) as client:
        for body, code in (
            ({**question(), "messages": [*turn, *turn, turn[0]]}, "too_many_messages"),
            ({**question(), "messages": [{"role": "user", "content": many}]}, "too_many_parts"),
            (question("问", png(), png(), png()), "too_many_images"),
            (question("九个字符的一句话哦"), "too_many_characters"),
        ):
            response = await client.post(PATH, json=body)
            assert (response.status_code, response.json()["error"]["code"]) == (400, code)


@pytest.mark.parametrize(
    ("error", "status", "headers"),
    [
        (InvalidRequestError("constraint_not_supported", "中", "en"), 400, {}),
        (PromptTooLongError("prompt_too_long", "中", "en"), 400, {}),
        (OutOfMemoryError("out_of_memory", "中", "en"), 413, {"x-should-retry": "false"}),
        (EngineError("engine_failed", "中", "en"), 500, {}),
        (UpstreamError("upstream_failed", "中", "en"), 502, {}),
        (
            OverloadedError("overloaded", "中", "en", retry_after_seconds=1.2),
            503,
            {"retry-after": "2", "retry-after-ms": "1200"},
        ),
        (DeadlineExceededError("deadline_exceeded", "中", "en"), 504, {"x-should-retry": "false"}),
    ],
    ids=lambda value: value.code if isinstance(value, KantuError) else "",
)
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("at_once", [False, True])
async def test_what_fails_before_the_first_token_has_a_status(
    make_gateway: Make, error: KantuError, status: int, headers: dict[str, str], stream: bool, at_once: bool
) -> None:
    engine = ScriptedEngine(refusal=error) if at_once else ScriptedEngine([error])
    async with client_of(make_gateway(engine)) as client:
        response = await client.post(PATH, json=question(stream=stream))
    assert response.status_code == status
    assert response.json()["error"]["code"] == error.code
    assert {name: response.headers.get(name) for name in headers} == headers


async def test_what_fails_in_a_stream_is_an_error_event_and_the_stream_is_not_done(make_gateway: Make) -> None:
    engine = ScriptedEngine(["你", EngineError("engine_crashed", "中", "en")])
    async with client_of(make_gateway(engine)) as client:
        response = await client.post(PATH, json=question(stream=True), headers={"Accept-Language": "en"})
    assert response.status_code == 200
    name, data = events(response.text)[-1]
    assert name == "error"
    assert data == {"error": {"message": "en", "type": "server_error", "param": None, "code": "engine_crashed"}}
    assert "[DONE]" not in response.text


# keeping a stream alive


class Slow(ScriptedEngine):
    """Answers what it is told to, each piece after some seconds."""

    def __init__(self, seconds: float, *pieces: str | KantuError) -> None:
        super().__init__(pieces)
        self._seconds = seconds

    def submit(self, request: Request, listener: Listener) -> ScriptedEngine:
        def answer() -> None:
            for number, piece in enumerate(self.pieces, 1):
                time.sleep(self._seconds)
                end = End("stop", Usage(1, 0, number), TIMINGS) if number == len(self.pieces) else None
                said = Delta(str(piece), (number,), end)
                listener(piece if isinstance(piece, KantuError) else said)

        threading.Thread(target=answer).start()
        return self


def keeping_alive(seconds: float) -> Settings:
    return settings_with(server={"stream_keep_alive_seconds": seconds})


COMMENT = ": keep-alive\n\n"


async def test_a_stream_that_waits_tells_that_it_lives_before_and_between_its_words(make_gateway: Make) -> None:
    async with client_of(make_gateway(Slow(0.3, "你", "好"), keeping_alive(0.1))) as client:
        text = (await client.post(PATH, json=question(stream=True))).text
    before, _, rest = text.partition("data: ")
    assert set(before.split("\n\n")) == {": keep-alive", ""}
    assert COMMENT in rest.partition("你")[2].partition("好")[0]
    words = [data["choices"][0]["delta"].get("content") for _, data in events(text) if data != "[DONE]"]
    assert words == ["", "你", "好"]
    assert text.endswith("data: [DONE]\n\n")


async def test_a_stream_that_does_not_wait_has_no_comments(make_gateway: Make) -> None:
    for settings in (keeping_alive(5), keeping_alive(0)):
        async with client_of(make_gateway(Slow(0.1, "你", "好"), settings)) as client:
            assert COMMENT not in (await client.post(PATH, json=question(stream=True))).text


async def test_a_whole_answer_has_no_comments(make_gateway: Make) -> None:
    async with client_of(make_gateway(Slow(0.2, "你"), keeping_alive(0.05))) as client:
        assert (await client.post(PATH, json=question())).json()["choices"][0]["message"]["content"] == "你"


@pytest.mark.parametrize(("seconds", "status"), [(5, 503), (0, 503), (0.05, 200)])
async def test_what_fails_before_the_first_word_has_a_status_unless_a_comment_went_before_it(
    make_gateway: Make, seconds: float, status: int
) -> None:
    error = OverloadedError("overloaded", "忙", "busy", retry_after_seconds=1)
    gateway = make_gateway(Slow(0.2, error), keeping_alive(seconds))
    async with client_of(gateway) as client:
        response = await client.post(PATH, json=question(stream=True))
    assert response.status_code == status
    if status == 200:
        ((name, data),) = events(response.text)
        assert (name, data["error"]["code"]) == ("error", "overloaded")
    assert b'code="overloaded"' in gateway.watch.metrics.text()


async def test_pictures_that_take_long_are_waited_for_alive(
    make_gateway: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = make_gateway(settings=keeping_alive(0.05))
    render = gateway.decoders.render

    async def slowly(*arguments: Any) -> Any:
        await asyncio.sleep(0.2)
        return await render(*arguments)

    monkeypatch.setattr(gateway.decoders, "render", slowly)
    async with client_of(gateway) as client:
        text = (await client.post(PATH, json=question("问", png(), stream=True))).text
    assert text.startswith(COMMENT)
    assert text.endswith("data: [DONE]\n\n")


async def test_a_defect_in_the_engine_says_nothing_of_itself(make_gateway: Make) -> None:
    engine = ScriptedEngine(["x"])
    engine.submit = lambda *_: 1 / 0  # type: ignore[method-assign, assignment]
    async with client_of(make_gateway(engine)) as client:
        response = await client.post(PATH, json=question())
    assert response.status_code == 500
    assert response.json()["error"]["code"] == "internal_error"
    assert "division" not in response.text


async def test_everything_is_given_back_when_a_request_ends(make_gateway: Make) -> None:
    for engine in (ScriptedEngine(), ScriptedEngine([EngineError("engine_failed", "中", "en")])):
        gateway = make_gateway(engine)
        async with client_of(gateway) as client:
            await client.post(PATH, json=question("问", png()))
            assert (gateway.admission.requests, gateway.admission.pixels, gateway.lifecycle.in_flight) == (0, 0, 0)


async def test_a_key_may_be_for_other_models_or_endpoints(make_gateway: Make) -> None:
    gateway = make_gateway()
    async with client_of(gateway, models=["other"]) as client:
        response = await client.post(PATH, json=question())
        assert (response.status_code, response.json()["error"]["code"]) == (403, "model_not_allowed")


async def test_a_key_without_the_scope_is_refused(make_gateway: Make) -> None:
    async with client_of(make_gateway(), endpoints=["models"]) as client:
        response = await client.post(PATH, json=question())
        assert (response.status_code, response.json()["error"]["code"]) == (403, "endpoint_not_allowed")
        assert (await client.get("/v1/models")).status_code == 200


async def test_a_key_over_its_visual_tokens_is_refused_before_anything_is_decoded(
    make_gateway: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = make_gateway()
    decoders = DecodersHere()
    monkeypatch.setattr(gateway.decoders, "render", decoders.render)
    picture = png(320, 160)  # 50 visual tokens
    async with client_of(gateway, limits=Limits(visual_tokens_per_minute=100)) as client:
        statuses = [(await client.post(PATH, json=question("问", picture))).status_code for _ in range(4)]
        large = await client.post(PATH, json=question("问", png(4000, 4000)))
    assert (statuses, decoders.begun) == ([200, 200, 429, 429], 2)
    assert (large.status_code, large.json()["error"]["code"]) == (429, "visual_token_limit_exceeded")


async def test_a_picture_that_only_decoding_finds_out_is_charged(make_gateway: Make) -> None:
    body = question("问", bombs(side=320)["webp_lossless"])  # 100 visual tokens
    async with client_of(make_gateway(), limits=Limits(visual_tokens_per_day=150)) as client:
        first, second = [(await client.post(PATH, json=body)).json()["error"]["code"] for _ in range(2)]
    assert (first, second) == ("image_damaged", "visual_token_limit_exceeded")


async def test_what_is_refused_by_the_engine_is_not_charged(make_gateway: Make) -> None:
    engine = ScriptedEngine(refusal=OverloadedError("overloaded", "中", "en", retry_after_seconds=1))
    limits = Limits(visual_tokens_per_day=60, output_tokens_per_day=40)
    body = question("问", png(320, 160), max_completion_tokens=30)  # 50 visual tokens
    async with client_of(make_gateway(engine), limits=limits) as client:
        assert (await client.post(PATH, json=body)).status_code == 503
        engine.refusal = None
        assert (await client.post(PATH, json=body)).status_code == 200
        refused = await client.post(PATH, json=body)
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "visual_token_limit_exceeded")
        assert (await client.post(PATH, json=question(max_completion_tokens=38))).status_code == 200  # 2 were used
