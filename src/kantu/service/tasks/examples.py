"""What the OpenAPI document shows of a task."""

from __future__ import annotations

from typing import Any

from fastapi import Body

from kantu.service.chat.examples import PICTURE
from kantu.service.tasks.schemas import TaskAnswer

REQUEST = Body(
    openapi_examples={
        "order": {
            "summary": "订单截图客服（POST /v1/tasks/order）",
            "value": {"model": "kantu-mini", "images": [PICTURE], "input": {"question": "为什么还没发货？"}},
        },
        "match": {
            "summary": "图文匹配，不找位置（POST /v1/tasks/match）",
            "value": {
                "model": "kantu-mini",
                "images": [PICTURE],
                "input": {"text": "订单已经发货"},
                "evidence": False,
            },
        },
    }
)

_ANSWER: dict[str, Any] = {
    "object": "task.result",
    "id": "task-0123456789abcdef01234567",
    "created": 1764000000,
    "task": {"name": "match", "title": "图文匹配", "version": "9f2c4a7be011"},
    "result": {"verdict": "不一致", "conflict": "已经发货", "reasons": ["图中写的是“待商家发货”。"]},
    "confidence": 0.91,
    "calibrated": True,
    "fields": {
        "verdict": {"confidence": 0.97, "boxes": [], "verified": None, "problems": []},
        "conflict": {"confidence": 0.95, "boxes": [], "verified": None, "problems": []},
    },
    "warnings": [],
    "review": {"needed": False, "reasons": []},
    "suggestion": None,
    "label": None,
    "model": "kantu-mini",
    "usage": {
        "requests": 2,
        "visual_tokens": 260,
        "prompt_tokens": 620,
        "cached_tokens": 288,
        "completion_tokens": 41,
    },
    "timings": {"read_seconds": 0.03, "answer_seconds": 0.4, "evidence_seconds": 0.0, "total_seconds": 0.43},
}

RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"model": TaskAnswer, "description": "任务的结果", "content": {"application/json": {"example": _ANSWER}}},
}
