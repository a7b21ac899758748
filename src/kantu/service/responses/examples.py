"""What the OpenAPI document shows of a response."""

from __future__ import annotations

from typing import Any

from fastapi import Body

from kantu.service.chat.examples import PICTURE
from kantu.service.document import stream_schema
from kantu.service.responses.shapes import EVENT_NAMES, EVENTS, Response

_QUESTION = {
    "model": "kantu-mini",
    "input": [
        {
            "role": "user",
            "content": [
                {"type": "input_image", "image_url": PICTURE},
                {"type": "input_text", "text": "为什么这个还没发货？"},
            ],
        }
    ],
    "max_output_tokens": 64,
}
_SCHEMA = {
    "type": "object",
    "properties": {"状态": {"type": "string", "maxLength": 20}},
    "required": ["状态"],
    "additionalProperties": False,
}

REQUEST = Body(
    openapi_examples={
        "question": {"summary": "一张图片，一个问题", "value": _QUESTION},
        "stream": {"summary": "逐段返回", "value": {**_QUESTION, "stream": True}},
        "record": {
            "summary": "符合 JSON Schema 的记录",
            "value": {
                **_QUESTION,
                "text": {"format": {"type": "json_schema", "name": "order", "strict": True, "schema": _SCHEMA}},
            },
        },
    }
)

_ANSWER: Response = {
    "id": "resp_0123456789abcdef01234567",
    "object": "response",
    "created_at": 1764000000,
    "status": "completed",
    "error": None,
    "incomplete_details": None,
    "model": "kantu-mini",
    "output": [
        {
            "id": "msg_0123456789abcdef01234567",
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [
                {"type": "output_text", "text": "目前是“待商家发货”。", "annotations": [], "logprobs": []},
            ],
        }
    ],
    "usage": {
        "input_tokens": 284,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0, "image_tokens": 260, "text_tokens": 24},
        "output_tokens": 12,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 296,
        "visual_tokens": 260,
    },
    "background": False,
    "instructions": None,
    "max_output_tokens": 64,
    "metadata": {},
    "parallel_tool_calls": False,
    "previous_response_id": None,
    "store": False,
    "temperature": None,
    "text": {"format": {"type": "text"}},
    "tool_choice": "none",
    "tools": [],
    "top_p": None,
    "truncation": "disabled",
    "kantu": {"warnings": [], "timings": None},
}

RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "model": Response,
        "description": "回答；`stream: true` 时为 server-sent events",
        "content": {
            "application/json": {"example": _ANSWER},
            "text/event-stream": {"schema": stream_schema(EVENT_NAMES, EVENTS)},
        },
    },
}
