"""Stages over HTTP: what goes over the wire arrives, and what fails over there is told here."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kantu.contenders.contender import AskOptions, Said
from kantu.contenders.pipeline.parts import (
    STAGES,
    Asked,
    Completion,
    CompletionRequest,
    FinishRequest,
    Prepared,
    Prompt,
    PromptRequest,
    StageName,
    Upload,
    VisionRequest,
)
from kantu.contenders.pipeline.pipeline import Pipeline
from kantu.contenders.pipeline.remote import RemoteStage
from kantu.contenders.pipeline.seen import SeenElement
from kantu.contenders.pipeline.serve import serve
from kantu.contenders.pipeline.stages import Stages, prompting
from kantu.contenders.pipeline.wire import WIRES
from kantu.errors import ImageError, InvalidRequestError, KantuError, OverloadedError, UpstreamError, error
from kantu.tasks.builtin import LOCATE
from tests.contenders.pipeline.recorded import LINES, line, picture, recorded_stages
from tests.contenders.pipeline.served import answering, served
from tests.contenders.scripted import Scripted

PIXELS = np.random.default_rng(0).integers(0, 255, (30, 40, 3), dtype=np.uint8)
ORDER = picture([line("待付款", 20, 80)], SeenElement("switch", (1, 2, 3, 4), "绿", "on", label="夜间"))


@contextmanager
def _remote(name: StageName, url: str, **options: float) -> Iterator[RemoteStage]:
    stage = RemoteStage(name, url, **options)
    try:
        yield stage
    finally:
        stage.close()


def _failure(name: StageName, url: str, request: Any) -> KantuError:
    with _remote(name, url) as stage, pytest.raises(KantuError) as caught:
        stage(request)
    return caught.value


@pytest.mark.parametrize(
    ("name", "request_", "answer"),
    [
        ("intake", Upload(b"\x00\xff picture", 99), None),
        ("prompt", PromptRequest((ORDER,), Asked("?", (Said("user", "在吗"),), LOCATE.schema(), ("甲", "乙"))), None),
        ("language", None, Completion("好", 0.5, 7, 3, "stop", 0.25)),
        ("language", CompletionRequest(Prompt((Said("user", "?"),), {"type": "object"}), 9, 1, 0.0, 1.1, True), None),
        ("finish", FinishRequest((ORDER,), Asked("?"), "好"), "好"),
        ("ocr", None, ORDER.lines),
        ("vision", None, ORDER.seen),
    ],
)
def test_what_is_sent_arrives(name: StageName, request_: Any, answer: Any) -> None:
    wire = WIRES[name]
    if request_ is not None:
        assert wire.request.validate_json(wire.request.dump_json(request_)) == request_
    if answer is not None:
        assert wire.answer.validate_json(wire.answer.dump_json(answer)) == answer


def test_pixels_travel_without_loss() -> None:
    wire = WIRES["vision"].request
    arrived = wire.validate_json(wire.dump_json(VisionRequest(Prepared(PIXELS, 0.5), LINES)))
    assert np.array_equal(arrived.prepared.pixels, PIXELS)
    assert (arrived.prepared.scale, arrived.lines) == (0.5, LINES)


def test_a_pipeline_whose_stages_are_elsewhere_answers_as_one_in_one_process() -> None:
    model = Scripted(lambda prompt: '[{"label": "待付款"}]')
    local = recorded_stages(model)
    buffer = io.BytesIO()
    Image.fromarray(PIXELS).resize((400, 200)).save(buffer, "PNG")
    question, options = LOCATE.instruct(target="待付款"), AskOptions(schema=LOCATE.schema(), temperature=0.0)
    with served({name: getattr(local, name) for name in STAGES}) as url:
        remote = {name: RemoteStage(name, url) for name in STAGES}
        there = Pipeline(Stages(**remote)).trace([buffer.getvalue()], question, options)
        for stage in remote.values():
            stage.close()
    here = Pipeline(local).trace([buffer.getvalue()], question, options)
    assert replace(there, seconds={}) == replace(here, seconds={})
    assert '"bbox_2d"' in there.text


def test_a_stage_of_a_picture_answers_the_same_request_once_and_tells_what_it_keeps() -> None:
    read: list[int] = []

    def reading(prepared: Prepared) -> Any:
        read.append(1)
        return LINES

    with served({"ocr": reading}) as url, _remote("ocr", url) as stage:
        assert [stage(Prepared(PIXELS)) for _ in range(2)] == [LINES] * 2
        stage(Prepared(PIXELS[::-1]))
        told = stage._client.get(f"{url}/health").json()
    assert len(read) == 2
    assert told["stages"] == ["ocr"]
    assert told["kept_answers"] == 2
    assert told["kept_bytes"] == 2 * len(WIRES["ocr"].answer.dump_json(LINES))


def test_a_stage_of_a_question_is_asked_every_time() -> None:
    model = Scripted(lambda prompt: "好")
    asked = CompletionRequest(Prompt((Said("user", "?"),)))
    with served({"language": recorded_stages(model).language}) as url, _remote("language", url) as stage:
        assert [stage(asked).text for _ in range(2)] == ["好"] * 2
    assert len(model.asked) == 2


def test_an_error_of_the_stage_is_raised_here_as_what_it_is() -> None:
    def refusing(request: Any) -> Any:
        raise error("image_too_thin", cap=200)

    def full(request: Any) -> Any:
        raise error("overloaded.upstream", retry_after_seconds=7.0)

    with served({"intake": refusing, "finish": full}) as url:
        refused = _failure("intake", url, Upload(b""))
        overloaded = _failure("finish", url, FinishRequest((), Asked("?"), ""))
    assert isinstance(refused, ImageError)
    assert (refused.code, refused.message) == ("image_too_thin", error("image_too_thin", cap=200).message)
    assert isinstance(overloaded, OverloadedError)
    assert overloaded.retry_after_seconds == 7.0


def test_a_request_that_is_none_is_refused() -> None:
    with served({"prompt": prompting("short")}) as url, _remote("prompt", url) as stage:
        answer = stage._client.post(stage.url, content=b"[1, 2]")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "stage_request")


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (200, b"not json", "stage_bad_answer"),
        (200, b'{"text": 1}', "stage_bad_answer"),
        (500, b"Internal Server Error", "stage_failed"),
        (502, b'{"error": {"code": "no_such_code", "message": "?", "message_en": "?"}}', "stage_failed"),
    ],
)
def test_garbage_is_told_from_answers(status: int, body: bytes, code: str) -> None:
    with answering(status, body) as url:
        failure = _failure("ocr", url, Prepared(PIXELS))
    assert isinstance(failure, UpstreamError)
    assert failure.code == code
    assert "文字识别" in failure.message


def test_a_stage_that_is_not_there_is_named_with_the_command_that_starts_it() -> None:
    with answering(200, b"") as url:
        pass  # its port is free now
    failure = _failure("ocr", url, Prepared(PIXELS))
    assert failure.code == "stage_unreachable"
    assert "kantu pipeline serve ocr" in failure.message


def test_a_stage_that_is_silent_is_not_waited_for() -> None:
    held = threading.Event()

    def silent(request: Any) -> Any:
        held.wait()
        return ""

    with served({"finish": silent}) as url, _remote("finish", url, timeout_seconds=0.1) as stage:
        with pytest.raises(UpstreamError) as caught:
            stage(FinishRequest((), Asked("?"), ""))
        held.set()
    assert caught.value.code == "stage_timeout"


def test_only_web_addresses_are_stages() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        RemoteStage("ocr", "127.0.0.1:8102")
    assert caught.value.code == "stage_url"


def test_only_this_machine_is_listened_on_unless_told_otherwise() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        serve({"prompt": prompting("short")}, "0.0.0.0", 0, allow_insecure=False)
    assert caught.value.code == "insecure_listen"
