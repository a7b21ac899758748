"""Who is asked, and what is said when one cannot be."""

from __future__ import annotations

import builtins
import functools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import torch

import kantu
from kantu.bench.match import Match
from kantu.bench.rivals import Kantu, Reading, Server, Transformers, connect
from kantu.bench.work import Workload
from kantu.errors import InvalidRequestError, MissingDependencyError, UpstreamError
from kantu.model.folder import ModelFolder

URL = "http://rival.test/v1"
CPU = torch.device("cpu")
Reply = Callable[[httpx.Request], httpx.Response]


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Callable[[Reply], None]:
    """Answers every HTTP request of a `Server` made after the call."""

    def serve(reply: Reply) -> None:
        transport = httpx.MockTransport(reply)
        monkeypatch.setattr(httpx, "Client", functools.partial(httpx.Client, transport=transport))

    return serve


def answers(*chunks: dict[str, Any]) -> Reply:
    def reply(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={"data": [{"id": "qwen"}]})
        events = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks]
        return httpx.Response(200, text="".join([*events, "data: [DONE]\n\n"]))

    return reply


def piece(text: str) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": text}}]}


def without(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    original = builtins.__import__

    def refuse(name: str, *arguments: Any, **keywords: Any) -> Any:
        if name.split(".")[0] == package:
            raise ImportError(name)
        return original(name, *arguments, **keywords)

    monkeypatch.setattr(builtins, "__import__", refuse)


@pytest.fixture
def ours(tiny_folder: Path) -> Iterator[Kantu]:
    kantu_ = Kantu(kantu.load(tiny_folder, device="cpu", dtype="float32"))
    yield kantu_
    kantu_.close()


def test_ours_and_transformers_answer_the_same_work_at_the_forced_length(ours: Kantu, tiny_folder: Path) -> None:
    workload = Workload(ModelFolder.open(tiny_folder))
    rival = Transformers(tiny_folder, dtype=torch.float32, device=CPU)
    for tokens in (1, 5):
        for reading in Match(ours, rival, workload).readings(workload.new(tokens, size=(96, 64))):
            assert reading.tokens == tokens
            assert 0 < reading.ttft_seconds <= reading.total_seconds
            assert (reading.tpot_seconds > 0) == (tokens > 1)
    rival.close()


def test_both_read_the_same_visual_tokens(ours: Kantu, tiny_folder: Path) -> None:
    work = Workload(ModelFolder.open(tiny_folder)).new(1, size=(200, 100))
    inputs = Transformers(tiny_folder, dtype=torch.float32, device=CPU)._inputs(work)
    usage = ours.ask(work, max_tokens=1).usage
    assert inputs["input_ids"].shape[1] == usage.prompt_tokens
    assert int(inputs["mm_token_type_ids"].sum()) == usage.visual_tokens


def test_who_goes_first_alternates(ours: Kantu, tiny_folder: Path) -> None:
    order: list[str] = []
    match = Match(ours, ours, Workload(ModelFolder.open(tiny_folder)))
    for _ in range(3):
        assert match.both(lambda: order.append("ours"), lambda: order.append("theirs")) == (None, None)
    assert order == ["ours", "theirs", "theirs", "ours", "ours", "theirs"]


def test_a_server_is_asked_for_a_stream_of_the_forced_length(
    tiny_folder: Path, served: Callable[[Reply], None]
) -> None:
    bodies: list[dict[str, Any]] = []
    told = answers(piece(""), piece("好"), piece("的"), {"choices": [], "usage": {"completion_tokens": 7}})

    def reply(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            bodies.append(json.loads(request.content))
        return told(request)

    served(reply)
    server = Server(URL)
    reading = server.reading(Workload(ModelFolder.open(tiny_folder)).new(7))
    server.close()
    assert reading.tokens == 7
    assert 0 < reading.ttft_seconds <= reading.total_seconds
    (body,) = bodies
    assert (body["model"], body["max_tokens"], body["min_tokens"], body["temperature"]) == ("qwen", 7, 7, 0)
    assert body["stream"] is True
    assert body["messages"][0]["content"][0]["image_url"]["url"].startswith("data:image/png;base64,")


def test_a_server_that_tells_no_usage_is_counted_by_pieces(tiny_folder: Path, served: Callable[[Reply], None]) -> None:
    served(answers(piece("好"), piece("的")))
    assert Server(URL).reading(Workload(ModelFolder.open(tiny_folder)).new(7)).tokens == 2


def refused(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("nobody there", request=request)


@pytest.mark.parametrize(
    "reply",
    [
        refused,
        lambda request: httpx.Response(500),
        lambda request: httpx.Response(200, text="<html>"),
        lambda request: httpx.Response(200, json={"data": []}),
        lambda request: httpx.Response(200, json=[]),
    ],
)
def test_a_server_that_cannot_be_used_is_a_typed_error(reply: Reply, served: Callable[[Reply], None]) -> None:
    served(reply)
    with pytest.raises(UpstreamError, match="rival_unreachable"):
        Server(URL)


@pytest.mark.parametrize("chunk", [{"error": {"message": "full"}}, {"choices": [{"delta": None}]}, {"choices": [7]}])
def test_an_answer_that_cannot_be_read_is_a_typed_error(
    chunk: dict[str, Any], tiny_folder: Path, served: Callable[[Reply], None]
) -> None:
    served(answers(chunk))
    with pytest.raises(UpstreamError, match="rival_unreachable"):
        Server(URL).reading(Workload(ModelFolder.open(tiny_folder)).new(7))


def test_a_rival_that_is_no_url_is_refused(tiny_folder: Path) -> None:
    with pytest.raises(InvalidRequestError):
        connect("vllm", tiny_folder, dtype=torch.float32, device=CPU)


@pytest.mark.parametrize(("package", "against"), [("transformers", "transformers"), ("httpx", URL)])
def test_a_missing_package_is_said(
    package: str, against: str, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(package, monkeypatch)
    with pytest.raises(MissingDependencyError, match=f"{package}_missing"):
        connect(against, tiny_folder, dtype=torch.float32, device=CPU)


def test_the_time_of_a_token_leaves_the_first_out() -> None:
    assert Reading(2.0, 5.0, 4).tpot_seconds == 1.0
    assert Reading(2.0, 2.0, 1).tpot_seconds == 0.0
