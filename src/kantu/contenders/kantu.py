"""Our own engine, in this process, as a contender."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from kantu.contenders.contender import AskOptions, Reply, mean_probability, messages
from kantu.model.folder import ModelFolder
from kantu.processing.budget import pixel_budget
from kantu.processing.conversation import ImageSource
from kantu.processing.image_config import ImageConfig
from kantu.tasks.results import as_text
from kantu.tasks.task import Task
from kantu.vlm import VLM


class Kantu:
    """Asks a loaded model, which `close` closes."""

    def __init__(self, vlm: VLM) -> None:
        self.name, self.vlm = "kantu", vlm
        self._image_config = ImageConfig.from_folder(ModelFolder.open(vlm.folder))

    def ask(self, pictures: Sequence[ImageSource], question: str, options: AskOptions) -> Reply:
        budget = pixel_budget(self._image_config, options.max_pixels, task_pixels=options.task_pixels)
        started = time.perf_counter()
        answer = self.vlm.chat(
            messages(pictures, question, options.history),
            max_tokens=options.max_tokens,
            min_tokens=options.min_tokens,
            temperature=options.temperature,
            repetition_penalty=options.repetition_penalty,
            repetition=options.repetition,
            max_pixels=budget,
            schema=options.schema,
            choices=options.choices,
            logprobs=0 if options.probability else None,
        )
        total = time.perf_counter() - started
        usage = answer.usage
        ttft = total if usage.completion_tokens == 1 else answer.timings.ttft_seconds
        probability = mean_probability(token.logprob for token in answer.logprobs)
        return Reply(
            answer.text,
            ttft,
            total,
            usage.completion_tokens,
            usage.visual_tokens,
            probability,
            usage.prompt_tokens,
            answer.finish_reason,
            cached_tokens=usage.cached_tokens,
        )

    def run(
        self, task: Task, pictures: Sequence[ImageSource], given: Mapping[str, str], *, max_pixels: int | None
    ) -> Reply:
        started = time.perf_counter()
        result = self.vlm.run(task, list(pictures), given, force=True, max_pixels=max_pixels)
        total = time.perf_counter() - started
        return Reply(
            as_text(result.result),
            total,
            total,
            result.usage.completion_tokens,
            result.usage.visual_tokens,
            prompt_tokens=result.usage.prompt_tokens,
            result=result,
        )

    def close(self) -> None:
        self.vlm.close()
