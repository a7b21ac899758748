"""The simple generation loop: one forward for the prompt, then one token at a time, for one request."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from kantu.engine.generation_config import GenerationConfig
from kantu.engine.request import Delta, FinishReason, Request, SamplingParams, Timings, Usage
from kantu.engine.sampler import Sampler
from kantu.engine.stop import StopFilter
from kantu.errors import PromptTooLongError
from kantu.model.attention import ContiguousCache
from kantu.model.qwen3vl import Qwen3VL
from kantu.processing.chat import ChatProcessor, Prompt
from kantu.processing.image import CleanImage, ImageConfig, patchify
from kantu.processing.tokenizer import IncrementalDetokenizer


@dataclass(frozen=True)
class Generator:
    """Everything a request is run with. Holds no state of a request, so requests may run in several threads."""

    model: Qwen3VL
    chat: ChatProcessor
    image_config: ImageConfig
    generation_config: GenerationConfig
    device: torch.device
    dtype: torch.dtype

    def start(self, request: Request) -> Iterator[Delta]:
        """Check and prepare a request at once; run the network as the result is iterated.

        Time the caller spends between two pieces is in none of the timings.

        Raises:
            InvalidRequestError: the messages or the number of images are not acceptable.
            PromptTooLongError: prompt and `max_tokens` together exceed the context; nothing was computed yet.
        """
        started = time.perf_counter()
        grids = [image.grid(self.image_config) for image in request.images]
        prompt = self.chat.prompt(request.messages, grids)
        params = self.generation_config.complete(request.sampling)
        room = self._room(len(prompt.input_ids), params)
        run = _Run(self, prompt, request.images, grids, params, room)
        return run.deltas(request.preprocess_seconds + time.perf_counter() - started)

    def _room(self, prompt_tokens: int, params: SamplingParams) -> int:
        """Tokens this request may generate."""
        context = self.model.config.text.max_position_embeddings
        room = context - prompt_tokens
        wanted = max(params.max_tokens or 1, params.min_tokens, 1)
        if wanted > room:
            raise PromptTooLongError(
                "prompt_too_long",
                f"提示有 {prompt_tokens} 个词元，加上要生成的 {wanted} 个，超过模型的上下文长度 {context}。"
                "请减少图片、调小 max_pixels、缩短文字或调小 max_tokens。",
                f"The prompt of {prompt_tokens} tokens and {wanted} to generate exceed the context of {context}.",
                param="messages",
            )
        # min_tokens may ask for more than the default length
        return params.max_tokens or min(max(self.generation_config.max_tokens, params.min_tokens), room)


class _Run:
    """One request under way."""

    def __init__(
        self,
        generator: Generator,
        prompt: Prompt,
        images: Sequence[CleanImage],
        grids: Sequence[tuple[int, int, int]],
        params: SamplingParams,
        max_tokens: int,
    ) -> None:
        self._generator, self._prompt, self._params = generator, prompt, params
        self._images, self._grids = images, grids
        self._max_tokens = max_tokens
        self._end_ids = generator.generation_config.end_ids
        self._sampler = Sampler(params, prompt.input_ids.tolist(), self._end_ids)

    def deltas(self, preprocess_seconds: float) -> Iterator[Delta]:
        clock = _Clock()
        patches = self._patches()
        preprocess_seconds += clock.lap()
        visual = self._encode(patches)
        encode_seconds = clock.lap()
        prompt_tokens = len(self._prompt.input_ids)
        cache = ContiguousCache(
            self._generator.model.config.text,
            prompt_tokens + self._max_tokens,
            device=self._generator.device,
            dtype=self._generator.dtype,
        )
        detokenizer = IncrementalDetokenizer(self._generator.chat.tokenizer)
        stop = StopFilter(self._params.stop)
        token = self._sampler.choose(self._prefill(cache, visual))
        clock.lap()
        ttft_seconds = preprocess_seconds + clock.total
        for count in range(1, self._max_tokens + 1):
            text, reason = self._read(token, count, detokenizer, stop)
            if reason is not None:
                break
            clock.lap()
            yield Delta(text, (token,))
            clock.skip()
            token = self._sampler.choose(self._decode(cache, token))
        clock.lap()
        total_seconds = preprocess_seconds + clock.total
        yield Delta(
            text,
            (token,),
            reason,
            Usage(prompt_tokens, sum(length for _, length in self._prompt.image_spans), count),
            Timings(
                preprocess_seconds=preprocess_seconds,
                encode_seconds=encode_seconds,
                ttft_seconds=ttft_seconds,
                tpot_seconds=(total_seconds - ttft_seconds) / (count - 1) if count > 1 else 0.0,
                total_seconds=total_seconds,
            ),
        )

    def _read(
        self, token: int, count: int, detokenizer: IncrementalDetokenizer, stop: StopFilter
    ) -> tuple[str, FinishReason | None]:
        """The text to show for token number `count`, and whether the answer ends with it."""
        if token in self._end_ids:
            return stop.flush(), "stop"
        text = detokenizer.push(token)
        if count >= self._params.min_tokens:
            text = stop.push(text)
            if stop.found:
                return text, "stop"
        if count == self._max_tokens:
            return text + stop.flush(), "length"
        return text, None

    def _patches(self) -> Tensor | None:
        if not self._images:
            return None
        config = self._generator.image_config
        return torch.from_numpy(np.concatenate([patchify(image.pixels, config) for image in self._images]))

    @torch.inference_mode()
    def _encode(self, patches: Tensor | None) -> Tensor | None:
        """[1 + levels, visual tokens, hidden] of all pictures, packed."""
        if patches is None:
            return None
        run = self._generator
        visual = run.model.encode_images(patches.to(device=run.device, dtype=run.dtype), self._grids)
        if run.device.type == "cuda":
            torch.cuda.synchronize(run.device)  # so that the encoding's time is its own
        return visual

    @torch.inference_mode()
    def _prefill(self, cache: ContiguousCache, visual: Tensor | None) -> Tensor:
        """Logits [vocab] after the prompt."""
        device, prompt = self._generator.device, self._prompt
        index = None
        if visual is not None:
            spans = [torch.arange(start, start + length) for start, length in prompt.image_spans]
            index = torch.cat(spans).to(device)
        logits = self._generator.model(
            torch.from_numpy(prompt.input_ids).to(device),
            torch.from_numpy(prompt.positions).to(device),
            cache,
            visual=visual,
            visual_index=index,
            logits_at=torch.tensor([len(prompt.input_ids) - 1], device=device),
        )
        last: Tensor = logits[0]
        return last

    @torch.inference_mode()
    def _decode(self, cache: ContiguousCache, token: int) -> Tensor:
        """Logits [vocab] after one more token."""
        device = self._generator.device
        position = cache.length + self._prompt.position_delta
        logits = self._generator.model(
            torch.tensor([token], device=device),
            torch.full((3, 1), position, device=device),
            cache,
        )
        last: Tensor = logits[0]
        return last


class _Clock:
    """Wall time in laps, with pauses left out of the total."""

    def __init__(self) -> None:
        self._last = time.perf_counter()
        self.total = 0.0

    def lap(self) -> float:
        now = time.perf_counter()
        seconds, self._last = now - self._last, now
        self.total += seconds
        return seconds

    def skip(self) -> None:
        self._last = time.perf_counter()
