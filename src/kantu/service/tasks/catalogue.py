"""The tasks that are served: those that come with Kantu and those of the operator's folder."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from kantu.errors import InvalidRequestError
from kantu.service.threads import on_thread
from kantu.service.watch.logs import OperatorText
from kantu.tasks.builtin import MODERATE, moderate_with
from kantu.tasks.checks import word_list
from kantu.tasks.checks.forms import FORMS
from kantu.tasks.folder import Tasks, load_tasks
from kantu.tasks.task import Task

_log = logging.getLogger(__name__)


class TaskCatalogue:
    """What can be asked for now. At its start, a file that is no task keeps none of the others away.

    Args:
        folder: of the operator's own tasks, if there is one.
        words: the operator's list of words for `moderate`; None takes the one that comes with Kantu.

    Attributes:
        by_name: the tasks. Another mapping takes its place when they are read again.

    Raises:
        InvalidRequestError: `word_list_invalid`.
    """

    def __init__(self, folder: Path, words: Path | None = None) -> None:
        self._folder, self._words = folder, words
        self._reading = asyncio.Lock()
        tasks = read_tasks(folder, words)
        _tell(tasks.faults)
        self.by_name: Mapping[str, Task] = tasks.by_name

    async def reload(self) -> bool:
        """Read all files again, and say whether they were taken. Where one is at fault, all stays as it was, and the
        log says why."""
        async with self._reading:
            try:
                tasks = await on_thread(partial(read_tasks, self._folder, self._words))
            except InvalidRequestError as fault:  # of the words
                _tell([fault])
                return False
            if tasks.faults:
                _tell(tasks.faults)
                return False
            self.by_name = tasks.by_name
        _log.info("tasks read again")
        return True


def read_tasks(folder: Path, words: Path | None) -> Tasks:
    """The tasks of a folder and those that come with Kantu; arguments and errors are those of `TaskCatalogue`."""
    tasks = load_tasks(folder, FORMS)
    if words is None:
        return tasks
    return replace(tasks, by_name={**tasks.by_name, MODERATE.name: moderate_with(word_list.load(words))})


def _tell(faults: Sequence[InvalidRequestError]) -> None:
    for fault in faults:
        told = {"file": OperatorText(fault.param or ""), "fault": OperatorText(fault.message)}
        _log.error("a file of the operator's cannot be used", extra={"code": fault.code, **told})
