"""What the OpenAPI document shows of a chat completion."""

from __future__ import annotations

from typing import Any

from fastapi import Body

from kantu.service.chat.shapes import ChatCompletion, ChatCompletionChunk
from kantu.service.document import ErrorBody, stream_schema

# A white square of 32 x 32, so that the examples can be sent as they stand.
PICTURE = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAACAAAAAgCAIAAAD8GO2jAAAAKElEQVR42u3NQQEAAAQEMPTvfErw2wqsk9SnqWcC"
    "gUAgEAgEAoHgygLH8QM9BsqtpQAAAABJRU5ErkJggg=="
)

_QUESTION = {
    "model": "kantu-mini",
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "image_url", "image_url": {"url": PICTURE}},
                {"type": "text", "text": "为什么这个还没发货？"},
            ],
        }
    ],
    "max_completion_tokens": 64,
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
        "stream": {
            "summary": "逐段返回，附用量",
            "value": {**_QUESTION, "stream": True, "stream_options": {"include_usage": True}},
        },
        "record": {
            "summary": "符合 JSON Schema 的记录",
            "value": {
                **_QUESTION,
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "order", "strict": True, "schema": _SCHEMA},
                },
            },
        },
    }
)

_ANSWER: ChatCompletion = {
    "id": "chatcmpl-0123456789abcdef01234567",
    "object": "chat.completion",
    "created": 1764000000,
    "model": "kantu-mini",
    "system_fingerprint": None,
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "目前是“待商家发货”。", "refusal": None},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ],
    "usage": {
        "prompt_tokens": 284,
        "completion_tokens": 12,
        "total_tokens": 296,
        "prompt_tokens_details": {"cached_tokens": 0, "image_tokens": 260, "text_tokens": 24},
        "visual_tokens": 260,
    },
    "kantu": {"warnings": [], "timings": None},
}


_EVENT = stream_schema(["message", "error"], [ChatCompletionChunk, ErrorBody], "[DONE]")
RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "model": ChatCompletion,
        "description": "回答；`stream: true` 时为 server-sent events",
        "content": {
            "application/json": {"example": _ANSWER},
            "text/event-stream": {"schema": _EVENT},
        },
    },
}
