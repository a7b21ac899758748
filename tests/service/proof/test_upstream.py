"""`kantu serve` before another `kantu serve`: an upstream that answers, refuses, dies and comes back."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import BadRequestError, OpenAI

from tests.service.clients.questions import STATUS, WHY, ask
from tests.service.proof.live import (
    CHAT,
    MODEL,
    LiveGateway,
    code_of,
    live_gateway,
    long_question,
    question,
    wait_until,
)

pytestmark = pytest.mark.whole

SERVED = "front"


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveGateway]:
    """The one with the model. The last test kills it."""
    with live_gateway(tmp_path_factory.mktemp("upstream")) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def front(upstream: LiveGateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveGateway]:
    """The one that clients ask."""
    with before(upstream, tmp_path_factory.mktemp("front"), upstream.key) as gateway:
        yield gateway


@pytest.fixture
def client(front: LiveGateway) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{front.address}/v1", api_key=front.key, max_retries=0) as client:
        yield client


def before(upstream: LiveGateway, folder: Path, key: str) -> AbstractContextManager[LiveGateway]:
    settings = {
        "KANTU_MODEL_UPSTREAM_MODEL": MODEL,
        "KANTU_MODEL_UPSTREAM_KEY": key,
        "KANTU_MODEL_SERVED_NAME": SERVED,
    }
    return live_gateway(folder, settings, "--model", f"{upstream.address}/v1", ready=False)


def asked(text: str) -> dict[str, Any]:
    """Keywords for OpenAI's client."""
    return {**ask(text), "model": SERVED}


def to_front(body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "model": SERVED}


def readiness(client: httpx.Client) -> tuple[int, str]:
    response = client.get("/readyz")
    return response.status_code, response.json()["checks"]["model"]


def test_an_answer_comes_through_with_its_usage(client: OpenAI) -> None:
    answer = client.chat.completions.create(**asked(WHY))
    assert answer.model == SERVED
    assert STATUS in (answer.choices[0].message.content or "")
    assert answer.usage is not None
    assert answer.usage.completion_tokens > len(STATUS)
    assert answer.usage.prompt_tokens > answer.usage.model_extra["visual_tokens"] > 100


def test_a_stream_comes_through_piece_by_piece(client: OpenAI) -> None:
    with client.chat.completions.create(**asked(WHY), stream=True, stream_options={"include_usage": True}) as stream:
        *chunks, last = stream
    pieces = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices[0].delta.content]
    assert len(pieces) > 5
    assert STATUS in "".join(pieces)
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert last.usage is not None
    assert last.usage.completion_tokens > len(STATUS)


def test_a_strict_schema_holds(client: OpenAI) -> None:
    schema = {
        "type": "object",
        "properties": {"状态": {"type": "string", "maxLength": 12}},
        "required": ["状态"],
        "additionalProperties": False,
    }
    form: Any = {"type": "json_schema", "json_schema": {"name": "order", "strict": True, "schema": schema}}
    answer = client.chat.completions.create(**asked("提取记录。"), response_format=form)
    record = json.loads(answer.choices[0].message.content or "")
    assert list(record) == ["状态"]
    assert record["状态"].startswith(STATUS)
    assert len(record["状态"]) <= 12


def test_every_token_of_every_answer_has_its_logprob_and_every_answer_counts(client: OpenAI) -> None:
    answer = client.chat.completions.create(**asked(WHY), logprobs=True, top_logprobs=2, n=2, seed=1, temperature=1.0)
    assert answer.usage is not None
    counts = []
    for choice in answer.choices:
        assert choice.logprobs is not None
        tokens = choice.logprobs.content or []
        assert all(len(token.top_logprobs) == 2 for token in tokens if token.logprob < 0)
        counts.append(len(tokens))
    assert min(counts) > 0
    assert answer.usage.completion_tokens >= sum(counts)


def test_what_the_upstream_refuses_is_the_callers_mistake(client: OpenAI) -> None:
    form: Any = {"type": "json_schema", "json_schema": {"name": "a", "strict": True, "schema": {"type": "nonsense"}}}
    with pytest.raises(BadRequestError) as caught:
        client.chat.completions.create(**asked(WHY), response_format=form)
    assert caught.value.code == "upstream_refused"


def test_the_upstreams_own_name_is_not_served(front: LiveGateway) -> None:
    with front.client() as client:
        assert [model["id"] for model in client.get("/v1/models").json()["data"]] == [SERVED]
        assert code_of(client.post(CHAT, json=question())) == (404, "model_not_served")
        assert readiness(client) == (200, "ok")


def test_tokens_of_pictures_are_counted_here_and_those_of_text_are_not_known(front: LiveGateway) -> None:
    with front.client() as client:
        told = client.post("/v1/tokenize", json=asked(WHY)).json()
    assert told["prompt_tokens"] is None
    assert told["visual_tokens"] == told["images"][0]["visual_tokens"] > 0


def test_an_upstream_that_does_not_take_the_key_is_no_fault_of_the_caller(
    upstream: LiveGateway, tmp_path: Path
) -> None:
    with before(upstream, tmp_path, "kt-wrong") as front, front.client() as client:
        assert code_of(client.post(CHAT, json=to_front(question()))) == (502, "upstream_unauthorized")


def test_an_upstream_that_is_killed_is_told_and_is_used_again_when_it_is_back(
    upstream: LiveGateway, front: LiveGateway
) -> None:
    port = str(upstream.port)
    with front.client() as client, front.client() as begun:
        with begun.stream("POST", CHAT, json=to_front(long_question(stream=True))) as answer:
            lines = (line for line in answer.iter_lines() if line)
            assert next(lines).startswith("data: ")
            upstream.signal(signal.SIGKILL)
            upstream.ended()
            *_, name, data = lines
        assert name == "event: error"
        assert json.loads(data.removeprefix("data: "))["error"]["code"] == "upstream_failed"
        assert code_of(client.post(CHAT, json=to_front(question()))) == (502, "upstream_unreachable")
        assert readiness(client) == (503, "unreachable")
        with live_gateway(upstream.home.parent, {}, "--port", port):
            wait_until(lambda: readiness(client) == (200, "ok"))
            assert code_of(client.post(CHAT, json=to_front(question()))) == (200, None)
