"""A server that answers chat completions can be asked like anybody else."""

from __future__ import annotations

import io
import json
import math

import pytest
from PIL import Image

from kantu.contenders.contender import AskOptions, Said
from kantu.contenders.server import Server, is_url
from kantu.errors import InvalidRequestError, UpstreamError
from tests.fake_upstream import Exchange, piece, say, serve, usage

SCHEMA = {"type": "object", "properties": {"price": {"type": "string"}}}


@pytest.fixture
def picture() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (640, 320), "white").save(buffer, "PNG")
    return buffer.getvalue()


def test_it_is_told_question_pictures_history_schema_and_key(picture: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KANTU_EVAL_API_KEY", "secret")
    with serve(say("9", ".9")) as fake:
        server = Server(f"{fake.url}#qwen", parallel=2)
        options = AskOptions(
            max_tokens=9, temperature=0.0, schema=SCHEMA, history=(Said("system", "请答"),), task_pixels=100_000
        )
        reply = server.ask([picture], "多少钱", options)
        server.close()
    assert (server.name, reply.text) == ("qwen", "9.9")
    assert fake.keys == ["Bearer secret"]
    (body,) = fake.bodies
    assert (body["model"], body["max_tokens"], body["temperature"]) == ("qwen", 9, 0.0)
    assert body["response_format"]["json_schema"]["schema"] == SCHEMA
    system, user = body["messages"]
    assert system == {"role": "system", "content": "请答"}
    assert user["content"][1] == {"type": "text", "text": "多少钱"}
    assert user["content"][0]["image_url"]["url"].startswith("data:image/png;base64,")


def test_probabilities_are_those_of_its_tokens(picture: bytes) -> None:
    def reply(exchange: Exchange) -> None:
        tokens = [{"token": t, "bytes": [57], "logprob": math.log(0.25), "top_logprobs": []} for t in "99"]
        exchange.start()
        exchange.event(piece("99", logprobs={"content": tokens}))
        exchange.event(piece("", "stop"))
        exchange.event(usage(20, 3, images=16))
        exchange.done()

    with serve(reply) as fake:
        server = Server(f"{fake.url}#qwen", parallel=1)
        answered = server.ask([picture], "多少钱", AskOptions(probability=True))
        server.close()
    assert answered.probability == pytest.approx(0.25)
    assert (answered.visual_tokens, answered.completion_tokens) == (16, 3)


def test_a_forced_length_is_asked_of_a_server_that_speaks_vllm_s_dialect(picture: bytes) -> None:
    options = AskOptions(max_tokens=7, min_tokens=7, temperature=0.0, repetition_penalty=1.0)
    with serve(say("好", "的")) as fake:
        server = Server(f"{fake.url}#qwen", parallel=1, dialect="vllm")
        reply = server.ask([picture], "?", options)
        server.close()
        plain = Server(f"{fake.url}#qwen", parallel=1)
        with pytest.raises(InvalidRequestError) as caught:
            plain.ask([picture], "?", options)
        plain.close()
    (body,) = fake.bodies
    assert (body["max_tokens"], body["min_tokens"], body["temperature"], body["repetition_penalty"]) == (7, 7, 0, 1)
    assert (reply.prompt_tokens, reply.completion_tokens, reply.finish_reason) == (7, 3, "stop")
    assert 0 < reply.ttft_seconds <= reply.total_seconds
    assert caught.value.code == "not_supported_by_upstream"


def test_a_schema_that_it_refuses_is_not_asked_of_it_again(picture: bytes) -> None:
    answer = say("好")

    def reply(exchange: Exchange) -> None:
        if "response_format" in exchange.body:
            exchange.refuse(400)
        else:
            answer(exchange)

    with serve(reply) as fake:
        server = Server(f"{fake.url}#qwen", parallel=1)
        options = AskOptions(schema=SCHEMA)
        assert [server.ask([picture], "?", options).text for _ in range(2)] == ["好", "好"]
        server.close()
    assert ["response_format" in body for body in fake.bodies] == [True, False, False]


def test_what_is_refused_without_a_schema_is_an_error(picture: bytes) -> None:
    with serve(lambda exchange: exchange.refuse(400)) as fake:
        server = Server(f"{fake.url}#qwen", parallel=1)
        with pytest.raises(InvalidRequestError) as caught:
            server.ask([picture], "?", AskOptions())
        server.close()
    assert caught.value.code == "upstream_refused"


@pytest.mark.parametrize(
    ("models", "error"),
    [([], "models_unknown"), (["a", "b"], "model_not_named"), (["only"], None)],
)
def test_without_a_name_the_server_s_only_model_is_meant(models: list[str], error: str | None) -> None:
    with serve(say("好")) as fake:
        fake.models = json.dumps({"data": [{"id": name} for name in models]})
        if error is None:
            server = Server(fake.url, parallel=1)
            server.close()
            assert server.name == "only"
            return
        with pytest.raises((InvalidRequestError, UpstreamError)) as caught:
            Server(fake.url, parallel=1)
        assert caught.value.code == error


def test_only_addresses_of_the_web_are_servers() -> None:
    assert is_url("http://127.0.0.1:8000/v1")
    assert not is_url("qwen3-vl-8b")
