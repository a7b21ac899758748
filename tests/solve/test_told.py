"""Every line of a result is told with what is known of it, and nothing that is known is lost or told twice."""

from __future__ import annotations

from typing import Any

from kantu.solve.result import (
    Finding,
    Notice,
    PictureBox,
    Review,
    TaskResult,
    TaskTimings,
    TaskUsage,
    TaskVersion,
)
from kantu.solve.told import told_lines

BOX, OTHER = PictureBox(x1=1, y1=2, x2=3, y2=4), PictureBox(picture=1, x1=5, y1=6, x2=7, y2=8)
ODD = Notice(code="odd", message="说不通")


def result(record: Any, fields: dict[str, Finding]) -> TaskResult[Any]:
    return TaskResult(
        task=TaskVersion(name="own", title="自己的", version="1"),
        result=record,
        fields=fields,
        review=Review(needed=False),
        model="kantu-mini",
        usage=TaskUsage(),
        timings=TaskTimings(),
    )


def known(record: Any, **fields: Finding) -> dict[str, Finding]:
    return {path: found for path, _, found in told_lines(result(record, fields))}


def test_what_is_known_of_a_found_thing_is_told_with_its_first_line() -> None:
    thing = {"bbox_2d": [1, 2, 3, 4], "kind": "按钮", "label": "催发货"}
    fields = {
        "[0]": Finding(confidence=0.5, boxes=(BOX,), problems=(ODD,)),
        "[0].kind": Finding(confidence=0.9),
        "[0].label": Finding(),
        "[1].kind": Finding(),
        "[1]": Finding(confidence=0.8, boxes=(OTHER,)),
    }
    assert known([thing, thing], **fields) == {
        "[0].kind": Finding(confidence=0.9, boxes=(BOX,), problems=(ODD,)),
        "[0].label": Finding(),
        "[1].kind": Finding(confidence=0.8, boxes=(OTHER,)),
        "[1].label": Finding(),
    }


def test_a_record_that_is_one_thing_has_its_box_with_its_first_line() -> None:
    record = {"kind": "按钮", "label": "催发货"}
    assert known(record, **{"": Finding(boxes=(BOX,)), "label": Finding()}) == {
        "kind": Finding(boxes=(BOX,)),
        "label": Finding(),
    }


def test_a_list_on_one_line_has_the_boxes_of_what_is_in_it() -> None:
    fields = {
        "facts[0]": Finding(confidence=0.9, boxes=(BOX,), verified=True),
        "facts": Finding(confidence=0.7),
        "facts[1]": Finding(confidence=0.8, boxes=(OTHER, BOX), verified=False),
    }
    assert known({"facts": ["甲", "乙"]}, **fields) == {
        "facts": Finding(confidence=0.7, boxes=(BOX, OTHER), verified=False)
    }


def test_names_with_dots_are_told_each_by_itself() -> None:
    fields = {"No": Finding(boxes=(BOX,)), "No.1": Finding(), "No.1[0]": Finding(boxes=(OTHER,))}
    assert known({"No": "甲", "No.1": ["乙"]}, **fields) == {
        "No": Finding(boxes=(BOX,)),
        "No.1": Finding(boxes=(OTHER,)),
    }


def test_prose_is_one_line() -> None:
    assert list(told_lines(result("好的。", {"": Finding(confidence=0.6)}))) == [
        ("", "好的。", Finding(confidence=0.6))
    ]
    assert list(told_lines(result(None, {}))) == []
