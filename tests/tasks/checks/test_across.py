"""Values that contradict each other."""

from __future__ import annotations

from typing import Any

import pytest

from kantu.tasks.checks.across import contradictions

ROWS = [
    {"品名": "茶", "数量": "2", "单价": "5.00", "金额": "10.00"},
    {"品名": "盐", "数量": 1, "单价": 7, "金额": "7.00"},
]


@pytest.mark.parametrize(
    "record",
    [
        {"数量": "3件", "单价": "¥1.50", "小计": "4.50"},
        {"数量": "3", "单价": "3.333", "小计": "10.00"},  # within a cent
        {"金额": "100.00", "税额": "13.00", "价税合计": "113.00", "价税合计（大写）": "壹佰壹拾叁元整"},
        {"金额": "113.00", "税额": "13.00", "价税合计": "113.00"},  # 金额 may be the sum with tax
        {"明细": ROWS, "合计": "17.00"},
        {"明细": ROWS, "税额": "2.21", "价税合计": "19.21"},
        {"明细": ROWS, "运费": "3", "优惠": "-2.00", "实付": "18.00"},
        {"明细": ROWS, "实付": None},
        {"实收": "100", "应付": "88.50", "找零": "11.50"},
        {"数量": "3", "单价": "免费", "小计": "4.50"},
        {"单价": ["5", "7"], "数量": ["2", "1"], "金额": ["10", "7"], "合计": "17"},
        {},
    ],
)
def test_what_adds_up_is_silent(record: dict[str, Any]) -> None:
    assert list(contradictions(record)) == []


@pytest.mark.parametrize(
    ("record", "code", "field"),
    [
        ({"数量": "3", "单价": "1.50", "小计": "4.52"}, "product_differs", "小计"),
        ({"明细": [{**ROWS[0], "金额": "11.00"}]}, "product_differs", "明细[0].金额"),
        ({"订单": {"明细": [ROWS[0], {**ROWS[1], "单价": "1"}]}}, "product_differs", "订单.明细[1].金额"),
        ({"单价": ["5", "7"], "数量": ["2", "1"], "金额": ["10", "8"]}, "product_differs", "金额[1]"),
        ({"明细": ROWS, "合计": "17.50"}, "rows_differ", "合计"),
        ({"不含税金额": "100", "税额": "13", "价税合计": "131"}, "sum_differs", "价税合计"),
        ({"商品总额": "100", "运费": "10", "优惠": "-5", "实付": "104"}, "sum_differs", "实付"),
        ({"实收": "100", "应付": "88.50", "找零": "12.50"}, "sum_differs", "找零"),
        ({"金额": "¥1,234.50", "大写": "壹仟贰佰叁拾肆元陆角整"}, "words_differ", "大写"),
    ],
)
def test_what_does_not_add_up_is_told_where(record: dict[str, Any], code: str, field: str) -> None:
    (problem,) = contradictions(record)
    assert (problem.code, problem.field) == (code, field)


def test_the_message_tells_both_sides() -> None:
    (problem,) = contradictions({"数量": "3", "单价": "1.50", "小计": "5.40"})
    assert "4.50" in problem.message
    assert "5.40" in problem.message
