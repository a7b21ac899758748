"""Gets a task's record from the model: the first field by scoring its values, the rest under the schema."""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace

from kantu.engine.request import FinishReason, Look, Scores, Usage
from kantu.errors import error
from kantu.solve.asks import Ask, Choose, Generate, Generated, Reply
from kantu.solve.fields import Node, looks, nodes, probabilities
from kantu.solve.schema import Choice, first_choice, narrowed
from kantu.tasks.task import Task

PROSE_TOKENS = 512
RECORD_TOKENS = 1_024


@dataclass(frozen=True)
class Draft:
    """What the model has answered.

    Attributes:
        nodes: of the record's JSON; one without a path for prose.
        raw: the model's own probability of each node's value, by path; empty where its server tells none.
        end: "stop" where it is complete, see `Generated`.
        usages: of each request, the first one with the pictures in full.
        looks: where the model looked while it wrote each text of the record, by path; empty where it does not tell.
    """

    text: str
    nodes: tuple[Node, ...]
    raw: Mapping[str, float]
    end: FinishReason
    usages: tuple[Usage, ...]
    looks: Mapping[str, tuple[Look | None, ...]] = field(default_factory=dict)


def most_answer_tokens(task: Task) -> int:
    """A record may be written twice."""
    return PROSE_TOKENS if task.result is None else 2 * RECORD_TOKENS


def answer(task: Task, prompt: str) -> Generator[tuple[Ask, ...], tuple[Reply, ...], Draft]:
    """The answer to a task's prompt.

    The values of a leading choice (a verdict, a status) are asked for in the same step and scored when the record is
    written: the prompt is in the engine's cache by then. The record seldom begins with another value than the most
    probable one; then it is written again with that value.
    """
    schema = task.schema()
    choice = None if schema is None else first_choice(schema)
    ask = Generate(prompt, PROSE_TOKENS if schema is None else RECORD_TOKENS, schema)
    if schema is None or choice is None:
        (said,) = yield (ask,)
        assert isinstance(said, Generated)
        return _draft(said, (said.usage,), is_json=schema is not None)
    said, scores = yield (ask, Choose(prompt, choice.beginnings))
    assert isinstance(said, Generated)
    assert isinstance(scores, Scores)
    usages = [said.usage, scores.usage]
    best = choice.values[scores.best]
    draft = _draft(said, usages, is_json=True)
    if _value(draft, choice) != best:
        (said,) = yield (Generate(prompt, RECORD_TOKENS, narrowed(schema, choice.name, best)),)
        assert isinstance(said, Generated)
        draft = _draft(said, (*usages, said.usage), is_json=True)
    if scores.probabilities is None:
        return draft
    return _with_probability(draft, choice, scores.probabilities[scores.best])


def _draft(said: Generated, usages: tuple[Usage, ...] | list[Usage], *, is_json: bool) -> Draft:
    if not is_json:
        chosen = [token.logprob for token in said.logprobs]
        sure = {"": math.exp(sum(chosen) / len(chosen))} if chosen else {}  # of a token, as prose has any length
        return Draft(said.text, (Node("", said.text, 0, len(said.text)),), sure, said.end, tuple(usages))
    try:
        found = nodes(said.text)
    except ValueError:
        raise error("task_answer_invalid") from None
    raw = probabilities(found, said.text, said.logprobs) if said.logprobs else {}
    return Draft(said.text, found, raw, said.end, tuple(usages), looks(found, said.text, said.logprobs))


def _value(draft: Draft, choice: Choice) -> object:
    return next((node.value for node in draft.nodes if node.path == choice.name), None)


def _with_probability(draft: Draft, choice: Choice, probability: float) -> Draft:
    """The draft with the scored probability of its first field, among the values that it may have."""
    return replace(draft, raw={**draft.raw, choice.name: probability})
