"""Attacks by long texts: what counting their tokens may cost."""

from __future__ import annotations

import json
from collections.abc import Sequence

from kantu.bench.attacks.attack import Attack, Target, text
from kantu.bench.attacks.wire import ask

_MOST = 1_000_000  # characters of a request, by default


def _tokenize(target: Target) -> Sequence[bytes]:
    words = ("😀" * _MOST, "a" * _MOST, "看图" * (_MOST // 2))
    return [_counted(target, each) for each in words]


def _counted(target: Target, words: str) -> bytes:
    body = {"model": target.model, "messages": [{"role": "user", "content": words}]}
    return target.request("POST", "/v1/tokenize", json.dumps(body, ensure_ascii=False).encode())


def _too_long(target: Target) -> Sequence[bytes]:
    """Whole, and in as many parts as may be."""
    parts = [text("😀" * (_MOST // 256))] * 256
    return [target.chat("😀" * _MOST), target.chat("看图" * (_MOST // 2)), target.chat(parts)]


def _longest(target: Target) -> Sequence[bytes]:
    """Just short enough to be read: each is a prompt that fills the context."""
    return [target.chat(f"{seed}" + "看图" * 7_000, max_completion_tokens=4) for seed in range(64)]


ATTACKS = (
    Attack("tokenize", "100 万字的表情、拉丁字母、汉字送去数词元；4 个连接", _tokenize, ask, 4),
    Attack("too-long-chats", "100 万字的提问，都会因太长被拒绝；4 个连接", _too_long, ask, 4),
    Attack("longest-prompts", "1.4 万字的提问，个个不同；4 个连接", _longest, ask, 4),
)
