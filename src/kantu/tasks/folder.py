"""The tasks that there are: those that come with Kantu, and those of a user's folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from kantu.errors import InvalidRequestError, error, listed
from kantu.tasks.builtin import TASKS
from kantu.tasks.checks.forms import FORMS
from kantu.tasks.own import Form, read_task
from kantu.tasks.task import Task

SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True)
class Tasks:
    """Tasks, and what kept others from being among them.

    Attributes:
        by_name: all that can be used.
        own: names of those that are not built in.
        faults: one for each file that is not a task.
    """

    by_name: Mapping[str, Task]
    own: tuple[str, ...]
    faults: tuple[InvalidRequestError, ...]


def load_task(path: str | Path) -> Task:
    """A user's own task, of a YAML file (docs/tasks.md).

    Raises InvalidRequestError (`task_invalid`), which names the line and the key at fault.
    """
    return read_task(Path(path), FORMS)


def load_tasks(folder: Path, forms: Mapping[str, Form]) -> Tasks:
    """Built-in tasks and those of the folder's files `*.yaml` and `*.yml`, if there is such a folder.

    Args:
        forms: what `validators` may name.
    """
    by_name = dict(TASKS)
    files: dict[str, Path] = {}
    faults: list[InvalidRequestError] = []
    for path in sorted(each for each in folder.glob("[!.]*") if each.suffix in SUFFIXES and each.is_file()):
        try:
            task = read_task(path, forms)
            if task.name in files:
                owner = files[task.name].name
                raise error("task_invalid.name_taken", file=path.name, line=1, name=task.name, owner=owner)
        except InvalidRequestError as fault:
            faults.append(fault)
        else:
            by_name[task.name], files[task.name] = task, path
    return Tasks(MappingProxyType(by_name), tuple(files), tuple(faults))


def find_task(
    name: str, folder: Path, forms: Mapping[str, Form], tell: Callable[[InvalidRequestError], None] = lambda fault: None
) -> Task:
    """The task of a file (.yaml or .yml), or the one of this name, written with _ or -: built in, or of the folder's.

    Args:
        tell: hears of every file of the folder that is not a task: it may be the one that is meant.

    Raises:
        NotFoundError: `task_not_found`.
        InvalidRequestError: `task_invalid`: the file, or the folder's file of this name, is not a task.
    """
    if name.endswith(SUFFIXES):
        return read_task(Path(name), forms)
    tasks = load_tasks(folder, forms)
    found = tasks.by_name.get(name.replace("-", "_"))
    for fault in tasks.faults:
        if found is None and fault.param in {f"{name}{suffix}" for suffix in SUFFIXES}:
            raise fault
        tell(fault)
    if found is None:
        raise error("task_not_found.named", name=name, names=listed(tasks.by_name))
    return found
