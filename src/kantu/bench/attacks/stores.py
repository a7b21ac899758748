"""Attacks on the disk and on what works in the background."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence

from kantu.bench.attacks.attack import Attack, Seen, Target
from kantu.bench.attacks.wire import ask, exchange

_ID = re.compile(rb'"id": ?"(file-\w+)"')
_HOME_BYTES = 160 * 2**20


def _lines(target: Target, count: int, characters: int) -> bytes:
    """A batch's input: short questions with `characters` of padding."""
    body = {
        "model": target.model,
        "messages": [{"role": "user", "content": "写" + " " * characters}],
        "max_completion_tokens": 64,
        "min_tokens": 64,
    }
    line = {"method": "POST", "url": "/v1/chat/completions", "body": body}
    return b"".join(json.dumps({"custom_id": str(i), **line}).encode() + b"\n" for i in range(count))


def _files(target: Target) -> Sequence[bytes]:
    """From large to small: each size fills what is too little for the one before it."""
    return [target.upload(_lines(target, lines, 1000), "a.jsonl", "batch") for lines in (4000, 1000, 250, 60, 15, 4, 1)]


def _input(target: Target) -> Sequence[bytes]:
    return [target.upload(_lines(target, 1000, 1), "a.jsonl", "batch")]


async def _run_batch(target: Target, request: bytes, until: float, seen: Seen) -> None:
    """Upload the input, and let it run eight times."""
    outcome, answer = await exchange(target, request)
    seen[outcome] += 1
    found = _ID.search(answer)
    if found is None:
        return
    body = {"input_file_id": found[1].decode(), "endpoint": "/v1/chat/completions", "completion_window": "24h"}
    create = target.request("POST", "/v1/batches", json.dumps(body).encode())
    await asyncio.gather(*(ask(target, create, until, seen) for _ in range(8)))


ATTACKS = (
    Attack(
        "disk",
        "一个密钥上传到磁盘（160 MiB）满，然后撤销它",
        *(_files, ask, 4, 0.02),
        home_bytes=_HOME_BYTES,
        revokes=True,
        mixes=False,
    ),
    Attack("batches", "一个密钥的批处理，各 1,000 行，每次 8 个", _input, _run_batch, 2, 2.0),
)
