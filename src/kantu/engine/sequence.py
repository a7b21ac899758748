"""One answer under way: its tokens, where they are remembered, and how the next one becomes text."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from torch import Tensor

from kantu.engine.closing import Closing
from kantu.engine.kv_cache import PrefixKeys
from kantu.engine.protocol import Listener
from kantu.engine.repetition import LoopDetector
from kantu.engine.request import Delta, End, FinishReason, SamplingParams, Timings, TokenLogprob, Usage
from kantu.engine.sampler import Sampler
from kantu.engine.stop import StopFilter
from kantu.engine.vision_cache import PictureKey
from kantu.errors import KantuError
from kantu.processing.chat import Prompt
from kantu.processing.image import CleanImage
from kantu.processing.tokenizer import IncrementalDetokenizer, Tokenizer

MOST_TOKEN_SECONDS = 0.2
"""The most processor time that a token of one answer takes on the engine's thread, beside the network, with every
feature at its bound and a vocabulary of 151,936: 0.01 without a constraint, 0.05 with one, and this where an answer
ends because its constraint costs too much. Usually it is below 0.001. A step adds one token to an answer, or a piece of
a forced run, which costs no more."""
MOST_ADDED_TOKENS = 256  # that a step adds to one answer; the rest of a longer forced run comes with the next steps


@dataclass(eq=False)
class Picture:
    """A picture of a request, on its way to visual tokens.

    Attributes:
        start, length: its placeholder tokens in the prompt.
        patches: float32 [patches, patch_dim], made by a preprocessing worker; None where the vision cache had it then.
        visual: [1 + levels, visual tokens, hidden], from the step that needs it until the prompt is done.
    """

    key: PictureKey
    clean: CleanImage
    start: int
    length: int
    patches: npt.NDArray[np.float32] | None = None
    visual: Tensor | None = None
    encode_seconds: float = 0.0


@dataclass(eq=False)
class Job:
    """An admitted request: what its `n` sequences share.

    Attributes:
        submitted: on the clock of `time.perf_counter`.
        earlier_seconds: spent on it before it was submitted.
        preprocess_seconds: of the engine's own workers.
        open: answers that have not ended.
        line: see `Request.line`.
    """

    listener: Listener
    submitted: float
    pixels: int
    deadline: float | None
    earlier_seconds: float = 0.0
    preprocess_seconds: float = 0.0
    queue_seconds: float | None = None
    open: int = 1
    line: str = ""
    cancelled: bool = False
    failure: KantuError | None = None

    @property
    def ended(self) -> bool:
        return self.open == 0 or self.failure is not None


@dataclass(eq=False)
class Sequence:
    """One of a job's answers.

    Attributes:
        tokens: the prompt's and the answer's so far.
        computed: how many of them the KV cache holds; the rest waits to be run.
        blocks: where it holds them.
        probe: token ids whose probabilities are wanted after the prompt, instead of an answer (see `engine.score`).
    """

    job: Job
    index: int
    prompt: Prompt
    pictures: tuple[Picture, ...]
    keys: PrefixKeys
    params: SamplingParams
    max_tokens: int
    end_ids: frozenset[int]
    sampler: Sampler
    tokenizer: Tokenizer
    stop: StopFilter
    closing: Closing | None = None
    probe: tuple[int, ...] = ()
    tokens: list[int] = field(default_factory=list)
    computed: int = 0
    cached_tokens: int | None = None  # unknown until it first runs
    blocks: list[int] = field(default_factory=list)
    first_token_at: float = 0.0
    detokenizer: IncrementalDetokenizer = field(init=False)
    loop: LoopDetector | None = field(init=False)
    _unread: list[int] = field(default_factory=list, init=False)  # of the answer, in `tokens`, not told yet
    _coming: deque[int] = field(default_factory=deque, init=False)  # settled, not in `tokens` yet
    _looped: bool = field(default=False, init=False)  # the answer ends behind what is coming

    def __post_init__(self) -> None:
        self.tokens = self.prompt.input_ids.tolist()
        self._open()
        self.detokenizer = IncrementalDetokenizer(self.tokenizer)
        rule = self.params.repetition
        self.loop = None if rule is None else LoopDetector(rule, self.max_tokens)

    def _open(self) -> None:
        """Put what the constraint forces from the start behind the prompt, so that it costs no step."""
        if self.closing is None:
            return
        self._coming.extend(self.closing.open())
        self._unread = self._take()
        self.tokens += self._unread

    @property
    def prompt_length(self) -> int:
        return len(self.prompt.input_ids)

    @property
    def remaining(self) -> int:
        """Tokens that must run before the next can be chosen."""
        return len(self.tokens) - self.computed

    @property
    def decoding(self) -> bool:
        """Whether its prompt has been run."""
        return self.computed >= self.prompt_length

    def positions(self, start: int, count: int) -> npt.NDArray[np.int64]:
        """Three-axis positions [3, count] of tokens from `start` on: index + delta behind the prompt."""
        behind = np.arange(max(start, self.prompt_length), start + count) + self.prompt.position_delta
        return np.concatenate(
            [self.prompt.positions[:, start : start + count], np.broadcast_to(behind, (3, len(behind)))], axis=1
        )

    def needed_pictures(self, start: int, count: int) -> list[Picture]:
        """Pictures with placeholders among the tokens from `start` on."""
        return [p for p in self.pictures if p.start < start + count and p.start + p.length > start]

    def drop_visual(self) -> None:
        """Give back the visual tokens of the pictures; the vision cache, or the tower, has them if need be."""
        for picture in self.pictures:
            picture.visual = None

    def advance(self, logits: Tensor) -> Delta:
        """Choose the next token from logits [vocab], take what the constraint forces after it, and say what it reads.
        While a forced run is longer than a step may add, nothing is chosen.

        Raises:
            EngineError: the logits are not numbers, or the constraint failed.
        """
        if self.probe:
            return self._probed(logits)
        opening, self._unread = self._unread, []
        del self.tokens[len(self.tokens) - len(opening) :]
        chosen, logprob = opening, None
        if not self._coming:
            token, logprob = self.sampler.choose(logits, self.closing)
            chosen = [*opening, token]
            self._coming.extend([] if self.closing is None else self.closing.forced())
        now = time.perf_counter()
        if not self.first_token_at:
            self.first_token_at = now
        chosen = [*chosen, *self._take()]
        text, reason, taken = self._read(chosen)
        self.tokens += chosen[:taken]
        logprobs = [] if self.params.logprobs is None else [self._certain(token) for token in chosen]
        if logprob is not None:
            logprobs[len(opening)] = logprob
        end = None if reason is None else self._end(reason, len(self.tokens) - self.prompt_length, now)
        return Delta(text, tuple(chosen[:taken]), end, self.index, tuple(logprobs[:taken]))

    def _take(self) -> list[int]:
        """The next tokens of what is coming."""
        tokens = [self._coming.popleft() for _ in range(min(len(self._coming), MOST_ADDED_TOKENS))]
        for token in tokens:
            self.sampler.note(token)
        return tokens

    def _certain(self, token: int) -> TokenLogprob:
        return TokenLogprob(token, self.tokenizer.token_bytes(token), 0.0)

    def _read(self, chosen: list[int]) -> tuple[str, FinishReason | None, int]:
        """Text of these tokens, whether the answer ends, and with how many of them; a loop that a constraint must not
        leave open gets the rest of the answer appended."""
        pieces: list[str] = []
        count = len(self.tokens) - self.prompt_length
        ended = self.closing is not None and self.closing.finished and not self._coming
        for taken, token in enumerate(chosen, 1):
            count += 1
            if token in self.end_ids:
                return "".join([*pieces, self.stop.flush()]), self._ended(), taken
            pieces.append(self._text(token, count))
            if self.stop.found:
                return "".join(pieces), "stop", taken
            if count == self.max_tokens and not self._looped:
                whole = ended and taken == len(chosen)
                return "".join([*pieces, self.stop.flush()]), self._ended() if whole else "length", taken
        if self.loop is not None and self.loop.push(chosen) and not self._coming and not self._looped:
            self._looped = True
            self._coming.extend([] if self.closing is None else self.closing.close())
            rest = self._take()
            chosen += rest
            pieces += [self._text(token, count + i) for i, token in enumerate(rest, 1)]
        if self._looped and not self._coming:
            return "".join([*pieces, self.stop.flush()]), "repetition", len(chosen)
        if ended and not self._looped and count >= self.params.min_tokens:
            return "".join([*pieces, self.stop.flush()]), self._ended(), len(chosen)
        return "".join(pieces), None, len(chosen)

    def _text(self, token: int, count: int) -> str:
        """What the answer's `count`-th token adds to what can be told."""
        text = self.detokenizer.push(token)
        return self.stop.push(text) if count >= self.params.min_tokens else text

    def _ended(self) -> FinishReason:
        """Why an answer ended that is whole: by itself, or because the token limit was near."""
        return "length" if self.closing is not None and self.closing.shortened else "stop"

    def _probed(self, logits: Tensor) -> Delta:
        self.first_token_at = now = time.perf_counter()
        logprobs = self.sampler.probe(logits, self.probe)
        top = tuple((token, b"", logprob) for token, logprob in zip(self.probe, logprobs, strict=True))
        return Delta("", (), self._end("stop", 0, now), logprobs=(TokenLogprob(-1, b"", 0.0, top),))

    def _end(self, reason: FinishReason, count: int, now: float) -> End:
        job = self.job
        ttft_seconds = job.earlier_seconds + self.first_token_at - job.submitted
        total_seconds = job.earlier_seconds + now - job.submitted
        usage = Usage(self.prompt_length, sum(p.length for p in self.pictures), count, self.cached_tokens or 0)
        timings = Timings(
            preprocess_seconds=job.earlier_seconds + job.preprocess_seconds,
            encode_seconds=sum({picture.key: picture.encode_seconds for picture in self.pictures}.values()),
            ttft_seconds=ttft_seconds,
            tpot_seconds=(now - self.first_token_at) / (count - 1) if count > 1 else 0.0,
            total_seconds=total_seconds,
        )
        return End(reason, usage, timings)
