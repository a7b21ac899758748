"""The suites that stand alone, from end to end with tiny settings; never how fast."""

from __future__ import annotations

import io
import json
import queue
import random
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from kantu.bench import demo, loading, render, soak, traffic, work
from kantu.bench.memory import Held
from kantu.bench.plan import Plan
from kantu.bench.report import Table
from kantu.bench.run import run
from kantu.contenders.contender import AskOptions
from kantu.doctor import speed
from kantu.errors import EngineError, InvalidRequestError
from tests.fake_upstream import Exchange, piece, serve

pytestmark = pytest.mark.whole

TIMINGS = {"kantu": {"timings": {"total_seconds": 0.0}}}
MIB = 2**20


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small enough for a test; every path is still walked."""
    for module in ("run", "loading"):
        monkeypatch.setattr(f"kantu.bench.{module}.apart", lambda function: function())
    monkeypatch.setattr(demo, "Apart", lambda make: make())
    monkeypatch.setattr(demo, "_OPTIONS", AskOptions(max_tokens=3))
    monkeypatch.setattr(speed, "_SECONDS", 0.0)
    monkeypatch.setattr(speed, "_READ_BYTES", 2**16)
    monkeypatch.setattr(speed, "_SIDE", 64)
    monkeypatch.setattr(traffic, "_SAMPLES", 2)
    monkeypatch.setattr(traffic, "CLIENTS", (1, 2))


def track(sequence: Iterable[Any], *, description: str) -> Iterable[Any]:
    return sequence


def tables(suite: str, model: str | None, **plan: Any) -> dict[str, Table]:
    """By name, after they were printed."""
    report = run(model, suite=suite, against=None, quantize=None, runs=1, track=track, plan=Plan(**plan))
    console = Console(file=io.StringIO(), width=200)
    render.show(report, console)
    return {table.name: table for table in report.tables}


# demo


def test_the_demo_is_asked_of_both_and_the_ratio_told(tiny_folder: Path) -> None:
    ours, theirs = tables("demo", str(tiny_folder))["demo"].rows
    assert (ours["contender"], theirs["contender"]) == ("kantu", "transformers")
    assert ours["visual_tokens"] == theirs["visual_tokens"]
    assert ours["ttft_ratio"] == pytest.approx(float(ours["ttft_seconds"] or 0) / float(theirs["ttft_seconds"] or 1))
    assert theirs["total_ratio"] == 1.0


def test_no_round_of_the_demo_knows_the_picture_of_another() -> None:
    picture = work.example()
    assert demo._file(picture, 0) != demo._file(picture, 1)
    assert demo._file(picture, 1) == demo._file(picture, 1)


def test_without_a_checkout_the_missing_picture_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kantu.__file__", str(tmp_path / "a/b/__init__.py"))
    with pytest.raises(EngineError, match="example_missing"):
        work.example()


# loading


def test_loading_is_measured_for_both_loaders_in_both_precisions(tiny_folder: Path) -> None:
    rows = tables("loading", str(tiny_folder))["loading"].rows
    assert [(row["contender"], row["dtype"]) for row in rows] == [
        (name, dtype) for dtype in ("bfloat16", "float32") for name in ("kantu", "transformers")
    ]
    assert [row["weight_bytes"] for row in rows[:2]] == [rows[0]["weight_bytes"]] * 2
    assert rows[2]["weight_bytes"] == 2 * int(rows[0]["weight_bytes"] or 0)
    for row in rows:
        assert float(row["ready_seconds"] or 0) < float(row["touched_seconds"] or 0)
        assert float(row["added_ratio"] or 0) < float(row["peak_ratio"] or 0)


def test_loading_for_the_kernels_is_measured_in_each_variant_or_in_one(tiny_folder: Path) -> None:
    rows = tables("loading", str(tiny_folder))["loading_prepared"].rows
    assert rows[0]["variant"] in ("bfloat16", "float32")  # as this machine computes
    assert [row["variant"] for row in rows[1:]] == ["int8", "int4"]
    wide, *_, narrow = (int(row["weight_bytes"] or 0) for row in rows)
    assert 0 < narrow < wide < int(rows[0]["peak_bytes"] or 0)
    report = run(str(tiny_folder), suite="loading", against=None, quantize="int8", runs=1, track=track)
    assert [[row["variant"] for row in table.rows] for table in report.tables] == [["int8"]]


def test_float32_is_left_out_where_the_memory_is_too_small(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "available_memory_bytes", lambda: 1)
    assert {row["dtype"] for row in tables("loading", str(tiny_folder))["loading"].rows} == {"bfloat16"}


# gateway


def answer(exchange: Exchange) -> None:
    """As the gateway does: whole, or as a stream whose last event has the timings."""
    if not exchange.body.get("stream"):
        exchange.refuse(200, json.dumps(TIMINGS))
        return
    exchange.start()
    exchange.event(piece("好"))
    exchange.event(TIMINGS)
    exchange.done()


def test_the_gateway_is_measured_alone_and_under_both_loops() -> None:
    with serve(answer) as fake:
        found = tables("gateway", f"{fake.url}#qwen", seconds=0.2)
    assert [row["kind"] for row in found["gateway_overhead"].rows] == ["shortest", "text", "stream"]
    assert [row["concurrency"] for row in found["gateway_closed"].rows] == [1, 2]
    assert len(found["gateway_open"].rows) == 4
    for table in found.values():
        for row in table.rows:
            assert row["outcomes"] == f"ok {row['requests']}"
            assert row["overhead_p50_seconds"] == row["total_p50_seconds"]  # the engine reports 0
    assert {len(body["messages"][0]["content"]) for body in fake.bodies} == {1, 2}


def test_what_the_gateway_refuses_and_whom_it_hangs_up_on_is_counted() -> None:
    refusal = json.dumps({"error": {"code": "overloaded"}})
    with serve(lambda exchange: exchange.refuse(503, refusal)) as fake:
        found = tables("gateway", f"{fake.url}#qwen", seconds=0.05)
    row = found["gateway_closed"].rows[0]
    assert row["outcomes"] == f"overloaded {row['requests']}"
    assert (row["answers_per_second"], row["total_p50_seconds"]) == (0.0, None)
    assert found["gateway_open"].rows == ()

    address = traffic.Address("127.0.0.1", fake.port, "", "qwen")  # nobody listens any more
    assert traffic._open(address, b"", 1.0, 0.01)["outcomes"] == "ConnectionRefusedError 1"


def test_a_stream_is_read_to_its_last_event() -> None:
    events = b"".join(
        b"%x\r\n%s\r\n" % (len(event), event)
        for event in (b'data: {"a": 1}\n\n', b": still there\n\n", b'data: {"a":\ndata: 2}\n\n', b"data: [DONE]\n\n")
    )
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert traffic.read_answer(head + events + b"0\r\n\r\n") == {"a": 2}


def test_each_kind_of_request_is_what_its_name_says() -> None:
    bodies = {
        kind: json.loads(traffic.body(kind, "m", b"known", random.Random(0))) for kind in (*traffic.KINDS, "shortest")
    }
    pictures = {
        kind: [part["image_url"]["url"] for part in body["messages"][0]["content"][:-1]]
        for kind, body in bodies.items()
    }
    assert pictures["text"] == []
    assert pictures["known"] == pictures["stream"] == pictures["record"] == pictures["shortest"] != pictures["new"]
    assert bodies["record"]["response_format"]["json_schema"]["schema"] == traffic.SCHEMA
    assert bodies["stream"]["stream"] is True
    assert bodies["shortest"]["max_completion_tokens"] == 1


def test_a_load_of_no_time_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="invalid_seconds"):
        tables("gateway", None, seconds=0.0)


# soak


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux and glibc")
def test_a_soak_asks_everything_and_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("ROUND", 20), ("WARM_UP_ROUNDS", 1), ("LEAST_ROUNDS", 2), ("SECOND_LOOKS", 0), ("CLIENTS", 3)):
        monkeypatch.setattr(soak, name, value)
    found = tables("soak", None, soak_minutes=1e-9)
    assert [(row["what"], row["count"], row["met"]) for row in found["soak"].rows] == [
        ("lost", 0, "yes"),
        ("unexpected", 0, "yes"),
    ]
    assert sum(int(row["count"] or 0) for row in found["soak_outcomes"].rows) == 60
    assert [row["asked"] for row in found["soak_memory"].rows] == [0, 20, 40, 60]
    assert [row["memory"] for row in found["soak_growth"].rows] == ["held", "resident"]


def test_a_request_that_never_ends_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soak, "LOST_AFTER_SECONDS", 0.0)
    done: queue.SimpleQueue[bool] = queue.SimpleQueue()
    done.put(True)
    assert soak._round(queue.SimpleQueue(), done) == soak.ROUND - 1


def test_memory_that_grows_with_the_requests_is_not_met() -> None:
    flat = [Held(100 * MIB, 200 * MIB)] * 10
    leaking = [Held((100 + 5 * n) * MIB, (200 + 6 * n) * MIB) for n in range(10)]
    assert [row["met"] for row in soak.growth(flat)] == ["yes", "yes"]
    assert [row["met"] for row in soak.growth(leaking)] == ["no", "no"]


@pytest.mark.parametrize(
    ("grown_mib", "rounds", "met"),
    [
        ([0] * 99, 4, "yes"),
        ([0, 0, 90, 180, 270] + [270] * 99, 7, "yes"),
        ([90 * n for n in range(99)], 10, "no"),
    ],
    ids=["flat", "a step", "a leak"],
)
def test_memory_that_grew_is_looked_at_again(
    grown_mib: list[int], rounds: int, met: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(soak, "WARM_UP_ROUNDS", 1)
    monkeypatch.setattr(soak, "LEAST_ROUNDS", 3)
    readings = [Held(100 * MIB, (200 + grown) * MIB) for grown in grown_mib]
    memory = readings[:1]
    for since in soak._rounds(0.0, memory):
        first = since
        memory.append(readings[len(memory)])
    assert (len(memory) - 1, len(memory[first:]) - 1) == (rounds, 3)
    assert [row["met"] for row in soak.growth(memory[first:])] == ["yes", met]


def test_an_outlier_is_no_growth() -> None:
    assert soak.slope([1.0, 1.0, 9.0, 1.0, 1.0, 1.0]) == 0.0
    assert soak.slope([1.0, 2.0, 3.0]) == 1.0
