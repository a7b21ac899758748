"""Every suite from end to end on a tiny model; never how fast."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from typer.testing import CliRunner

from kantu.bench import machine, must, suites
from kantu.bench.match import Match
from kantu.bench.report import Report
from kantu.bench.run import run
from kantu.bench.work import Workload, together
from kantu.cli import app
from kantu.contenders.contender import AskOptions, Reply
from kantu.contenders.kantu import Kantu
from kantu.doctor import speed
from kantu.errors import InvalidRequestError, OverloadedError
from kantu.model.folder import ModelFolder
from kantu.native import kernels
from kantu.processing.conversation import ImageSource
from kantu.vlm.device import default_dtype
from tests.contenders.scripted import Scripted
from tests.fake_upstream import say, serve

pytestmark = pytest.mark.whole


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small enough for a test; every path is still walked."""
    monkeypatch.setattr("kantu.bench.run.apart", lambda function: function())  # where these settings are
    monkeypatch.setattr("kantu.bench.run.Apart", lambda make: make())
    monkeypatch.setattr(speed, "_SECONDS", 0.0)
    monkeypatch.setattr(speed, "_READ_BYTES", 2**16)
    monkeypatch.setattr(speed, "_SIDE", 64)
    for module in (machine, must):
        monkeypatch.setattr(module, "ANSWER_TOKENS", 8)
    monkeypatch.setattr(must, "AT_ONCE", 2)
    monkeypatch.setattr(suites, "CONCURRENCIES", (1, 2))
    monkeypatch.setattr(suites, "QUESTIONS", (19, 64, 2**20))
    monkeypatch.setattr(suites, "_LEAST_REQUESTS", 2)


def track(sequence: Sequence[Any], *, description: str) -> Sequence[Any]:
    return sequence


def bench(folder: Path, suite: str, **options: Any) -> Report:
    given = {"against": None, "quantize": None, "runs": 1, **options}
    return run(str(folder), suite=suite, track=track, **given)


def test_latency_by_the_sizes_the_folder_allows(tiny_folder: Path) -> None:
    size, question, last = bench(tiny_folder, "latency").tables
    assert [row["size"] for row in size.rows] == ["224x224", "448x448"]
    assert [row["visual_tokens"] for row in size.rows] == [49, 196]
    assert [row["question_tokens"] for row in question.rows] == [19, 64]
    assert all(row["ttft_seconds"] and row["tpot_seconds"] for row in (*size.rows, *question.rows))
    assert last.name == "machine"


def test_latency_beside_transformers(tiny_folder: Path) -> None:
    size, *_ = bench(tiny_folder, "latency", against="transformers").tables
    assert all(row["rival_ttft_seconds"] and row["rival_tpot_seconds"] for row in size.rows)


def test_load_counts_what_was_answered_and_refused(tiny_folder: Path) -> None:
    closed, opened, _ = bench(tiny_folder, "load", quantize="int8").tables
    assert [row["concurrency"] for row in closed.rows] == [1, 2]
    assert [(row["answered"], row["refused"]) for row in opened.rows] == [(2, 0)] * 3
    assert {"ttft_p50_seconds", "total_p99_seconds"} <= opened.rows[0].keys()


def test_a_refused_arrival_has_no_reply(tiny_folder: Path) -> None:
    class Full(Scripted):
        def ask(self, pictures: Sequence[ImageSource], question: str, options: AskOptions) -> Reply:
            raise OverloadedError("overloaded", "满", "full", retry_after_seconds=1)

    work = Workload(ModelFolder.open(tiny_folder)).new(1)
    assert suites._served(Full(str), work, 0.0) is None


def test_who_goes_first_alternates(tiny_folder: Path) -> None:
    order: list[str] = []
    match = Match(Scripted(str), Scripted(str), Workload(ModelFolder.open(tiny_folder)))  # type: ignore[arg-type]
    for _ in range(3):
        assert match.both(lambda: order.append("ours"), lambda: order.append("theirs")) == (None, None)
    assert order == ["ours", "theirs", "theirs", "ours", "ours", "theirs"]


def test_latency_beside_a_server(tiny_folder: Path) -> None:
    with serve(say("好", "的")) as fake:
        size, *_ = bench(tiny_folder, "latency", against=f"{fake.url}#qwen").tables
    assert all(row["rival_ttft_seconds"] and row["rival_tpot_seconds"] for row in size.rows)


def test_cache_tells_what_was_reused(tiny_folder: Path) -> None:
    questions, many, memory, _ = bench(tiny_folder, "cache").tables
    first, second = questions.rows
    assert (first["prefix_hit_share"], first["vision_hit_share"]) == (0, 0)
    assert second["vision_hit_share"] == 1
    assert float(second["prefix_hit_share"] or 0) > 0.5
    assert len(many.rows) == 2
    assert float(memory.rows[0]["vision_bytes"] or 0) > 0


def test_must_measures_every_target_of_every_variant(tiny_folder: Path) -> None:
    report = bench(tiny_folder, "must")
    assert len(report.comparisons) == len(must.TARGETS)
    assert all(min(row.ours + row.theirs) > 0 for row in report.comparisons)
    (last,) = report.tables
    unquantized = str(default_dtype(torch.device("cpu"))).removeprefix("torch.")
    assert [row["variant"] for row in last.rows] == [unquantized, "int8", "int4"]


def test_must_of_one_variant(tiny_folder: Path) -> None:
    report = bench(tiny_folder, "must", quantize="int8", against="transformers")
    assert [row.name for row in report.comparisons] == ["tpot_int8"]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"suite": "speed"}, "unknown_suite"),
        ({"suite": "latency", "runs": 0}, "invalid_runs"),
        ({"suite": "latency", "quantize": "int2"}, "invalid_quantize"),
        ({"suite": "latency", "against": "vllm"}, "invalid_upstream"),
        ({"suite": "load", "against": "transformers"}, "invalid_against"),
        ({"suite": "must", "against": "http://rival.test/v1"}, "invalid_against"),
    ],
)
def test_what_makes_no_sense_is_refused(options: dict[str, Any], code: str, tiny_folder: Path) -> None:
    with pytest.raises(InvalidRequestError, match=code):
        bench(tiny_folder, **options)


def test_the_command_prints_tables_and_writes_files(tiny_folder: Path, tmp_path: Path) -> None:
    record, picture = tmp_path / "bench.json", tmp_path / "bench.png"
    arguments = ["bench", str(tiny_folder), "--runs", "1", "--json", str(record), "--plot", str(picture)]
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    assert "延迟：按图片大小" in result.stdout
    assert json.loads(record.read_text())["tables"][0]["name"] == "latency_by_size"
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_command_says_what_is_wrong(tiny_folder: Path) -> None:
    result = CliRunner().invoke(app, ["bench", str(tiny_folder), "--suite", "speed"], catch_exceptions=False)
    assert result.exit_code == 2
    assert "没有这个测试：speed" in result.stderr


@pytest.mark.parametrize(("native", "scales"), [(True, 2), (False, 4)])
def test_decode_bytes_are_those_of_the_matrices_a_token_reads(
    native: bool, scales: int, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernels, "is_available", lambda: native)
    config = ModelFolder.open(tiny_folder).config
    layers, output = 3 * (64 * (128 + 64 + 64) + 128 * 64 + 3 * 64 * 128), config.text.vocab_size * 64
    assert machine.decode_bytes(config, None, torch.bfloat16) == 2 * (layers + output)
    assert machine.decode_bytes(config, "int8", torch.bfloat16) == layers + output
    assert machine.decode_bytes(config, "int4", torch.bfloat16) == layers * (0.5 + scales / 32) + output
    more, less = (machine.prefill_flops(config, prompt_tokens=n, visual_tokens=4) for n in (11, 10))
    assert more - less == 2 * layers


def test_works_asked_together_are_all_answered(tiny_folder: Path) -> None:
    import kantu

    workload = Workload(ModelFolder.open(tiny_folder))
    with kantu.load(tiny_folder, device="cpu") as vlm:
        assert together(Kantu(vlm), [workload.new(3) for _ in range(3)]) > 0
        assert vlm.engine.stats().counters["requests_finished"] == 3
