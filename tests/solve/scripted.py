"""A model that says what a test tells it to."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from kantu.engine.request import FinishReason, Look, Scores, Timings, TokenLogprob, Usage
from kantu.processing.image import CleanImage
from kantu.solve.asks import Ask, Choose, Generate, Generated, Reply
from kantu.solve.result import TaskResult
from kantu.solve.run import Steps

USAGE = Usage(prompt_tokens=100, visual_tokens=60, completion_tokens=10, cached_tokens=40)
TIMINGS = Timings(0.0, 0.0, 0.0, 0.0, 0.0)


def picture(width: int = 200, height: int = 400) -> CleanImage:
    """What a white picture of this size becomes at 64 x 96."""
    return CleanImage.of(np.full((96, 64, 3), 255, np.uint8), (width, height))


def said(value: Any, *, sure: float = 1.0, end: FinishReason = "stop") -> Generated:
    """The model writes `value` as JSON, or as it is, in one token."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return Generated(text, (TokenLogprob(0, text.encode(), math.log(sure)),), USAGE, end)


def read_from(value: Any, looked_at: Mapping[str, Sequence[Look]]) -> Generated:
    """The model writes `value` character by character, and looks somewhere while it writes these texts of it."""
    text = json.dumps(value, ensure_ascii=False)
    looks: dict[int, Look] = {}
    for words, places in looked_at.items():
        looks |= dict(zip(range(text.index(words), len(text)), places, strict=False))
    told = tuple(TokenLogprob(0, each.encode(), 0.0, look=looks.get(n)) for n, each in enumerate(text))
    return Generated(text, told, USAGE)


def scores(*probabilities: float) -> Scores:
    return Scores(probabilities, max(range(len(probabilities)), key=probabilities.__getitem__), USAGE, TIMINGS)


def run(steps: Steps, reply: Callable[[Ask], Reply]) -> tuple[TaskResult[Any], list[Sequence[Ask]]]:
    """The result, and what was asked at each step."""
    asked: list[Sequence[Ask]] = []
    try:
        asks = next(steps)
        while True:
            asked.append(asks)
            asks = steps.send(tuple(reply(ask) for ask in asks))
    except StopIteration as stop:
        return stop.value, asked


def is_box(ask: Ask) -> bool:
    """Whether an ask wants to know where something stands."""
    return isinstance(ask, Generate) and "什么位置" in ask.prompt


def is_choice(ask: Ask) -> bool:
    return isinstance(ask, Choose)
