"""Attacks on the engine's threads: what a token, or a compilation, may cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kantu.bench.attacks.attack import Attack, Target
from kantu.bench.attacks.wire import ask

_VARIANTS = 16  # of each constraint, so that none was compiled before
_ANSWERS = 8


def _stops(target: Target) -> Sequence[bytes]:
    """The lengths go down: what the gateway refuses, the next try may get past."""
    found = []
    for length in (4000, 1000, 256, 128, 64, 32, 16):
        stop = [f"{'x' * (length - 1)}{chr(ord('A') + i)}" for i in range(16)]
        for strings in (stop, stop[:4]):
            fields: dict[str, Any] = {"structured_outputs": {"regex": "x{4000}"}, "stop": strings}
            found.append(target.chat("写", n=_ANSWERS, max_completion_tokens=4096, **fields))
    return found


def _per_token(target: Target) -> Sequence[bytes]:
    """Every feature that looks at what has been generated, at once."""
    fields: dict[str, Any] = {
        "n": _ANSWERS,
        "temperature": 1.0,
        "top_k": 1000,
        "top_p": 0.99,
        "min_p": 0.001,
        "presence_penalty": 1.0,
        "frequency_penalty": 1.0,
        "repetition_penalty": 1.1,
        "repetition_detection": {"max_pattern_size": 1000, "min_pattern_size": 1, "min_count": 100},
        "logprobs": True,
        "top_logprobs": 20,
        "min_tokens": 1024,
        "max_completion_tokens": 1024,
    }
    return [target.chat(f"写一篇文章，编号 {seed}", seed=seed, **fields) for seed in range(8)]


def _schemas(target: Target) -> Sequence[bytes]:
    found = []
    for variant in range(_VARIANTS):
        for schema in (_deep_const(variant), _wide(variant), _enum(variant)):
            form = {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}
            found.append(target.chat("写", response_format=form, max_completion_tokens=256))
        for regex in (f"{'.?' * 3000}{variant}", f"({'a|' * 2000}b){{1,{900 + variant}}}", f"(.*{variant}){{50}}"):
            found.append(target.chat("写", structured_outputs={"regex": regex}, max_completion_tokens=256))
        choices = [f"{variant}{'选' * 70}{i}" for i in range(256)]
        found.append(target.chat("写", structured_outputs={"choice": choices}, max_completion_tokens=256))
    return found


def _deep_const(variant: int) -> dict[str, Any]:
    value: Any = f"{'值' * 200}{variant}"
    for level in range(50):
        value = {f"键{level}": value, "序": [level] * 20}
    return {"const": value}


def _wide(variant: int) -> dict[str, Any]:
    """Optional keys, any subset of which may come."""
    names = [f"键{variant}_{i}" for i in range(400)]
    return {"type": "object", "properties": {name: {"type": "string", "pattern": "^[a-z]{1,40}$"} for name in names}}


def _enum(variant: int) -> dict[str, Any]:
    return {"enum": [f"{variant}-{i}-{'项' * 20}" for i in range(700)]}


ATTACKS = (
    Attack("stop-strings", "16 个停止串，各 4,000 字起，正则 x{4000}，n = 8；4 个连接", _stops, ask, 4, 0.05),
    Attack("per-token", "n = 8，各种惩罚、重复检测、logprobs 20 一起用，各 1,024 词元；4 个连接", _per_token, ask, 4),
    Attack("schemas", "深的 const、大 schema、.? × 3,000、256 个选项，个个不同；4 个连接", _schemas, ask, 4, 0.05),
)
