"""Prepares a request for the engine's thread: chat template, token ids, constraint, patches."""

from __future__ import annotations

from collections.abc import Sequence as Items
from dataclasses import dataclass, replace

import numpy as np

from kantu.engine.closing import Closing
from kantu.engine.constraint import ConstraintCompiler, Matcher
from kantu.engine.generation import Generation, Probe
from kantu.engine.generation_config import GenerationConfig
from kantu.engine.kv_cache import ImageSpan, PrefixKeys, root_key
from kantu.engine.request import Request, SamplingParams
from kantu.engine.sampler import Sampler
from kantu.engine.sequence import Job, PromptImage, Sequence
from kantu.engine.stop import StopFilter
from kantu.engine.text_writer import TextWriter
from kantu.engine.vision_cache import ImageKey, VisionCache
from kantu.errors import error
from kantu.processing.chat import ChatProcessor, Prompt
from kantu.processing.image import ImageConfig, patchify


@dataclass(frozen=True)
class Preparation:
    """The parts of a model folder that preparing a request needs. Immutable; used by several threads."""

    chat: ChatProcessor
    image_config: ImageConfig
    generation_config: GenerationConfig
    constraints: ConstraintCompiler
    block_size: int

    def matcher(self, params: SamplingParams) -> Matcher | None:
        """The constraint's matcher at the start of an answer; InvalidRequestError if it cannot be compiled."""
        return None if params.constraint is None else self.constraints.compile(params.constraint)

    def sequences(
        self, job: Job, request: Request, matcher: Matcher | None, probe: Probe | None, capacity: int
    ) -> list[Sequence]:
        """The sequences of a request, one for each answer.

        Raises:
            InvalidRequestError: the turns or the number of images are not acceptable, or no answer that fits the
                constraint is short enough.
            PromptTooLongError: prompt and answer together exceed `capacity` tokens.
        """
        grids = [image.grid(self.image_config) for image in request.images]
        prompt = self.chat.prompt(request.turns, grids, most_tokens=capacity)
        if probe is not None and probe.path:
            prompt = _followed_by(prompt, probe.path)
        params = self.generation_config.complete(request.sampling)
        max_tokens = self._room(len(prompt.input_ids), params, capacity)
        spans = [
            ImageSpan(start, length, image.sha256, grid)
            for (start, length), image, grid in zip(prompt.image_spans, request.images, grids, strict=True)
        ]
        images = tuple(
            PromptImage(ImageKey(request.tenant, image.sha256, span.grid), image, span.start, span.length)
            for image, span in zip(request.images, spans, strict=True)
        )
        keys = PrefixKeys(root_key(request.tenant), self.block_size, spans)
        keys.upto(prompt.input_ids.tolist(), len(prompt.input_ids) // self.block_size)
        answers: Items[Generation | Probe] = (
            [probe] if probe is not None else self._generations(prompt, params, max_tokens, matcher)
        )
        return [Sequence(job, index, prompt, images, keys.copy(), answer) for index, answer in enumerate(answers)]

    def patchify(self, images: Items[PromptImage], vision: VisionCache) -> None:
        """Make the patches of the images that are not in the vision cache."""
        for image in images:
            if image.key not in vision:
                image.patches = patchify(image.clean.pixels, self.image_config)

    def _generations(
        self, prompt: Prompt, params: SamplingParams, max_tokens: int, matcher: Matcher | None
    ) -> list[Generation]:
        """The `n` answers, before their first token. What they share is made once and copied."""
        tokenizer, end_ids = self.chat.tokenizer, self.generation_config.end_ids
        prompt_ids = prompt.input_ids.tolist()
        closing = None if matcher is None else Closing.at_start(matcher, max_tokens)
        stop = StopFilter(params.stop)
        return [
            Generation(
                params,
                max_tokens,
                end_ids,
                Sampler(params, prompt_ids, end_ids, tokenizer, index),
                TextWriter(tokenizer, stop.copy(), params.min_tokens),
                None if closing is None else closing.copy(),
            )
            for index in range(params.n)
        ]

    def _room(self, prompt_tokens: int, params: SamplingParams, capacity: int) -> int:
        """Most tokens of an answer."""
        room = capacity - prompt_tokens
        wanted = max(params.max_tokens or 1, params.min_tokens, 1)
        if wanted > room:
            raise error("prompt_too_long", prompt_tokens=prompt_tokens, wanted=wanted, capacity=capacity)
        # min_tokens may ask for more than the default length
        return params.max_tokens or min(max(self.generation_config.max_tokens, params.min_tokens), room)


def _followed_by(prompt: Prompt, tokens: Items[int]) -> Prompt:
    """The prompt, followed by the beginning of an answer."""
    length = len(prompt.input_ids)
    behind = np.broadcast_to(np.arange(length, length + len(tokens)) + prompt.position_delta, (3, len(tokens)))
    return replace(
        prompt,
        input_ids=np.concatenate([prompt.input_ids, np.asarray(tokens, dtype=np.int64)]),
        positions=np.concatenate([prompt.positions, behind], axis=1),
    )
