"""Our own engine, in this process, as a contender."""

from __future__ import annotations

import time
from collections.abc import Sequence

from kantu.contenders.contender import AskOptions, Reply
from kantu.processing.conversation import ImageSource
from kantu.vlm import VLM


class Kantu:
    """Asks a loaded model, which `close` closes."""

    def __init__(self, vlm: VLM) -> None:
        self.name, self.vlm = "kantu", vlm

    def ask(self, pictures: Sequence[ImageSource], question: str, options: AskOptions) -> Reply:
        started = time.perf_counter()
        answer = self.vlm.ask(
            pictures,
            question,
            max_tokens=options.max_tokens,
            min_tokens=options.min_tokens,
            temperature=options.temperature,
            max_pixels=options.max_pixels,
        )
        total = time.perf_counter() - started
        usage = answer.usage
        ttft = total if usage.completion_tokens == 1 else answer.timings.ttft_seconds
        return Reply(answer.text, ttft, total, usage.completion_tokens, usage.visual_tokens)

    def close(self) -> None:
        self.vlm.close()
