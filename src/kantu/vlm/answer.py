"""An answer, whole or piece by piece."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kantu.engine.protocol import DeltaStream
from kantu.engine.request import FinishReason, Timings, TokenLogprob, Usage
from kantu.errors import error


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer; prints as its text.

    Attributes:
        text: what the model said, without end tokens and stop strings.
        usage: token counts.
        timings: seconds of each phase.
        finish_reason: "stop" (the model, a stop string or the constraint ended it), "length" (cut at max_tokens; a
            constrained answer is completed there) or "repetition".
        warnings: what may have harmed the answer, in Chinese.
        logprobs: one for each token, if they were asked for.
    """

    text: str
    usage: Usage
    timings: Timings
    finish_reason: FinishReason
    warnings: tuple[str, ...] = ()
    logprobs: tuple[TokenLogprob, ...] = ()

    def __str__(self) -> str:
        return self.text


class AnswerStream:
    """The answer piece by piece: iterate over its text; `answer` is available at the end.

    The images have been read and the question has been submitted when this object exists. Dropping it early cancels.
    """

    def __init__(self, deltas: DeltaStream, warnings: tuple[str, ...]) -> None:
        self._deltas = deltas
        self._pieces: list[str] = []
        self._logprobs: list[TokenLogprob] = []
        self._answer: Answer | None = None
        self.warnings = warnings

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        """The next non-empty piece of text."""
        while True:
            delta = next(self._deltas)
            self._pieces.append(delta.text)
            self._logprobs += delta.logprobs
            if (end := delta.end) is not None:
                text, logprobs = "".join(self._pieces), tuple(self._logprobs)
                self._answer = Answer(text, end.usage, end.timings, end.finish_reason, self.warnings, logprobs)
            if delta.text:
                return delta.text

    @property
    def answer(self) -> Answer:
        """The whole answer.

        Raises:
            InvalidRequestError: the stream has not been read to its end.
        """
        if self._answer is None:
            raise error("answer_not_finished")
        return self._answer

    def finish(self) -> Answer:
        """Read the rest and return the whole answer."""
        for _ in self:
            pass
        return self.answer

    def cancel(self) -> None:
        """Stop at the next step; reading on then raises `CancelledError`."""
        self._deltas.cancel()
