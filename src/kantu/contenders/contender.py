"""Who can be asked about a picture. Measuring, of accuracy or speed, knows nothing else about whom it measures."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

from kantu.engine.request import FinishReason, RepetitionStop
from kantu.processing.conversation import ImageSource
from kantu.solve.result import TaskResult
from kantu.tasks.task import Task


@dataclass(frozen=True)
class Said:
    """A turn of the conversation before the question."""

    role: Literal["system", "user", "assistant"]
    text: str


@dataclass(frozen=True)
class AskOptions:
    """What a question may want of whoever answers; None leaves it to them.

    Attributes:
        max_pixels: pixel budget of each picture, which beats everything else.
        task_pixels: the budget of the question's task, which holds where `max_pixels` is None.
        schema: the answer is JSON that fits this JSON Schema, where the contender can be told so.
        choices: the answer is one of these, where the contender can be told so.
        history: turns before the question; the pictures belong to the first turn of the user.
        probability: tell how sure the answer is, where that is known.
    """

    max_tokens: int | None = None
    min_tokens: int = 0
    temperature: float | None = None
    repetition_penalty: float | None = None
    max_pixels: int | None = None
    task_pixels: int | None = None
    schema: Mapping[str, Any] | None = None
    choices: tuple[str, ...] | None = None
    history: tuple[Said, ...] = ()
    probability: bool = False

    @property
    def repetition(self) -> RepetitionStop | None:
        """Answers that go round in circles end early, as those of tasks do, but not where a length is asked for."""
        return None if self.min_tokens else RepetitionStop.endless()


@dataclass(frozen=True)
class Reply:
    """An answer with what it cost; seconds of wall time from the call. Counts are 0 where they are not told.

    `probability` is the geometric mean of the probabilities of the tokens that the model chose; what is None is not
    told. `result` is that of a task that was run, whose record is `text`. `cached_tokens` is the part of
    `prompt_tokens` that was reused instead of computed.
    """

    text: str
    ttft_seconds: float
    total_seconds: float
    completion_tokens: int = 0
    visual_tokens: int = 0
    probability: float | None = None
    prompt_tokens: int = 0
    finish_reason: FinishReason | None = None
    result: TaskResult[Any] | None = None
    cached_tokens: int = 0

    @property
    def tpot_seconds(self) -> float:
        """Mean time of a token after the first; 0 if there was only one."""
        return (self.total_seconds - self.ttft_seconds) / max(1, self.completion_tokens - 1)


class Contender(Protocol):
    """Someone who can be asked, from any number of threads at once."""

    @property
    def name(self) -> str:
        """What reports call it."""
        ...

    def ask(self, pictures: Sequence[ImageSource], question: str, options: AskOptions) -> Reply:
        """Ask one question about any number of pictures; errors are `KantuError`s."""
        ...

    def close(self) -> None:
        """Free what it holds."""
        ...


@runtime_checkable
class TaskRunner(Protocol):
    """A contender that runs tasks as our product does: choices are scored, every field has a confidence and a box."""

    def run(
        self, task: Task, pictures: Sequence[ImageSource], given: Mapping[str, str], *, max_pixels: int | None
    ) -> Reply:
        """Run a task with the variables of its instruction; errors are `KantuError`s."""
        ...


def mean_probability(logprobs: Iterable[float]) -> float | None:
    """Of the tokens that were chosen: those that a constraint forced have logprob 0 and say nothing."""
    chosen = [logprob for logprob in logprobs if logprob != 0.0]
    return math.exp(sum(chosen) / len(chosen)) if chosen else None


def messages(pictures: Sequence[ImageSource], question: str, history: Sequence[Said]) -> list[dict[str, Any]]:
    """The conversation as `processing.messages` takes it: the pictures stand before the first words of the user."""
    turns = [*history, Said("user", question)]
    first = next(number for number, turn in enumerate(turns) if turn.role == "user")
    shown = [{"type": "image", "image": picture} for picture in pictures]
    return [
        {
            "role": turn.role,
            "content": [*shown, {"type": "text", "text": turn.text}] if number == first and shown else turn.text,
        }
        for number, turn in enumerate(turns)
    ]
