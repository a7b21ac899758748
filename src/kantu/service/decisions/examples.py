"""What the OpenAPI document shows of a decision."""

from __future__ import annotations

from typing import Any

from fastapi import Body

from kantu.service.chat.examples import PICTURE
from kantu.service.decisions.answers import Decision

_QUESTIONS = [
    {"type": "predicate", "name": "已发货", "instructions": "发货了吗？"},
    {
        "type": "choice",
        "name": "状态",
        "instructions": "这个订单是什么状态？",
        "choices": [{"value": "待付款"}, {"value": "待发货"}, {"value": "已发货"}],
    },
    {
        "type": "score",
        "name": "着急",
        "instructions": "买家有多着急？",
        "levels": [{"label": "不急"}, {"label": "有点急"}, {"label": "很急"}],
    },
]

REQUEST = Body(
    openapi_examples={
        "picture": {
            "summary": "一张图片，三个问题",
            "value": {
                "model": "kantu-mini",
                "input": [
                    {
                        "role": "user",
                        "content": [
                            {"type": "input_image", "image_url": PICTURE},
                            {"type": "input_text", "text": "买家说：怎么还没发货？"},
                        ],
                    }
                ],
                "questions": _QUESTIONS,
            },
        },
        "text": {
            "summary": "只有文字",
            "value": {"model": "kantu-mini", "input": "买家说：怎么还没发货？", "questions": _QUESTIONS[2:]},
        },
    }
)

_ANSWER: Decision = {
    "model": "kantu-mini",
    "answers": [
        {"type": "predicate", "name": "已发货", "probability": 0.125},
        {
            "type": "choice",
            "name": "状态",
            "choice": "待发货",
            "confidence": 0.75,
            "probabilities": [
                {"value": "待付款", "probability": 0.125},
                {"value": "待发货", "probability": 0.75},
                {"value": "已发货", "probability": 0.125},
            ],
        },
        {
            "type": "score",
            "name": "着急",
            "score": 1.25,
            "confidence": 0.5,
            "probabilities": [
                {"value": 0, "label": "不急", "probability": 0.125},
                {"value": 1, "label": "有点急", "probability": 0.5},
                {"value": 2, "label": "很急", "probability": 0.375},
            ],
        },
    ],
    "usage": {
        "input_tokens": 891,
        "input_tokens_details": {"cached_tokens": 544, "cache_write_tokens": 0},
        "output_tokens": 3,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 894,
        "visual_tokens": 260,
    },
    "kantu": {"warnings": [], "timings": None},
}
RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "model": Decision,
        "description": "回答，与问题同序",
        "content": {"application/json": {"example": _ANSWER}},
    },
}
