"""Asks where the values of a record stand, of models that do not tell where they look."""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kantu.engine.request import Usage
from kantu.processing.image import CleanImage
from kantu.solve import boxes
from kantu.solve.asks import Ask, Generate, Generated, Reply
from kantu.solve.fields import Node, nodes, probabilities
from kantu.solve.result import PictureBox
from kantu.tasks.builtin import LOCATE
from kantu.tasks.task import Task

MOST_BOXES = 24  # asked for in one task
BOX_TOKENS = 192  # of an answer with one box and its label
_LABEL_CHARACTERS = 60
_EVERY = "*"


@dataclass(frozen=True)
class Found:
    """Where values stand, by path, and what asking cost."""

    boxes: Mapping[str, tuple[PictureBox, ...]]
    usages: tuple[Usage, ...] = ()


def printed(task: Task, record: Sequence[Node]) -> dict[str, str]:
    """The values whose words stand in a picture, by path."""
    return {
        node.path: node.value
        for node in record
        if isinstance(node.value, str)
        and node.value.strip()
        and boxes.KEY not in node.path
        and (_EVERY in task.printed or re.split(r"[.\[]", node.path)[0] in task.printed)
    }


def locate(
    values: Mapping[str, str], pictures: Sequence[CleanImage]
) -> Generator[tuple[Ask, ...], tuple[Reply, ...], Found]:
    """Where `values` stand: each is asked for in each picture, and the most probable box is taken."""
    wanted = list(values.items())[:MOST_BOXES]
    asks = tuple(_ask(value, number) for _, value in wanted for number in range(len(pictures)))
    if not asks:
        return Found({})
    replies = yield asks
    found: dict[str, tuple[PictureBox, ...]] = {}
    usages: list[Usage] = []
    said = iter(replies)
    for path, _ in wanted:
        best, most = None, -1.0
        for number, image in enumerate(pictures):
            reply = next(said)
            assert isinstance(reply, Generated)
            usages.append(reply.usage)
            box, probability = _box(reply, image, number)
            if box is not None and probability > most:
                best, most = box, probability
        if best is not None:
            found[path] = (best,)
    return Found(found, tuple(usages))


def _ask(value: str, picture: int) -> Generate:
    return Generate(LOCATE.instruct(target=value), BOX_TOKENS, _schema(value), picture)


def _schema(value: str) -> dict[str, Any]:
    """At most one box; its label is what was asked for, which costs no step of the model."""
    thousandths = {"type": "integer", "minimum": 0, "maximum": 1000}
    box = {"type": "array", "items": thousandths, "minItems": 4, "maxItems": 4}
    found = {
        "type": "object",
        "properties": {boxes.KEY: box, "label": {"const": value[:_LABEL_CHARACTERS]}},
        "required": [boxes.KEY, "label"],
        "additionalProperties": False,
    }
    return {"type": "array", "items": found, "maxItems": 1}


def _box(reply: Generated, image: CleanImage, picture: int) -> tuple[PictureBox | None, float]:
    try:
        found = nodes(reply.text)
    except ValueError:  # no evidence
        return None, 0.0
    for path, box in boxes.in_record(found).items():
        raw = probabilities(found, reply.text, reply.logprobs)
        return boxes.in_pixels(box, image, picture), raw.get(f"{path}.{boxes.KEY}", 0.0)
    return None, 0.0
