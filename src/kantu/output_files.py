"""Files that a command writes when its work is done: what cannot be written is said before, and none is ever half."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kantu.errors import error, not_written


def check_outputs(*paths: Path | None) -> None:
    """Before the work: those that are wanted can be written.

    Raises InvalidRequestError (`output_unwritable`).
    """
    for path in paths:
        if path is None or _is_stream(path):
            continue
        if path.is_dir():
            raise error("output_unwritable.folder", path=path)
        try:
            with tempfile.TemporaryFile(dir=path.resolve().parent):
                pass
        except OSError:
            raise error("output_unwritable", path=path) from None


@contextmanager
def draft(path: Path) -> Iterator[Path]:
    """A file to write that takes the place of `path` at the end of the block, if nothing fails in it.

    Raises KantuError (`output_not_written`).
    """
    with writing():
        if _is_stream(path):
            yield path
            return
        whole = path.resolve()  # a link stays one
        made = whole.with_name(f"{whole.name}.new")
        try:
            yield made
            with made.open("r+b") as file:
                os.fsync(file.fileno())
            made.replace(whole)
        finally:
            made.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """In UTF-8; raises as `draft`."""
    with draft(path) as made:
        made.write_text(text, "utf-8")


def _is_stream(path: Path) -> bool:
    """Whether it is a pipe or device, such as /dev/stdout: nothing may take its place."""
    return path.exists() and not path.is_file() and not path.is_dir()


@contextmanager
def writing() -> Iterator[None]:
    """Within the block a file or device that takes no more is an error of ours.

    Raises KantuError (`output_not_written`).
    """
    try:
        yield
    except OSError as failure:
        raise error("output_not_written", why=not_written(failure)) from None
