"""What a run found, and the file that holds it: JSON lines that a killed run leaves whole.

The first line says what was asked of whom (`Run`), every other one is an `Answer` or a `Session`. Opening the file
again for the same run goes on where it ended.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any

from kantu.errors import error
from kantu.evaluation.items import Box
from kantu.json_lines import DamagedLineError, LineFile, read_lines, rewrite

FORMAT = 1


@dataclass(frozen=True)
class Run:
    """What was asked of whom.

    Attributes:
        weights: SHA-256 of the weights, "" where a server does not tell.
        precision: "bfloat16", "float32", "int8", "int4", or "server".
        max_pixels: what the user asked for; None leaves it to the tasks and the folder.
    """

    suite: str
    suite_version: str
    model: str
    weights: str
    precision: str
    max_pixels: int | None = None


@dataclass(frozen=True)
class Session:
    """One stretch of work on a run: a run that was interrupted has several.

    Attributes:
        started_at: ISO 8601, UTC.
        commit: of the checkout, with "+" where files differ from it; "" where there is none.
        machine: cpu, cores, device, torch.
    """

    started_at: str
    seconds: float
    answered: int
    parallel: int
    version: str
    commit: str
    machine: Mapping[str, str | int]


@dataclass(frozen=True)
class Told:
    """What was said of a record beside it, where a task was run.

    Attributes:
        confidence: of the whole record; None where no probabilities are told.
        fields: the confidence of each field that has one, by path.
        boxes: where fields are said to stand, by path, in thousandths of the first picture.
        review: whether a person should look.
    """

    confidence: float | None
    fields: Mapping[str, float]
    boxes: Mapping[str, tuple[Box, ...]]
    review: bool


@dataclass(frozen=True)
class Answer:
    """A question, what was answered, and how right that was.

    Attributes:
        key: see `Item.key`.
        pictures: their names in the suite.
        origin: where the pictures come from, a column of the table.
        score: the share of it that is right, 0 to 1, by the judge of the task.
        measures: what else was measured of it, see `measures.measures`.
        error: why there is no answer (the code of the error), or "".
        told: what was said beside the record; None of who runs no tasks.
        rights: where a task was to be run, which fields are right, by path (see `right_fields`); else None.
        placed: whether the box of a field overlaps the true one by half (IoU), where there is a true one.
    """

    key: str
    pictures: tuple[str, ...]
    family: str
    kind: str
    origin: str
    task: str
    question: str
    truth: str
    values: tuple[str, ...]
    absent: bool
    forbidden: tuple[str, ...]
    answer: str
    score: float
    measures: Mapping[str, float | str]
    probability: float | None
    ttft_seconds: float
    total_seconds: float
    completion_tokens: int
    visual_tokens: int
    error: str = ""
    told: Told | None = None
    rights: Mapping[str, bool] | None = None
    placed: Mapping[str, bool] = field(default_factory=dict)

    @property
    def right(self) -> bool:
        """Whether all of the record is right, nothing missing."""
        return self.rights is not None and all(self.rights.values())

    @property
    def place(self) -> str:
        """Where its pictures are found."""
        return f"{self.origin}/{'+'.join(self.pictures)}"

    @property
    def group(self) -> tuple[str, str]:
        """Family and kind; what a task's instruction asks for is told by task."""
        return self.family, f"task:{self.task}" if self.kind == "task" else self.kind


@dataclass(frozen=True)
class Results:
    """Everything in a file."""

    run: Run
    answers: Mapping[str, Answer]
    sessions: tuple[Session, ...] = ()


@dataclass
class ResultFile:
    """A result file that is open for more. Use it as a context."""

    path: Path
    results: Results
    _file: LineFile = field(repr=False)

    @classmethod
    def open(cls, path: Path, run: Run, *, fresh: bool = False) -> ResultFile:
        """Begin a file, or go on with the one that is there, unless it is to be `fresh`.

        Raises InvalidRequestError: `results_other_run`: it holds another run; `file_in_use`.
        """
        results = Results(run, {})
        if path.exists() and not fresh:
            results = read_results(path)
            if results.run != run:
                raise error("results_other_run", path=path, held=_told(results.run), now=_told(run))
        else:
            rewrite(path, _values(results))
        return cls(path, results, LineFile.open(path))

    def replace(self, answers: Mapping[str, Answer]) -> None:
        """Write these answers instead of those with their keys, as when they are judged anew."""
        kept = {**self.results.answers, **answers}
        if kept == self.results.answers:
            return
        self.results = Results(self.results.run, kept, self.results.sessions)
        self._file.close()
        rewrite(self.path, _values(self.results))
        self._file = LineFile.open(self.path)

    def add(self, line: Answer | Session) -> None:
        """One more, on the disk when this returns."""
        self._file.add(_value(line))
        answers, sessions = dict(self.results.answers), self.results.sessions
        if isinstance(line, Answer):
            answers[line.key] = line
        else:
            sessions = (*sessions, line)
        self.results = Results(self.results.run, answers, sessions)

    def __enter__(self) -> ResultFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def read_results(path: Path) -> Results:
    """What a file holds; half a line at its end, of a run that was killed, is left out.

    Raises InvalidRequestError (`results_invalid`) when it is missing or is not such a file.
    """
    try:
        values: list[dict[str, Any]] = [line.value for line in read_lines(path)]
    except OSError:
        values = []
    except DamagedLineError as damaged:
        raise error("results_invalid", path=path, number=damaged.number) from None
    try:
        if values[0].pop("kantu_eval") != FORMAT:
            raise error("results_invalid", path=path, number=1)
        run = Run(**values[0]["run"])
        answers = [_answer(value["answer"]) for value in values[1:] if "answer" in value]
        sessions = tuple(Session(**value["session"]) for value in values[1:] if "session" in value)
    except (LookupError, TypeError, AttributeError):
        raise error("results_invalid", path=path, number=1) from None
    return Results(run, {answer.key: answer for answer in answers}, sessions)


def _values(results: Results) -> Iterator[dict[str, Any]]:
    """The lines of a file."""
    yield {"kantu_eval": FORMAT, "run": asdict(results.run)}
    yield from (_value(session) for session in results.sessions)
    yield from (_value(answer) for answer in results.answers.values())


def _value(line: Answer | Session) -> dict[str, Any]:
    return {"answer" if isinstance(line, Answer) else "session": asdict(line)}


def _tuples(value: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(each) if isinstance(each, list) else each for name, each in value.items()}


def _answer(value: dict[str, Any]) -> Answer:
    answer = Answer(**_tuples(value))
    if value.get("told") is None:
        return answer
    boxes = {path: tuple(map(tuple, found)) for path, found in value["told"]["boxes"].items()}
    return replace(answer, told=Told(**{**value["told"], "boxes": boxes}))


def _told(run: Run) -> str:
    pixels = "" if run.max_pixels is None else f"，max_pixels {run.max_pixels}"
    return f"{run.suite} {run.suite_version}，{run.model} {run.weights[:8]} {run.precision}{pixels}"
