"""Results as people read them in a spreadsheet."""

from __future__ import annotations

from typing import Any

from kantu.aigc import ContentLabel
from kantu.batch.inputs import Row
from kantu.batch.results import ResultFile, Run
from kantu.batch.table import Cell, table_of
from kantu.errors import error
from kantu.solve.result import Notice, Review, Suggestion, TaskResult
from kantu.tasks.builtin import CHART, COPY, MATCH, ORDER, READ, UI
from kantu.tasks.task import Task
from tests.batch.fakes import finding, result

ORDERED = {
    **{"status": "待发货", "status_text": None, "order_number": "880612", "tracking_number": None, "amount": "59.90"},
    **{"happening": "一", "advice": "二", "reply": "三"},
}


def line(outcome: TaskResult[Any] | None, given: dict[str, Any] | None = None) -> dict[str, Any]:
    failure = None if outcome is not None else {"code": "image_damaged", "message": error("image_damaged").message}
    told = None if outcome is None else outcome.to_dict()
    return {"input": given or {"image": "a.png"}, "error": failure, "result": told}


def read(task: Task, *lines: dict[str, Any]) -> list[dict[str, Cell]]:
    """Each row by its columns; all cells must have one of their own."""
    table = table_of(task.schema(), lambda: lines)
    assert len(set(table.columns)) == len(table.columns)
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows()]


def test_a_record_stands_under_the_titles_of_its_fields() -> None:
    fields = {
        "status": finding(0.91239),
        "order_number": finding(0.5, (1, 2, 3, 4), (5, 6, 7, 8)),
        "reply": finding(None),
    }
    (row,) = read(ORDER, line(result(ORDERED, fields=fields), {"编号": 7, "image": "a.png"}))
    assert list(row)[:5] == ["编号", "image", "状态", "页面上的状态", "订单号"]
    assert row["状态"] == "待发货"
    assert row["页面上的状态"] is None
    assert row["把握"] == 0.9
    assert row["把握：状态"] == 0.9124
    assert row["位置：订单号"] == "[1, 2, 3, 4]\n[5, 6, 7, 8]"
    assert row["需人工复核"] == "否"
    assert "把握：回复" not in row
    assert "错误" not in row


def test_a_failure_is_a_row_too() -> None:
    first, second = read(ORDER, line(result(ORDERED)), line(None))
    assert first["错误代码"] is None
    assert second["错误代码"] == "image_damaged"
    assert second["需人工复核"] == "是"
    assert second["状态"] is None


def test_what_a_person_should_know_is_told() -> None:
    told = result(ORDERED).model_copy(
        update={
            "review": Review(needed=True, reasons=("一。", "二。")),
            "warnings": (Notice(code="blurred", message="图片模糊。"),),
            "label": ContentLabel(sentence="内容由 AI 生成"),
        }
    )
    asked = result(None).model_copy(update={"suggestion": Suggestion(message="问得不清楚。", questions=("几件？",))})
    first, second = read(COPY, line(told), line(asked))
    assert first["需人工复核"] == "是"
    assert first["复核原因"] == "一。\n二。"
    assert first["提示"] == "图片模糊。"
    assert first["标识"] == "内容由 AI 生成"
    assert second["建议这样问"] == "问得不清楚。\n几件？"


def test_lists_stand_in_one_cell() -> None:
    chart = {
        **{"kind": "柱状图", "title": None, "unit": "万元", "header": ["月", "额"]},
        **{"rows": [["一月", "3"], ["二月", "4"]], "conclusion": "涨了。"},
    }
    (row,) = read(CHART, line(result(chart)))
    assert row["表头"] == "月、额"
    assert row["各行"] == "一月、3\n二月、4"


def test_a_result_that_is_a_list_is_one_column() -> None:
    controls = [
        {"kind": "按钮", "label": "确定", "state": None, "bbox_2d": [1, 2, 3, 4]},
        {"kind": "开关", "label": "声音", "state": "开", "bbox_2d": [1, 2, 3, 4]},
    ]
    (row,) = read(UI, line(result(controls, fields={"[0]": finding(0.9, (1, 2, 3, 4))})))
    assert row["结果"] == "种类 按钮；名称 确定\n种类 开关；名称 声音；状态 开"
    assert row["位置：结果"] == "[1, 2, 3, 4]"


def test_prose_is_one_column() -> None:
    (row,) = read(READ, line(result("第一行\n第二行", fields={"": finding(0.8)})))
    assert row["结果"] == "第一行\n第二行"


def test_a_column_of_the_input_keeps_its_name() -> None:
    verdict = {"verdict": "一致", "conflict": None, "reasons": []}
    (row,) = read(MATCH, line(result(verdict), {"image": "a.png", "结论": "不一致", "把握": "高"}))
    assert row["结论"] == "不一致"
    assert row["结论（结果）"] == "一致"
    assert row["把握"] == "高"
    assert row["把握（结果）"] == 0.9


def test_rows_may_have_different_columns() -> None:
    first, second = read(
        READ, line(result("甲"), {"image": "a"}), line(result("乙"), {"images": ["b", "c"], "x": True})
    )
    assert (first["image"], first["images"], first["x"]) == ("a", None, None)
    assert (second["image"], second["images"], second["x"]) == (None, "b、c", "是")


def test_it_is_made_of_what_the_file_holds(tmp_path: Any) -> None:
    with ResultFile.open(tmp_path / "r.jsonl", Run("read", "1", "m", "w", "float32"), {"a": None, "b": None}) as file:
        file.add("b", Row("b.png", {"image": "b.png"}), result("乙"))
        file.add("a", Row("a.png", {"image": "a.png"}), error("image_damaged"))
        rows = list(table_of(None, lambda: file.lines(["a", "b"])).rows())
    assert [row[:2] for row in rows] == [("a.png", None), ("b.png", "乙")]
