"""The tasks that commands take by name: those that come with Kantu, and those of KANTU_HOME/tasks.

What is wrong with a file there is said on standard error, and keeps none of the others away.
"""

from __future__ import annotations

import typer

from kantu import hub
from kantu.errors import InvalidRequestError
from kantu.tasks.checks.forms import FORMS
from kantu.tasks.folder import Tasks, find_task, load_tasks
from kantu.tasks.task import Task


def all_tasks() -> Tasks:
    """Built-in tasks and those of the folder."""
    tasks = load_tasks(hub.home() / "tasks", FORMS)
    for fault in tasks.faults:
        _tell(fault)
    return tasks


def task_named(name: str) -> Task:
    """The task of a file, or of this name; errors are those of `find_task`."""
    return find_task(name, hub.home() / "tasks", FORMS, _tell)


def _tell(fault: InvalidRequestError) -> None:
    typer.secho(f"注意：{fault.message} [{fault.code}]", fg="yellow", err=True)
