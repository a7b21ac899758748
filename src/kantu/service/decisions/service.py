"""A decision from body to answer."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from anyio import CancelScope

from kantu.engine.request import Request, Scores, Usage
from kantu.errors import error
from kantu.processing.image import CleanImage
from kantu.service import scoring
from kantu.service.actor import Actor
from kantu.service.admission import Admission
from kantu.service.deadline import Deadline
from kantu.service.decisions.answers import answer_to, most_answer_bytes, timings_of, usage_of
from kantu.service.decisions.prompts import Ask, Asks, read_asks
from kantu.service.decisions.schemas import DecisionRequest
from kantu.service.http.work_response import Work
from kantu.service.metered import MeteredPictures
from kantu.service.models.registry import ModelRegistry
from kantu.service.models.served import ServedModel
from kantu.service.settings import RequestSettings
from kantu.service.watch.watch import RequestWatch, Watch

_QUESTIONS_AT_ONCE = 4  # of one request


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request whose pictures have been read, on its way to the model that answers it."""

    actor: Actor
    model: ServedModel
    asks: Sequence[Ask]
    images: Sequence[CleanImage]
    preprocess_seconds: float
    cache_salt: str
    deadline: Deadline

    def request(self, ask: Ask) -> Request:
        return Request(
            ask.turns,
            tuple(self.images[number] for number in ask.pictures),
            preprocess_seconds=self.preprocess_seconds,
            tenant=self.cache_salt,
            line=self.actor.tenant,
            timeout_seconds=self.deadline.engine_seconds,
        )


class DecisionService:
    """Answers decisions. Used on the event loop only."""

    def __init__(
        self,
        settings: RequestSettings,
        models: ModelRegistry,
        pictures: MeteredPictures,
        admission: Admission,
        watch: Watch,
    ) -> None:
        self._settings, self._models = settings, models
        self._pictures, self._admission, self._watch = pictures, admission, watch

    async def decide(self, actor: Actor, body: DecisionRequest, deadline: Deadline) -> Work:
        """The answer's JSON. Cancelling it ends all that it has begun.

        It has no label: probabilities of the client's own choices are not generated content.

        Raises:
            KantuError: whatever is wrong with the body, the actor's rights or limits, or the engine.
        """
        with self._watch.started("decisions", body.model) as watch, deadline.kept():
            model = self._models.get(actor, body.model)
            read = read_asks(body, self._settings)
            most_bytes = most_answer_bytes(body.questions)
            if most_bytes > self._settings.max_answer_bytes:
                raise error("answer_too_large.decisions", most_bytes=self._settings.max_answer_bytes)
            async with self._admission.request(actor), self._admission.answer(actor, most_bytes):
                return Work(await self._decide(actor, body, model, read, deadline, watch))

    async def _decide(
        self,
        actor: Actor,
        body: DecisionRequest,
        model: ServedModel,
        read: Asks,
        deadline: Deadline,
        watch: RequestWatch,
    ) -> list[bytes]:
        started = time.perf_counter()
        max_pixels = None if body.mm_processor_kwargs is None else body.mm_processor_kwargs.max_pixels
        scored: list[Scores | None] = [None] * len(read.asks)
        async with self._pictures.read(
            actor,
            read.images,
            model.image_config,
            max_pixels,
            task="decisions",
            model=model.name,
            output_tokens=len(read.asks),
            used=lambda: sum(each is not None for each in scored),
            deadline=deadline,
            watch=watch,
        ) as clean:
            salt = actor.cache_salt(body.prompt_cache_key)
            await self._score_all(_Asked(actor, model, read.asks, clean.images, clean.seconds, salt, deadline), scored)
        visual_tokens = clean.visual_tokens
        found = [each for each in scored if each is not None]
        timings, usage = timings_of(found, time.perf_counter() - started), usage_of(found, visual_tokens)
        watch.finished(_engine_usage(found, visual_tokens), timings, ["stop"] * len(found))
        pieces = [b'{"answers": [']
        for question, each in zip(body.questions, found, strict=True):
            pieces += [_json(answer_to(question, each, model.calibration.confidence)), b", "]
            await asyncio.sleep(0)  # others have their turn: each may have 255 probabilities
        warnings = [warning.message for warning in clean.warnings]
        extra = {"warnings": warnings, "timings": asdict(timings)}
        rest = _json({"model": model.name, "usage": usage, "kantu": extra})
        return [*pieces[:-1], b"], ", rest.removeprefix(b"{")]

    async def _score_all(self, asked: _Asked, scored: list[Scores | None]) -> None:
        """Fill `scored`. The first question goes alone, so that the others find in the caches what they share."""
        scored[0] = await self._score(asked, asked.asks[0])
        left = iter(range(1, len(scored)))

        async def score_what_is_left() -> None:
            for number in left:
                scored[number] = await self._score(asked, asked.asks[number])

        tasks = [asyncio.create_task(score_what_is_left()) for _ in range(min(_QUESTIONS_AT_ONCE, len(scored) - 1))]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            with CancelScope(shield=True):  # what is counted below has ended
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _score(self, asked: _Asked, ask: Ask) -> Scores:
        async with self._admission.score(asked.actor):
            return await scoring.score(asked.model.engine, asked.request(ask), ask.choices)


def _engine_usage(scored: Sequence[Scores], visual_tokens: int) -> Usage:
    prompt_tokens = sum(each.usage.prompt_tokens for each in scored)
    cached_tokens = sum(each.usage.cached_tokens for each in scored)
    return Usage(prompt_tokens, visual_tokens, len(scored), cached_tokens)


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
