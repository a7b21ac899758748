"""Percentiles, requirements, JSON, tables, pictures."""

from __future__ import annotations

import builtins
import io
import json
from typing import Any

import pytest
from PIL import Image
from rich.console import Console

from kantu.bench import must, render
from kantu.bench.report import Comparison, Report, Table, percentile, percentiles, share
from kantu.errors import MissingDependencyError

MACHINE = {
    "cpu": "CPU",
    "cores": 2,
    "torch": "2",
    "dtype": "bfloat16",
    "read_bytes_per_second": 26.7e9,
    "copy_bytes_per_second": 25e9,
    "matmul_flops_per_second": 2e12,
    "int8_flops_per_second": None,
}


def comparison(ours: float, *, must: float = 0.5, reach: float = 0.3, name: str = "tpot_int8") -> Comparison:
    return Comparison(name, "seconds", "transformers", (ours, ours, 9.0), (1.0, 0.1, 1.0), must, reach)


def report(*comparisons: Comparison) -> Report:
    rows = (
        {"size": "8x8", "visual_tokens": 4, "ttft_seconds": 1.5},
        {"size": "9x9", "visual_tokens": 9, "ttft_seconds": None},
    )
    return Report("m", 3, MACHINE, comparisons, (Table("latency_by_size", rows, "visual_tokens", ("ttft_seconds",)),))


def test_percentiles_are_the_nearest_rank() -> None:
    values = [float(n) for n in range(100, 0, -1)]
    assert [percentile(values, percent) for percent in (50, 95, 99, 100)] == [50, 95, 99, 100]
    assert percentile([7.0], 1) == 7.0
    assert percentile([], 50) is None
    assert percentiles("ttft", [1.0, 2.0]) == {
        "ttft_p50_seconds": 1.0,
        "ttft_p95_seconds": 2.0,
        "ttft_p99_seconds": 2.0,
    }


def test_a_share_of_nothing_is_none() -> None:
    assert share(1, 4) == 0.25
    assert share(1, 0) is None


@pytest.mark.parametrize(("ours", "said"), [(0.3, "达到理想"), (0.5, "达到"), (0.51, "未达到")])
def test_smaller_ratios_of_seconds_are_better(ours: float, said: str) -> None:
    assert comparison(ours).ratio == pytest.approx(ours)
    assert render.verdict(comparison(ours)) == said


@pytest.mark.parametrize(("ours", "said"), [(6.0, "达到理想"), (4.0, "达到"), (3.9, "未达到")])
def test_larger_ratios_of_throughput_are_better(ours: float, said: str) -> None:
    assert render.verdict(comparison(ours, must=4, reach=6)) == said


def test_the_record_holds_every_sample_and_the_ratio() -> None:
    record = json.loads(report(comparison(0.4)).to_json())
    (row,) = record["comparisons"]
    assert (row["ours"], row["theirs"]) == ([0.4, 0.4, 9.0], [1.0, 0.1, 1.0])
    assert (row["ratio"], row["met"], row["must"], row["reach"]) == (0.4, True, 0.5, 0.3)
    assert record["environment"] == MACHINE
    assert record["tables"][0]["rows"][1] == {"size": "9x9", "visual_tokens": 9, "ttft_seconds": None}


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("ttft_seconds", 0.0123, "12.3 ms"),
        ("ttft_seconds", 1.234, "1.23 s"),
        ("seconds", 0.5, "500.0 ms"),
        ("kv_bytes", 2_150_000_000, "2.15 GB"),
        ("kv_bytes", 0, "0.0 MB"),
        ("read_bytes_per_second", 26.7e9, "26.7 GB/s"),
        ("prefill_flops_per_second", 2e12, "2,000 GFLOP/s"),
        ("requests_per_second", 3.456, "3.46"),
        ("decode_share", 0.876, "88%"),
        ("ratio", 0.5, "0.500"),
        ("prompt_tokens", 2048, "2,048"),
        ("case", "first_question", "第一问"),
        ("size", "8x8", "8x8"),
        ("weight_bytes", None, "-"),
    ],
)
def test_cells_have_the_unit_of_their_name(name: str, value: Any, text: str) -> None:
    assert render.cell(name, value) == text


def test_tables_are_printed_in_chinese() -> None:
    console = Console(file=io.StringIO(), width=140)
    render.show(report(comparison(0.4), comparison(5, must=4, reach=6, name="requests_at_once_int4")), console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    for word in (
        "目标表",
        "每词元，INT8",
        "≤ 0.50",
        "达到",
        "≥ 4.00",
        "延迟：按图片大小",
        "1.50 s",
        "读 26.7 GB/s",
        "INT8 -",
    ):
        assert word in text


def test_every_target_has_a_title() -> None:
    assert {f"{target.name}_{target.quantize or 'bf16'}" for target in must.TARGETS} <= render.TITLES.keys()


def test_it_draws_a_picture() -> None:
    file = io.BytesIO()
    render.plot(report(comparison(0.4)), file)
    with Image.open(file) as picture:
        assert picture.format == "PNG"


def test_a_missing_matplotlib_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    original = builtins.__import__

    def refuse(name: str, *arguments: Any, **keywords: Any) -> Any:
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return original(name, *arguments, **keywords)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(MissingDependencyError, match="matplotlib_missing"):
        render.plot(report(), io.BytesIO())
