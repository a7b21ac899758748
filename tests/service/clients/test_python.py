"""Chat completions with OpenAI's own Python client, against `kantu serve` and the embedded model."""

from __future__ import annotations

import asyncio
import json

import pytest
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel

from tests.service.clients.questions import MODEL, STATUS, WHY, ask, picture
from tests.service.proof.live import LiveGateway, wait_until

pytestmark = pytest.mark.whole

NOW = "现在是什么状态？"


class Order(BaseModel):
    状态: str
    店铺: str
    总金额: str
    订单号: str


def test_a_stream_tells_the_answer_and_then_its_usage(client: OpenAI) -> None:
    with client.chat.completions.create(**ask(WHY), stream=True, stream_options={"include_usage": True}) as stream:
        *chunks, last = stream
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert STATUS in text
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [chunk.choices[0].finish_reason for chunk in chunks[-2:]] == [None, "stop"]
    assert all(chunk.usage is None for chunk in chunks)
    assert {chunk.id for chunk in chunks} == {last.id}
    assert (last.choices, last.model) == ([], MODEL)
    assert last.usage is not None
    assert last.usage.completion_tokens > len(STATUS)
    assert last.usage.total_tokens == last.usage.prompt_tokens + last.usage.completion_tokens
    assert last.usage.prompt_tokens > last.usage.visual_tokens == 260  # type: ignore[attr-defined]


def test_without_being_asked_a_stream_tells_no_usage(client: OpenAI) -> None:
    with client.chat.completions.create(**ask(NOW), stream=True) as stream:
        assert all(chunk.choices and chunk.usage is None for chunk in stream)


def test_the_clients_own_stream_helper_puts_the_answer_together(client: OpenAI) -> None:
    with client.chat.completions.stream(**ask("提取记录。"), response_format=Order) as stream:
        kinds = {event.type for event in stream}
        completion = stream.get_final_completion()
    assert {"chunk", "content.delta", "content.done"} <= kinds
    record = completion.choices[0].message.parsed
    assert record is not None
    assert record.状态.startswith(STATUS)


def test_a_pydantic_class_is_a_strict_schema_and_comes_back_filled(client: OpenAI) -> None:
    answer = client.chat.completions.parse(**ask("提取记录。"), response_format=Order)
    record = answer.choices[0].message.parsed
    assert record is not None
    assert record.状态.startswith(STATUS)
    assert record.总金额 == "347.80"
    assert list(json.loads(answer.choices[0].message.content or "")) == list(Order.model_fields)


def test_json_object_is_any_object(client: OpenAI) -> None:
    answer = client.chat.completions.create(**ask("提取记录。"), response_format={"type": "json_object"})
    assert isinstance(json.loads(answer.choices[0].message.content or ""), dict)


def test_logprobs_spell_the_answer(client: OpenAI) -> None:
    answer = client.chat.completions.create(**ask(NOW), logprobs=True, top_logprobs=2, temperature=0)
    logprobs = answer.choices[0].logprobs
    assert logprobs is not None
    assert logprobs.content is not None
    assert answer.usage is not None
    assert len(logprobs.content) == answer.usage.completion_tokens
    spelled = b"".join(bytes(token.bytes or []) for token in logprobs.content)
    assert spelled.decode().startswith(answer.choices[0].message.content or "?")
    for token in logprobs.content:
        assert len(token.top_logprobs) == 2
        assert token.top_logprobs[0].token == token.token  # at temperature 0 the likeliest is taken
        assert token.logprob == token.top_logprobs[0].logprob <= 0


def test_a_seed_repeats_all_of_n_answers(client: OpenAI) -> None:
    def answers(seed: int) -> list[str | None]:
        answer = client.chat.completions.create(**ask(NOW), n=2, seed=seed, temperature=1.2)
        assert [choice.index for choice in answer.choices] == [0, 1]
        return [choice.message.content for choice in answer.choices]

    answers(1)  # from here on the prompt is cached: every computation is the same one
    assert answers(7) == answers(7)
    assert len({tuple(answers(seed)) for seed in range(8, 12)}) > 1


def test_stop_ends_the_answer_before_it(client: OpenAI) -> None:
    whole = client.chat.completions.create(**ask(WHY), temperature=0).choices[0]
    cut = client.chat.completions.create(**ask(WHY), temperature=0, stop=["，", "不会出现"]).choices[0]
    assert whole.message.content is not None
    assert "，" in whole.message.content
    assert (cut.message.content, cut.finish_reason) == (whole.message.content.partition("，")[0], "stop")


def test_a_limit_of_tokens_ends_the_answer(client: OpenAI) -> None:
    answer = client.chat.completions.create(**ask(WHY), max_completion_tokens=3)
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 3


def test_several_pictures_and_turns(client: OpenAI) -> None:
    question = ask("这两张图里的订单是什么状态？", picture(), picture())
    question["messages"] = [
        {"role": "system", "content": "只回答状态。"},
        *question["messages"],
        {"role": "assistant", "content": STATUS},
        {"role": "user", "content": NOW},
    ]
    answer = client.chat.completions.create(**question)
    assert answer.usage is not None
    assert answer.usage.visual_tokens == 2 * 260  # type: ignore[attr-defined]
    assert answer.choices[0].message.content


def test_max_pixels_makes_a_picture_cheaper(client: OpenAI) -> None:
    answer = client.chat.completions.create(
        **ask(NOW), max_completion_tokens=1, extra_body={"mm_processor_kwargs": {"max_pixels": 64 * 1024}}
    )
    assert answer.usage is not None
    assert 0 < answer.usage.visual_tokens <= 64  # type: ignore[attr-defined]


def test_raw_responses_show_the_headers(client: OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(
        **ask(NOW), max_completion_tokens=1, extra_headers={"x-request-id": "mine-1"}
    )
    assert raw.headers["content-type"] == "application/json"
    assert raw.headers["x-request-id"] == "mine-1"
    assert raw.parse().object == "chat.completion"
    assert str(client.models.list()._request_id).startswith("req_")


@pytest.mark.anyio
async def test_the_async_client_asks_several_at_once(served: LiveGateway) -> None:
    async with AsyncOpenAI(base_url=f"{served.address}/v1", api_key=served.key, max_retries=0) as client:

        async def streamed(text: str) -> str:
            pieces = []
            async with await client.chat.completions.create(**ask(text), stream=True) as stream:
                async for chunk in stream:
                    pieces.append(chunk.choices[0].delta.content or "")
            return "".join(pieces)

        why, now, models = await asyncio.gather(streamed(WHY), streamed(NOW), client.models.list())
    assert STATUS in why
    assert STATUS in now
    assert [model.id for model in models.data] == [MODEL]


def test_leaving_a_stream_early_cancels_it_in_the_engine(client: OpenAI, served: LiveGateway) -> None:
    def cancelled() -> float:
        return served.metric("kantu_engine_requests_total", outcome="cancelled")

    before = cancelled()
    endless = {"type": "array", "items": {"type": "string", "minLength": 9, "maxLength": 9}, "minItems": 30}
    form = {"type": "json_schema", "json_schema": {"name": "endless", "schema": endless}}
    with client.chat.completions.create(**ask(WHY), response_format=form, stream=True) as stream:
        for _ in range(9):
            assert next(stream).choices[0].finish_reason is None
    wait_until(lambda: cancelled() == before + 1 and served.running() == 0)


def test_models(client: OpenAI) -> None:
    (model,) = client.models.list()
    assert model == client.models.retrieve(MODEL)
    assert (model.id, model.object) == (MODEL, "model")
