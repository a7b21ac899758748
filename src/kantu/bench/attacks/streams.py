"""Attacks by answers: many, long, unread, given up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kantu.bench.attacks.attack import Attack, Target
from kantu.bench.attacks.wire import ask, half_close, leave, read_slowly

_STREAM: dict[str, Any] = {"stream": True, "temperature": 1.0}


def _long(tokens: int, **fields: Any) -> dict[str, Any]:
    """Exactly so many tokens an answer."""
    return {"min_tokens": tokens, "max_completion_tokens": tokens, **fields}


def _streams(target: Target) -> Sequence[bytes]:
    return [target.chat(f"写一篇文章，编号 {seed}", seed=seed, **_STREAM, **_long(512)) for seed in range(256)]


def _logprobs(target: Target) -> Sequence[bytes]:
    fields = _long(512, n=8, logprobs=True, top_logprobs=20)
    return [target.chat(f"写，编号 {seed}", seed=seed, **_STREAM, **fields) for seed in range(16)]


def _large(target: Target) -> Sequence[bytes]:
    """Some 15 MiB, as one JSON document."""
    fields = _long(1400, n=8, logprobs=True, top_logprobs=20, temperature=1.0)
    return [target.chat(f"写，编号 {seed}", seed=seed, **fields) for seed in range(16)]


def _short(target: Target) -> Sequence[bytes]:
    return [target.chat(f"你好 {seed}", max_completion_tokens=4) for seed in range(64)]


ATTACKS = (
    Attack("streams", "一个密钥 256 条流，各 512 词元", _streams, ask, 256, 0.1),
    Attack("slow-readers", "128 条流，各 512 词元，每秒只读 64 字节", _streams, read_slowly, 128, 0.1),
    Attack("logprobs", "流式，logprobs 20，n = 8，各 512 词元；4 个连接", _logprobs, ask, 4),
    Attack("large-answers", "logprobs 20，n = 8，各 1,400 词元：约 15 MiB 的回答；4 个连接", _large, ask, 4),
    Attack("cancels", "32 个连接，提问后 0.3 秒内走开，合共约 300 次", _streams, leave, 32, 0.8),
    Attack("half-closed", "8 个连接，发完就半关，再等回答", _short, half_close, 8, 0.2),
)
