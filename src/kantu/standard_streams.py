"""Standard output and error that end no command, whatever they are connected to."""

from __future__ import annotations

import codecs
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from kantu.errors import error, not_written

_ESCAPE = "kantu.escape"
_READER_GONE = 1  # the exit status, which click and rich use too


@contextmanager
def forgiving() -> Iterator[None]:
    """Within the block and at its end, writing fails for no character and for no reader that has left.

    The encoding stays what the terminal or the variables say, but for ASCII: that is what Python takes where no locale
    is set, and click's `echo` writes UTF-8 there already. What an encoding lacks is written as JSON escapes it, so
    that `--json` can be parsed in every encoding. A stream that is closed goes nowhere.

    Raises:
        SystemExit: with status 1, where whoever reads the output has left before its end.
        KantuError: `output_not_written`: it goes to a file or device that takes no more, such as a full disk.
    """
    codecs.register_error(_ESCAPE, _escape)
    sys.stdout, sys.stderr = _ready(sys.stdout), _ready(sys.stderr)
    ended: SystemExit | OSError | None = None
    try:
        yield
    except (SystemExit, OSError) as early:  # how click ends every command; what a write may have raised already
        ended = early
    failures = [failure for stream in (sys.stdout, sys.stderr) if (failure := _flush(stream)) is not None]
    for failure in failures:
        if not isinstance(failure, BrokenPipeError):
            raise error("output_not_written", why=not_written(failure)) from None
    if failures:
        raise SystemExit(_READER_GONE)
    if ended is not None:
        raise ended


def _ready(stream: TextIO | None) -> TextIO:
    if stream is None:  # closed by whoever started us
        return Path(os.devnull).open("w", encoding="utf-8")
    if isinstance(stream, io.TextIOWrapper):
        is_ascii = codecs.lookup(stream.encoding).name == "ascii"
        stream.reconfigure(encoding="utf-8" if is_ascii else None, errors=_ESCAPE)
        if isinstance(stream.buffer, io.RawIOBase):
            return _buffered(stream, stream.buffer)
    return stream


def _buffered(stream: TextIO, raw: io.RawIOBase) -> TextIO:
    """In place of a stream without a buffer (PYTHONUNBUFFERED), which forgets what was not taken, so that nobody could
    tell at the end that writing has failed, and silently loses what a nearly full disk does not take."""
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding=stream.encoding, errors=stream.errors, line_buffering=True)


def _flush(stream: TextIO) -> OSError | None:
    """Why what was still in the buffer was not taken; it is dropped then, as Python's own flush at exit would complain
    aloud."""
    try:
        stream.flush()
    except OSError as error:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)
        return error
    return None


def _escape(error: UnicodeError) -> tuple[str, int]:
    r"""A codec's error handler: `\uXXXX` for each UTF-16 code unit (RFC 8259, section 7)."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4)), error.end
