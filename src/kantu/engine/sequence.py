"""One answer in the engine: the request it belongs to, its tokens, and the blocks that hold their keys and values."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from torch import Tensor

from kantu.engine.generation import Generation, Probe
from kantu.engine.kv_cache import PrefixKeys
from kantu.engine.protocol import Listener
from kantu.engine.request import Delta, End, FinishReason, Look, Timings, Usage
from kantu.engine.vision_cache import ImageKey
from kantu.errors import KantuError
from kantu.processing.chat import Prompt
from kantu.processing.image import CleanImage


@dataclass(eq=False)
class PromptImage:
    """An image of a request, on its way to visual tokens.

    Attributes:
        start, length: its placeholder tokens in the prompt.
        patches: float32 [patches, patch_dim], made by a preprocessing worker; None if the vision cache had the image.
        visual: [1 + levels, visual tokens, hidden], from the step that needs it until prefill ends.
    """

    key: ImageKey
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
        submitted: when, by `time.perf_counter`.
        earlier_seconds: spent on it before it was submitted.
        preprocess_seconds: spent by the engine's own workers.
        open: how many answers have not ended.
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


@dataclass(eq=False)
class Sequence:
    """One of a job's answers.

    Attributes:
        tokens: the prompt's and the answer's so far.
        computed: how many of them the KV cache holds; the rest still has to run.
        blocks: those that hold them.
    """

    job: Job
    index: int
    prompt: Prompt
    images: tuple[PromptImage, ...]
    keys: PrefixKeys
    answer: Generation | Probe
    tokens: list[int] = field(init=False)
    computed: int = 0
    cached_tokens: int | None = None  # unknown until it first runs
    blocks: list[int] = field(default_factory=list)
    first_token_at: float = 0.0

    def __post_init__(self) -> None:
        self.tokens = [*self.prompt.input_ids.tolist(), *self.answer.opening]

    @property
    def prompt_length(self) -> int:
        return len(self.prompt.input_ids)

    @property
    def remaining(self) -> int:
        """Tokens that must run before the next can be chosen."""
        return len(self.tokens) - self.computed

    @property
    def decoding(self) -> bool:
        """Whether prefill is done."""
        return self.computed >= self.prompt_length

    def positions(self, start: int, count: int) -> npt.NDArray[np.int64]:
        """Three-axis positions [3, count] of the tokens from `start` on. After the prompt they are index + delta."""
        behind = np.arange(max(start, self.prompt_length), start + count) + self.prompt.position_delta
        return np.concatenate(
            [self.prompt.positions[:, start : start + count], np.broadcast_to(behind, (3, len(behind)))], axis=1
        )

    def needed_images(self, start: int, count: int) -> list[PromptImage]:
        """Images with placeholders among the `count` tokens from `start` on."""
        return [image for image in self.images if image.start < start + count and image.start + image.length > start]

    def drop_visual(self) -> None:
        """Release the images' visual tokens. If they are needed again, the vision cache or the tower gives them."""
        for image in self.images:
            image.visual = None

    def advance(self, logits: Tensor, look: Look | None = None) -> Delta:
        """Take the answer's next piece, from logits [vocab] and where the model looked.

        Raises:
            EngineError: the logits are not numbers, or the constraint failed.
        """
        behind = self.prompt_length + self.answer.count  # the opening is already there; the first piece has it too
        piece = self.answer.step(logits, look)
        self.tokens[behind:] = piece.tokens
        now = time.perf_counter()
        self.first_token_at = self.first_token_at or now
        end = None if piece.finish_reason is None else self._end(piece.finish_reason, piece.stop_string, now)
        return Delta(piece.text, piece.tokens, end, self.index, piece.logprobs)

    def _end(self, reason: FinishReason, stop_string: str | None, now: float) -> End:
        job, count = self.job, self.answer.count
        ttft_seconds = job.earlier_seconds + self.first_token_at - job.submitted
        total_seconds = job.earlier_seconds + now - job.submitted
        usage = Usage(self.prompt_length, sum(image.length for image in self.images), count, self.cached_tokens or 0)
        timings = Timings(
            preprocess_seconds=job.earlier_seconds + job.preprocess_seconds,
            encode_seconds=sum({image.key: image.encode_seconds for image in self.images}.values()),
            ttft_seconds=ttft_seconds,
            tpot_seconds=(now - self.first_token_at) / (count - 1) if count > 1 else 0.0,
            total_seconds=total_seconds,
        )
        return End(reason, usage, timings, stop_string)
