"""The tables on the terminal."""

from __future__ import annotations

import io
from dataclasses import replace

from rich.console import Console

from kantu.evaluation.compare import Difference
from kantu.evaluation.report.terminal import show, show_differences
from kantu.evaluation.results import Results, Run
from tests.evaluation.asked import answer, item

WORSE = Difference("order", "price", "browser", 80.0, 60.0, -30.0, -10.0, -8.0, 50, 20)


def printed(*differences: Difference, gate: bool) -> tuple[bool, str]:
    out = Console(file=io.StringIO(), width=160)
    passed = show_differences(differences, 1.0, gate=gate, out=out)
    assert isinstance(out.file, io.StringIO)
    return passed, out.file.getvalue()


def test_families_kinds_floors_errors_and_what_is_missing_are_told() -> None:
    out = Console(file=io.StringIO(), width=160)
    answers = [
        answer(item("一", kind="status"), "9.9"),
        answer(item("二", kind="[odd]"), "", error="image_damaged"),
    ]
    show(Results(Run("everyday", "1", "kantu-mini", "abc", "int8"), {}), answers, ("chat",), out)
    assert isinstance(out.file, io.StringIO)
    told = out.file.getvalue()
    for words in (
        "kantu-mini abc · int8",
        "状态 status",
        "[odd]",
        "订单状态",
        "达到",
        "1 题没有回答",
        "image_damaged",
        "缺：chat",
    ):
        assert words in told


def test_the_gate_says_what_became_worse() -> None:
    passed, told = printed(WORSE, gate=True)
    assert not passed
    assert "变差，超出允许" in told
    assert "-20.0" in told


def test_without_a_gate_a_loss_is_only_told() -> None:
    _, told = printed(WORSE, gate=False)
    assert "确实变差" in told
    assert "超出允许" not in told


def test_what_may_be_chance_passes() -> None:
    passed, told = printed(replace(WORSE, low=-45.0, high=5.0, worst=9.0), gate=True)
    assert passed
    assert "可能是偶然" in told
    assert "没有差别" in printed(replace(WORSE, ours=80.0, low=0.0, high=0.0, worst=0.0), gate=True)[1]
