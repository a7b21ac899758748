"""What a task asks of a model, and what it gets back. Whoever drives the task brings asks to an engine.

`solve` is a generator that yields asks and is sent replies: Python drives it with threads, the gateway with asyncio,
a test with a list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kantu.engine.request import FinishReason, Scores, TokenLogprob, Usage
from kantu.solve.reader import PrintedLine


@dataclass(frozen=True)
class Generate:
    """Answer `prompt` about the task's pictures, greedily, as JSON that fits `schema` where there is one.

    Attributes:
        picture: which of the task's pictures is shown; None shows all.
    """

    prompt: str
    max_tokens: int
    schema: Mapping[str, Any] | None = None
    picture: int | None = None


@dataclass(frozen=True)
class Choose:
    """How probable is each of `choices` as the beginning of the answer to `prompt` about the task's pictures?"""

    prompt: str
    choices: tuple[str, ...]


@dataclass(frozen=True)
class ReadLines:
    """Read the printed lines of a picture; asked only where there is a reader."""

    picture: int


@dataclass(frozen=True)
class Generated:
    """The answer to `Generate`.

    Attributes:
        logprobs: empty where the model's server tells none.
        end: "stop" where the answer is complete; else it was cut at `max_tokens`, or went round in circles.
    """

    text: str
    logprobs: tuple[TokenLogprob, ...]
    usage: Usage
    end: FinishReason = "stop"


Ask = Generate | Choose | ReadLines
Reply = Generated | Scores | tuple[PrintedLine, ...]
