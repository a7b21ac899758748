"""The tokens of one answer: chosen by the sampler, or forced by the constraint, until there is a reason to end."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import ClassVar

from torch import Tensor

from kantu.engine.closing import Closing
from kantu.engine.repetition import LoopDetector
from kantu.engine.request import FinishReason, Look, SamplingParams, TokenLogprob
from kantu.engine.sampler import Sampler, logprobs_of
from kantu.engine.text_writer import TextWriter

MOST_TOKEN_SECONDS = 0.2
"""The most processor time that one token takes on the engine's thread, besides the network, with every feature at its
bound and a vocabulary of 151,936: 0.01 without a constraint, 0.05 with one, and this much when an answer ends because
its constraint costs too much. Usually it is below 0.001. A step adds one token to an answer, or a piece of a forced
run, which costs no more."""
MOST_ADDED_TOKENS = 256  # by one step to one answer; the rest of a longer forced run comes with the next steps


@dataclass(frozen=True, slots=True)
class Piece:
    """What one step adds to an answer. The last piece has the finish reason, and the stop string if one was found."""

    tokens: tuple[int, ...]
    text: str
    finish_reason: FinishReason | None
    logprobs: tuple[TokenLogprob, ...]
    stop_string: str | None = None


class Generation:
    """Generates one answer.

    Args:
        params: completed by the folder's generation config.
        max_tokens: of the answer.
        end_ids: tokens that end it.

    Attributes:
        opening: what the constraint forces from the start. It runs right after the prompt, so that it costs no step,
            and is part of the first piece.
        count: tokens in the pieces so far.
    """

    def __init__(
        self,
        params: SamplingParams,
        max_tokens: int,
        end_ids: frozenset[int],
        sampler: Sampler,
        writer: TextWriter,
        closing: Closing | None = None,
    ) -> None:
        self._params, self._max_tokens, self._end_ids = params, max_tokens, end_ids
        self.sampler, self._writer, self._closing = sampler, writer, closing
        self._loop = None if params.repetition is None else LoopDetector(params.repetition, max_tokens)
        self._looped = False  # the answer ends after what is pending
        self._pending = deque([] if closing is None else closing.open())  # forced, in no piece yet
        self.opening = tuple(self._take())
        self.count = 0

    @property
    def looks(self) -> bool:
        """Whether it is told where the model looks."""
        return self._params.logprobs is not None

    def step(self, logits: Tensor, look: Look | None = None) -> Piece:
        """Choose the next token from logits [vocab], and take what the constraint forces after it. While a forced run
        is longer than a step may add, nothing is chosen.

        Raises:
            EngineError: the logits are not numbers, or the constraint failed.
        """
        tokens, logprob = [] if self.count else list(self.opening), None
        place = len(tokens)  # of the chosen token
        if not self._pending:
            token, logprob = self.sampler.choose(logits, self._closing)
            tokens.append(token)
            self._pending.extend([] if self._closing is None else self._closing.forced())
        tokens += self._take()
        text, reason, taken = self._read(tokens)
        logprobs = [] if self._params.logprobs is None else [self.sampler.certain(token) for token in tokens]
        if logprob is not None:
            logprobs[place] = replace(logprob, look=look)
        return Piece(tuple(tokens[:taken]), text, reason, tuple(logprobs[:taken]), self._writer.stop_string)

    def _take(self) -> list[int]:
        """The next pending tokens."""
        tokens = [self._pending.popleft() for _ in range(min(len(self._pending), MOST_ADDED_TOKENS))]
        for token in tokens:
            self.sampler.note(token)
        return tokens

    def _read(self, tokens: list[int]) -> tuple[str, FinishReason | None, int]:
        """Text of these tokens, whether the answer ends, and with how many of them. If a loop ends an answer that its
        constraint must not leave open, the rest of the answer is appended."""
        pieces: list[str] = []
        reason, taken = self._end(tokens, pieces)
        if reason is not None:
            pieces.append(self._writer.flush())
        return "".join(pieces), reason, taken

    def _end(self, tokens: list[int], pieces: list[str]) -> tuple[FinishReason | None, int]:
        whole = self._closing is not None and self._closing.finished and not self._pending
        for taken, token in enumerate(tokens, 1):
            self.count += 1
            if token in self._end_ids:
                return self._own_reason(), taken
            pieces.append(self._writer.push(token))
            if self._writer.stop_string is not None:
                return "stop", taken
            if self.count == self._max_tokens and not self._looped:
                return self._own_reason() if whole and taken == len(tokens) else "length", taken
        if self._loop is not None and self._loop.push(tokens) and not self._pending and not self._looped:
            self._looped = True
            self._pending.extend([] if self._closing is None else self._closing.close())
            rest = self._take()
            self.count += len(rest)
            tokens += rest
            pieces += map(self._writer.push, rest)
        if self._looped:
            return None if self._pending else "repetition", len(tokens)
        return self._own_reason() if whole and self.count >= self._params.min_tokens else None, len(tokens)

    def _own_reason(self) -> FinishReason:
        """Why a whole answer ended: by itself, or because the token limit was near."""
        return "length" if self._closing is not None and self._closing.shortened else "stop"


@dataclass(frozen=True, slots=True)
class Probe:
    """Reads the probabilities of `token_ids` after the prompt and `path`, instead of generating an answer."""

    path: tuple[int, ...]
    token_ids: tuple[int, ...]

    opening: ClassVar[tuple[int, ...]] = ()
    count: ClassVar[int] = 0
    looks: ClassVar[bool] = False

    def step(self, logits: Tensor, look: Look | None = None) -> Piece:
        """The only piece, of no token: its one log probability reports those of `token_ids`."""
        logprobs = zip(self.token_ids, logprobs_of(logits, self.token_ids), strict=True)
        top = tuple((token, b"", logprob) for token, logprob in logprobs)
        return Piece((), "", "stop", (TokenLogprob(-1, b"", 0.0, top),))
