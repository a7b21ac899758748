"""A chat completion from body to answer, for HTTP and for batches alike."""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import anyio
from pydantic import ValidationError

from kantu.engine.request import Request
from kantu.errors import ImageError, KantuError, error
from kantu.processing.conversation import check_question
from kantu.service.actor import Actor
from kantu.service.admission import Admission
from kantu.service.chat.deltas import Deltas
from kantu.service.chat.schemas import ChatRequest
from kantu.service.chat.translate import (
    most_answer_bytes,
    most_output_tokens,
    read_conversation,
    read_sampling,
)
from kantu.service.chat.writer import AnswerWriter, WholeAnswer
from kantu.service.deadline import Deadline
from kantu.service.errors import validation_error
from kantu.service.limits.limiter import Limiter
from kantu.service.memory import ESTIMATE_FACTOR, SHORT_ANSWER_BYTES
from kantu.service.models.registry import ModelRegistry
from kantu.service.pictures import Pictures
from kantu.service.settings import RequestSettings
from kantu.service.watch.watch import RequestWatch, Watch

_LEAST_ENGINE_SECONDS = 0.001  # what the engine is given where the time is as good as over; it takes no less than none


@dataclass(frozen=True, slots=True)
class Completion:
    """A request that the engine has taken: its deltas to come, and who words and watches them.

    Attributes:
        most_bytes: of a whole answer.
        time: the deadline's; see `Deadline.kept`.
    """

    deltas: Deltas
    writer: AnswerWriter
    watch: RequestWatch
    answers: int
    most_bytes: int
    time: anyio.CancelScope

    async def whole(self) -> WholeAnswer:
        """All of it. How long it then takes to be sent is no longer the deadline's matter but the client's.

        Raises:
            KantuError: of the engine; InvalidRequestError: `answer_too_large`.
        """
        whole = WholeAnswer(self.writer, self.answers, self.most_bytes)
        async for delta in self.deltas:
            self.writer.add(delta)
            whole.add(delta)
        self.time.deadline = math.inf
        return whole


class ChatService:
    """Answers chat completions. Used on the event loop only."""

    def __init__(
        self,
        settings: RequestSettings,
        models: ModelRegistry,
        pictures: Pictures,
        limiter: Limiter,
        admission: Admission,
        watch: Watch,
    ) -> None:
        self._settings, self._models = settings, models
        self._pictures, self._limiter, self._admission, self._watch = pictures, limiter, admission, watch

    async def complete(self, actor: Actor, body: dict[str, Any]) -> str:
        """The whole answer to one body, as JSON; its time begins now. The actor has been admitted.

        Raises:
            KantuError: whatever is wrong with the body, the actor's rights or limits, or the engine.
        """
        deadline = Deadline.after(self._settings.timeout_seconds)
        async with self.start(actor, read_body(body), deadline) as completion:
            return b"".join((await completion.whole()).pieces()).decode()

    @asynccontextmanager
    async def start(self, actor: Actor, body: ChatRequest, deadline: Deadline) -> AsyncIterator[Completion]:
        """Read the pictures, reserve the tokens, and hand the request to the engine; leaving the block ends it.

        Raises:
            DeadlineExceededError: `deadline_exceeded`, out of the block too, whatever is waited for there.
        """
        with self._watch.started("chat", body.model) as watch, deadline.kept() as time_left:
            async with self._started(actor, body, deadline, watch, time_left) as completion:
                yield completion

    @asynccontextmanager
    async def _started(
        self, actor: Actor, body: ChatRequest, deadline: Deadline, watch: RequestWatch, time_left: anyio.CancelScope
    ) -> AsyncIterator[Completion]:
        model = self._models.get(actor, body.model)
        sampling = read_sampling(body, self._settings)
        conversation = read_conversation(body.messages, self._settings)
        check_question(conversation)
        most = most_output_tokens(sampling, model.default_max_tokens)
        most_bytes = most_answer_bytes(sampling, most)
        if most_bytes > self._settings.max_answer_bytes:
            raise error("answer_too_large", most_bytes=self._settings.max_answer_bytes)
        max_pixels = None if body.mm_processor_kwargs is None else body.mm_processor_kwargs.max_pixels
        async with (
            self._admission.request(actor),
            self._admission.answer(actor, most_bytes),
            self._pictures.open(actor, conversation.images, model.image_config, max_pixels) as opened,
        ):
            visual_tokens = opened.visual_tokens
            # Before anything is decoded: whoever is over a limit costs nothing.
            reservation = await self._limiter.reserve(actor, visual_tokens=visual_tokens, output_tokens=most)
            writer = AnswerWriter(
                f"chatcmpl-{secrets.token_hex(12)}",
                int(time.time()),
                model.name,
                sampling.n,
                logprobs=bool(body.logprobs),
                warnings=opened.warnings,
            )
            try:
                async with self._pictures.read(actor, opened) as read:
                    watch.pictures(read.images, visual_tokens, read.seconds)
                    request = Request(
                        conversation.turns,
                        read.images,
                        sampling,
                        preprocess_seconds=read.seconds,
                        tenant=actor.cache_salt(body.cache_salt),
                        line=actor.tenant,
                        timeout_seconds=max(deadline.left_seconds, _LEAST_ENGINE_SECONDS),
                    )
                    async with Deltas(model.engine, request) as deltas:
                        held_bytes = ESTIMATE_FACTOR * max(most_bytes, SHORT_ANSWER_BYTES)
                        yield Completion(deltas, writer, watch, sampling.n, held_bytes, time_left)
                    if writer.timings is not None:
                        watch.finished(writer.usage, writer.timings, writer.finish_reasons)
            except ImageError:
                raise  # it costs what it would have: decoding has been work, whatever became of it
            except BaseException as failure:
                failed = isinstance(failure, KantuError) or deadline.left_seconds <= 0
                if failed and not writer.generated_tokens:  # never begun costs nothing; what a client leaves does
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
