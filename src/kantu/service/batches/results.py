"""What the output and error files say of a line: OpenAI's shapes."""

from __future__ import annotations

import json
import secrets
from typing import Any

from kantu.errors import DeadlineExceededError, KantuError
from kantu.service.batches.record import Item
from kantu.service.errors import envelope, status_of
from kantu.service.language import Language


def answered(line: int, custom_id: str, body: str) -> Item:
    """A line that has its answer.

    Args:
        body: the answer as JSON, which may be long and is not read again.
    """
    around = _text(custom_id, _response(200, None), None)
    before, after = around.rsplit('"body":null', 1)  # behind it only what is written here
    return Item(line, custom_id, True, f'{before}"body":{body}{after}')


def failed(line: int, custom_id: str, error: KantuError, language: Language) -> Item:
    """A line that was refused or went wrong; `body` is what an HTTP client would have read."""
    response = _response(status_of(error), envelope(error, language))
    return Item(line, custom_id, False, _text(custom_id, response, None))


def never_run(line: int, custom_id: str, language: Language) -> Item:
    """A line whose turn did not come before the window ended."""
    expired = DeadlineExceededError(
        "batch_expired",
        "在完成期限内没有轮到这个请求。",
        "This request could not be executed before the completion window ended.",
    )
    message = expired.message if language == "zh" else expired.message_en
    return Item(line, custom_id, False, _text(custom_id, None, {"code": expired.code, "message": message}))


def _response(status: int, body: dict[str, Any] | None) -> dict[str, Any]:
    return {"status_code": status, "request_id": f"req_{secrets.token_hex(12)}", "body": body}


def _text(custom_id: str, response: dict[str, Any] | None, error: dict[str, Any] | None) -> str:
    line = {
        "id": f"batch_req_{secrets.token_hex(12)}",
        "custom_id": custom_id,
        "response": response,
        "error": error,
    }
    return json.dumps(line, ensure_ascii=False, separators=(",", ":"))
