"""Questions about pictures with known truth, and how a folder's truth.jsonl states them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kantu.contenders.contender import Said
from kantu.errors import error
from kantu.evaluation.injection.trial import Trial
from kantu.tasks.builtin import TASKS
from kantu.tasks.task import Task
from kantu.tasks.truth import Truth

TRUTH = "truth.jsonl"
_DIGEST_CHARACTERS = 16

Box = tuple[float, float, float, float]
"""x1, y1, x2, y2 in thousandths of the picture's width and height."""


@dataclass(frozen=True)
class Picture:
    """A picture by its name in the suite: a file, or the bytes of one. `digest` is known for drawn ones, else found."""

    name: str
    source: Path | bytes
    known_digest: str = ""

    @cached_property
    def digest(self) -> str:
        """Of the pixels where they were drawn, else of the file."""
        return self.known_digest or hashlib.sha256(self.read()).hexdigest()

    def read(self) -> bytes:
        """The file.

        Raises InvalidRequestError (`picture_missing`) when it is not there.
        """
        if isinstance(self.source, bytes):
            return self.source
        try:
            return self.source.read_bytes()
        except OSError:
            raise error("picture_missing", source=self.source, param=self.name) from None


@dataclass(frozen=True)
class Item:
    """One question about any number of pictures.

    Attributes:
        family: what the pictures show.
        kind: what is asked, so that accuracy can be told by kind.
        origin: where the pictures come from ("held_out", "browser", ...): a column of the table.
        choices: what may be answered, where the question is a multiple choice.
        history: turns before the question.
        given: where the task is to be run, not merely asked, the variables of its instruction.
        places: where values of the true record stand in the first picture, as far as that is known.
        trial: of a question that is one of three, see `Trial`.
    """

    pictures: tuple[Picture, ...]
    task: Task
    kind: str
    question: str
    truth: Truth
    family: str = ""
    origin: str = ""
    choices: tuple[str, ...] | None = None
    history: tuple[Said, ...] = ()
    given: Mapping[str, str] | None = None
    places: Mapping[str, tuple[Box, ...]] = field(default_factory=lambda: MappingProxyType({}))
    trial: Trial | None = None

    @cached_property
    def key(self) -> str:
        """Equal for equal pictures, question and truth, in every run and on every machine."""
        told = (
            *(picture.digest for picture in self.pictures),
            *(f"{said.role}:{said.text}" for said in self.history),
            *(self.task.name, self.kind, self.question, self.truth.answer, *self.truth.values, str(self.truth.absent)),
        )
        digest = hashlib.sha256(json.dumps(told, ensure_ascii=False).encode("utf-8", "replace")).hexdigest()
        first = self.pictures[0].name if self.pictures else "-"
        return f"{self.origin}/{first}#{digest[:_DIGEST_CHARACTERS]}"


def read_folder(
    folder: Path, *, family: str = "", origin: str = "", tasks: Mapping[str, Task] = TASKS, file: str = TRUTH
) -> tuple[Item, ...]:
    """The questions of a folder's truth.jsonl, or of another file of that form.

    A line is a picture: its `file` name, its `family` where the folder has several, and `questions`, each with `kind`,
    `question`, `answer`, and where they are not the usual ones `values` (none), `absent` (false), `forbidden` (none),
    `task` (ask), `places` (the boxes of values, none) and `pictures` (all files that the question is about, instead of
    `file`).

    Raises InvalidRequestError when the folder has no truth.jsonl, or a line of it is not as described.
    """
    path = folder / file
    if not path.exists():
        raise error("truth_missing", folder=folder)
    items: list[Item] = []
    for number, line in enumerate(path.read_text("utf-8").removesuffix("\n").split("\n"), 1):
        try:
            items += _items(folder, json.loads(line), family or folder.name, origin or folder.name, tasks)
        except (ValueError, LookupError, TypeError, AttributeError) as failure:
            raise error("truth_invalid", path=path, number=number) from failure
    return tuple(items)


def _items(
    folder: Path, page: Mapping[str, Any], family: str, origin: str, tasks: Mapping[str, Task]
) -> Iterator[Item]:
    for asked in page["questions"]:
        files = asked.get("pictures") or [page["file"]]
        truth = Truth(
            asked["answer"],
            tuple(asked.get("values", ())),
            asked.get("absent", False),
            tuple(asked.get("forbidden", ())),
        )
        yield Item(
            tuple(Picture(name, folder / name) for name in files),
            tasks[asked.get("task", "ask")],
            asked["kind"],
            asked["question"],
            truth,
            family=page.get("family", family),
            origin=origin,
            places={value: tuple(map(_box, boxes)) for value, boxes in asked.get("places", {}).items()},
        )


def _box(numbers: Any) -> Box:
    left, top, right, bottom = map(float, numbers)
    return left, top, right, bottom
