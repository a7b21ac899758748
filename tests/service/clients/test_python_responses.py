"""Responses with OpenAI's own Python client, against `kantu serve` and the embedded model."""

from __future__ import annotations

import base64
from typing import Any

import openai
import pytest
from openai import OpenAI
from pydantic import BaseModel

from tests.service.clients.questions import MODEL, ORDER, STATUS, WHY

pytestmark = pytest.mark.whole


class Order(BaseModel):
    状态: str
    店铺: str
    总金额: str


def picture() -> dict[str, Any]:
    encoded = base64.b64encode(ORDER.read_bytes()).decode()
    return {"type": "input_image", "image_url": f"data:image/png;base64,{encoded}", "detail": "auto"}


def ask(text: str, *pictures: dict[str, Any], **more: Any) -> dict[str, Any]:
    content = [*(pictures or (picture(),)), {"type": "input_text", "text": text}]
    return {"model": MODEL, "input": [{"role": "user", "content": content}], **more}


def test_a_question_about_a_picture_is_answered(client: OpenAI) -> None:
    response = client.responses.create(**ask(WHY))
    assert STATUS in response.output_text
    assert (response.status, response.model, response.error) == ("completed", MODEL, None)
    assert response.usage is not None
    assert response.usage.input_tokens > response.usage.visual_tokens == 260  # type: ignore[attr-defined]
    assert response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens
    assert response.usage.input_tokens_details.cached_tokens >= 0


def test_a_stream_tells_the_same_answer_in_events(client: OpenAI) -> None:
    whole = client.responses.create(**ask(WHY, temperature=0))
    with client.responses.create(**ask(WHY, temperature=0), stream=True) as stream:
        events = list(stream)
    assert [event.sequence_number for event in events] == list(range(len(events)))
    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert "".join(deltas) == whole.output_text
    last = events[-1]
    assert last.type == "response.completed"
    assert last.response.output_text == whole.output_text
    for event in events:  # as strictly as the client's own types say it
        type(event).model_validate(event.to_dict(), strict=True)


def test_the_clients_own_stream_helper_puts_the_answer_together(client: OpenAI) -> None:
    with client.responses.stream(**ask("提取记录。"), text_format=Order) as stream:
        kinds = {event.type for event in stream}
        response = stream.get_final_response()
    assert {"response.created", "response.output_text.delta", "response.output_text.done"} <= kinds
    assert response.output_parsed is not None
    assert response.output_parsed.状态.startswith(STATUS)


def test_a_pydantic_class_is_a_strict_schema_and_comes_back_filled(client: OpenAI) -> None:
    record = client.responses.parse(**ask("提取记录。"), text_format=Order).output_parsed
    assert record is not None
    assert record.状态.startswith(STATUS)
    assert record.总金额 == "347.80"


def test_a_picture_is_asked_about_by_its_id(client: OpenAI) -> None:
    file = client.files.create(file=ORDER, purpose="vision")
    by_id = {"type": "input_image", "file_id": file.id, "detail": "auto"}
    assert STATUS in client.responses.create(**ask(WHY, by_id)).output_text
    client.files.delete(file.id)
    with pytest.raises(openai.NotFoundError) as caught:
        client.responses.create(**ask(WHY, by_id))
    assert (caught.value.code, caught.value.param) == ("file_not_found", "input.0.content.0.file_id")


def test_a_conversation_goes_on_with_what_was_answered(client: OpenAI) -> None:
    first = client.responses.create(**ask(WHY), instructions="看图回答。")
    given: Any = [*ask(WHY)["input"], *first.output, {"role": "user", "content": "现在是什么状态？"}]
    second = client.responses.create(model=MODEL, input=given)
    assert second.output_text
    assert second.usage is not None
    assert second.usage.visual_tokens == 260  # type: ignore[attr-defined]


def test_a_limit_of_tokens_leaves_the_answer_incomplete(client: OpenAI) -> None:
    response = client.responses.create(**ask(WHY), max_output_tokens=3)
    assert response.status == "incomplete"
    assert response.incomplete_details is not None
    assert response.incomplete_details.reason == "max_output_tokens"


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({"previous_response_id": "resp_1"}, "unknown_parameter", "previous_response_id"),
        ({"store": True}, "unknown_parameter", "store"),
        ({"tools": [{"type": "web_search"}]}, "unknown_parameter", "tools"),
        ({"max_output_tokens": 0}, "invalid_max_tokens", "max_output_tokens"),
    ],
    ids=str,
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_bad_parameter_is_a_bad_request(
    client: OpenAI, fields: dict[str, Any], code: str, param: str, stream: bool
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.responses.create(**ask("?"), **fields, stream=stream)
    assert (caught.value.code, caught.value.param) == (code, param)
