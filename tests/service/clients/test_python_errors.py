"""What OpenAI's own Python client raises, and when it asks again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import openai
import pytest
from openai import OpenAI

from kantu.errors import (
    DeadlineExceededError,
    EngineError,
    KantuError,
    LimitExceededError,
    OutOfMemoryError,
    OverloadedError,
    PromptTooLongError,
)
from kantu.service.actor import Limits
from kantu.service.gateway import Gateway
from kantu.service.keys.service import KeyService
from tests.service.clients.questions import MODEL, STATUS, ask, picture
from tests.service.gateways import MODEL as SCRIPTED
from tests.service.gateways import ScriptedEngine, question, settings_with
from tests.service.listening import listening

pytestmark = pytest.mark.whole

Make = Callable[..., OpenAI]


# Against the embedded model


@pytest.mark.parametrize(
    ("more", "code", "param"),
    [
        ({"temperature": -1}, "invalid_temperature", "temperature"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "unknown_parameter", "tools"),
        ({"n": 99}, "invalid_parameter", "n"),
        ({"max_completion_tokens": 10**6}, "invalid_parameter", "max_completion_tokens"),
        ({"extra_body": {"best_of": 2}}, "unknown_parameter", "best_of"),
        ({"stream_options": {"include_usage": True}}, "invalid_parameter", "stream_options"),
    ],
)
def test_a_bad_parameter_is_named(client: OpenAI, more: dict[str, Any], code: str, param: str) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(**ask("?", **more))
    error = caught.value
    assert (error.status_code, error.code, error.param) == (400, code, param)
    assert error.type == "invalid_request_error"
    assert error.request_id is not None
    assert error.request_id.startswith("req_")


def test_a_bad_parameter_of_a_stream_is_raised_before_it_begins(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(**ask("?", temperature=-1), stream=True)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://example.com/order.png", "image_url_not_allowed"),
        ("file:///etc/passwd", "image_url_not_allowed"),
        ("/etc/passwd", "image_url_not_allowed"),
        ("data:image/png;base64,bm8gcGljdHVyZQ==", "image_unsupported_format"),
    ],
)
def test_a_picture_that_cannot_be_read_is_a_bad_request(client: OpenAI, url: str, code: str) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(**ask("?", {"type": "image_url", "image_url": {"url": url}}))
    assert caught.value.code == code


def test_a_prompt_that_is_too_long_is_a_bad_request(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(**ask("字" * 50_000))
    assert caught.value.code == "prompt_too_long"


def test_messages_are_chinese_unless_the_client_prefers_english(client: OpenAI) -> None:
    for headers, words in (({}, "没有这个文件"), ({"Accept-Language": "en-GB, zh;q=0.5"}, "No such file")):
        with pytest.raises(openai.NotFoundError) as caught:
            client.files.retrieve("file-" + "0" * 24, extra_headers=headers)
        assert words in caught.value.message
        assert caught.value.code == "file_not_found"


def test_another_model_is_not_found(client: OpenAI) -> None:
    for call in (
        lambda: client.chat.completions.create(**{**ask("?"), "model": "gpt-5"}),
        lambda: client.models.retrieve("gpt-5"),
    ):
        with pytest.raises(openai.NotFoundError) as caught:
            call()
        assert (caught.value.code, caught.value.type) == ("model_not_served", "not_found_error")


def test_an_endpoint_that_does_not_exist_is_not_found(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        client.embeddings.create(model=MODEL, input="?")
    assert caught.value.code == "endpoint_not_found"


def test_a_key_that_is_wrong_or_revoked_is_no_authentication(client: OpenAI, keys: KeyService) -> None:
    key, text = keys.create("test", limits=Limits())
    asking = client.with_options(api_key=text)
    assert [model.id for model in asking.models.list()] == [MODEL]
    keys.revoke(key.id)
    for refused, code in ((asking, "revoked_api_key"), (client.with_options(api_key="kt-no"), "invalid_api_key")):
        with pytest.raises(openai.AuthenticationError) as caught:
            refused.models.list()
        assert (caught.value.code, caught.value.type) == (code, "authentication_error")


def test_a_key_for_something_else_is_denied(client: OpenAI, keys: KeyService) -> None:
    _, text = keys.create("test", limits=Limits(), endpoints=["models"])
    asking = client.with_options(api_key=text)
    assert asking.models.list().data
    with pytest.raises(openai.PermissionDeniedError) as caught:
        asking.chat.completions.create(**ask("?"))
    assert (caught.value.code, caught.value.type) == ("endpoint_not_allowed", "permission_error")


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (Limits(visual_tokens_per_day=300), "visual_token_limit_exceeded"),
        (Limits(output_tokens_per_day=12), "output_token_limit_exceeded"),
    ],
)
def test_a_key_at_its_limit_is_told_when_to_ask_again(
    client: OpenAI, keys: KeyService, limits: Limits, code: str
) -> None:
    _, text = keys.create("test", limits=limits)
    request = ask("?", max_completion_tokens=8, extra_body={"min_tokens": 8})
    asking = client.with_options(api_key=text, max_retries=0).chat.completions
    asking.create(**request)
    with pytest.raises(openai.RateLimitError) as caught:
        asking.create(**request)
    error = caught.value
    assert (error.code, error.type) == (code, "rate_limit_error")
    seconds, milliseconds = (float(error.response.headers[name]) for name in ("retry-after", "retry-after-ms"))
    assert 0 < milliseconds / 1000 <= seconds < milliseconds / 1000 + 1


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (Limits(visual_tokens_per_day=100), "visual_token_limit_exceeded"),
        (Limits(output_tokens_per_minute=8), "output_token_limit_exceeded"),
    ],
)
def test_a_request_larger_than_a_whole_limit_is_not_sent_again(
    client: OpenAI, keys: KeyService, limits: Limits, code: str
) -> None:
    _, text = keys.create("test", limits=limits)
    with pytest.raises(openai.RateLimitError) as caught:
        client.with_options(api_key=text, max_retries=5).chat.completions.create(**ask("?", max_completion_tokens=9))
    error = caught.value
    assert (error.code, error.type) == (code, "rate_limit_error")
    assert error.response.request.headers["x-stainless-retry-count"] == "0"
    assert "retry-after" not in error.response.headers


def test_a_request_over_a_keys_limit_runs_once_there_is_room(client: OpenAI, keys: KeyService) -> None:
    _, text = keys.create("test", limits=Limits(output_tokens_per_minute=100))
    asking = client.with_options(api_key=text)
    answer = asking.chat.completions.create(**ask("现在是什么状态？", max_completion_tokens=90))
    assert STATUS in (answer.choices[0].message.content or "")
    # what the first reserved and did not use is there for the second
    asking.chat.completions.create(**ask("多少钱？", picture(), max_completion_tokens=50))


# Against an engine that does what it is told


@pytest.fixture
def client_over(make_gateway: Callable[..., Gateway]) -> Iterator[Callable[..., OpenAI]]:
    """(engine, options of the client) -> a client of a service over it."""

    def connect(engine: ScriptedEngine, **options: Any) -> OpenAI:
        served = opened.enter_context(listening(make_gateway(engine, settings_with(server={"port": 0}))))
        options.setdefault("max_retries", 0)
        address = f"http://127.0.0.1:{served.port}/v1"
        return opened.enter_context(OpenAI(base_url=address, api_key=served.key, **options))

    with ExitStack() as opened:
        yield connect


class Refusing(ScriptedEngine):
    """Refuses so many times, then answers. `times` is when it was asked."""

    def __init__(self, error: KantuError, refusals: int) -> None:
        super().__init__()
        self.error, self.refusals = error, refusals
        self.times: list[float] = []

    def submit(self, *arguments: Any) -> ScriptedEngine:
        self.times.append(time.monotonic())
        self.refusal = self.error if len(self.times) <= self.refusals else None
        return super().submit(*arguments)


def asked() -> dict[str, Any]:
    return question("?")


def busy(kind: type[OverloadedError]) -> OverloadedError:
    return kind("overloaded", "忙。", "Busy.", retry_after_seconds=1.1)


@pytest.mark.parametrize("kind", [OverloadedError, LimitExceededError])
def test_the_client_waits_as_long_as_it_is_told_and_asks_again(client_over: Make, kind: type[OverloadedError]) -> None:
    engine = Refusing(busy(kind), 1)
    answer = client_over(engine, max_retries=1).chat.completions.create(**asked())
    assert answer.choices[0].message.content == "你好"
    first, second = engine.times
    assert second - first >= 1.1  # by itself it would have waited for half a second


def test_a_queue_that_stays_full_is_an_error_of_the_server(client_over: Make) -> None:
    engine = Refusing(busy(OverloadedError), 9)
    with pytest.raises(openai.InternalServerError) as caught:
        client_over(engine).chat.completions.create(**asked())
    assert (caught.value.status_code, caught.value.code) == (503, "overloaded")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (OutOfMemoryError("out_of_memory", "显存不足。", "Out of memory."), 413),
        (DeadlineExceededError("deadline_exceeded", "太久。", "Too long."), 504),
        (PromptTooLongError("prompt_too_long", "太长。", "Too long."), 400),
    ],
)
def test_what_would_fail_again_is_not_asked_again(client_over: Make, error: KantuError, status: int) -> None:
    engine = Refusing(error, 9)
    with pytest.raises(openai.APIStatusError) as caught:
        client_over(engine, max_retries=5).chat.completions.create(**asked())
    assert (caught.value.status_code, caught.value.code) == (status, error.code)
    assert len(engine.times) == 1


def test_a_failure_in_the_middle_of_a_stream_is_raised(client_over: Make) -> None:
    engine = ScriptedEngine(["你", "好", EngineError("engine_crashed", "引擎停了。", "The engine has stopped.")])
    with client_over(engine).chat.completions.create(**asked(), stream=True) as stream:
        pieces = [next(stream).choices[0].delta.content for _ in range(3)]
        with pytest.raises(openai.APIError, match="引擎停了") as caught:
            next(stream)
    assert pieces == ["", "你", "好"]
    assert (caught.value.code, caught.value.type) == ("engine_crashed", "server_error")


def test_a_failure_before_the_first_token_has_a_status(client_over: Make) -> None:
    engine = ScriptedEngine([EngineError("engine_crashed", "引擎停了。", "The engine has stopped.")])
    with pytest.raises(openai.InternalServerError) as caught:
        client_over(engine).chat.completions.create(**asked(), stream=True)
    assert caught.value.code == "engine_crashed"


def test_a_client_that_gives_up_is_cancelled(client_over: Make) -> None:
    engine = ScriptedEngine(["你", None])
    client = client_over(engine)
    with pytest.raises(openai.APITimeoutError):
        client.with_options(timeout=0.5).chat.completions.create(**asked())
    end = time.monotonic() + 30
    while not engine.cancelled:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert client.models.retrieve(SCRIPTED).id == SCRIPTED
