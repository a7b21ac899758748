"""Anthropic's body becomes the chat completion that asks the same; its faults are named as the client named them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from kantu.errors import KantuError, error
from kantu.processing.conversation import Conversation, ImageReference, Turn
from kantu.processing.messages import conversation_of
from kantu.service.errors import validation_error
from kantu.service.messages.schemas import MessageRequest
from kantu.service.messages.translate import as_sent, chat_request, tokenize_request

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}


def body(*content: dict[str, Any], **fields: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": list(content) or "问"}]
    return {"model": "m", "max_tokens": 9, "messages": messages, **fields}


def read(**fields: Any) -> MessageRequest:
    return MessageRequest.model_validate(body(**fields))


def image(**source: str) -> dict[str, Any]:
    return {"type": "image", "source": source}


def conversation(given: dict[str, Any]) -> Conversation:
    return conversation_of(chat_request(MessageRequest.model_validate(given)).messages)


def refusal(given: dict[str, Any]) -> KantuError:
    with pytest.raises(ValidationError) as caught:
        MessageRequest.model_validate(given)
    return validation_error(caught.value, given)


# What is asked


def test_text_is_a_turn_and_each_picture_has_its_source() -> None:
    given = body(
        image(type="base64", media_type="image/png", data="AAAA"),
        image(type="url", url="https://a.example/b.png"),
        image(type="file", file_id="file-1"),
        {"type": "text", "text": "问"},
    )
    assert conversation(given) == Conversation(
        (Turn("user", (None, None, None, "问")),),
        (
            ImageReference("messages.0.content.0.image_url", url="data:image/png;base64,AAAA"),
            ImageReference("messages.0.content.1.image_url", url="https://a.example/b.png"),
            ImageReference("messages.0.content.2.image_url", file_id="file-1"),
        ),
    )


@pytest.mark.parametrize(
    ("system", "turn"),
    [
        ("短", Turn("system", "短")),
        ([{"type": "text", "text": "短"}, {"type": "text", "text": "些"}], Turn("system", ("短", "些"))),
    ],
)
def test_the_system_prompt_is_the_first_turn(system: Any, turn: Turn) -> None:
    assert conversation(body(system=system)).turns == (turn, Turn("user", "问"))


def test_earlier_answers_and_later_system_messages_stand_in_their_place() -> None:
    messages = [
        {"role": "user", "content": "问"},
        {"role": "assistant", "content": [{"type": "text", "text": "答", "citations": None}]},
        {"role": "system", "content": "短"},
        {"role": "user", "content": "再问"},
    ]
    turns = conversation(body(messages=messages)).turns
    assert turns == (Turn("user", "问"), Turn("assistant", "答"), Turn("system", "短"), Turn("user", "再问"))


def test_every_parameter_is_the_chat_completion_s() -> None:
    asked = chat_request(
        read(
            max_tokens=7,
            stream=True,
            temperature=0.5,
            top_p=0.9,
            top_k=5,
            stop_sequences=["。", "END"],
            output_config={"format": {"type": "json_schema", "schema": SCHEMA}},
        )
    )
    assert (asked.model, asked.max_tokens, asked.stream) == ("m", 7, True)
    assert (asked.temperature, asked.top_p, asked.top_k, asked.stop) == (0.5, 0.9, 5, ["。", "END"])
    assert asked.response_format is not None
    assert asked.response_format.model_dump(by_alias=True)["json_schema"]["schema"] == SCHEMA


def test_what_is_left_out_is_the_model_s_own() -> None:
    asked = chat_request(read())
    assert asked.model_fields_set - {"model", "messages", "max_tokens"} == {
        name for name in asked.model_fields_set if getattr(asked, name) is None
    }


def test_a_count_asks_for_the_same_conversation() -> None:
    asked = MessageRequest.model_validate(body(image(type="file", file_id="file-1"), system="短"))
    counted = tokenize_request(asked)
    assert (counted.model, counted.messages) == ("m", chat_request(asked).messages)


# What says nothing, and what is refused


@pytest.mark.parametrize(
    "neutral",
    [
        {"tools": []},
        {"tool_choice": {"type": "auto"}},
        {"tool_choice": {"type": "none"}},
        {"thinking": {"type": "disabled"}},
        {"service_tier": "auto"},
        {"service_tier": "standard_only"},
        {"speed": "standard"},
        {"container": None, "mcp_servers": [], "context_management": None, "inference_geo": None, "diagnostics": None},
        {"metadata": {"user_id": "u-1"}},
        {"cache_control": {"type": "ephemeral", "ttl": "1h"}},
        {"system": [{"type": "text", "text": "短", "cache_control": {"type": "ephemeral"}}]},
        {"output_config": {"effort": None}},
        {"stream": False, "stop_sequences": []},
    ],
)
def test_a_client_that_spells_out_the_default_asks_for_nothing(neutral: dict[str, Any]) -> None:
    read(**neutral)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tools", [{"name": "f", "input_schema": {}}]),
        ("tool_choice", {"type": "any"}),
        ("thinking", {"type": "enabled", "budget_tokens": 1024}),
        ("thinking", {"type": "adaptive"}),
        ("speed", "fast"),
        ("container", "c-1"),
        ("mcp_servers", [{}]),
        ("n", 2),
        ("max_completion_tokens", 2),
    ],
)
def test_what_kantu_has_not_is_refused_by_name(name: str, value: Any) -> None:
    failure = refusal(body(**{name: value}))
    assert (failure.code, failure.param) == ("unknown_parameter", name)


@pytest.mark.parametrize(
    ("given", "code", "param"),
    [
        ({**body(), "max_tokens": "9"}, "invalid_parameter", "max_tokens"),
        ({name: value for name, value in body().items() if name != "max_tokens"}, "missing_parameter", "max_tokens"),
        (body(messages=[]), "invalid_parameter", "messages"),
        (body(output_config={"effort": "high"}), "invalid_parameter", "output_config.effort"),
        (body({"type": "document"}), "invalid_parameter", "messages.0.content.0.type"),
        (body({"type": "tool_result", "tool_use_id": "t"}), "invalid_parameter", "messages.0.content.0.type"),
        (body({"type": "text", "text": "\ud800"}), "invalid_text", "messages.0.content.0.text"),
        (
            body({"type": "text", "text": "问", "citations": [{"type": "char_location"}]}),
            "unknown_parameter",
            "messages.0.content.0.citations",
        ),
        (
            body(image(type="base64", media_type="image/png,x", data="AAAA")),
            "invalid_parameter",
            "messages.0.content.0.source.media_type",
        ),
        (body(image(type="url")), "missing_parameter", "messages.0.content.0.source.url"),
        (body(image(type="path")), "invalid_parameter", "messages.0.content.0.source.type"),
        (
            body(messages=[{"role": "assistant", "content": [image(type="file", file_id="f")]}]),
            "invalid_parameter",
            "messages.0.content.0.type",
        ),
        (body(messages=[{"role": "tool", "content": "?"}]), "invalid_parameter", "messages.0.role"),
    ],
)
def test_the_place_at_fault_is_told(given: dict[str, Any], code: str, param: str) -> None:
    failure = refusal(given)
    assert (failure.code, failure.param) == (code, param)


# Names of the chat service's errors


@pytest.mark.parametrize(
    ("param", "without_system", "with_system"),
    [
        (None, None, None),
        ("messages", "messages", "messages"),
        ("max_tokens", "max_tokens", "max_tokens"),
        ("messages.2.role", "messages.2.role", "messages.1.role"),
        ("messages.1.content.3.image_url", "messages.1.content.3.source", "messages.0.content.3.source"),
        ("messages.1.content.3.text", "messages.1.content.3.text", "messages.0.content.3.text"),
        ("messages.0.content", "messages.0.content", "system"),
        ("messages.0.content.1.text", "messages.0.content.1.text", "system.1.text"),
    ],
)
def test_places_are_the_client_s(param: str | None, without_system: str | None, with_system: str | None) -> None:
    for given, name in ((body(), without_system), (body(system="短"), with_system)):
        failure = error("internal_error")
        failure.param = param
        as_sent(failure, MessageRequest.model_validate(given))
        assert failure.param == name


def test_stop_strings_have_the_client_s_name_in_the_message_too() -> None:
    failure = error("invalid_stop", most=16)
    as_sent(failure, read())
    assert failure.param == "stop_sequences"
    assert failure.message.startswith("参数 stop_sequences 必须是")
    assert failure.message_en.startswith("stop_sequences must be")
