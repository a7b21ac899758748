"""A chat completion from body to answer, for HTTP and for batches alike."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from kantu.engine.request import Request
from kantu.errors import KantuError
from kantu.processing.conversation import check_question
from kantu.service.admission import Admission
from kantu.service.chat.answer import AnswerWriter
from kantu.service.chat.answering import Answering
from kantu.service.chat.schemas import ChatRequest
from kantu.service.chat.translate import most_output_tokens, read_conversation, read_sampling
from kantu.service.errors import validation_error
from kantu.service.identity import Caller, check_model
from kantu.service.limits.limiter import Limiter
from kantu.service.models.served import ServedModel
from kantu.service.pictures import Pictures
from kantu.service.settings import RequestSettings
from kantu.service.watch.watch import RequestWatch, Watch


@dataclass(frozen=True, slots=True)
class Completion:
    """A request that the engine has taken: its deltas to come, and who words and watches them."""

    answering: Answering
    writer: AnswerWriter
    watch: RequestWatch


class ChatService:
    """Answers chat completions. Used on the event loop only."""

    def __init__(
        self,
        settings: RequestSettings,
        model: ServedModel,
        pictures: Pictures,
        limiter: Limiter,
        admission: Admission,
        watch: Watch,
    ) -> None:
        self._settings, self._model = settings, model
        self._pictures, self._limiter, self._admission, self._watch = pictures, limiter, admission, watch

    async def complete(self, caller: Caller, body: dict[str, Any]) -> dict[str, Any]:
        """The whole answer to one body. The caller has been admitted.

        Raises:
            KantuError: whatever is wrong with the body, the caller's rights or limits, or the engine.
        """
        async with self.start(caller, read_body(body)) as completion:
            async for delta in completion.answering:
                completion.writer.add(delta)
            return completion.writer.whole()

    @asynccontextmanager
    async def start(self, caller: Caller, body: ChatRequest) -> AsyncIterator[Completion]:
        """Read the pictures, reserve the tokens, and hand the request to the engine; leaving the block ends it."""
        with self._watch.started("chat", body.model) as watch:
            async with self._started(caller, body, watch) as completion:
                yield completion

    @asynccontextmanager
    async def _started(self, caller: Caller, body: ChatRequest, watch: RequestWatch) -> AsyncIterator[Completion]:
        check_model(caller, body.model, self._model.name)
        sampling = read_sampling(body, self._settings)
        conversation = read_conversation(body.messages, self._settings)
        check_question(conversation)
        max_pixels = None if body.mm_processor_kwargs is None else body.mm_processor_kwargs.max_pixels
        with self._admission.request():
            async with self._pictures.read(conversation.pictures, caller.owner, max_pixels) as read:
                visual_tokens = sum(image.visual_tokens(self._model.image_config) for image in read.images)
                watch.pictures(read.images, visual_tokens, read.seconds)
                most = most_output_tokens(sampling, self._model.default_max_tokens)
                reservation = await self._limiter.reserve(caller, visual_tokens=visual_tokens, output_tokens=most)
                writer = AnswerWriter(
                    f"chatcmpl-{secrets.token_hex(12)}",
                    int(time.time()),
                    self._model.name,
                    sampling.n,
                    logprobs=bool(body.logprobs),
                    warnings=read.warnings,
                )
                try:
                    request = Request(
                        conversation.turns,
                        read.images,
                        sampling,
                        preprocess_seconds=read.seconds,
                        tenant=caller.owner if body.cache_salt is None else f"{caller.owner}\0{body.cache_salt}",
                        line=caller.owner,
                        timeout_seconds=self._settings.timeout_seconds,
                    )
                    async with Answering(self._model.engine, request) as answering:
                        yield Completion(answering, writer, watch)
                    if writer.timings is not None:
                        watch.finished(writer.usage, writer.timings, writer.finish_reasons)
                except KantuError:
                    if not writer.generated_tokens:  # what was never begun costs nothing; what a client leaves does
                        visual_tokens = 0
                    raise
                finally:
                    await reservation.settle(visual_tokens, writer.generated_tokens)


def read_body(body: dict[str, Any]) -> ChatRequest:
    """The body, checked.

    Raises:
        InvalidRequestError: `unknown_parameter`, `missing_parameter`, `invalid_parameter`.
    """
    failure: ValidationError
    try:
        return ChatRequest.model_validate(body)
    except ValidationError as error:
        failure = error
    raise validation_error(failure, body)
