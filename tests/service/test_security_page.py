"""docs/security.md names settings, constants and tests that exist, and leaves out no bound and no abuse by people."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from types import UnionType
from typing import Any, get_args

import pytest

from kantu.service.settings import sections

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")

NO_BOUNDS = {"server.port", "server.stream_keep_alive_seconds", "watch.metrics_port"}
"""Numbers that hold nobody back."""


def rows(title: str = "上界") -> list[list[str]]:
    """The cells of a section's table, by default of the bounds: what, bound, setting or constant, test."""
    table = PAGE.split(f"## {title}\n")[1].split("\n## ")[0]
    lines = [line for line in table.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def abuses() -> list[list[str]]:
    """Those of the table of abuses: what is tried, what stops it, tests."""
    return rows("滥用")


def settings() -> dict[str, Any]:
    """Every setting by its dotted name, with its type."""
    return {
        f"{section}.{name}": field.annotation
        for section, model in sections().items()
        for name, field in model.model_fields.items()
    }


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def is_number(annotation: Any) -> bool:
    kinds = get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)
    return bool({int, float} & set(kinds))


def functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_row_is_whole() -> None:
    assert len(rows()) > 20
    assert [row for row in rows() if len(row) != 4 or not all(row)] == []
    assert [row for row in rows() if not quoted(row[2]) or not quoted(row[3])] == []


def test_every_number_that_can_be_set_is_in_the_table() -> None:
    bounds = {name for name, annotation in settings().items() if is_number(annotation)} - NO_BOUNDS
    assert len(bounds) > 20
    assert bounds - {name for row in rows() for name in quoted(row[2])} == set()


def test_nothing_is_excused_that_does_not_exist() -> None:
    assert settings().keys() >= NO_BOUNDS


@pytest.mark.parametrize("name", sorted({name for row in rows() for name in quoted(row[2]) if "." in name}))
def test_every_setting_of_the_table_exists(name: str) -> None:
    assert name in settings()


@pytest.mark.parametrize("row", [row for row in rows() if "（" in row[2]], ids=lambda row: row[0])
def test_every_constant_or_function_of_the_table_stands_in_its_module(row: list[str]) -> None:
    for names, module in re.findall(r"((?:`[^`]+`、?)+)（([\w/]+\.py)）", row[2]):
        text = (ROOT / "src" / "kantu" / module).read_text(encoding="utf-8")
        stands = [re.search(rf"^({name}\b.* = |def {name}\()", text, re.MULTILINE) for name in quoted(names)]
        assert all(stands), names


def test_what_is_no_setting_is_a_constant_whose_module_is_named() -> None:
    for row in rows():
        constants = [name for name in quoted(row[2]) if "." not in name]
        assert not constants or re.search(r"（[\w/]+\.py）", row[2]), row[2]


def test_every_abuse_has_what_stops_it_and_a_test() -> None:
    assert len(abuses()) > 20
    assert [row for row in abuses() if len(row) != 3 or not all(row) or not quoted(row[2])] == []


def test_every_test_of_abuse_by_people_is_in_the_table() -> None:
    named = {name for row in abuses() for name in quoted(row[2])}
    for file in ("test_abuse_logins.py", "test_abuse_sessions.py", "test_abuse_words.py"):
        path = f"tests/service/proof/{file}"
        written = {name for name in functions(ROOT / path) if name.startswith("test_")}
        assert {f"{path}::{name}" for name in written} - named == set()


@pytest.mark.parametrize("test", sorted({row[-1] for row in rows()} | {row[-1] for row in abuses()}))
def test_every_test_of_the_tables_exists(test: str) -> None:
    for path, _, name in (one.partition("::") for one in quoted(test)):
        assert name in functions(ROOT / path)


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([\w./-]+)\)", PAGE))))
def test_every_page_it_links_to_exists(target: str) -> None:
    assert (ROOT / "docs" / target).is_file()
