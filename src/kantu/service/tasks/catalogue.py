"""The tasks that are served: those that come with Kantu and those of the operator's folder."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from kantu.tasks.builtin import MODERATE, moderate_with
from kantu.tasks.checks import word_list
from kantu.tasks.checks.forms import FORMS
from kantu.tasks.folder import load_tasks
from kantu.tasks.task import Task

_log = logging.getLogger(__name__)


def served_tasks(folder: Path, words: Path | None) -> Mapping[str, Task]:
    """By name. A file that is no task is told in the log, and keeps none of the others away.

    Args:
        words: the operator's list of words for `moderate`; None takes the one that comes with Kantu.

    Raises:
        InvalidRequestError: `word_list_invalid`.
    """
    tasks = load_tasks(folder, FORMS)
    for fault in tasks.faults:
        _log.error("task file: %s", fault.message, extra={"code": fault.code})
    if words is None:
        return tasks.by_name
    return {**tasks.by_name, MODERATE.name: moderate_with(word_list.load(words))}
