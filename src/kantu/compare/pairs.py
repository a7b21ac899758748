"""Both contenders asked the same questions by turns, one at a time, and what came of each question."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from kantu.compare.check import is_unverified
from kantu.compare.loss import Loss, first_loss
from kantu.compare.page_lines import page_lines
from kantu.contenders.contender import AskOptions, Contender, Reply
from kantu.contenders.pipeline.parts import Trace
from kantu.contenders.pipeline.pipeline import reply_of
from kantu.evaluation.items import Item
from kantu.evaluation.measure import measure
from kantu.evaluation.results import Answer
from kantu.processing.conversation import ImageSource


class Tracing(Contender, Protocol):
    """A contender that tells what each of its stages gave out."""

    def trace(self, pictures: Sequence[ImageSource], question: str, options: AskOptions) -> Trace:
        """As `ask`."""
        ...


@dataclass(frozen=True)
class Pair:
    """A question and what both answered.

    Attributes:
        new_picture: nothing was asked about any of its pictures before: neither has anything of them in a cache.
        same_picture: something was asked about all of them before, so that both have in a cache what they keep. Of a
            question about pictures of both sorts neither holds.
        unverified: our answer states something that the pipeline's reader did not find in the picture (未核实).
        loss: where the pipeline's answer became wrong; None where it is right or there is no trace of it.
        stage_seconds: wall time of the pipeline's stages.
        description, completion: what its text model was given of the picture, and what it said.
        prompt_tokens: of what it was given in all.
    """

    ours: Answer
    theirs: Answer
    new_picture: bool
    same_picture: bool
    unverified: bool
    loss: Loss | None
    stage_seconds: Mapping[str, float]
    description: str
    completion: str
    prompt_tokens: int


def ask_both(ours: Contender, theirs: Tracing, items: Iterable[Item]) -> Iterator[Pair]:
    """Ask each question of both, who have not been asked before; who is first alternates.

    Raises KantuError as `measure`.
    """
    recorder = _Recorder(theirs)
    seen: set[str] = set()
    for number, item in enumerate(items):
        if number % 2:
            second = _one(recorder, item)
            first = _one(ours, item)
        else:
            first = _one(ours, item)
            second = _one(recorder, item)
        known = [picture.digest in seen for picture in item.pictures]
        seen.update(picture.digest for picture in item.pictures)
        yield _pair(
            item,
            first,
            second,
            recorder.last,
            new_picture=bool(known) and not any(known),
            same_picture=bool(known) and all(known),
        )


def _one(contender: Contender, item: Item) -> Answer:
    (answer,) = measure(contender, (item,))
    return answer


def _pair(
    item: Item, ours: Answer, theirs: Answer, trace: Trace | None, *, new_picture: bool, same_picture: bool
) -> Pair:
    if theirs.error or trace is None:
        return Pair(ours, theirs, new_picture, same_picture, False, None, {}, "", "", 0)
    lines = [line for picture in trace.pictures for line in picture.lines]
    return Pair(
        ours,
        theirs,
        new_picture,
        same_picture,
        is_unverified(item, ours.answer, lines),
        first_loss(item, trace, page_lines(item)),
        {str(name): seconds for name, seconds in trace.seconds.items()},
        "\n".join(picture.description for picture in trace.pictures),
        trace.completion.text,
        trace.completion.prompt_tokens,
    )


class _Recorder:
    """Asks a pipeline and keeps its last trace."""

    def __init__(self, pipeline: Tracing) -> None:
        self.name, self._pipeline = pipeline.name, pipeline
        self.last: Trace | None = None

    def ask(self, pictures: Sequence[ImageSource], question: str, options: AskOptions) -> Reply:
        self.last = None
        started = time.perf_counter()
        self.last = self._pipeline.trace(pictures, question, options)
        return reply_of(self.last, time.perf_counter() - started)

    def close(self) -> None:
        self._pipeline.close()
