"""The results of a batch on the disk: a line of JSON for each input, written as soon as it is known."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any

from kantu.batch.inputs import Row
from kantu.errors import KantuError, error, listed
from kantu.json_lines import DamagedLineError, Line, LineFile, read_line, read_lines, rewrite
from kantu.solve.result import TaskResult

_KEYS = frozenset({"key", "place", "input", "error", "result", "run"})
_BEGINNING = b'{"key": "'


@dataclass(frozen=True)
class Run:
    """What results depend on, beside their inputs. It stands in every line.

    Attributes:
        task, version: see `kantu.solve.result.TaskVersion`.
        model, weights, precision: see `kantu.vlm.Identity`.
        max_pixels: what the user asked for; None leaves it to the task.
        evidence, force: see `kantu.vlm.TaskOptions`.
        label: which label the results have (`kantu.aigc.Mode`).
        settings: what was given for the task's variables; None in files from before it was written down.
    """

    task: str
    version: str
    model: str
    weights: str
    precision: str
    max_pixels: int | None = None
    evidence: bool = True
    force: bool = False
    label: str = "off"
    settings: Mapping[str, str] | None = None


@dataclass
class ResultFile:
    """A file of results that is open for more. Use it as a context.

    Attributes:
        starts: where the line of each key begins.
        failed: keys of the lines that are errors.
        unanswered: keys of the lines that hold a better question instead of an answer.
    """

    path: Path
    run: Run
    starts: dict[str, int]
    failed: set[str]
    unanswered: set[str]
    _file: LineFile

    @classmethod
    def open(
        cls, path: Path, run: Run, keys: Collection[str], *, fresh: bool = False, retry_failed: bool = False
    ) -> ResultFile:
        """Begin a file, or go on with the one that is there.

        Errors of inputs that have changed since are dropped.

        Args:
            keys: of all inputs.
            fresh: drop what the file holds.
            retry_failed: drop the errors that it holds.

        Raises InvalidRequestError:
            `batch_results_invalid`: another kind of file, which stays as it is even where `fresh` is asked for.
            `batch_other_run`: results of another task, model or settings.
            `batch_other_inputs`: results of inputs that are gone or have changed.
            `file_in_use`.
        """
        _refuse_other_files(path)
        file = LineFile.open(path)
        try:
            held = _Held() if fresh else _held(path, run, keys, retry_failed)
            if fresh or held.dropped:
                file.close()
                rewrite(path, _values_at(path, held.starts.values()))
                file = LineFile.open(path)
                held = _held(path, run, keys, retry_failed)
        except BaseException:
            file.close()
            raise
        return cls(path, run, held.starts, held.failed, held.unanswered, file)

    def add(self, key: str, row: Row, outcome: TaskResult[Any] | KantuError) -> None:
        """One more, on the disk when this returns."""
        line = {
            "key": key,
            "place": row.place,
            "input": row.shown(),
            "error": {"code": outcome.code, "message": outcome.message} if isinstance(outcome, KantuError) else None,
            "result": None if isinstance(outcome, KantuError) else outcome.to_dict(),
            "run": asdict(self.run),
        }
        self.starts[key] = self._file.add(line)
        if isinstance(outcome, KantuError):
            self.failed.add(key)
        elif outcome.suggestion is not None:
            self.unanswered.add(key)

    def lines(self, keys: Collection[str]) -> Iterator[Mapping[str, Any]]:
        """The lines of these keys, in their order."""
        with self.path.open("rb") as file:
            for key in keys:
                if key in self.starts:
                    yield read_line(file, self.starts[key])

    def __enter__(self) -> ResultFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


@dataclass
class _Held:
    """What of a file goes on: where its lines begin, which are errors and which no answers, by key; how many lines do
    not go on."""

    starts: dict[str, int] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    unanswered: set[str] = field(default_factory=set)
    dropped: int = 0


def _held(path: Path, run: Run, keys: Collection[str], retry_failed: bool) -> _Held:
    found, gone = _Held(), list[str]()
    for start, line in _checked_lines(path):
        key, is_error = line["key"], line["error"] is not None
        if is_error and (retry_failed or key not in keys):
            found.dropped += 1
            continue
        held = Run(**line["run"])
        if held.settings is None:
            held = replace(held, settings=run.settings)
        if held != run:
            if replace(held, settings=run.settings) == run:
                raise error("batch_other_run.settings", path=path, names=listed(_changed(held, run)))
            raise error("batch_other_run", path=path, held=_told(held), now=_told(run))
        if key not in keys:
            gone.append(line["place"])
        found.starts[key] = start
        if is_error:
            found.failed.add(key)
        elif line["result"].get("suggestion") is not None:
            found.unanswered.add(key)
    if gone:
        raise error("batch_other_inputs", path=path, count=len(gone), place=gone[0])
    return found


def _changed(held: Run, now: Run) -> Iterator[str]:
    before, after = held.settings or {}, now.settings or {}
    yield from (name for name in {**before, **after} if before.get(name) != after.get(name))


def _refuse_other_files(path: Path) -> None:
    """Before anything is done to it."""
    try:
        with path.open("rb") as file:
            head = file.read(len(_BEGINNING))
    except FileNotFoundError:
        return
    except OSError:
        raise error("batch_results_invalid", path=path, number=1) from None
    if not _BEGINNING.startswith(head):
        raise error("batch_results_invalid", path=path, number=1)


def _checked_lines(path: Path) -> Iterator[Line]:
    try:
        for number, line in enumerate(read_lines(path), 1):
            if not isinstance(line.value, dict) or not line.value.keys() >= _KEYS:
                raise error("batch_results_invalid", path=path, number=number)
            yield line
    except DamagedLineError as damaged:
        raise error("batch_results_invalid", path=path, number=damaged.number) from None


def _values_at(path: Path, starts: Iterable[int]) -> Iterator[Any]:
    with path.open("rb") as file:
        for start in starts:
            yield read_line(file, start)


def _told(run: Run) -> str:
    pixels = "" if run.max_pixels is None else f"，max_pixels {run.max_pixels}"
    evidence = "" if run.evidence else "，--no-evidence"
    force = "，--force" if run.force else ""
    told = f"{run.task} {run.version}，{run.model} {run.weights[:8]} {run.precision}{pixels}{evidence}{force}"
    return f"{told}，KANTU_CONTENT_LABEL {run.label}"
