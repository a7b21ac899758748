"""A task from body to result, for HTTP and for batches alike."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

from anyio import to_thread

from kantu.aigc import LabelPolicy
from kantu.engine.request import Request, Timings, Usage
from kantu.errors import blaming_within, error, listed
from kantu.processing.conversation import ImageReference
from kantu.processing.image import CleanImage
from kantu.service import scoring
from kantu.service.actor import Actor
from kantu.service.admission import Admission
from kantu.service.chat.deltas import Deltas
from kantu.service.chat.service import read_body
from kantu.service.deadline import Deadline
from kantu.service.files.record import FILE_IDS
from kantu.service.http.work_response import Work
from kantu.service.label.header import label_headers
from kantu.service.metered import MeteredPictures
from kantu.service.models.registry import ModelRegistry
from kantu.service.models.served import ServedModel
from kantu.service.printed_lines.lines import LINES_BYTES, PrintedLines
from kantu.service.retention.record import Exchange
from kantu.service.retention.service import HistoryService
from kantu.service.settings import RequestSettings
from kantu.service.tasks.catalogue import TaskCatalogue
from kantu.service.tasks.schemas import TaskAnswer, TaskRequest
from kantu.service.watch.watch import RequestWatch, Watch
from kantu.solve.asks import Ask, Choose, Generate, ReadLines, Reply
from kantu.solve.drive import advance, chunks
from kantu.solve.requests import generated, request_of
from kantu.solve.result import Notice, TaskResult
from kantu.solve.run import Steps, Wish, most_output_tokens, solve
from kantu.tasks.extract import typed
from kantu.tasks.task import Task

_RESULT_BYTES = 2**18  # of a result's JSON: some 150 bytes for each of the fields that the longest record can have


@dataclass(slots=True)
class _Run:
    """A task under way, and what it has used of the model."""

    actor: Actor
    model: ServedModel
    images: Sequence[CleanImage]
    deadline: Deadline
    generated_tokens: int = 0

    def request(self, ask: Generate | Choose) -> Request:
        return request_of(
            ask,
            self.images,
            tenant=self.actor.cache_salt(None),
            line=self.actor.tenant,
            timeout_seconds=self.deadline.engine_seconds,
        )


class TaskService:
    """Runs tasks. Used on the event loop only.

    Args:
        catalogue: the tasks.
        labels: which results have which label.
        history: where results are kept, if they are.
        printed_lines: who reads printed lines, to check values and to place boxes; None leaves that out.
    """

    def __init__(
        self,
        settings: RequestSettings,
        models: ModelRegistry,
        pictures: MeteredPictures,
        admission: Admission,
        watch: Watch,
        catalogue: TaskCatalogue,
        labels: LabelPolicy,
        history: HistoryService,
        *,
        printed_lines: PrintedLines | None = None,
    ) -> None:
        self._settings, self._models = settings, models
        self._pictures, self._admission, self._watch = pictures, admission, watch
        self._printed_lines = printed_lines
        self._catalogue = catalogue
        self._labels, self._history = labels, history

    @property
    def tasks(self) -> Mapping[str, Task]:
        """By name; another mapping once they have been read again."""
        return self._catalogue.by_name

    async def reload(self) -> bool:
        """Read the operator's tasks again; see `TaskCatalogue`."""
        return await self._catalogue.reload()

    def task(self, name: str) -> Task:
        """The task of this name. Raises NotFoundError (`task_not_found`)."""
        if name not in self.tasks:
            raise error("task_not_found", names=listed(self.tasks))
        return self.tasks[name]

    async def complete(self, actor: Actor, name: str, body: dict[str, Any]) -> str:
        """The whole result of one body, as JSON; its time begins now. The actor has been admitted.

        Raises:
            KantuError: whatever is wrong with the body, the actor's rights or limits, or the engine.
        """
        request = read_body(TaskRequest, body)
        work = await self.run(actor, name, request, Deadline.after(self._settings.timeout_seconds))
        return b"".join(work.pieces).decode()

    async def run(self, actor: Actor, name: str, body: TaskRequest, deadline: Deadline) -> Work:
        """The result's JSON, with its label in the headers, too. Cancelling it ends all that it has begun.

        Raises:
            KantuError: whatever is wrong with the body, the actor's rights or limits, or the engine.
        """
        result_id = secrets.token_hex(12)
        result = await self._result(actor, name, body, deadline, result_id)
        answer = TaskAnswer(id=f"task-{result_id}", created=int(time.time()), **dict(result))
        return Work([await to_thread.run_sync(lambda: answer.model_dump_json().encode())], label_headers(result.label))

    async def result(self, actor: Actor, name: str, body: TaskRequest, deadline: Deadline) -> TaskResult[Any]:
        """The result itself; as `run`."""
        return await self._result(actor, name, body, deadline, secrets.token_hex(12))

    async def _result(
        self, actor: Actor, name: str, body: TaskRequest, deadline: Deadline, result_id: str
    ) -> TaskResult[Any]:
        with blaming_within("input"):
            task, given = typed(self.task(name), body.input)
        with self._watch.started("tasks", body.model) as watch, deadline.kept():
            model = self._models.get(actor, body.model)
            self._check(task, body, given)
            held = _RESULT_BYTES + (0 if self._printed_lines is None else len(body.images) * LINES_BYTES)
            async with self._admission.request(actor), self._admission.answer(actor, held):
                return await self._run(actor, task, body, given, model, deadline, watch, result_id)

    def _check(self, task: Task, body: TaskRequest, given: Mapping[str, str]) -> None:
        limits = self._settings
        for count, most, code in (
            (len(body.images), limits.max_images, "too_many_images"),
            (sum(map(len, body.input.values())), limits.max_characters, "too_many_characters"),
        ):
            if count > most:
                raise error(code, count=count, most=most)
        with blaming_within("input"):
            task.instruct(**given)

    async def _run(
        self,
        actor: Actor,
        task: Task,
        body: TaskRequest,
        given: Mapping[str, str],
        model: ServedModel,
        deadline: Deadline,
        watch: RequestWatch,
        result_id: str,
    ) -> TaskResult[Any]:
        sources = [_reference(number, image) for number, image in enumerate(body.images)]
        wish = Wish(evidence=body.evidence, force=body.force, read_lines=self._printed_lines is not None)
        run = _Run(actor, model, (), deadline)
        async with self._pictures.read(
            actor,
            sources,
            model.image_config,
            body.max_pixels,
            task=task.name,
            model=model.name,
            output_tokens=most_output_tokens(task, len(sources), wish),
            used=lambda: run.generated_tokens,
            deadline=deadline,
            watch=watch,
            task_pixels=task.max_pixels,
            named="max_pixels",
        ) as clean:
            run.images = clean.images
            steps = solve(
                task,
                given,
                clean.images,
                model=model.name,
                calibration=model.calibration,
                wish=wish,
                warnings=(*map(Notice.of, clean.warnings), *model.calibration.warnings),
                read_seconds=clean.seconds,
                label=self._labels.label(task.name, result_id),
            )
            result = await self._drive(steps, run)
            if self._history.keeps and result.result is not None:
                await self._history.keep(actor, _exchange(task, given, result, clean.files))
        watch.finished(_usage(result), _timings(result), ["stop"])
        return result

    async def _drive(self, steps: Steps, run: _Run) -> TaskResult[Any]:
        """The result. What a task works out between its asks is done on a thread."""
        replies: tuple[Reply, ...] | None = None
        while True:
            asked = await to_thread.run_sync(partial(advance, steps, replies))
            if isinstance(asked, TaskResult):
                return asked
            found: list[Reply] = []
            for chunk in chunks(asked):
                found += await self._replies(chunk, run)
            replies = tuple(found)

    async def _replies(self, asks: Sequence[Ask], run: _Run) -> list[Reply]:
        """Answers are begun together; what is scored or read waits for its turn, and finds the prompt in the cache."""
        found: list[Reply] = []
        async with AsyncExitStack() as stack:
            under_way: list[Deltas | Choose | ReadLines] = []
            for ask in asks:
                if isinstance(ask, Generate):
                    under_way.append(await stack.enter_async_context(Deltas(run.model.engine, run.request(ask))))
                else:
                    under_way.append(ask)
            for each in under_way:
                if isinstance(each, Choose):
                    async with self._admission.score(run.actor):
                        found.append(await scoring.score(run.model.engine, run.request(each), each.choices))
                    run.generated_tokens += 1
                    continue
                if isinstance(each, ReadLines):
                    assert self._printed_lines is not None
                    pixels = run.images[each.picture].pixels
                    found.append(await self._printed_lines.read(run.actor.tenant, pixels))
                    continue
                deltas = []
                async for delta in each:
                    deltas.append(delta)
                    run.generated_tokens += len(delta.token_ids)
                found.append(generated(deltas))
        return found


def _exchange(task: Task, given: Mapping[str, str], result: TaskResult[Any], files: Sequence[bytes]) -> Exchange:
    """A result as it is kept."""
    return Exchange(task.name, result.model, dict(given), result.to_dict()["result"], files)


def _reference(number: int, image: str) -> ImageReference:
    path = f"images.{number}"
    return ImageReference(path, file_id=image) if FILE_IDS.fits(image) else ImageReference(path, url=image)


def _usage(result: TaskResult[Any]) -> Usage:
    usage = result.usage
    return Usage(usage.prompt_tokens, usage.visual_tokens, usage.completion_tokens, usage.cached_tokens)


def _timings(result: TaskResult[Any]) -> Timings:
    timings = result.timings
    return Timings(timings.read_seconds, 0.0, timings.total_seconds, 0.0, timings.total_seconds)
