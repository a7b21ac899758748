"""Invented results of tasks, with everything that a result can have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kantu.aigc import SENTENCE
from kantu.tasks.builtin import TASKS

ORDER = {
    "status": "待发货",
    "status_text": "待商家发货",
    "order_number": "20240611887",
    "tracking_number": None,
    "amount": "¥128.00",
    "happening": "买家已付款，商家还没有把货交给快递，页面上没有运单号。",
    "advice": "先催商家今天发货，再告诉买家预计的时间。",
    "reply": "您好，您的订单已付款，商家正在备货，我们已经催促，发货后会第一时间通知您。",
}
CONTROLS = [
    {"kind": "按钮", "label": "催发货", "state": None, "bbox_2d": [640, 880, 960, 950]},
    {"kind": "标签页", "label": "全部订单", "state": "选中", "bbox_2d": [0, 0, 200, 60]},
]
CHART = {
    "kind": "柱状图",
    "title": "各季度销售额",
    "unit": "万元",
    "header": ["季度", "华东", "华南"],
    "rows": [["一季度", "120", "98"], ["二季度", "135", "104"], ["三季度", "128", "117"]],
    "conclusion": "华东每个季度都高于华南，二季度最高。",
}
COPY = {
    "title": "316 不锈钢保温杯",
    "selling_points": ["500 毫升", "六小时保温"],
    "body": "早上的热水，下午还是热的。",
    "facts": ["316 不锈钢", "500ml", "保温 6 小时"],
}
_RECORDS = {"order": ORDER, "ui": CONTROLS, "ui_point": CONTROLS[0], "chart": CHART, "copy": COPY, "locate": []}
_TOO_SHORT = {"code": "wrong_length", "message": "图中的号码像有 12 位，读出了 11 位。"}


def result_of(task: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a `TaskResult`. A question of 它是什么？ gets a suggestion, unless forced."""
    vague = body["input"].get("question") == "它是什么？" and not body.get("force")
    fields = {} if vague else _fields(task, len(body["images"]))
    return {
        "task": {"name": task, "title": TASKS[task].title, "version": "9f2c4a7be011"},
        "result": None if vague else _RECORDS.get(task, "一只杯子。"),
        "confidence": None if vague else 0.41,
        "calibrated": task != "copy",
        "fields": fields,
        "warnings": [{"code": "picture_shrunk", "message": "图片缩小了两倍以上，小字可能看不清。"}],
        "review": {
            "needed": task == "order" and not vague,
            "reasons": [_TOO_SHORT["message"], "整体把握 41%，低于 80%，最没有把握的是“订单号”。"],
        },
        "suggestion": {
            "message": "“它”指的是什么，看不出来。可以这样问：",
            "questions": ["订单现在是什么状态？", "合计金额是多少？"],
        }
        if vague
        else None,
        "label": {"sentence": SENTENCE, "AIGC": None} if task == "copy" else None,
        "model": "kantu-mini",
        "usage": {"requests": 5, "visual_tokens": 260, "prompt_tokens": 1620, "cached_tokens": 1150},
        "timings": {"read_seconds": 0.03, "answer_seconds": 0.61, "evidence_seconds": 0.33, "total_seconds": 0.97},
    }


def _fields(task: str, pictures: int) -> dict[str, Any]:
    if task == "order":
        return {
            "status": {"confidence": 0.97},
            "status_text": {"confidence": 0.998, "boxes": [_box(30, 60, 190, 90)], "verified": True},
            "order_number": {
                "confidence": 0.41,
                "boxes": [_box(30, 300, 260, 326)],
                "verified": False,
                "problems": [_TOO_SHORT],
            },
            "tracking_number": {"confidence": 0.88},
            "amount": {"confidence": 0.72, "boxes": [_box(220, 240, 330, 270, pictures - 1)]},
            **{name: {} for name in ("happening", "advice", "reply")},
        }
    if task == "ui":
        boxes = [_box(230, 400, 340, 440), _box(0, 0, 80, 40)]
        parts = ("kind", "label", "state")
        found: dict[str, Any] = {}
        for index, box in enumerate(boxes):
            found[f"[{index}]"] = {"boxes": [box]}
            found |= {f"[{index}].{part}": {"confidence": 0.9 - 0.2 * index} for part in parts}
        return found
    if task == "ui_point":
        return {"": {"boxes": [_box(230, 400, 340, 440)]}, "kind": {"confidence": 0.93}, "label": {"confidence": 0.8}}
    if task == "chart":
        return {"title": {"confidence": 0.95, "boxes": [_box(30, 60, 190, 90)]}, "rows": {"confidence": 0.64}}
    if task == "copy":
        return {
            f"facts[{n}]": {"confidence": 0.9 - n / 4, "boxes": [_box(30, 60 + 40 * n, 190, 90 + 40 * n)]}
            for n in range(3)
        }
    return {"": {"confidence": 0.9}}


def _box(x1: int, y1: int, x2: int, y2: int, picture: int = 0) -> dict[str, int]:
    return {"picture": picture, "x1": x1, "y1": y1, "x2": x2, "y2": y2}
