"""Asks a contender the questions of a suite, several at once, and judges its answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kantu.concurrency import in_parallel, patiently
from kantu.contenders.contender import AskOptions, Contender, Reply, TaskRunner
from kantu.errors import ImageError, InvalidRequestError, KantuError, PromptTooLongError
from kantu.evaluation.injection.trial import right_share
from kantu.evaluation.items import Item
from kantu.evaluation.measures import measures
from kantu.evaluation.results import Answer, Told
from kantu.evaluation.typed import placed, told_by
from kantu.tasks.builtin import READ
from kantu.tasks.right_fields import right_fields

_PROSE_TOKENS = 300
_TYPED_TOKENS = 1_024  # of JSON, and of a page that is read
_NO_REPLY = Reply("", 0.0, 0.0)


def measure(
    contender: Contender, items: Sequence[Item], *, parallel: int = 1, max_pixels: int | None = None
) -> Iterator[Answer]:
    """Ask every question, `parallel` at once, and judge every answer, in the order in which they come.

    Tasks that are to be run are run by who can; others are asked their instruction, under their schema. A question that
    cannot be asked (its picture is refused, it is too long) has no answer and counts as wrong.

    Raises KantuError where the fault is not the question's: the answers so far have been handed out.
    """
    for item, (reply, error) in in_parallel(lambda item: _ask(contender, item, max_pixels), items, parallel):
        yield judge(item, reply, error)


def judge(item: Item, reply: Reply, error: str = "") -> Answer:
    """What a reply is worth; one that is an error is worth nothing."""
    return _judge(item, reply, error, None if reply.result is None else told_by(reply.result, item.pictures))


def _judge(item: Item, reply: Reply, error: str, told: Told | None) -> Answer:
    rights = None if item.given is None else dict(right_fields(item.task, item.truth, reply.text))
    return Answer(
        key=item.key,
        pictures=tuple(picture.name for picture in item.pictures),
        family=item.family,
        kind=item.kind,
        origin=item.origin,
        task=item.task.name,
        question=item.question,
        truth=item.truth.answer,
        values=item.truth.values,
        absent=item.truth.absent,
        forbidden=item.truth.forbidden,
        answer=reply.text,
        score=0.0 if error else _score(item, reply.text),
        measures=measures(item, reply.text),
        probability=reply.probability,
        ttft_seconds=reply.ttft_seconds,
        total_seconds=reply.total_seconds,
        completion_tokens=reply.completion_tokens,
        visual_tokens=reply.visual_tokens,
        error=error,
        told=told,
        rights=rights,
        placed={} if rights is None else placed(item, reply.text, rights, told),
    )


def _score(item: Item, answered: str) -> float:
    if item.trial is not None:
        return right_share(item.task, item.truth, item.trial.aim, answered)
    return item.task.score(item.truth, answered)


def judge_again(item: Item, answer: Answer) -> Answer:
    """A kept answer by the judges of today."""
    reply = Reply(
        answer.answer,
        answer.ttft_seconds,
        answer.total_seconds,
        answer.completion_tokens,
        answer.visual_tokens,
        answer.probability,
    )
    return _judge(item, reply, answer.error, answer.told)


def _ask(contender: Contender, item: Item, max_pixels: int | None) -> tuple[Reply, str]:
    """The reply, or why there is none."""
    is_long = item.task.result is not None or item.task.name == READ.name
    options = AskOptions(
        max_tokens=_TYPED_TOKENS if is_long else _PROSE_TOKENS,
        temperature=0.0,
        max_pixels=max_pixels,
        task_pixels=item.task.max_pixels,
        schema=item.task.schema(),
        choices=item.choices,
        history=item.history,
        probability=True,
    )
    pictures = [picture.source for picture in item.pictures]

    def reply() -> Reply:
        if item.given is not None and isinstance(contender, TaskRunner):
            return contender.run(item.task, pictures, item.given, max_pixels=max_pixels)
        return contender.ask(pictures, item.question, options)

    try:
        return patiently(reply), ""
    except KantuError as error:
        if not is_of_the_question(error):
            raise
        return _NO_REPLY, error.code


def is_of_the_question(error: KantuError) -> bool:
    """Whether the question is at fault, and others can still be asked."""
    if isinstance(error, ImageError | PromptTooLongError):
        return True
    return isinstance(error, InvalidRequestError) and error.code == "upstream_refused"
