"""The error of a request whose time is up, whoever notices first: the engine, or who waits for it."""

from __future__ import annotations

from kantu.errors import DeadlineExceededError


def deadline_exceeded() -> DeadlineExceededError:
    """What the request ends with."""
    return DeadlineExceededError(
        "deadline_exceeded", "请求没有在规定时间内完成。", "The request was not finished within its time limit."
    )
