"""What a client hears that has used up its limit."""

from __future__ import annotations

import math

from kantu.errors import LimitExceededError
from kantu.service.limits.window import Counter

_PERIODS = {"minute": "每分钟", "day": "每天"}


def exceeded(counter: Counter, amount: int) -> LimitExceededError:
    """The error for `amount` more than `counter` allows. The limit is the actor's own and is said.

    Returns:
        `request_limit_exceeded`, `visual_token_limit_exceeded` or `output_token_limit_exceeded`, to be asked again when
        the window ends; where no window is large enough, that is never (infinity), and the message says so.
    """
    period, period_en, limit = _PERIODS[counter.period], f"a {counter.period}", counter.limit
    seconds = math.inf if amount > limit else counter.ends_in_seconds
    if counter.kind == "requests":
        return LimitExceededError(
            "request_limit_exceeded",
            f"已达到这个密钥{period} {limit} 次请求的上限。",
            f"This key's limit of {limit} requests {period_en} has been reached.",
            retry_after_seconds=seconds,
        )
    if counter.kind == "visual_tokens":
        return LimitExceededError(
            "visual_token_limit_exceeded",
            f"这个请求的图片有 {amount} 个视觉词元，会超过这个密钥{period} {limit} 个的上限"
            f"{_never(amount, limit, '请缩小图片')}。",
            f"The {amount} visual tokens of this request go over this key's limit of {limit} {period_en}"
            f"{_never_en(amount, limit, 'send smaller pictures')}.",
            retry_after_seconds=seconds,
        )
    return LimitExceededError(
        "output_token_limit_exceeded",
        f"这个请求最多会生成 {amount} 个词元，会超过这个密钥{period} {limit} 个的上限"
        f"{_never(amount, limit, '请减小 max_completion_tokens')}。",
        f"The {amount} tokens that this request may generate go over this key's limit of {limit} {period_en}"
        f"{_never_en(amount, limit, 'lower max_completion_tokens')}.",
        retry_after_seconds=seconds,
    )


def _never(amount: int, limit: int, instead: str) -> str:
    return f"，等待也无济于事：{instead}" if amount > limit else ""


def _never_en(amount: int, limit: int, instead: str) -> str:
    return f", and waiting will not help: {instead}" if amount > limit else ""
