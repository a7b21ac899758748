"""Every row can be said in both languages, every error that the code makes has a row, and no row is left over."""

from __future__ import annotations

import ast
import inspect
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from kantu.errors import KantuError, OverloadedError, types
from kantu.errors.catalogue import (
    ROWS,
    Row,
    audit,
    backup,
    batches,
    commands,
    compare,
    engine,
    model,
    people,
    pipeline,
    processing,
    service,
    tasks,
)

SOURCE = Path(__file__).resolve().parents[2] / "src" / "kantu"
PARTS = (tasks, model, processing, engine, service, people, batches, audit, backup, commands, pipeline, compare)
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("key", ROWS)
def test_a_row_can_be_said_in_both_languages(key: str) -> None:
    row = ROWS[key]
    assert placeholders(row.en) <= placeholders(row.zh)  # the English may say less, but nothing else
    values = dict.fromkeys(placeholders(row.zh), 7)
    chinese, english = row.zh.format_map(values), row.en.format_map(values)
    assert (CHINESE.search(chinese) is not None) or row.zh == "{words}"
    assert CHINESE.search(english) is None
    assert english.strip() == english != ""


def test_no_key_stands_in_two_parts() -> None:
    assert sum(len(part.ROWS) for part in PARTS) == len(ROWS)


def test_the_rows_of_a_code_differ_in_their_words_only() -> None:
    answers: dict[str, set[tuple[object, ...]]] = {}
    for key, row in ROWS.items():
        answers.setdefault(key.partition(".")[0], set()).add((row.kind, row.status, *sorted(row.headers.items())))
    assert {code for code, found in answers.items() if len(found) > 1} == set()


def test_what_says_when_to_come_back_can_be_overloaded() -> None:
    for key, row in ROWS.items():
        if row.status == 429:
            assert issubclass(row.kind, OverloadedError), key


def made() -> Iterator[tuple[str, ast.Call]]:
    """Every call of `error` in the source, with the file that it stands in."""
    for path in SOURCE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if path.is_relative_to(SOURCE / "errors"):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "error":
                yield str(path.relative_to(SOURCE)), node


CALLS = tuple(made())


def literals(expression: ast.expr) -> Iterator[str]:
    """The keys that an expression can be, as far as they stand in it."""
    if isinstance(expression, ast.Constant):
        yield str(expression.value)
    elif isinstance(expression, ast.IfExp):
        yield from literals(expression.body)
        yield from literals(expression.orelse)


def test_every_error_that_is_made_has_a_row_with_its_placeholders() -> None:
    checked = 0
    for file, call in CALLS:
        given = {keyword.arg for keyword in call.keywords}
        for key in literals(call.args[0]):
            assert key in ROWS, f"{key} in {file}"
            assert given == needed(ROWS[key], given), f"{key} in {file}"
            checked += 1
    assert checked > 400


def needed(row: Row, given: set[str | None]) -> set[str | None]:
    """What must be given for a row, of what is given: `param` always may be."""
    names: set[str | None] = {*placeholders(row.zh), *placeholders(row.param or "")}
    if issubclass(row.kind, OverloadedError):
        names -= {"seconds"}
        if row.retry_after_seconds is None:
            names |= {"retry_after_seconds"}
    return names | ({"param"} & given)


def test_no_error_is_made_past_the_catalogue() -> None:
    classes = {kind.__name__ for _, kind in inspect.getmembers(types, inspect.isclass) if issubclass(kind, KantuError)}
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in classes, f"{node.func.id} in {path}"


def test_error_is_not_hidden_by_a_variable_where_it_is_called() -> None:
    for path in SOURCE.rglob("*.py"):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                inside = list(ast.walk(function))
                calls = [node.func for node in inside if isinstance(node, ast.Call)]
                if any(isinstance(called, ast.Name) and called.id == "error" for called in calls):
                    bound = {
                        node.id for node in inside if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
                    }
                    bound |= {node.arg for node in inside if isinstance(node, ast.arg)}
                    bound |= {str(node.name) for node in inside if isinstance(node, ast.ExceptHandler)}
                    assert "error" not in bound, f"{function.name} in {path}"


def test_every_row_is_used() -> None:
    texts = {
        node.value
        for path in SOURCE.rglob("*.py")
        if not path.is_relative_to(SOURCE / "errors")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    patterns = [
        "".join(re.escape(str(part.value)) if isinstance(part, ast.Constant) else r"\w+" for part in key.values)
        for _, call in CALLS
        if isinstance(key := call.args[0], ast.JoinedStr)
    ]
    unused = {key for key in ROWS if key not in texts and not any(re.fullmatch(one, key) for one in patterns)}
    assert unused == set()
