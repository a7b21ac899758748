"""What a task is run on: a folder of pictures, or the rows of a JSONL or CSV file. Rows are read as they are needed."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from kantu.errors import KantuError, error
from kantu.processing.container import HEAD_BYTES, begins_as_picture
from kantu.processing.guard import DEFAULT_LIMITS
from kantu.processing.messages import check_source

IMAGE, IMAGES = "image", "images"
"""The columns that name pictures: one, or several."""

PICTURE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".avif", ".gif", ".bmp", ".heic", ".heif"})
"""Of files that are meant as pictures, whatever is in them."""

_MOST_LINE_BYTES = 128 * 2**20  # some pictures as data: URLs
_SHOWN_CHARACTERS = 200  # of what is no row, and of data: URLs
_PIECE_BYTES = 1 << 20

Value = str | int | float | bool | None | list[Any] | dict[str, Any]


@dataclass(frozen=True)
class Row:
    """One input.

    Attributes:
        place: where it stands: a path within the folder, or the number of a line.
        columns: what stands in it, in order.
        images: its pictures; those in a file are paths.
        fault: why it cannot be run, where it is no row.
    """

    place: str
    columns: Mapping[str, Value]
    images: tuple[Path | bytes, ...] = ()
    fault: KantuError | None = None

    def key(self, settings: Mapping[str, str]) -> str:
        """Of its place and content, its pictures and `settings` included: equal when nothing of it has changed."""
        told = json.dumps([self.place, list(self.columns.items()), sorted(settings.items())])
        digest = hashlib.sha256(told.encode())
        for image in self.images:
            digest.update(hashlib.sha256(image).digest() if isinstance(image, bytes) else _digest(image))
        return digest.hexdigest()[:24]

    def shown(self) -> dict[str, Value]:
        """The columns for the results, without what pictures are made of."""
        return {name: _shown(value) if name in (IMAGE, IMAGES) else value for name, value in self.columns.items()}


class Inputs(Protocol):
    """Rows that can be gone through again and again.

    Attributes:
        columns: what every row has; None where rows differ.
        skipped: how many files were passed over, once the rows have been gone through.
    """

    @property
    def columns(self) -> tuple[str, ...] | None: ...

    @property
    def skipped(self) -> int: ...

    def __iter__(self) -> Iterator[Row]: ...


@dataclass
class FolderInputs:
    """The pictures of a folder, by name.

    A file is a picture if it begins like one; one that is only called like a picture is a row too, and fails. Hidden
    files and folders are left out, links to folders are not followed.
    """

    folder: Path
    recursive: bool
    columns: tuple[str, ...] | None = (IMAGE,)
    skipped: int = field(default=0, init=False)

    def __iter__(self) -> Iterator[Row]:
        self.skipped = 0
        for path in self._files(self.folder):
            if _is_picture(path):
                place = path.relative_to(self.folder).as_posix()
                yield Row(place, MappingProxyType({IMAGE: place}), (path,))
            else:
                self.skipped += 1

    def _files(self, folder: Path) -> Iterator[Path]:
        try:
            found = sorted(each for each in folder.iterdir() if not each.name.startswith("."))
        except OSError:
            raise error("batch_input_unreadable", path=folder) from None
        for each in found:
            if each.is_file():
                yield each
            elif self.recursive and each.is_dir() and not each.is_symlink():
                yield from self._files(each)


@dataclass
class JSONLInputs:
    """Lines of JSON objects: `image` or `images`, variables of the task, and whatever else."""

    path: Path
    columns: tuple[str, ...] | None = None
    skipped: int = 0

    def __iter__(self) -> Iterator[Row]:
        try:
            with self.path.open("rb") as file:
                number = 0
                while line := file.readline(_MOST_LINE_BYTES):
                    number += 1
                    if len(line) == _MOST_LINE_BYTES:
                        raise error("batch_input_invalid.size", path=self.path, number=number)
                    if line.strip():
                        yield self._row(str(number), line)
        except OSError:
            raise error("batch_input_unreadable", path=self.path) from None

    def _row(self, place: str, line: bytes) -> Row:
        try:
            columns = json.loads(line.decode("utf-8-sig"))
        except (ValueError, RecursionError):
            columns = None
        if not isinstance(columns, dict):
            text = line.decode(errors="replace").strip()[:_SHOWN_CHARACTERS]
            return Row(place, {"line": text}, fault=error("batch_row_invalid.json"))
        image, images = columns.get(IMAGE), columns.get(IMAGES)
        named: Any = [image] if image is not None else images
        if (image is None) == (images is None) or not _are_texts(named):
            return Row(place, columns, fault=error("batch_row_invalid.images"))
        return row_of(place, columns, named, self.path.parent)


def row_of(place: str, columns: Mapping[str, Value], named: Sequence[str], folder: Path) -> Row:
    """A row whose pictures are named: paths from `folder`, or data: URLs."""
    try:
        sources = tuple(check_source(name) for name in named)
    except KantuError as failure:
        return Row(place, columns, fault=failure)
    return Row(place, columns, tuple(each if isinstance(each, bytes) else folder / str(each) for each in sources))


def _are_texts(named: Any) -> bool:
    return isinstance(named, list) and bool(named) and all(isinstance(name, str) and name for name in named)


def _is_picture(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return begins_as_picture(file.read(HEAD_BYTES)) or path.suffix.lower() in PICTURE_SUFFIXES
    except OSError:
        return path.suffix.lower() in PICTURE_SUFFIXES


def _digest(path: Path) -> bytes:
    """Of a file's content; of one that is missing, unreadable or too large to be taken, nothing."""
    digest = hashlib.sha256()
    try:
        if path.stat().st_size > DEFAULT_LIMITS.max_bytes or not path.is_file():
            return b""
        with path.open("rb") as file:
            while piece := file.read(_PIECE_BYTES):
                digest.update(piece)
    except (OSError, ValueError):  # ValueError: a name with a zero byte
        return b""
    return digest.digest()


def _shown(value: Value) -> Value:
    if isinstance(value, list):
        return [_shown(each) for each in value]
    is_long = isinstance(value, str) and re.match("data:", value, re.IGNORECASE) and len(value) > _SHOWN_CHARACTERS
    return f"{str(value)[:40]}…" if is_long else value
