"""A chat completion from body to answer, for HTTP and for batches alike."""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any, TypeVar

import anyio
from pydantic import BaseModel, ValidationError

from kantu.aigc import ContentLabel, LabelPolicy
from kantu.aigc.label import CHAT
from kantu.engine.request import Delta, Request
from kantu.errors import KantuError, error
from kantu.processing.conversation import Turn, check_question
from kantu.service.actor import Actor
from kantu.service.admission import Admission
from kantu.service.chat.answer import Answer
from kantu.service.chat.deltas import Deltas
from kantu.service.chat.sending import Parts
from kantu.service.chat.translate import (
    most_answer_bytes,
    most_output_tokens,
    read_conversation,
    read_sampling,
)
from kantu.service.chat.wording import Wording, Writer
from kantu.service.deadline import Deadline
from kantu.service.errors import validation_error
from kantu.service.memory import ESTIMATE_FACTOR, SHORT_ANSWER_BYTES
from kantu.service.metered import MeteredPictures
from kantu.service.models.registry import ModelRegistry
from kantu.service.retention.record import Exchange
from kantu.service.retention.service import HistoryService
from kantu.service.settings import RequestSettings
from kantu.service.watch.watch import RequestWatch, Watch

Body = TypeVar("Body", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Completion:
    """A request that the engine has taken: its deltas to come, each counted before it is given out, and who words them.

    Attributes:
        time: the deadline's; see `Deadline.kept`.
        texts: collects the answers where they are kept; None where they are not.
    """

    answer: Answer
    writer: Writer
    deltas: Deltas
    time: anyio.CancelScope
    texts: tuple[list[str], ...] | None = None

    async def __aiter__(self) -> AsyncIterator[Delta]:
        """What is left. Errors of the engine are raised."""
        async for delta in self.deltas:
            self.answer.add(delta)
            if self.texts is not None:
                self.texts[delta.index].append(delta.text)
            yield delta

    async def whole(self) -> Parts:
        """All of it, as JSON. How long it then takes to be sent is no longer the deadline's matter but the client's.

        Raises:
            KantuError: of the engine; InvalidRequestError: `answer_too_large`.
        """
        async for delta in self:
            self.writer.add(delta)
        self.time.deadline = math.inf
        return self.writer.whole()


class ChatService:
    """Answers questions, however they and their answers are worded. Used on the event loop only."""

    def __init__(
        self,
        settings: RequestSettings,
        models: ModelRegistry,
        pictures: MeteredPictures,
        admission: Admission,
        watch: Watch,
        labels: LabelPolicy,
        history: HistoryService,
    ) -> None:
        self._settings, self._models = settings, models
        self._pictures, self._admission, self._watch = pictures, admission, watch
        self._labels, self._history = labels, history

    def label(self, answer_id: str) -> ContentLabel | None:
        """The label of an answer, which can be told before there is any of it."""
        return self._labels.label(CHAT, answer_id)

    async def complete(self, actor: Actor, wording: Wording) -> str:
        """The whole answer, as JSON; its time begins now. The actor has been admitted.

        Raises:
            KantuError: whatever is wrong with the request, the actor's rights or limits, or the engine.
        """
        deadline = Deadline.after(self._settings.timeout_seconds)
        async with self.start(actor, wording, deadline, new_answer_id()) as completion:
            return b"".join(await completion.whole()).decode()

    @asynccontextmanager
    async def start(
        self, actor: Actor, wording: Wording, deadline: Deadline, answer_id: str
    ) -> AsyncIterator[Completion]:
        """Read the pictures, reserve the tokens, and hand the request to the engine; leaving the block ends it.

        Args:
            answer_id: see `new_answer_id`.

        Raises:
            DeadlineExceededError: `deadline_exceeded`, out of the block too, whatever is waited for there.
        """
        with self._watch.started(wording.endpoint, wording.request.model) as watch, deadline.kept() as time_left:
            try:
                async with self._started(actor, wording, deadline, answer_id, watch, time_left) as completion:
                    yield completion
            except KantuError as failure:
                wording.as_sent(failure)
                raise

    @asynccontextmanager
    async def _started(
        self,
        actor: Actor,
        wording: Wording,
        deadline: Deadline,
        answer_id: str,
        watch: RequestWatch,
        time_left: anyio.CancelScope,
    ) -> AsyncIterator[Completion]:
        body = wording.request
        model = self._models.get(actor, body.model)
        sampling = read_sampling(body, self._settings)
        conversation = read_conversation(body.messages, self._settings)
        check_question(conversation)
        most = most_output_tokens(sampling, model.default_max_tokens)
        most_bytes = most_answer_bytes(sampling, most)
        if most_bytes > self._settings.max_answer_bytes:
            raise error("answer_too_large", most_bytes=self._settings.max_answer_bytes)
        max_pixels = None if body.mm_processor_kwargs is None else body.mm_processor_kwargs.max_pixels
        held_bytes = ESTIMATE_FACTOR * max(most_bytes, SHORT_ANSWER_BYTES)
        async with self._admission.request(actor), self._admission.answer(actor, most_bytes):
            answer = Answer(
                answer_id, int(time.time()), model.name, sampling.n, held_bytes, label=self.label(answer_id)
            )
            texts: tuple[list[str], ...] | None = tuple([] for _ in range(sampling.n)) if self._history.keeps else None
            async with self._pictures.read(
                actor,
                conversation.images,
                model.image_config,
                max_pixels,
                task=CHAT,
                model=model.name,
                output_tokens=most,
                used=lambda: answer.generated_tokens,
                deadline=deadline,
                watch=watch,
            ) as read:
                answer.warnings = [warning.message for warning in read.warnings]
                request = Request(
                    conversation.turns,
                    read.images,
                    sampling,
                    preprocess_seconds=read.seconds,
                    tenant=actor.cache_salt(body.cache_salt),
                    line=actor.tenant,
                    timeout_seconds=deadline.engine_seconds,
                )
                async with Deltas(model.engine, request) as deltas:
                    yield Completion(answer, wording.writer(answer), deltas, time_left, texts)
                if answer.timings is not None:
                    watch.finished(answer.usage, answer.timings, answer.finish_reasons)
                if texts is not None and len(answer.finish_reasons) == sampling.n:
                    time_left.deadline = math.inf  # it has been answered
                    answers = ["".join(pieces) for pieces in texts]
                    exchange = Exchange(CHAT, model.name, _told(conversation.turns), answers, read.files)
                    await self._history.keep(actor, exchange)


def new_answer_id() -> str:
    """Unique to an answer; an API puts its own prefix before it."""
    return secrets.token_hex(12)


def _told(turns: Sequence[Turn]) -> list[dict[str, Any]]:
    """A conversation as it is kept."""
    numbers = count()

    def part(told: str | None) -> dict[str, Any]:
        return {"picture": next(numbers)} if told is None else {"text": told}

    return [
        {"role": turn.role, "content": turn.content if isinstance(turn.content, str) else [*map(part, turn.content)]}
        for turn in turns
    ]


def read_body(kind: type[Body], body: dict[str, Any]) -> Body:
    """The body, checked.

    Raises:
        InvalidRequestError: `unknown_parameter`, `missing_parameter`, `invalid_parameter`.
    """
    failure: ValidationError
    try:
        return kind.model_validate(body)
    except ValidationError as error:
        failure = error
    raise validation_error(failure, body)
