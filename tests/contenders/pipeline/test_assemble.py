"""A plan becomes a pipeline: some stages here, some elsewhere, a text model of any kind."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from typing import Any

import cv2
import numpy as np
import pytest

from kantu.contenders.contender import Said
from kantu.contenders.pipeline import assemble
from kantu.contenders.pipeline.assemble import Plan, open_pipeline, open_stage
from kantu.contenders.pipeline.parts import Asked, CompletionRequest, FinishRequest, Prepared, Prompt, PromptRequest
from kantu.contenders.pipeline.resilience import Policy
from kantu.errors import MissingDependencyError, ModelNotFoundError, OverloadedError, UpstreamError
from tests.contenders.pipeline.recorded import LINES, Recorded
from tests.contenders.pipeline.served import answering
from tests.contenders.scripted import Scripted
from tests.fake_upstream import Exchange, say, serve

PROMPT = CompletionRequest(
    Prompt((Said("system", "规则"), Said("user", "付款了吗？")), {"type": "object"}), temperature=0.0
)
AT_ONCE = Policy(tries=2, first_pause_seconds=0.0, longest_pause_seconds=0.0, failures_to_open=3)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the models that were loaded; nothing is."""
    names: list[str] = []

    def load(name: str) -> str:
        names.append(name)
        return name

    monkeypatch.setattr("kantu.vlm.load", load)
    monkeypatch.setattr("kantu.contenders.kantu.Kantu", lambda name: Scripted(lambda prompt: f"{name}：好"))
    monkeypatch.setattr(assemble, "RapidOCRReader", lambda threads: Recorded())
    return names


def _call(name: Any, plan: Plan, request: Any) -> Any:
    with ExitStack() as held:
        return open_stage(name, plan, held)(request)


def test_the_text_model_of_this_package_is_asked_without_pictures_in_the_short_form(opened: list[str]) -> None:
    assert _call("language", Plan(), PROMPT).text == "kantu-mini-text：好"
    assert opened == ["kantu-mini-text"]
    assert len(_call("prompt", Plan(), PromptRequest((), Asked("?"))).messages) == 1


@pytest.mark.usefixtures("opened")
def test_other_text_models_are_told_the_rules() -> None:
    assert _call("language", Plan(model="folder"), PROMPT).text == "folder：好"
    assert len(_call("prompt", Plan(model="folder"), PromptRequest((), Asked("?"))).messages) == 2
    assert len(_call("prompt", Plan(model="runs/kantu-mini-text"), PromptRequest((), Asked("?"))).messages) == 1
    assert len(_call("prompt", Plan(model="folder", form="short"), PromptRequest((), Asked("?"))).messages) == 1


def test_an_endpoint_is_asked_for_chat_completions() -> None:
    with serve(say("没", "付")) as fake:
        completion = _call("language", Plan(model=f"{fake.url}#qwen"), PROMPT)
    assert (completion.text, completion.prompt_tokens, completion.completion_tokens) == ("没付", 7, 3)
    (body,) = fake.bodies
    assert body["messages"] == [{"role": "system", "content": "规则"}, {"role": "user", "content": "付款了吗？"}]
    assert body["response_format"]["json_schema"]["schema"] == {"type": "object"}


def test_an_endpoint_that_is_full_is_asked_again() -> None:
    answer = say("好")

    def reply(exchange: Exchange) -> None:
        if len(exchange.fake.bodies) == 1:
            exchange.refuse(429, Retry_After="0")
        else:
            answer(exchange)

    with serve(reply) as fake:
        assert _call("language", Plan(model=f"{fake.url}#qwen", policy=AT_ONCE), PROMPT).text == "好"
    assert len(fake.bodies) == 2


def test_a_stage_elsewhere_that_keeps_failing_is_left_alone() -> None:
    with answering(500, b"") as url, ExitStack() as held:
        stage = open_stage("ocr", Plan(urls={"ocr": url}, policy=AT_ONCE), held)
        prepared = Prepared(np.zeros((8, 8, 3), np.uint8))
        with pytest.raises(UpstreamError):
            stage(prepared)
        with pytest.raises(OverloadedError) as caught:
            stage(prepared)
    assert caught.value.code == "stage_paused"


def test_stages_that_compute_nothing_start_without_pytorch() -> None:
    script = """
import sys
from contextlib import ExitStack
from kantu.contenders.pipeline.assemble import Plan, open_stage
with ExitStack() as opened:
    for name in ("intake", "describe", "prompt", "finish"):
        open_stage(name, Plan(), opened)
sys.exit("torch" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_without_opencv_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MissingDependencyError) as caught, ExitStack() as held:
        open_stage("vision", Plan(), held)
    assert "[pipeline]" in caught.value.message


def test_answers_are_translated_where_an_endpoint_does_it() -> None:
    request = FinishRequest((), Asked("付款了吗？"), "The order is not paid yet.")
    with serve(say("还没有付款。")) as fake:
        assert _call("finish", Plan(translator=f"{fake.url}#qwen"), request) == "还没有付款。"
    assert _call("finish", Plan(), request) == "The order is not paid yet."


@pytest.mark.usefixtures("opened")
@pytest.mark.parametrize(("told", "taken"), [(None, 3), (2, 2)])
def test_reader_and_classical_vision_have_the_threads_that_our_engine_has(
    told: int | None, taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def reader(threads: int) -> Recorded:
        asked.append(threads)
        return Recorded()

    monkeypatch.setattr("torch.get_num_threads", lambda: 3)
    monkeypatch.setattr(assemble, "RapidOCRReader", reader)
    before = cv2.getNumThreads()
    try:
        with ExitStack() as held:
            for name in ("ocr", "vision"):
                open_stage(name, Plan(threads=told, readers=4), held)
        assert (asked, cv2.getNumThreads()) == ([taken], taken)
    finally:
        cv2.setNumThreads(before)


def test_what_was_opened_is_closed_with_the_pipeline(opened: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    model = Scripted(lambda prompt: "好")
    monkeypatch.setattr("kantu.contenders.kantu.Kantu", lambda name: model)
    pipeline = open_pipeline(Plan(style="lines", readers=2))
    assert (pipeline.name, pipeline.style, model.closed) == ("pipeline", "lines", False)
    assert pipeline.stages.ocr(Prepared(np.zeros((8, 8, 3), np.uint8)))[0] == LINES[0]
    pipeline.close()
    assert model.closed
    assert opened == ["kantu-mini-text"]


def test_what_cannot_be_opened_closes_what_was(opened: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[str] = []
    monkeypatch.setattr(assemble.RemoteStage, "close", lambda stage: closed.append(stage.url))

    def missing(name: str) -> None:
        raise ModelNotFoundError("model_not_found", "没有", "none")

    monkeypatch.setattr("kantu.vlm.load", missing)
    with pytest.raises(ModelNotFoundError):
        open_pipeline(Plan(urls={"ocr": "http://127.0.0.1:1"}))
    assert closed == ["http://127.0.0.1:1/ocr"]
    assert opened == []
