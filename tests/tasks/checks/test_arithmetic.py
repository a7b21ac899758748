"""Transcribed formulas, worked out exactly."""

from __future__ import annotations

from fractions import Fraction

import pytest

from kantu.tasks.checks.arithmetic import disagreement, solve
from kantu.tasks.results import ProblemResult


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("36÷4+5=", Fraction(14)),
        ("（12－4）×3 = ？", Fraction(24)),
        ("1/2+1/3=", Fraction(5, 6)),
        ("0.1+0.2=", Fraction(3, 10)),
        ("20%×50=", Fraction(10)),
        ("3x+5=20", Fraction(5)),
        ("2(x-1)=x+7", Fraction(9)),
        ("x÷4=-2", Fraction(-8)),
        ("-3+5=", Fraction(2)),
        ("7÷0=", None),
        ("x*x=4", None),
        ("x+y=3", None),
        ("2x=2x", None),
        ("3+5", None),
        ("__import__('os')=", None),
        ("(" * 150 + "1=", None),
        ("9" * 300 + "=", None),
    ],
)
def test_a_formula_has_one_exact_value_or_none(formula: str, value: Fraction | None) -> None:
    assert solve(formula) == value


@pytest.mark.parametrize(
    ("transcription", "answer", "warned"),
    [
        ("1. 计算：36÷4+5=", "14", False),
        ("1. 计算：36÷4+5=", "13", True),
        ("2、36÷4+5=", "13", True),
        ("3. 1.5+2=", "3", True),
        ("解方程 3x+5=20", "x = 5", False),
        ("解方程 3x+5=20", None, True),
        ("1/2+1/4=", "3/4", False),
        ("1/2+1/4=", "0.75", False),
        ("小明有3个苹果，又买了5个，一共几个？", "7", False),
        ("① 3+5=  ② 4+4=", "9", False),
    ],
)
def test_an_answer_that_is_not_the_solution_is_a_warning(transcription: str, answer: str | None, warned: bool) -> None:
    result = ProblemResult(transcription=transcription, steps=[], answer=answer)
    assert (disagreement(result) is not None) == warned


def test_the_warning_tells_the_solution() -> None:
    told = disagreement(ProblemResult(transcription="1÷3=", steps=[], answer="0.3"))
    assert told is not None
    assert "1/3" in told
