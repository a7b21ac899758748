"""What the OpenAPI document shows of Anthropic's messages."""

from __future__ import annotations

from typing import Any

from fastapi import Body

from kantu.service.chat.examples import PICTURE
from kantu.service.document import AnthropicErrorBody, stream_schema
from kantu.service.messages.shapes import Event, Message

_PROMPT = {
    "model": "kantu-mini",
    "messages": [
        {
            "role": "user",
            "content": [
                {
                    "type": "image",
                    "source": {"type": "base64", "media_type": "image/png", "data": PICTURE.partition(",")[2]},
                },
                {"type": "text", "text": "为什么这个还没发货？"},
            ],
        }
    ],
}
_QUESTION = {**_PROMPT, "max_tokens": 64}

REQUEST = Body(
    openapi_examples={
        "question": {"summary": "一张图片，一个问题", "value": _QUESTION},
        "stream": {
            "summary": "逐段返回，另有系统消息",
            "value": {**_QUESTION, "system": "只回答订单的状态。", "stream": True},
        },
    }
)
COUNT_REQUEST = Body(openapi_examples={"question": {"summary": "一张图片，一个问题", "value": _PROMPT}})

_ANSWER: Message = {
    "id": "msg_0123456789abcdef01234567",
    "type": "message",
    "role": "assistant",
    "model": "kantu-mini",
    "content": [{"type": "text", "text": "目前是“待商家发货”。"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {
        "input_tokens": 284,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": 12,
        "visual_tokens": 260,
    },
    "kantu": {"warnings": [], "timings": None},
}
_NAMES = [
    "message_start",
    "content_block_start",
    "ping",
    "content_block_delta",
    "content_block_stop",
    "message_delta",
    "message_stop",
    "error",
]
_EVENT = stream_schema(_NAMES, [Event, AnthropicErrorBody])
RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "model": Message,
        "description": "回答；`stream: true` 时为 server-sent events",
        "content": {
            "application/json": {"example": _ANSWER},
            "text/event-stream": {"schema": _EVENT},
        },
    },
}
