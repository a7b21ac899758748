"""A loaded model, and what can be asked of it."""

from __future__ import annotations

import secrets
import time
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Unpack

import torch

from kantu.aigc import LabelPolicy
from kantu.engine.protocol import DeltaStream, Engine
from kantu.engine.request import Request, Scores, check_choices
from kantu.errors import blaming, error
from kantu.processing.budget import pixel_budget, pixel_budgets
from kantu.processing.conversation import Conversation, ImageReference, ImageSource, Turn
from kantu.processing.image import CleanImage, ImageConfig, prepare
from kantu.processing.kept import KeptPictures
from kantu.processing.messages import picture_name, read_messages, read_question
from kantu.processing.quality import all_warnings
from kantu.solve.calibration import Calibration
from kantu.solve.drive import drive
from kantu.solve.result import Notice, TaskResult
from kantu.solve.run import Wish, solve
from kantu.tasks.extract import typed
from kantu.tasks.task import Task
from kantu.vlm.answer import Answer, AnswerStream
from kantu.vlm.options import Options, sampling_of
from kantu.vlm.tasks import Images, TaskMethods, TaskOptions, known_task


class VLM(TaskMethods):
    """A loaded model. Any number of threads may ask at once: their questions run together.

    Attributes:
        name: the name or path it was loaded by.
        folder: where its files are.
        device, dtype: where and in which precision it runs.
        context_tokens: most tokens of prompt and answer together.
        calibration: what makes confidences of the probabilities of tasks; the folder's, if it has one.
        engine: the engine behind these methods, for callers that need more than they offer.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        engine: Engine,
        image_config: ImageConfig,
        calibration: Calibration,
        *,
        device: torch.device,
        dtype: torch.dtype,
        context_tokens: int,
    ) -> None:
        """Use `kantu.load`."""
        self.name = name
        self.folder = folder
        self.engine = engine
        self.device = device
        self.dtype = dtype
        self.context_tokens = context_tokens
        self.calibration = calibration
        self._image_config = image_config
        self._kept = KeptPictures()
        self._close = weakref.finalize(self, engine.close)  # the engine's thread does not keep this object alive

    def ask(self, images: ImageSource | Sequence[ImageSource], question: str, **options: Unpack[Options]) -> Answer:
        """Ask one question about any number of images.

        Args:
            images: one or a list of path, data: URL, bytes or PIL image; an empty list asks without an image.
            question: what to ask.
            options: see `Options`.

        Raises:
            InvalidRequestError: an argument out of range, an empty question, an image that is not accepted
                (`ImageError`), a prompt that does not fit the context (`PromptTooLongError`), or a constraint that
                cannot be enforced at all, or not within `max_tokens` (`constraint_needs_tokens`).
            OutOfMemoryError: the request needs more memory than is left.
            OverloadedError: too many requests are waiting.
        """
        return self.stream(images, question, **options).finish()

    def stream(
        self, images: ImageSource | Sequence[ImageSource], question: str, **options: Unpack[Options]
    ) -> AnswerStream:
        """As `ask`, piece by piece."""
        return self._start(read_question(images, question), options)

    def ask_many(
        self, images: ImageSource | Sequence[ImageSource], questions: Sequence[str], **options: Unpack[Options]
    ) -> tuple[Answer, ...]:
        """Ask several questions about the same images at once; they are read once. The first error is raised."""
        if isinstance(questions, str) or not questions:
            raise error("invalid_questions")
        asked = [read_question(images, question) for question in questions]
        clean, seconds = self._read(asked[0].images, options.get("max_pixels"))
        requests = [self._request(conversation.turns, clean, seconds, options) for conversation in asked]
        warnings = self._warnings(clean)
        streams = [AnswerStream(DeltaStream(self.engine, request), warnings) for request in requests]
        return tuple(stream.finish() for stream in streams)

    def score(
        self,
        images: ImageSource | Sequence[ImageSource],
        question: str,
        choices: Sequence[str],
        *,
        max_pixels: int | None = None,
    ) -> Scores:
        """How probable each of `choices` is as the answer, without generating one. Errors are those of `ask`."""
        check_choices(choices)
        conversation = read_question(images, question)
        clean, seconds = self._read(conversation.images, max_pixels)
        return self.engine.score(self._request(conversation.turns, clean, seconds, {}), choices)

    def chat(self, messages: Sequence[Mapping[str, Any]], **options: Unpack[Options]) -> Answer:
        """Answer a conversation of OpenAI-shaped messages (see `kantu.processing.messages.read_messages`).

        Images come as ``data:`` URLs, or as ``{"type": "image", "image": ...}`` with what `ask` takes; no URL is ever
        fetched. Options and errors are those of `ask`.
        """
        return self.stream_chat(messages, **options).finish()

    def stream_chat(self, messages: Sequence[Mapping[str, Any]], **options: Unpack[Options]) -> AnswerStream:
        """As `chat`, piece by piece."""
        return self._start(read_messages(messages), options)

    def run(
        self, task: Task | str, images: Images, given: Mapping[str, str] | None = None, **options: Unpack[TaskOptions]
    ) -> TaskResult[Any]:
        task, given = typed(known_task(task), given or {})
        references = read_question(images, task.instruct(**given)).images
        budget = pixel_budget(self._image_config, options.get("max_pixels"), task_pixels=task.max_pixels)
        clean, seconds = self._read(references, budget)
        reader, calibration = options.get("reader"), options.get("calibration", self.calibration)
        labels = options.get("labels") or LabelPolicy.from_environment()
        steps = solve(
            task,
            given,
            clean,
            model=self.name,
            calibration=calibration,
            wish=Wish(options.get("evidence", True), options.get("force", False), read_lines=reader is not None),
            warnings=(*map(Notice.of, all_warnings(clean, self._kept.measured)), *calibration.warnings),
            read_seconds=seconds,
            label=labels.label(task.name, secrets.token_hex(12)),
        )
        cancellation = options.get("cancellation")
        engine = self.engine if cancellation is None else cancellation.over(self.engine)
        return drive(steps, engine, clean, reader, options.get("timeout_seconds"))

    def detach(self) -> Engine:
        """Return the engine, which the caller must close: dropping this object leaves it running."""
        self._close.detach()
        return self.engine

    def close(self) -> None:
        """Stop the engine and cancel its requests. This also happens when the object is dropped."""
        self._close()

    def __enter__(self) -> VLM:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self, conversation: Conversation, options: Options) -> AnswerStream:
        sampling_of(options)  # before any image is read
        clean, seconds = self._read(conversation.images, options.get("max_pixels"))
        request = self._request(conversation.turns, clean, seconds, options)
        return AnswerStream(
            DeltaStream(self.engine, request), self._warnings(clean)
        )  # looked for while the engine works

    def _read(
        self, references: Sequence[ImageReference], max_pixels: int | None
    ) -> tuple[tuple[CleanImage, ...], float]:
        """The clean images, and how many seconds reading took."""
        config = self._image_config
        budgets = pixel_budgets(config, max_pixels)
        started = time.perf_counter()
        clean = []
        for number, reference in enumerate(references):
            assert reference.local is not None  # Python has no others
            with blaming(reference.path, picture_name(reference.local, number, len(references))):
                budget = budgets[reference.detail]
                clean.append(prepare(reference.local, config, max_pixels=budget, cleaned=self._kept.cleaned))
        return tuple(clean), time.perf_counter() - started

    def _request(
        self, turns: tuple[Turn, ...], images: tuple[CleanImage, ...], seconds: float, options: Options
    ) -> Request:
        return Request(
            turns,
            images,
            sampling_of(options),
            preprocess_seconds=seconds,
            timeout_seconds=options.get("timeout_seconds"),
        )

    def _warnings(self, images: Sequence[CleanImage]) -> tuple[str, ...]:
        return tuple(warning.message for warning in all_warnings(images, self._kept.measured))
