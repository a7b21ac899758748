"""Numbers in prose that nothing shown accounts for."""

from __future__ import annotations

import pytest

from kantu.tasks.checks.numbers import unsupported_by_facts, unsupported_by_table
from kantu.tasks.results import ChartKind, ChartResult, CopyResult


@pytest.mark.parametrize(
    ("conclusion", "unsupported"),
    [
        ("三月最多，1,250件。", ()),
        ("合计2350件，3个月平均783.3件。", ()),
        ("三月比一月多750件。", ()),
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


def test_copy_rests_on_its_facts() -> None:
    copy = CopyResult(title="云山茶250克", selling_points=["第２泡更香"], body="已售3000件。", facts=["净含量：250克"])
    assert unsupported_by_facts(copy) == ("2", "3000")
