"""Questions about pictures with known truth, read from a folder's truth.jsonl."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kantu.errors import InvalidRequestError
from kantu.tasks.builtin import TASKS
from kantu.tasks.task import Task
from kantu.tasks.truth import Truth


@dataclass(frozen=True)
class Item:
    """One question about one picture. `kind` says what is asked, so that accuracy can be told by kind."""

    picture: Path
    task: Task
    kind: str
    question: str
    truth: Truth


def read_items(
    folder: Path, kinds: Sequence[str] | None = None, *, tasks: Mapping[str, Task] = TASKS
) -> tuple[Item, ...]:
    """The questions of a folder's truth.jsonl, those of `kinds` if given.

    A line is a page: its picture's `file` name and `questions`, each with `kind`, `question`, `answer`, and where they
    are not the usual ones `values` (none), `absent` (false), `forbidden` (none) and `task` (ask).

    Raises InvalidRequestError when the folder has no truth.jsonl, or a line of it is not as described.
    """
    path = folder / "truth.jsonl"
    if not path.exists():
        raise InvalidRequestError(
            "truth_missing", f"目录里没有 truth.jsonl：{folder}", f"no truth.jsonl in {folder}", param=str(folder)
        )
    items: list[Item] = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        try:
            items += _items(folder, json.loads(line), tasks)
        except (ValueError, LookupError, TypeError) as error:
            raise InvalidRequestError(
                "truth_invalid",
                f"{path} 第 {number} 行不是一页的标准答案，或用了未知的任务。",
                f"Line {number} of {path} is not the truth of a page, or names an unknown task.",
                param=str(path),
            ) from error
    return tuple(item for item in items if kinds is None or item.kind in kinds)


def _items(folder: Path, page: Mapping[str, Any], tasks: Mapping[str, Task]) -> Iterator[Item]:
    for asked in page["questions"]:
        truth = Truth(
            asked["answer"],
            tuple(asked.get("values", ())),
            asked.get("absent", False),
            tuple(asked.get("forbidden", ())),
        )
        task = tasks[asked.get("task", "ask")]
        yield Item(folder / page["file"], task, asked["kind"], asked["question"], truth)
