"""The quiet client: a short question about a small picture every so often, over a connection of its own."""

from __future__ import annotations

import asyncio
import io
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from kantu.bench.attacks.attack import Target, image, text
from kantu.bench.attacks.wire import exchange

EVERY_SECONDS = 0.5
PATIENCE_SECONDS = 60.0
_AT_ONCE = 4  # of its questions; it waits rather than heap up more
_SIDE = 224
_PICTURES = 64
_TOKENS = 8


@dataclass(frozen=True, slots=True)
class Sample:
    """One question: seconds from the first byte sent to the last byte received, how it ended, and the answer."""

    seconds: float
    outcome: str
    answer: str = ""


def questions(target: Target) -> list[bytes]:
    """Requests about pictures that are new to the gateway."""
    return [
        question(target, _noise(seed), "图里有什么？", _TOKENS)
        for seed in np.random.default_rng().integers(2**31, size=_PICTURES)
    ]


def question(target: Target, picture: bytes, words: str, tokens: int) -> bytes:
    """A greedy question about a PNG."""
    return target.chat([image(picture, "png"), text(words)], temperature=0, max_completion_tokens=tokens)


async def ask_quietly(target: Target, request: bytes) -> Sample:
    """One question, which may take a minute."""
    started = time.perf_counter()
    try:
        outcome, answer = await asyncio.wait_for(exchange(target, request), PATIENCE_SECONDS)
    except TimeoutError:
        return Sample(time.perf_counter() - started, "timeout")
    seconds = time.perf_counter() - started
    if outcome != "200":
        return Sample(seconds, outcome)
    body = json.loads(answer.partition(b"\r\n\r\n")[2])
    return Sample(seconds, outcome, body["choices"][0]["message"]["content"])


async def keep_quiet(target: Target, requests: Sequence[bytes], seconds: float) -> list[Sample]:
    """A question every `EVERY_SECONDS`, whether or not the last is answered; all are waited for."""
    loop = asyncio.get_running_loop()
    slots = asyncio.Semaphore(_AT_ONCE)
    started = loop.time()
    asked: list[asyncio.Future[Sample]] = []

    async def one(request: bytes) -> Sample:
        try:
            return await ask_quietly(target, request)
        finally:
            slots.release()

    while loop.time() < started + seconds:
        await slots.acquire()
        asked.append(asyncio.ensure_future(one(requests[len(asked) % len(requests)])))
        await asyncio.sleep(EVERY_SECONDS)
    return list(await asyncio.gather(*asked))


def _noise(seed: int) -> bytes:
    file = io.BytesIO()
    noise = np.random.default_rng(seed).integers(0, 256, (_SIDE // 8, _SIDE // 8, 3), dtype=np.uint8)
    Image.fromarray(noise).resize((_SIDE, _SIDE), Image.Resampling.NEAREST).save(file, "PNG")
    return file.getvalue()
