"""Messages with Anthropic's own Python client, against `kantu serve` and the embedded model."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import anthropic
import httpx
import pytest
from anthropic import Anthropic, AsyncAnthropic
from openai import OpenAI
from pydantic import BaseModel

from kantu.errors import EngineError, OverloadedError
from kantu.service.actor import Limits
from kantu.service.gateway import Gateway
from kantu.service.keys.service import KeyService
from tests.service.clients.questions import MODEL, ORDER, STATUS, WHY, ask
from tests.service.gateways import MODEL as SCRIPTED
from tests.service.gateways import ScriptedEngine, settings_with
from tests.service.listening import listening
from tests.service.proof.live import LiveGateway, wait_until

pytestmark = pytest.mark.whole

NOW = "现在是什么状态？"


class Order(BaseModel):
    状态: str
    总金额: str


@pytest.fixture(scope="module")
def claude(served: LiveGateway) -> Iterator[Anthropic]:
    """With the first key; it tries everything once."""
    with Anthropic(base_url=served.address, api_key=served.key, max_retries=0, timeout=120) as opened:
        yield opened


def picture() -> dict[str, Any]:
    """A block with the order."""
    data = base64.b64encode(ORDER.read_bytes()).decode()
    return {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}}


def prompt(text: str, *blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The arguments of a count, about `blocks` or about the order."""
    content = [*(blocks or (picture(),)), {"type": "text", "text": text}]
    return {"model": MODEL, "messages": [{"role": "user", "content": content}], **more}


def asking(text: str, *blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The arguments of a message; greedy, as all clients of a model can then be compared."""
    return {**prompt(text, *blocks), "max_tokens": 64, "extra_body": {"temperature": 0}, **more}


def text_of(message: anthropic.types.Message) -> str:
    (block,) = message.content
    assert block.type == "text"
    return block.text


# Answers


def test_a_question_about_a_picture_is_answered_as_openai_s_client_hears_it(claude: Anthropic, client: OpenAI) -> None:
    answer = claude.messages.create(**asking(WHY))
    assert STATUS in text_of(answer)
    assert text_of(answer) == client.chat.completions.create(**ask(WHY, temperature=0)).choices[0].message.content
    assert (answer.type, answer.role, answer.model) == ("message", "assistant", MODEL)
    assert (answer.stop_reason, answer.stop_sequence) == ("end_turn", None)
    assert answer._request_id is not None
    assert answer._request_id.startswith("req_")


def test_the_stream_helper_puts_the_answer_together(claude: Anthropic) -> None:
    with claude.messages.stream(**asking(WHY)) as stream:
        kinds = {event.type for event in stream}
        streamed = stream.get_final_message()
    assert {"message_start", "content_block_start", "text", "content_block_stop", "message_delta"} <= kinds
    whole = claude.messages.create(**asking(WHY))
    assert text_of(streamed) == text_of(whole)
    assert (streamed.stop_reason, streamed.model) == (whole.stop_reason, MODEL)
    assert streamed.usage.output_tokens == whole.usage.output_tokens
    assert input_tokens(streamed) == input_tokens(whole)


def test_the_text_of_a_stream(claude: Anthropic) -> None:
    with claude.messages.stream(**asking(WHY)) as stream:
        pieces = list(stream.text_stream)
    assert len(pieces) > 1
    assert STATUS in "".join(pieces)


def test_raw_events_come_in_anthropic_s_order(claude: Anthropic) -> None:
    with claude.messages.create(**asking(NOW), stream=True) as stream:
        kinds = [event.type for event in stream]
    assert kinds[:2] == ["message_start", "content_block_start"]
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert set(kinds[2:-3]) == {"content_block_delta"}


def test_system_prompts_and_earlier_turns(claude: Anthropic) -> None:
    question = asking(NOW, system=[{"type": "text", "text": "只回答状态。", "cache_control": {"type": "ephemeral"}}])
    first = claude.messages.create(**question)
    question["messages"] += [
        {"role": "assistant", "content": first.content},  # as the client gives it back
        {"role": "user", "content": WHY},
    ]
    assert text_of(claude.messages.create(**question))


def test_a_limit_of_tokens_ends_the_answer(claude: Anthropic) -> None:
    answer = claude.messages.create(**asking(WHY, max_tokens=3))
    assert (answer.stop_reason, answer.usage.output_tokens) == ("max_tokens", 3)


def test_the_stop_sequence_that_ended_the_answer_is_told(claude: Anthropic) -> None:
    whole = text_of(claude.messages.create(**asking(WHY)))
    assert "，" in whole
    stops = ["，", "不会出现"]
    cut = claude.messages.create(**asking(WHY, stop_sequences=stops))
    assert (text_of(cut), cut.stop_reason, cut.stop_sequence) == (whole.partition("，")[0], "stop_sequence", "，")
    with claude.messages.stream(**asking(WHY, stop_sequences=stops)) as stream:
        streamed = stream.get_final_message()
    assert (text_of(streamed), streamed.stop_reason, streamed.stop_sequence) == (text_of(cut), "stop_sequence", "，")


def test_a_pydantic_class_is_a_schema_and_comes_back_filled(claude: Anthropic) -> None:
    answer = claude.messages.parse(**asking("提取记录。"), output_format=Order)
    record = answer.parsed_output
    assert record is not None
    assert record.状态.startswith(STATUS)
    assert record.总金额 == "347.80"


@pytest.mark.anyio
async def test_the_async_client_asks_several_at_once(served: LiveGateway) -> None:
    async with AsyncAnthropic(base_url=served.address, api_key=served.key, max_retries=0) as client:

        async def streamed(text: str) -> str:
            async with client.messages.stream(**asking(text)) as stream:
                return text_of(await stream.get_final_message())

        answers = await asyncio.gather(streamed(WHY), streamed(NOW))
    assert all(STATUS in answer for answer in answers)


def test_leaving_a_stream_early_cancels_it_in_the_engine(claude: Anthropic, served: LiveGateway) -> None:
    def cancelled() -> float:
        return served.metric("kantu_engine_requests_total", outcome="cancelled")

    before = cancelled()
    endless = {"type": "array", "items": {"type": "string", "minLength": 9, "maxLength": 9}, "minItems": 30}
    form = {"format": {"type": "json_schema", "schema": endless}}
    with claude.messages.create(**asking(WHY, max_tokens=512, output_config=form), stream=True) as stream:
        for _ in range(9):
            next(stream)
    wait_until(lambda: cancelled() == before + 1 and served.running() == 0)


# Tokens


def input_tokens(message: anthropic.types.Message) -> int:
    """Of the prompt, reused or not."""
    return message.usage.input_tokens + (message.usage.cache_read_input_tokens or 0)


def test_a_count_is_the_usage_of_the_same_request(claude: Anthropic) -> None:
    for more in ({}, {"system": "只回答状态。"}):
        counted = claude.messages.count_tokens(**prompt(WHY, **more))
        asked = claude.messages.create(**asking(WHY, **more))
        again = claude.messages.create(**asking(WHY, **more))
        assert counted.input_tokens == input_tokens(asked) == input_tokens(again) > 260
        assert (again.usage.cache_read_input_tokens or 0) > 0
        assert again.usage.input_tokens < counted.input_tokens


# Pictures


def test_an_uploaded_picture_is_asked_about_by_its_id(claude: Anthropic, client: OpenAI) -> None:
    file = client.files.create(file=ORDER, purpose="vision")
    block = {"type": "image", "source": {"type": "file", "file_id": file.id}}
    assert STATUS in text_of(claude.messages.create(**asking(NOW, block)))
    client.files.delete(file.id)
    with pytest.raises(anthropic.NotFoundError) as caught:
        claude.messages.create(**asking(NOW, block))
    assert told(caught.value) == ("not_found_error", "file_not_found")


@pytest.mark.parametrize("url", ["https://example.com/order.png", "http://127.0.0.1/order.png", "file:///etc/passwd"])
def test_a_picture_s_url_is_refused(claude: Anthropic, url: str) -> None:
    with pytest.raises(anthropic.BadRequestError) as caught:
        claude.messages.create(**asking("?", {"type": "image", "source": {"type": "url", "url": url}}))
    assert told(caught.value) == ("invalid_request_error", "image_url_not_allowed")


# Errors


def told(error: anthropic.APIStatusError) -> tuple[str | None, str | None]:
    """(type, code) as the client finds them."""
    assert error.request_id is not None
    assert error.request_id.startswith("req_")
    return error.type, error.error_code


@pytest.mark.parametrize(
    ("more", "code", "param"),
    [
        ({"extra_body": {"temperature": -1}}, "invalid_temperature", "temperature"),
        ({"max_tokens": 10**6, "timeout": 60}, "invalid_parameter", "max_tokens"),
        ({"tools": [{"name": "f", "input_schema": {"type": "object"}}]}, "unknown_parameter", "tools"),
        ({"thinking": {"type": "enabled", "budget_tokens": 1024}}, "unknown_parameter", "thinking"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_bad_parameter_is_named(claude: Anthropic, more: dict[str, Any], code: str, param: str, stream: bool) -> None:
    with pytest.raises(anthropic.BadRequestError) as caught:
        claude.messages.create(**asking("?", **more), stream=stream)
    assert told(caught.value) == ("invalid_request_error", code)
    assert caught.value.body["error"]["details"]["param"] == param  # type: ignore[index]


def test_a_prompt_that_is_too_long_is_a_bad_request_for_both(claude: Anthropic) -> None:
    long = prompt("字" * 50_000)
    for call in (lambda: claude.messages.create(**long, max_tokens=9), lambda: claude.messages.count_tokens(**long)):
        with pytest.raises(anthropic.BadRequestError) as caught:
            call()
        assert told(caught.value) == ("invalid_request_error", "prompt_too_long")


def test_messages_are_chinese_unless_the_client_prefers_english(claude: Anthropic) -> None:
    for headers, words in (({}, "没有"), ({"Accept-Language": "en"}, "no such model")):
        with pytest.raises(anthropic.NotFoundError) as caught:
            claude.messages.create(**{**asking("?"), "model": "claude"}, extra_headers=headers)
        assert words in (caught.value.api_message or "")
        assert told(caught.value) == ("not_found_error", "model_not_served")


def test_a_key_that_is_wrong_is_no_authentication(claude: Anthropic, served: LiveGateway) -> None:
    bare = {"x-api-key": "kt-no", "Authorization": anthropic.omit}
    for options in ({"api_key": "kt-no"}, {"default_headers": bare}):
        with pytest.raises(anthropic.AuthenticationError) as caught:
            claude.with_options(**options).messages.create(**asking("?"))
        assert told(caught.value) == ("authentication_error", "invalid_api_key")
    head = {"x-api-key": served.key}
    counted = httpx.post(f"{served.address}/v1/messages/count_tokens", json=prompt("?"), headers=head, trust_env=False)
    assert counted.status_code == 200


def test_a_key_for_something_else_is_denied(claude: Anthropic, keys: KeyService) -> None:
    _, text = keys.create("test", limits=Limits(), endpoints=["models"])
    with pytest.raises(anthropic.PermissionDeniedError) as caught:
        claude.with_options(api_key=text).messages.create(**asking("?"))
    assert told(caught.value) == ("permission_error", "endpoint_not_allowed")


def test_a_key_at_its_limit_is_told_when_to_ask_again(claude: Anthropic, keys: KeyService) -> None:
    _, text = keys.create("test", limits=Limits(visual_tokens_per_day=300))
    limited = claude.with_options(api_key=text).messages
    limited.create(**asking("?", max_tokens=8))
    with pytest.raises(anthropic.RateLimitError) as caught:
        limited.create(**asking("?", max_tokens=8))
    assert told(caught.value) == ("rate_limit_error", "visual_token_limit_exceeded")
    assert float(caught.value.response.headers["retry-after"]) > 0


# Against an engine that does what it is told


@pytest.fixture
def claude_over(make_gateway: Callable[..., Gateway]) -> Iterator[Callable[[ScriptedEngine], Anthropic]]:
    """An engine -> a client of a service over it."""

    def connect(engine: ScriptedEngine) -> Anthropic:
        served = opened.enter_context(listening(make_gateway(engine, settings_with(server={"port": 0}))))
        address = f"http://127.0.0.1:{served.port}"
        return opened.enter_context(Anthropic(base_url=address, api_key=served.key, max_retries=0))

    with ExitStack() as opened:
        yield connect


SIMPLE: dict[str, Any] = {"model": SCRIPTED, "max_tokens": 9, "messages": [{"role": "user", "content": "?"}]}


def test_a_failure_in_the_middle_of_a_stream_is_raised(claude_over: Callable[[ScriptedEngine], Anthropic]) -> None:
    engine = ScriptedEngine(["你", "好", EngineError("engine_crashed", "引擎停了。", "The engine has stopped.")])
    heard: list[str] = []
    with claude_over(engine).messages.stream(**SIMPLE) as stream, pytest.raises(anthropic.APIStatusError) as caught:
        heard.extend(stream.text_stream)
    assert heard == ["你", "好"]
    assert (caught.value.type, caught.value.error_code) == ("api_error", "engine_crashed")
    assert caught.value.api_message == "引擎停了。"


def test_a_queue_that_stays_full_is_an_error_of_the_server(
    claude_over: Callable[[ScriptedEngine], Anthropic],
) -> None:
    engine = ScriptedEngine(refusal=OverloadedError("overloaded", "忙。", "Busy.", retry_after_seconds=1.0))
    with pytest.raises(anthropic.InternalServerError) as caught:
        claude_over(engine).messages.create(**SIMPLE)
    assert (caught.value.status_code, *told(caught.value)) == (503, "overloaded_error", "overloaded")
