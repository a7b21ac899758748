"""What a calibration is fitted and tested on: fields of records with the model's probability, and whether right."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from kantu.errors import error
from kantu.evaluation.suites import BROWSER
from kantu.json_lines import LineFile, read_lines, rewrite


@dataclass(frozen=True)
class Sample:
    """A field. `raw` is the model's own probability; see `kantu.solve.calibration.kind_of` for kinds."""

    path: str
    kind: str
    raw: float
    right: bool


@dataclass(frozen=True)
class Judged:
    """A record that was answered, and what of it was right.

    Attributes:
        key: of the question, see `Item.key`.
        picture: equal for all questions about one picture, which are never divided between fit and test.
        origin: where the picture comes from, see `Item.origin`.
        fields: those that have a probability and that the truth decides.
        right: all of it, what is missing included.
    """

    key: str
    task: str
    picture: str
    origin: str
    fields: tuple[Sample, ...]
    right: bool


@dataclass(frozen=True)
class Split:
    """Records to fit on, and to test on: other pictures of the same origin, and pictures that a browser drew."""

    fit: tuple[Judged, ...]
    test: tuple[Judged, ...]
    browser: tuple[Judged, ...]


def split(records: Iterable[Judged]) -> Split:
    """Half of the pictures each, by a hash of the picture; browser-drawn ones only test."""
    listed = tuple(records)
    drawn = [record for record in listed if record.origin != BROWSER]
    return Split(
        fit=tuple(record for record in drawn if is_to_fit(record.picture)),
        test=tuple(record for record in drawn if not is_to_fit(record.picture)),
        browser=tuple(record for record in listed if record.origin == BROWSER),
    )


def is_to_fit(picture: str) -> bool:
    """By the picture alone: it stays where it is when questions are added or the order changes."""
    return hashlib.sha256(f"split {picture}".encode()).digest()[0] % 2 == 0


@dataclass(frozen=True)
class About:
    """Whose answers to what a file holds: samples of different models or suites do not mix."""

    suite: str
    suite_version: str
    model: str
    weights: str
    precision: str


@dataclass
class SampleFile:
    """Judged records on the disk, one a line, so that a run that was ended goes on. Use it as a context.

    Attributes:
        judged: what it holds, by key.
    """

    path: Path
    judged: dict[str, Judged]
    _file: LineFile

    @classmethod
    def open(cls, path: Path, about: About) -> SampleFile:
        """Begin a file, or go on with the one that is there.

        Raises InvalidRequestError: `samples_invalid`, `samples_of_another`, `file_in_use`.
        """
        judged = dict[str, Judged]()
        if path.exists():
            held, judged = _read(path)
            if held != about:
                raise error("samples_of_another", path=path, held=_told(held), now=_told(about))
        else:
            rewrite(path, [asdict(about)])
        return cls(path, judged, LineFile.open(path))

    def add(self, judged: Judged) -> None:
        """One more, on the disk when this returns."""
        self._file.add(asdict(judged))
        self.judged[judged.key] = judged

    def __enter__(self) -> SampleFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def _read(path: Path) -> tuple[About, dict[str, Judged]]:
    """What a file holds; half a line at its end is left out."""
    try:
        first, *lines = (line.value for line in read_lines(path))
        about = About(**first)
        judged = [_judged(line) for line in lines]
    except (ValueError, TypeError, LookupError, AttributeError):
        raise error("samples_invalid", path=path) from None
    return about, {each.key: each for each in judged}


def _judged(line: dict[str, Any]) -> Judged:
    return Judged(**{**line, "fields": tuple(Sample(**each) for each in line["fields"])})


def _told(about: About) -> str:
    return f"{about.suite} {about.suite_version}，{about.model} {about.weights[:8]} {about.precision}"
