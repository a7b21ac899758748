"""How typed answers are compared with the truth."""

from __future__ import annotations

import json

import pytest

from kantu.tasks.builtin import CHART, COPY, MATCH, MODERATE, ORDER, PROBLEM, READ_BOXES, UI, UI_POINT
from kantu.tasks.task import Task
from kantu.tasks.truth import Truth

ORDERED = {
    "status": "待发货",
    "status_text": "等待卖家发货",
    "order_number": "880612773510942",
    "tracking_number": None,
    "amount": "59.90",
    "happening": "卖家还没有发货。",
    "advice": "可以提醒发货。",
    "reply": "您好，订单目前是“等待卖家发货”。",
}
FITS = {"verdict": "一致", "conflict": None, "reasons": ["颜色相同"]}
FRAUD = {"verdict": "违规", "categories": ["诈骗", "广告引流"], "side": "图片", "evidence": ["加微信"]}
SUM = {"transcription": "3+5=", "steps": ["3+5=8"], "answer": "8"}
SALES = {
    "kind": "柱状图",
    "title": "销量",
    "unit": None,
    "header": ["月", "件"],
    "rows": [["一月", "5"], ["二月", "7"]],
    "conclusion": "二月最多。",
}
SWITCH = {"kind": "开关", "label": "定位", "state": "开", "bbox_2d": [800, 100, 900, 140]}
SEND = {"kind": "按钮", "label": "发送", "state": None, "bbox_2d": [100, 800, 900, 900]}
LINES = [{"bbox_2d": [0, 0, 500, 40], "text": "甲乙"}, {"bbox_2d": [0, 60, 500, 100], "text": "丙丁"}]
COPIED = {"title": "云山茶", "selling_points": ["净含量250克"], "body": "清晨采摘。", "facts": ["云山茶", "250克"]}


@pytest.mark.parametrize(
    ("task", "true", "changed", "score"),
    [
        (ORDER, ORDERED, {}, 1.0),
        (ORDER, ORDERED, {"order_number": "88061277351094"}, 5 / 6),
        (ORDER, ORDERED, {"tracking_number": "QN1234567"}, 5 / 6),
        (ORDER, ORDERED, {"reply": "等待卖家发货，单号 77120031"}, 5 / 6),
        (ORDER, ORDERED, {"reply": "已经发出了"}, 5 / 6),
        (MATCH, FITS, {"reasons": []}, 1.0),
        (MATCH, FITS, {"conflict": "红色"}, 0.5),
        (MATCH, FITS, {"verdict": "不一致"}, 0.0),
        (MODERATE, FRAUD, {"evidence": []}, 1.0),
        (MODERATE, FRAUD, {"categories": ["诈骗"], "side": "文字"}, 0.5 + 0.25 * 2 / 3),
        (MODERATE, FRAUD, {"verdict": "合规"}, 0.0),
        (PROBLEM, SUM, {"steps": []}, 1.0),
        (PROBLEM, SUM, {"answer": "9"}, 0.5),
        (PROBLEM, SUM, {"transcription": "3+6="}, 0.5 + 0.5 * 0.75),
        (CHART, SALES, {"conclusion": ""}, 1.0),
        (CHART, SALES, {"rows": [["一月", "5"], ["二月", "8"]]}, 0.4 + 0.6 * 0.5),
        (CHART, SALES, {"kind": "饼图", "title": None}, 0.6),
        (UI_POINT, SWITCH, {"bbox_2d": [0, 0, 1, 1]}, 1.0),
        (UI_POINT, SWITCH, {"state": "关"}, 2 / 3),
        (COPY, COPIED, {}, 1.0),
        (COPY, COPIED, {"facts": ["云山茶", "有机"]}, 0.75),
        (COPY, COPIED, {"body": "已售3000件。"}, 0.5),
    ],
)
def test_a_record_is_scored_by_the_rule_of_its_task(
    task: Task, true: dict[str, object], changed: dict[str, object], score: float
) -> None:
    values = {ORDER.name: ("等待卖家发货",), COPY.name: ("云山茶", "净含量250克")}
    truth = Truth(json.dumps(true), values.get(task.name, ()))
    assert task.score(truth, json.dumps({**true, **changed})) == pytest.approx(score)
    assert task.score(truth, "不是 JSON") == 0.0


def test_controls_are_found_by_kind_label_state_and_place() -> None:
    truth = Truth(json.dumps([SWITCH, SEND]))
    assert UI.score(truth, json.dumps([SEND, SWITCH])) == 1.0
    assert UI.score(truth, json.dumps([SWITCH])) == pytest.approx(2 / 3)
    assert UI.score(truth, json.dumps([SWITCH, {**SEND, "bbox_2d": [0, 0, 10, 10]}])) == pytest.approx(0.5)


def test_lines_are_read_and_placed() -> None:
    truth = Truth(json.dumps(LINES))
    assert READ_BOXES.score(truth, json.dumps(LINES)) == 1.0
    moved = [{**line, "bbox_2d": [900, 900, 950, 950]} for line in LINES]
    assert READ_BOXES.score(truth, json.dumps(moved)) == pytest.approx(0.5)
