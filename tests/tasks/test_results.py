"""What tasks answer, as types."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from kantu.tasks.results import ChartKind, ChartResult, Control

CHART = ChartResult(
    kind=ChartKind.BARS,
    title="各店销量",
    unit="件",
    header=["店", "一月", "二月"],
    rows=[["东街", "12", "15"], ["西街, 二楼", "9", "7"]],
    conclusion="东街最多。",
)


def test_a_chart_is_a_table_in_csv() -> None:
    assert CHART.to_csv() == '店,一月,二月\r\n东街,12,15\r\n"西街, 二楼",9,7\r\n'


def test_a_chart_is_a_table_in_pandas() -> None:
    pytest.importorskip("pandas")
    frame = CHART.to_frame()
    assert list(frame.columns) == CHART.header
    assert frame["二月"].tolist() == ["15", "7"]


@pytest.mark.parametrize("box", [[0, 0, 1001, 5], [0, 0, 5], ["左", 0, 5, 5]])
def test_boxes_are_four_thousandths(box: list[object]) -> None:
    with pytest.raises(ValidationError):
        Control.model_validate({"kind": "按钮", "label": "提交", "state": None, "bbox_2d": box})


def test_nothing_but_its_fields_is_taken() -> None:
    with pytest.raises(ValidationError):
        ChartResult.model_validate({**CHART.model_dump(), "confidence": 0.9})
