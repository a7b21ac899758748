"""One JSON line for whatever is logged, and nothing of a request's content in any of them."""

from __future__ import annotations

import ast
import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

import kantu
from kantu.errors import EngineError
from kantu.service.watch.logs import FIELDS, HIDDEN, OperatorText, configure

CANARY = "身份证 110101199003077578"
KEY = "kt-" + "A1b2_-" * 7 + "x"


class Lines:
    """What has been written so far."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def all(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    @property
    def last(self) -> dict[str, Any]:
        return self.all[-1]


@pytest.fixture
def lines() -> Iterator[Lines]:
    made = Lines()
    restore = configure("info", made.stream)
    yield made
    restore()


OURS = logging.getLogger("kantu.service.test")
LIBRARY = logging.getLogger("sqlalchemy.pool")


def failure(text: str = CANARY) -> Exception:
    """An exception that has been raised, quotes a request and has it in its frames' variables."""
    prompt = text
    try:
        raise ValueError(f"cannot parse {prompt}")
    except ValueError as error:
        return error


def test_a_line_is_json_with_its_fields(lines: Lines) -> None:
    OURS.info("draining", extra={"seconds": 30.0, "status": 503, "endpoint": "/v1/files/{file_id}"})
    line = lines.last
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "info",
        "logger": "kantu.service.test",
        "event": "draining",
        "seconds": 30.0,
        "status": 503,
        "endpoint": "/v1/files/{file_id}",
    }


def test_structlog_goes_the_same_way(lines: Lines) -> None:
    structlog.get_logger("kantu.service.test").warning("draining", seconds=1, prompt=CANARY)
    assert (lines.last["event"], lines.last["seconds"], lines.last["level"]) == ("draining", 1, "warning")
    assert "prompt" not in lines.last
    assert CANARY not in lines.text


def test_only_known_fields_pass(lines: Lines) -> None:
    OURS.info("asked", extra={"prompt": CANARY, "messages": [CANARY], "authorization": KEY, "status": 200})
    assert lines.last["left_out"] == 3
    assert lines.last["status"] == 200
    assert CANARY not in lines.text
    assert KEY not in lines.text


@pytest.mark.parametrize("value", [CANARY, KEY, "a b", "a" * 129, "a\nb", ["a"], {"a": 1}, b"a", object()])
def test_a_known_field_takes_numbers_and_words_only(lines: Lines, value: object) -> None:
    OURS.info("asked", extra={"reason": value})
    assert lines.last["reason"] == HIDDEN


def test_arguments_are_numbers_and_identifiers(lines: Lines) -> None:
    OURS.info("failed: %s after %d of %.1f, %r at 100%%", "ValueError", 3, 4.5, CANARY)
    assert lines.last["event"] == f"failed: ValueError after 3 of 4.5, {HIDDEN} at 100%"
    assert CANARY not in lines.text


def test_of_a_library_only_the_place_is_told(lines: Lines) -> None:
    LIBRARY.error("SELECT %s", CANARY)
    LIBRARY.error(f"SELECT {CANARY}")
    LIBRARY.error(failure())
    for line in lines.all:
        assert line["event"] == "library"
        assert line["where"].startswith("watch/test_logs.py:")
    assert lines.last["exception"] == "ValueError"
    assert CANARY not in lines.text


def test_an_exception_is_its_type_and_frames(lines: Lines) -> None:
    OURS.error("a request failed", exc_info=failure())
    line = lines.last
    assert line["exception"] == "ValueError"
    assert line["frames"][-1].startswith("watch/test_logs.py:")
    assert line["frames"][-1].endswith(":failure")
    assert CANARY not in lines.text


def test_causes_are_told_by_type(lines: Lines) -> None:
    def fail() -> None:
        try:
            raise failure()
        except ValueError as error:
            raise EngineError("engine_failed", CANARY, CANARY) from error

    try:
        fail()
    except EngineError:
        OURS.exception("a request failed")
    assert lines.last["exception"] == "kantu.errors.types.EngineError"
    assert lines.last["error_code"] == "engine_failed"
    assert lines.last["causes"][0].startswith("ValueError watch/test_logs.py:")
    assert CANARY not in lines.text


def test_groups_and_system_errors(lines: Lines) -> None:
    OURS.error("several", exc_info=ExceptionGroup(CANARY, [failure(), KeyError(CANARY)]))
    assert lines.last["causes"] == ["ValueError", "KeyError"]
    OURS.error("no space", exc_info=OSError(28, CANARY))
    assert lines.last["errno"] == "ENOSPC"
    assert CANARY not in lines.text


def test_a_cycle_of_causes_ends(lines: Lines) -> None:
    one, other = ValueError(), KeyError()
    one.__cause__, other.__cause__ = other, one
    OURS.error("a request failed", exc_info=one)
    assert len(lines.last["causes"]) == 5


@pytest.mark.parametrize(
    "character", ["\n", "\r", "\x00", "\x1b", "\x7f", "\x85", "\u2028", "\u202e", "\ud800"], ids=ascii
)
def test_no_character_breaks_a_line(
    lines: Lines, character: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for handler in logging.getLogger().handlers:
        if isinstance(handler, type(caplog.handler)):  # pytest-xdist cannot send a report with half a surrogate pair
            monkeypatch.setattr(handler, "emit", lambda record: None)
    OURS.info(f"one{character}two")
    assert lines.text.count("\n") == 1
    assert character not in lines.text.removesuffix("\n")
    assert len(lines.text.splitlines()) == 1
    assert lines.last["event"] == f"one{character}two"


def test_the_request_id_comes_along(lines: Lines) -> None:
    with structlog.contextvars.bound_contextvars(request_id="req_1"):
        LIBRARY.error("anything")
        OURS.info("anything")
    assert [line["request_id"] for line in lines.all] == ["req_1", "req_1"]


def test_a_key_as_a_request_id_is_hidden(lines: Lines) -> None:
    OURS.info("request", extra={"request_id": KEY})
    assert lines.last["request_id"] == HIDDEN


def test_libraries_access_lines_are_off(lines: Lines) -> None:
    for name in ("uvicorn.access", "httpx", "httpcore"):
        logging.getLogger(name).error("GET /v1/files?token=%s", KEY)
    assert lines.text == ""


def test_a_line_that_cannot_be_made_is_told_without_its_words(lines: Lines, capsys: pytest.CaptureFixture[str]) -> None:
    class BrokenError(OSError):
        @property
        def errno(self) -> int:  # type: ignore[override]
            raise RuntimeError(CANARY)

    OURS.error("no space", exc_info=BrokenError(CANARY))
    assert lines.last == {"event": "a log line was lost", "level": "error"}
    assert CANARY not in lines.text
    assert capsys.readouterr() == ("", "")


def test_warnings_and_uncaught_exceptions_become_lines(lines: Lines) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(CANARY, stacklevel=1)
    error = failure()
    sys.excepthook(type(error), error, error.__traceback__)
    threading.excepthook(threading.ExceptHookArgs((type(error), error, error.__traceback__, None)))
    assert [line["logger"] for line in lines.all] == ["py.warnings", "kantu.uncaught", "kantu.uncaught"]
    assert CANARY not in lines.text


def test_levels(lines: Lines) -> None:
    OURS.debug("too much")
    LIBRARY.info("a place without words helps nobody")
    assert lines.text == ""
    OURS.info("enough")
    LIBRARY.warning("trouble")
    assert [line["event"] for line in lines.all] == ["enough", "library"]


def test_everything_is_put_back() -> None:
    root = logging.getLogger()

    def state() -> tuple[object, ...]:
        return root.handlers[:], root.level, sys.excepthook, threading.excepthook, sys.unraisablehook

    before = state()
    restore = configure("debug", io.StringIO())
    assert state() != before
    restore()
    assert state() == before


def _log_calls(tree: ast.AST) -> Iterator[ast.Call]:
    methods = {"debug", "info", "warning", "error", "exception", "critical", "log"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in methods:
            base = node.func.value
            if isinstance(base, ast.Name) and base.id in ("_log", "log", "logger", "_logger"):
                yield node


def _package_log_calls() -> Iterator[tuple[str, ast.Call]]:
    root = Path(kantu.__file__).parent
    for file in sorted(root.rglob("*.py")):
        for call in _log_calls(ast.parse(file.read_text(encoding="utf-8"))):
            yield f"{file.relative_to(root)}:{call.lineno}", call


def _first_text(call: ast.Call) -> ast.expr:
    assert isinstance(call.func, ast.Attribute)
    return call.args[1 if call.func.attr == "log" else 0]


def _keys(expression: ast.expr) -> set[str] | None:
    if not isinstance(expression, ast.Dict):
        return None
    return {key.value for key in expression.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)}


def test_every_message_of_ours_is_a_literal_and_every_field_is_known() -> None:
    calls = list(_package_log_calls())
    assert len(calls) > 5
    not_literal = [place for place, call in calls if not isinstance(_first_text(call), ast.Constant)]
    assert not not_literal
    unknown: dict[str, set[str]] = {}
    for place, call in calls:
        for keyword in call.keywords:
            if keyword.arg == "extra" and (keys := _keys(keyword.value)) is not None and keys - FIELDS:
                unknown[place] = keys - FIELDS
    assert not unknown


def test_a_process_that_ends_with_its_threads_keeps_its_hook_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    def hook(args: threading.ExceptHookArgs) -> None: ...

    monkeypatch.setattr(threading, "excepthook", hook)
    restore = configure("info", io.StringIO(), threads=False)
    try:
        assert threading.excepthook is hook
    finally:
        restore()
    assert threading.excepthook is hook


def test_a_library_that_writes_by_itself_stops_doing_so(capsys: pytest.CaptureFixture[str]) -> None:
    library = logging.getLogger("a_library_with_handlers")
    handler = logging.StreamHandler(sys.stdout)
    library.addHandler(handler)
    library.propagate = False
    stream = io.StringIO()
    restore = configure("info", stream)
    try:
        library.error(CANARY)
    finally:
        restore()
    assert json.loads(stream.getvalue())["logger"] == library.name
    assert CANARY not in stream.getvalue() + capsys.readouterr().out
    assert (library.handlers, library.propagate) == ([handler], False)
    library.removeHandler(handler)


def test_a_free_text_passes_only_where_it_is_said_to_be_the_operator_s(lines: Lines) -> None:
    OURS.error("a file", extra={"fault": OperatorText("名片.yaml 第 4 行：缺少 name。")})
    assert lines.last["fault"] == "名片.yaml 第 4 行：缺少 name。"
    OURS.error("a file", extra={"fault": CANARY, "prompt": OperatorText(CANARY)})
    assert (lines.last["fault"], lines.last["left_out"]) == (HIDDEN, 1)
    assert CANARY not in lines.text


def test_only_the_reading_of_task_files_logs_free_texts() -> None:
    root = Path(kantu.__file__).parent
    users = {str(file.relative_to(root)) for file in root.rglob("*.py") if "OperatorText" in file.read_text("utf-8")}
    assert users == {"service/watch/logs.py", "service/tasks/catalogue.py"}
