"""One run of `kantu batch`: goes on where an earlier one ended, and loads the model only if something is left to do."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kantu import hub
from kantu.aigc import LabelPolicy
from kantu.batch.csv_inputs import CSVInputs
from kantu.batch.export import FORMATS, export, require_openpyxl
from kantu.batch.inputs import FolderInputs, Inputs, JSONLInputs, Row
from kantu.batch.results import ResultFile, Run
from kantu.batch.table import table_of
from kantu.concurrency import in_parallel, patiently
from kantu.errors import (
    DeadlineExceededError,
    InvalidRequestError,
    KantuError,
    OutOfMemoryError,
    OverloadedError,
    UpstreamError,
    error,
    listed,
)
from kantu.model.folder import ModelFolder
from kantu.solve.calibration import Calibration
from kantu.solve.result import TaskResult
from kantu.solve.run import version_of
from kantu.tasks.task import Task
from kantu.vlm import VLM, identify, load
from kantu.vlm.tasks import TaskMethods

RESULTS = ".jsonl"
"""How the file of results ends; tables stand beside it."""
_OF_THE_ROW = (InvalidRequestError, OutOfMemoryError, DeadlineExceededError, OverloadedError, UpstreamError)


@dataclass(frozen=True)
class Subject:
    """Who is asked, and how.

    Attributes:
        settings: what is given for the task's variables where a row gives nothing.
        max_pixels, evidence, force: see `kantu.vlm.TaskOptions`.
    """

    model: str | None = None
    quantize: str | None = None
    device: str | None = None
    max_pixels: int | None = None
    evidence: bool = True
    force: bool = False
    settings: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class Done:
    """What there is now.

    Attributes:
        results: the file of results.
        total: how many inputs there are.
        failed: how many of them are errors.
        unanswered: how many have a better question instead of an answer.
        skipped: files of the folder that are no pictures.
    """

    results: Path
    total: int
    failed: int
    unanswered: int
    skipped: int


@dataclass(frozen=True)
class Progress:
    """Who hears how a run goes.

    Attributes:
        found: hears how many inputs have been found so far.
        done: hears how many are done, of how many, and how many of them are errors.
    """

    found: Callable[[int], None] = lambda count: None
    done: Callable[[int, int, int], None] = lambda done, total, failed: None


def open_inputs(path: Path, *, recursive: bool = True) -> Inputs:
    """A folder, a .jsonl or a .csv file.

    Raises InvalidRequestError: `batch_input_unknown`, `batch_input_invalid`, `batch_input_unreadable`.
    """
    if path.is_dir():
        return FolderInputs(path, recursive)
    if path.is_file() and path.suffix.lower() in (".jsonl", ".ndjson"):
        return JSONLInputs(path)
    if path.is_file() and path.suffix.lower() in (".csv", ".tsv"):
        return CSVInputs(path)
    raise error("batch_input_unknown", path=path)


def run(
    task: Task,
    source: Path,
    out: Path,
    subject: Subject,
    *,
    recursive: bool = True,
    parallel: int = 1,
    fresh: bool = False,
    retry_failed: bool = False,
    progress: Progress | None = None,
    connect: Callable[[Subject], AbstractContextManager[TaskMethods]] | None = None,
) -> Done:
    """Run a task on all inputs that the results do not hold yet.

    Args:
        out: a .jsonl file; or a .csv or .xlsx file, which is written when all is done, of the .jsonl file beside it.
        fresh: begin anew.
        retry_failed: run what has failed before once more.
        connect: makes the model; by default it is loaded.

    Raises KantuError where the fault is no row's; what was done by then is kept.
    """
    progress = progress or Progress()
    inputs = open_inputs(source, recursive=recursive)
    _check_given(task, inputs, subject.settings)
    results = _results_path(source, out, fresh)
    about = describe(task, subject)
    keys: dict[str, None] = {}
    for row in inputs:
        keys[row.key(subject.settings)] = None
        progress.found(len(keys))
    if not keys:
        raise error("batch_input_empty", path=source)
    with ResultFile.open(results, about, keys, fresh=fresh, retry_failed=retry_failed) as file:
        progress.done(len(file.starts), len(keys), len(file.failed))
        if len(file.starts) < len(keys):
            with (connect or connected)(subject) as vlm:
                left = _left(inputs, subject, file)
                for (key, row), outcome in in_parallel(lambda each: _ask(vlm, task, each[1], subject), left, parallel):
                    file.add(key, row, outcome)
                    progress.done(len(file.starts), len(keys), len(file.failed))
        if out.suffix.lower() in FORMATS:
            label = LabelPolicy.from_environment().label(task.name, secrets.token_hex(12))
            export(table_of(task.schema(), lambda: file.lines(keys)), out, label)
        return Done(results, len(file.starts), len(file.failed), len(file.unanswered), inputs.skipped)


def connected(subject: Subject) -> VLM:
    """The model, loaded."""
    return load(subject.model, device=subject.device, quantize=subject.quantize)


def describe(task: Task, subject: Subject) -> Run:
    """What results depend on, without loading the model."""
    found = identify(subject.model, device=subject.device, quantize=subject.quantize)
    calibration = Calibration.from_folder(ModelFolder.open(hub.locate(subject.model)))
    version = version_of(task, calibration).version
    return Run(
        task.name,
        version,
        found.name,
        found.weights,
        found.precision,
        subject.max_pixels,
        subject.evidence,
        subject.force,
        LabelPolicy.from_environment().mode_of(task.name),
        dict(subject.settings),
    )


def _left(inputs: Inputs, subject: Subject, file: ResultFile) -> Iterator[tuple[str, Row]]:
    """What is not done, read when it is needed."""
    for row in inputs:
        key = row.key(subject.settings)
        if key not in file.starts:
            yield key, row


def _ask(vlm: TaskMethods, task: Task, row: Row, subject: Subject) -> TaskResult[Any] | KantuError:
    """The result, or what is wrong with the row."""
    try:
        if row.fault is not None:
            raise row.fault
        given = {**subject.settings, **_given(task, row)}
        return patiently(
            lambda: vlm.run(
                task,
                list(row.images),
                given,
                evidence=subject.evidence,
                force=subject.force,
                max_pixels=subject.max_pixels,
            )
        )
    except _OF_THE_ROW as failure:
        return failure


def _given(task: Task, row: Row) -> dict[str, str]:
    """What the row says for the task's variables. An empty cell says nothing."""
    found = {}
    for name in task.variables:
        value = row.columns.get(name)
        if isinstance(value, bool | list | dict):
            raise error("batch_row_invalid.variable", name=name)
        if value is not None and value != "":
            found[name] = str(value)
    return found


def _check_given(task: Task, inputs: Inputs, settings: Mapping[str, str]) -> None:
    """Before anything is run: settings are the task's, and variables without a default are given somewhere."""
    unknown = [name for name in settings if name not in task.variables]
    if unknown:
        raise error("batch_variable_unknown", name=unknown[0], known=listed(task.variables or ("—",)))
    if inputs.columns is None:
        return
    known = {*task.defaults, *settings, *inputs.columns}
    missing = [name for name in task.variables if name not in known]
    if missing:
        raise error("batch_variables_missing", names=listed(missing), first=missing[0])


def _results_path(source: Path, out: Path, fresh: bool) -> Path:
    """The file of results that belongs to `out`."""
    if out.suffix.lower() not in (RESULTS, *FORMATS):
        raise error("batch_output_unknown", path=out)
    if out.suffix.lower() == ".xlsx":
        require_openpyxl()  # now, not after hours of work
    results = out.with_suffix(RESULTS)
    if any(each.exists() and source.exists() and each.samefile(source) for each in (out, results)):
        raise error("batch_output_is_input", path=source)
    if out != results and out.exists() and not results.exists() and not fresh:
        raise error("batch_output_exists", path=out)
    return results
