"""Requests as the bodies of chat-completions calls."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kantu.engine.remote.wire import Dialect, Upstream, check_request, png_data_url, to_body, wraps_choice
from kantu.engine.request import Constraint, RepetitionStop, Request, SamplingParams
from kantu.errors import InvalidRequestError
from kantu.processing.conversation import Turn
from kantu.processing.image import CleanImage, content_hash

QUESTION = (Turn("user", "图里是什么？"),)


def picture(seed: int) -> CleanImage:
    pixels = np.random.default_rng(seed).integers(0, 256, (32, 64, 3), dtype=np.uint8)
    return CleanImage(pixels, content_hash(pixels), (64, 32))


def body_of(request: Request, dialect: Dialect = "vllm", salt: str = "") -> dict[str, Any]:
    upstream = Upstream("http://host:8000/v1", "qwen3-vl", dialect=dialect)
    body: dict[str, Any] = json.loads(to_body(request, [png_data_url(i) for i in request.images], upstream, salt))
    return body


def sampled(dialect: Dialect = "vllm", **sampling: Any) -> dict[str, Any]:
    return body_of(Request(QUESTION, sampling=SamplingParams(**sampling)), dialect)


def test_plain_request_asks_for_a_stream_with_usage() -> None:
    assert sampled("openai") == {
        "model": "qwen3-vl",
        "messages": [{"role": "user", "content": "图里是什么？"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": 512,
        "presence_penalty": 0.0,
        "frequency_penalty": 0.0,
        "n": 1,
    }


def test_pictures_go_in_order_and_lose_no_pixel() -> None:
    images = (picture(1), picture(2))
    body = body_of(Request((Turn("user", (None, "和", None)),), images))
    parts = body["messages"][0]["content"]
    assert [part["type"] for part in parts] == ["image_url", "text", "image_url"]
    for part, image in zip((parts[0], parts[2]), images, strict=True):
        header, _, data = part["image_url"]["url"].partition(",")
        assert header == "data:image/png;base64"
        decoded = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))
        np.testing.assert_array_equal(decoded, image.pixels)


def test_openai_fields() -> None:
    body = sampled(
        "openai",
        max_tokens=9,
        temperature=0.5,
        top_p=0.9,
        seed=3,
        stop=("。", "\n"),
        presence_penalty=0.1,
        frequency_penalty=-0.2,
        n=2,
        logprobs=5,
    )
    expected = {
        "max_tokens": 9,
        "temperature": 0.5,
        "top_p": 0.9,
        "seed": 3,
        "stop": ["。", "\n"],
        "presence_penalty": 0.1,
        "frequency_penalty": -0.2,
        "n": 2,
        "logprobs": True,
        "top_logprobs": 5,
    }
    assert {name: body[name] for name in expected} == expected


EXTRAS = {
    "min_tokens": 4,
    "top_k": 20,
    "min_p": 0.1,
    "repetition_penalty": 1.1,
    "repetition": RepetitionStop(8, 2, 3),
    "constraint": Constraint("regex", "[0-9]+"),
}


def test_vllm_extras_only_when_set() -> None:
    body = sampled(**EXTRAS)
    assert body["min_tokens"] == 4
    assert body["top_k"] == 20
    assert body["min_p"] == 0.1
    assert body["repetition_penalty"] == 1.1
    assert body["repetition_detection"] == {"max_pattern_size": 8, "min_pattern_size": 2, "min_count": 3}
    assert body["structured_outputs"] == {"regex": "[0-9]+"}
    assert sampled(top_k=0)["top_k"] == -1
    assert not {"min_tokens", "top_k", "min_p", "repetition_penalty", "repetition_detection"} & set(sampled())


@pytest.mark.parametrize("name", EXTRAS)
def test_openai_dialect_refuses_what_it_cannot_say(name: str) -> None:
    request = Request(QUESTION, sampling=SamplingParams(**{name: EXTRAS[name]}))
    with pytest.raises(InvalidRequestError) as error:
        check_request(request, "openai")
    assert (error.value.code, error.value.param) == ("not_supported_by_upstream", name)
    check_request(request, "vllm")


def test_what_is_only_wished_for_is_left_out_where_it_cannot_be_said() -> None:
    assert "repetition_detection" not in sampled("openai", repetition=RepetitionStop.endless())
    assert sampled("vllm", repetition=RepetitionStop.endless())["repetition_detection"]["min_count"] == 32


@pytest.mark.parametrize("dialect", ["openai", "vllm"])
def test_json_constraints(dialect: Dialect) -> None:
    schema = {"type": "object", "properties": {"价格": {"type": "number"}}}
    response_format = sampled(dialect, constraint=Constraint.json_schema(schema))["response_format"]
    assert response_format["type"] == "json_schema"
    assert response_format["json_schema"] == {"name": "answer", "schema": schema, "strict": True}
    assert sampled(dialect, constraint=Constraint("json_object"))["response_format"] == {"type": "json_object"}


def test_choice_constraint_in_both_dialects() -> None:
    constraint = Constraint.choice(["是", "否"])
    assert sampled(constraint=constraint)["structured_outputs"] == {"choice": ["是", "否"]}
    schema = sampled("openai", constraint=constraint)["response_format"]["json_schema"]["schema"]
    assert schema["properties"] == {"answer": {"type": "string", "enum": ["是", "否"]}}
    request = Request(QUESTION, sampling=SamplingParams(constraint=constraint))
    assert wraps_choice(request, "openai")
    assert not wraps_choice(request, "vllm")


def test_salt_and_usage_of_each_answer_are_vllm_fields() -> None:
    request = Request(QUESTION)
    assert body_of(request, salt="盐")["cache_salt"] == "盐"
    assert "cache_salt" not in body_of(request)
    assert "cache_salt" not in body_of(request, "openai", salt="盐")
    assert body_of(request)["stream_options"] == {"include_usage": True, "continuous_usage_stats": True}


def test_lone_surrogates_are_sent_escaped() -> None:
    assert sampled(stop=("坏\ud800字",))["stop"] == ["坏\ud800字"]


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (Request((Turn("user", (None,)),)), "image_count_mismatch"),
        (Request(QUESTION, (picture(0),)), "image_count_mismatch"),
        (Request(QUESTION, sampling=SamplingParams(constraint=Constraint("json_schema", "{"))), "invalid_constraint"),
        (Request(QUESTION, sampling=SamplingParams(constraint=Constraint("choice", "{}"))), "invalid_constraint"),
    ],
)
def test_broken_requests_are_refused(request_: Request, code: str) -> None:
    with pytest.raises(InvalidRequestError) as error:
        check_request(request_, "vllm")
    assert error.value.code == code


@pytest.mark.parametrize(
    "upstream",
    [
        {"url": "ftp://host/v1"},
        {"url": "http:///v1"},
        {"url": "http://host:x/v1"},
        {"url": "http://user:secret@host/v1"},
        {"url": "http://host/v1?key=secret"},
        {"model": ""},
        {"dialect": "other"},
        {"api_key": "a\nb"},
        {"api_key": "密钥"},
    ],
)
def test_bad_upstreams_are_refused_without_a_word_of_them(upstream: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError) as error:
        Upstream(**{"url": "http://host/v1", "model": "m", **upstream})
    assert error.value.code == "invalid_upstream"
    assert "secret" not in str(error.value)


def test_key_is_not_shown() -> None:
    assert "secret" not in repr(Upstream("http://host/v1", "m", "secret"))
    assert Upstream("http://host/v1/", "m").endpoint("models") == "http://host/v1/models"
