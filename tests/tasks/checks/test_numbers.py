"""Numbers in prose that nothing shown accounts for."""

from __future__ import annotations

import pytest

from kantu.tasks.checks.numbers import invented, unsupported_by_facts, unsupported_by_table
from kantu.tasks.results import ChartKind, ChartResult


@pytest.mark.parametrize(
    ("conclusion", "unsupported"),
    [
        ("三月最多，1,250件。", ()),
        ("合计2350件，3个月平均783.3件。", ()),
        ("三月比一月多750件。", ()),
        ("三个月里1个月超过600件。", ()),
        ("比去年增长了37%。", ("37",)),
        ("一月505件。", ("505",)),
    ],
)
def test_a_conclusion_rests_on_the_table(conclusion: str, unsupported: tuple[str, ...]) -> None:
    chart = ChartResult(
        kind=ChartKind.LINES,
        title="2026年销量",
        unit="件",
        header=["月份", "销量"],
        rows=[["一月", "500"], ["二月", "600"], ["三月", "1,250"]],
        conclusion=conclusion,
    )
    assert unsupported_by_table(chart) == unsupported


@pytest.mark.parametrize(
    ("said", "unsupported"),
    [("云山茶250克", ()), ("第２泡更香", ("2",)), ("已售3,000件，每盒250克。", ("3000",))],
)
def test_copy_rests_on_its_facts(said: str, unsupported: tuple[str, ...]) -> None:
    assert unsupported_by_facts(said, ["净含量：250克"]) == unsupported


@pytest.mark.parametrize(
    ("said", "made_up"),
    [
        ("单号SF10234567，金额1234.50元", ()),
        ("尾号4567的包裹", ()),
        ("请打4008001234", ("4008001234",)),
        ("一共1,235元", ("1235",)),
        ("3天内到", ()),
    ],
)
def test_a_long_number_that_nothing_has_is_invented(said: str, made_up: tuple[str, ...]) -> None:
    assert invented(said, ["SF10234567", "¥1,234.50"]) == made_up
