"""docs/compliance.md goes through each control of GB/T 22239-2019, 8.1.4, level 3; it claims nothing without a test."""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from kantu.service.settings import sections

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "compliance.md").read_text(encoding="utf-8")

CONTROLS = {
    "8.1.4.1 身份鉴别": "abcd",
    "8.1.4.2 访问控制": "abcdefg",
    "8.1.4.3 安全审计": "abcd",
    "8.1.4.4 入侵防范": "abcdef",
    "8.1.4.5 恶意代码防范": "—",
    "8.1.4.6 可信验证": "—",
    "8.1.4.7 数据完整性": "ab",
    "8.1.4.8 数据保密性": "ab",
    "8.1.4.9 数据备份恢复": "abc",
    "8.1.4.10 剩余信息保护": "ab",
    "8.1.4.11 个人信息保护": "ab",
}
"""Every item of the standard's section, by its letter; one that has no letters is one item."""

MET, PARTLY, BY_OPERATOR, NOT_MET = "满足", "部分满足", "由运维者满足", "未满足"
NOTHING = "—"

Row = list[str]


def tables() -> dict[str, list[Row]]:
    """The rows of each section: letter, what is asked, verdict, how, tests, the operator's part, what is not met."""
    found = {}
    for part in PAGE.split("\n## ")[1:]:
        lines = [line for line in part.splitlines() if line.startswith("|")][2:]
        found[part.splitlines()[0]] = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return found


def controls() -> list[Row]:
    return [row for title, rows in tables().items() if title in CONTROLS for row in rows]


def every_row() -> list[Row]:
    return [row for rows in tables().values() for row in rows]


def quoted(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


@cache
def functions(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, kinds))


def test_every_control_of_the_standard_is_there_once_and_in_order() -> None:
    rows = tables()
    assert list(rows) == [*CONTROLS, "其他要求"]
    assert {title: "".join(row[0] for row in rows[title]) for title in CONTROLS} == CONTROLS


@pytest.mark.parametrize("row", every_row(), ids=lambda row: row[1])
def test_a_verdict_is_what_its_row_says(row: Row) -> None:
    assert len(row) == 7
    assert all(row)
    _, _, verdict, how, tests, operator, not_met = row
    assert (how == NOTHING) is (tests == NOTHING)  # no claim without its test, and no test without a claim
    if verdict == MET:
        assert how != NOTHING
        assert not_met == NOTHING
    elif verdict == PARTLY:
        assert how != NOTHING
        assert not_met != NOTHING
    elif verdict == BY_OPERATOR:
        assert how == NOTHING
        assert NOTHING not in (operator, not_met)
    else:
        assert verdict == NOT_MET
        assert not_met != NOTHING


@pytest.mark.parametrize("test", sorted({name for row in every_row() for name in quoted(row[4])}))
def test_every_test_that_is_named_exists(test: str) -> None:
    path, _, name = test.partition("::")
    assert path.startswith("tests/")
    assert name in functions(path)


def test_the_verdicts_are_counted_as_they_are() -> None:
    count = Counter(row[2] for row in controls())
    told = f"8.1.4 共 {count.total()} 项：" + "，".join(
        f"{verdict} {count[verdict]}" for verdict in (MET, PARTLY, BY_OPERATOR, NOT_MET)
    )
    assert f"{told}。" in PAGE


def test_every_setting_that_is_named_exists() -> None:
    known = {f"{section}.{name}" for section, model in sections().items() for name in model.model_fields}
    named = {name for row in every_row() for cell in (row[3], *row[5:]) for name in quoted(cell)}
    settings = {name.removesuffix("*") for name in named if re.fullmatch(r"[a-z]+\.[a-z_]+\*?", name)}
    assert len(settings) > 10
    assert settings - known == set()


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([\w./-]+)(?:#[^)]*)?\)", PAGE))))
def test_every_page_it_links_to_exists(target: str) -> None:
    assert (ROOT / "docs" / target).is_file()
