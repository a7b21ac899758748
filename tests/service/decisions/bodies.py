"""Bodies of decisions."""

from __future__ import annotations

from typing import Any

from tests.service.gateways import MODEL, data_url

PATH = "/v1/decisions"
SHIPPED: dict[str, Any] = {"type": "predicate", "name": "发货", "instructions": "发货了吗？"}
STATUS: dict[str, Any] = {
    "type": "choice",
    "name": "状态",
    "instructions": "什么状态？",
    "choices": [{"value": "待付款"}, {"value": "待发货"}],
}
URGENT: dict[str, Any] = {
    "type": "score",
    "name": "着急",
    "instructions": "有多着急？",
    "levels": [{"label": "不急"}, {"label": "有点急"}, {"label": "很急"}],
}


def picture(data: bytes, **fields: Any) -> dict[str, Any]:
    """A part of a message."""
    return {"type": "input_image", "image_url": data_url(data), **fields}


def text(words: str) -> dict[str, Any]:
    """A part of a message."""
    return {"type": "input_text", "text": words}


def user(*parts: dict[str, Any]) -> dict[str, Any]:
    """A message."""
    return {"role": "user", "content": list(parts)}


def decision(*questions: dict[str, Any], given: Any = "买家：怎么还没发货？", **fields: Any) -> dict[str, Any]:
    """A body."""
    return {"model": MODEL, "input": given, "questions": list(questions or (SHIPPED,)), **fields}
