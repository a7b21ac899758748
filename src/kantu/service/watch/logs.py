"""JSON lines on standard error or in a file, from our loggers and from libraries', with nothing of a request's content.

Three fences, as texts may quote what a user asked; only `OperatorText` passes the first:

- Fields: only those of `FIELDS` pass, and only numbers, booleans and short words.
- Messages: of our own loggers the literal template, with arguments that are numbers or identifiers; of a library's only
  the place that logged.
- Exceptions: their type and frames (file:line:function), never their text and never a local variable.
"""

from __future__ import annotations

import errno
import json
import logging
import re
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePath
from types import TracebackType
from typing import TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger

from kantu.errors import KantuError
from kantu.service.watch.log_file import LogFile, LogFileHandler

FIELDS = frozenset(
    {
        *("request_id", "key_id", "model", "endpoint", "method", "status", "code", "seconds", "reason"),
        *("count", "bytes", "pixels", "visual_tokens", "tokens", "attempt", "state", "exit_code", "signal"),
        *("host", "port", "version", "file_id", "batch_id", "dropped", "owner", "setting", "url_scheme"),
        *("client", "descriptors", "errno", "format", "protections"),
        *("action", "resource", "result", "target_id"),
        *("file", "fault"),
    }
)
"""Whatever else is given to a logger is left out, and counted in `left_out`."""


@dataclass(frozen=True)
class OperatorText:
    """A text of the operator's own files, such as what is wrong with a task's: the one free text that a field may hold.

    Never of anything that came with a request.
    """

    text: str


HIDDEN = "(hidden)"
"""Stands for a value that may be content."""

_WORD = re.compile(r"[\w./:{}+-]{1,128}", re.ASCII)  # ids, codes, versions, route templates
_KEY = re.compile(r"kt-[\w-]{20}", re.ASCII)
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[-#0 +]*(?:\*|\d+)?(?:\.(?:\*|\d+))?[a-zA-Z%]")
# What JSON may hold as it is and a terminal or a line-based reader may not: DEL, C1, line separators, lone surrogates.
_UNSAFE = re.compile(r"[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_MOST_FRAMES = 30
_MOST_CAUSES = 5
_OURS = "kantu"
_META = frozenset({"event", "exc_info", "stack_info", "_record", "_from_structlog", "positional_args"})
_RECORD_FIELDS = frozenset({*logging.makeLogRecord({}).__dict__, "message", "asctime", "taskName"})
# Ours are the access lines and the words about starting; these would say the same with addresses and query strings.
_SILENT = ("uvicorn.access", "httpx", "httpcore")


def configure(level: str, to: TextIO | LogFile | None = None, *, threads: bool = True) -> Callable[[], None]:
    """Send what this process logs to `to` (default: standard error): ours from `level` on, libraries' troubles.

    Also takes what would end on standard error by itself: warnings, and exceptions that nothing caught.

    Args:
        threads: also those of threads. The engine's process sees to them itself, and must: it ends with them.

    Returns:
        A function that puts everything back.

    Raises:
        InvalidRequestError: `invalid_settings`, if the file cannot be opened.
    """
    handler = LogFileHandler(to) if isinstance(to, LogFile) else _Handler(to or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[_checked, _rendered], use_get_message=False, pass_foreign_args=True
        )
    )
    root, ours = logging.getLogger(), logging.getLogger(_OURS)
    level_of_ours = ours.level
    before = root.handlers[:], root.level, sys.excepthook, threading.excepthook, sys.unraisablehook
    others = {name: _state(logging.getLogger(name)) for name in {*_with_handlers(), *_SILENT}}
    root.handlers[:] = [handler]
    root.setLevel(max(logging.WARNING, logging.getLevelName(level.upper())))  # of libraries, only troubles
    ours.setLevel(level.upper())
    for name in others:  # what is said goes through the root's handler, and nowhere else
        logger = logging.getLogger(name)
        logger.handlers[:], logger.propagate, logger.disabled = [], True, name in _SILENT
    sys.excepthook = _log_uncaught
    if threads:
        threading.excepthook = lambda args: _log_uncaught(args.exc_type, args.exc_value, args.exc_traceback)
    sys.unraisablehook = lambda args: _log_uncaught(args.exc_type, args.exc_value, args.exc_traceback)
    logging.captureWarnings(True)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )

    def restore() -> None:
        root.handlers[:], level_before, sys.excepthook, threading.excepthook, sys.unraisablehook = before
        root.setLevel(level_before)
        ours.setLevel(level_of_ours)
        for name, (handlers, propagate, disabled) in others.items():
            logger = logging.getLogger(name)
            logger.handlers[:], logger.propagate, logger.disabled = handlers, propagate, disabled
        logging.captureWarnings(False)
        handler.close()
        structlog.reset_defaults()

    return restore


class _Handler(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Instead of logging's own, which prints the message and its arguments."""
        try:
            self.stream.write('{"event": "a log line was lost", "level": "error"}\n')
        except (OSError, ValueError):  # nowhere left to say it
            return


def _checked(_: WrappedLogger, __: str, event_dict: EventDict) -> EventDict:
    """What may be known of a record, in a fixed order."""
    record: logging.LogRecord = event_dict["_record"]
    from_structlog: bool = event_dict["_from_structlog"]
    given = dict(structlog.contextvars.get_contextvars())
    line: dict[str, object] = {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": record.levelname.lower(),
        "logger": record.name,
    }
    if record.name.partition(".")[0] != _OURS:
        line |= {"event": "library", "where": f"{_short(record.pathname)}:{record.lineno}:{record.funcName}"}
    elif from_structlog:
        line["event"] = str(event_dict["event"])
        given |= {name: value for name, value in event_dict.items() if name not in _META}
    else:
        line["event"] = _message(record.msg, event_dict.get("positional_args"))
        given |= {name: value for name, value in record.__dict__.items() if name not in _RECORD_FIELDS}
    passed = {name: _value(value) for name, value in given.items() if name in FIELDS}
    line |= passed
    if len(passed) < len(given):
        line["left_out"] = len(given) - len(passed)
    error = _error(event_dict.get("exc_info")) or (record.msg if isinstance(record.msg, BaseException) else None)
    return line if error is None else line | _described(error)


def _rendered(_: WrappedLogger, __: str, event_dict: EventDict) -> str:
    text = json.dumps(event_dict, ensure_ascii=False)
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _message(template: object, arguments: object) -> str:
    """The template with the arguments that say nothing of a request: numbers and identifiers, such as types' names."""
    if not isinstance(template, str):
        return type(template).__name__
    values = iter(arguments if isinstance(arguments, tuple) else ())

    def filled(match: re.Match[str]) -> str:
        if match[0] == "%%":
            return "%"
        value = next(values, None)
        is_number = isinstance(value, int | float)
        return str(value) if is_number or (isinstance(value, str) and _IDENTIFIER.fullmatch(value)) else HIDDEN

    return _PLACEHOLDER.sub(filled, template)


def _value(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, OperatorText):
        return value.text
    return value if isinstance(value, str) and _WORD.fullmatch(value) and not _KEY.search(value) else HIDDEN


def _error(exc_info: object) -> BaseException | None:
    """The exception of what a logger takes as `exc_info`."""
    if exc_info is True:
        return sys.exc_info()[1]
    if isinstance(exc_info, tuple):
        exc_info = exc_info[1]
    return exc_info if isinstance(exc_info, BaseException) else None


def _described(error: BaseException) -> dict[str, object]:
    """Types from the outermost to its causes, and the frames of the outermost, innermost last."""
    described: dict[str, object] = {"exception": _type_name(error), "frames": _frames(error.__traceback__)}
    if isinstance(error, KantuError):
        described["error_code"] = _value(error.code)
    if isinstance(error, OSError) and error.errno is not None:
        described["errno"] = errno.errorcode.get(error.errno, error.errno)
    causes: list[str] = []
    cause = error.__cause__ or error.__context__
    while cause is not None and len(causes) < _MOST_CAUSES:
        causes.append(f"{_type_name(cause)} {' '.join(_frames(cause.__traceback__)[-1:])}".rstrip())
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, BaseExceptionGroup):
        causes += [_type_name(part) for part in error.exceptions[:_MOST_CAUSES]]
    return described | ({"causes": causes} if causes else {})


def _frames(traceback: TracebackType | None) -> list[str]:
    frames = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        frames.append(f"{_short(code.co_filename)}:{traceback.tb_lineno}:{code.co_qualname}")
        traceback = traceback.tb_next
    return frames[-_MOST_FRAMES:]


def _short(file: str) -> str:
    """The path from its package on: where this is installed is nobody's business."""
    parts = PurePath(file).parts
    for root in ("site-packages", "src"):
        if root in parts:
            return "/".join(parts[len(parts) - parts[::-1].index(root) :])
    return "/".join(parts[-2:]).lstrip("/")


def _type_name(error: BaseException) -> str:
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _log_uncaught(kind: type[BaseException], error: BaseException | None, traceback: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("kantu.uncaught").error("nothing caught this", exc_info=error or kind())


def _with_handlers() -> list[str]:
    """Libraries that write by themselves, such as PyTorch and uvicorn; those imported later are not among them."""
    loggers = logging.root.manager.loggerDict.items()
    return [name for name, logger in loggers if isinstance(logger, logging.Logger) and logger.handlers]


def _state(logger: logging.Logger) -> tuple[list[logging.Handler], bool, bool]:
    return logger.handlers[:], logger.propagate, logger.disabled
