"""The tables as Markdown, between markers."""

from __future__ import annotations

from pathlib import Path

import pytest

from kantu.errors import InvalidRequestError
from kantu.evaluation.report.markdown import BEGIN, END, markdown, put
from kantu.evaluation.results import Results, Run, Session
from tests.evaluation.asked import answer, item

RUN = Run("everyday", "1", "kantu-mini", "abcdef", "bfloat16")


def test_it_has_floors_shares_and_where_it_was_measured() -> None:
    answers = [
        answer(item("一", kind="status", origin="held_out"), "9.9"),
        answer(item("二", kind="status"), "8"),
    ]
    session = Session(
        "2026-01-02T03:04:05+00:00", 60.0, 2, 8, "0.1.0", "abc", {"cpu": "X", "cores": 2, "device": "cpu"}
    )
    told = markdown(Results(RUN, {}, (session,)), answers, ("chat（还没有这个图片家族）",))
    assert "| 订单状态 | 留出 | ≥ 97 | 100.0 | 1 | 是 |" in told
    assert "| 订单状态 | 浏览器 | ≥ 95 | 0.0 | 1 | **否** |" in told
    assert "|  | 状态 status | 100.0 | 1 | 0.0 | 1 |" in told
    assert "2026-01-02 · kantu 0.1.0 · 提交 abc · X，2 核，cpu · 并行 8 · 共 60 秒" in told
    assert "缺：chat" in told


def test_only_what_stands_between_the_markers_changes(tmp_path: Path) -> None:
    page = tmp_path / "a.md"
    page.write_text(f"# 前言\n\n{BEGIN}\n旧\n{END}\n\n后记\n", "utf-8")
    put(page, "新")
    put(page, "更新")
    assert page.read_text("utf-8") == f"# 前言\n\n{BEGIN}\n\n更新\n\n{END}\n\n后记\n"


def test_a_page_that_is_not_there_is_made_and_one_without_markers_is_left_alone(tmp_path: Path) -> None:
    put(tmp_path / "new.md", "新")
    assert "新" in (tmp_path / "new.md").read_text("utf-8")
    page = tmp_path / "a.md"
    page.write_text("手写的")
    with pytest.raises(InvalidRequestError) as caught:
        put(page, "新")
    assert caught.value.code == "markers_missing"
    assert page.read_text() == "手写的"
