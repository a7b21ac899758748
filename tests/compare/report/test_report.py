"""One comparison, told on the terminal, as Markdown, as HTML and as JSON: the same figures everywhere."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

from rich.console import Console

from kantu.compare.price import Prices
from kantu.compare.report import terminal
from kantu.compare.report.as_json import as_json
from kantu.compare.report.conditions import CONDITIONS
from kantu.compare.report.html import html
from kantu.compare.report.markdown import BEGIN, END, markdown
from kantu.compare.report.rows import rows
from kantu.evaluation.report.markdown import put
from tests.compare.made import OURS, comparison, pairs
from tests.evaluation.asked import item


def cells(label: str) -> tuple[str, str]:
    (row,) = (row for row in rows(comparison()) if row.label.en.startswith(label))
    return row.ours.zh, row.theirs.zh


def test_every_row_of_the_table_says_what_was_measured() -> None:
    assert cells("services involved") == ("1", "7")
    assert cells("processes") == ("2", "7")
    assert cells("lines of glue") == ("60", "900")
    assert cells("right") == ("75.0", "50.0")
    assert cells("difference")[0].startswith("+25.0（")
    assert cells("new picture, in process") == ("0.25 / 0.50", "1.25 / 2.50")
    assert cells("requests/s, 1、4 clients, over HTTP") == ("4.00、6.00", "0.75、0.80（错 2）")
    assert cells("bytes that leave the machine") == ("0，0", "10,000，1")
    assert cells("bytes that leave the process")[1] == "1,000,000，1"
    assert cells("a stage fails")[1] == "2、0、2"
    assert cells("the text model limits")[1] == "1、1、2"
    assert cells("peak memory") == ("500 MB", "没有测")
    assert cells("start-up")[0] == "1.5（1.2–3.0） / 2.0（1.8–4.0），3 次"
    assert cells("can it be fine-tuned")[0] == "100/100 个参数，直到像素"
    assert "到不了像素" in cells("can it be fine-tuned")[1]


def test_what_was_not_measured_says_so() -> None:
    assert cells("new picture, over HTTP") == ("0.20 / 0.30", "没有测")
    assert cells("price") == ("没有填价格", "没有填价格")


def test_every_row_of_a_time_says_whose_cache_holds_its_picture() -> None:
    told = "；".join(row.zh for row, *_ in CONDITIONS)
    timed = ("新图片的一问，进程内", "同图的又一问，进程内", "新图片的一问，经 HTTP", "请求/秒", "启动", "价钱")
    assert all(each in told for each in timed)
    known = [(ours != theirs, row.zh) for row, _, ours, theirs in CONDITIONS if "没有它的任何东西" not in ours.zh]
    assert known == [(True, "同图的又一问，进程内")]


def test_a_price_is_told_with_what_was_entered() -> None:
    found = comparison(prices=Prices(hour=2.0), ours=OURS.__class__(**{**vars(OURS), "price": 0.5}))
    (row,) = (row for row in rows(found) if row.label.en.startswith("price"))
    assert (row.label.zh, row.ours.zh) == ("每千张图的价钱（hour=2）", "0.50")


def test_the_terminal_shows_all_tables() -> None:
    out = io.StringIO()
    terminal.show(comparison(missing=("浏览器图片",)), Console(file=out, width=250))
    shown = out.getvalue()
    for title in (
        "对比",
        "各行的图见过没有",
        "事实在哪一级丢的",
        "答对，按种类",
        "一个服务出故障时",
        "字节去了哪里",
        "没有测的",
    ):
        assert title in shown
    assert "没有等到" in shown
    assert "浏览器图片" in shown


def test_markdown_is_chinese_and_then_english_between_marks(tmp_path: Path) -> None:
    page = tmp_path / "comparison.md"
    page.write_text(f"前言\n{BEGIN}\n旧\n{END}\n后记\n", "utf-8")
    put(page, markdown(comparison()), begin=BEGIN, end=END)
    text = page.read_text("utf-8")
    assert text.startswith("前言")
    assert text.endswith("后记\n")
    assert "旧" not in text
    chinese, english = text.split("\n---\n")
    assert "### 对比" in chinese
    assert "### The comparison" in english
    assert "| 参与的服务 | 1 | 7 |" in chinese
    assert "每边各用 2 个线程" in chinese
    assert "where the pipeline is right and Kantu wrong" in english
    tables = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    assert all(len({line.replace("\\|", "").count("|") for line in table.splitlines()}) == 1 for table in tables)


def test_html_needs_nothing_else_and_shows_examples_both_ways() -> None:
    found = pairs()
    items = {
        each.ours.key: item(each.ours.question, picture=each.ours.pictures[0], family=each.ours.family)
        for each in found
    }
    page = html(comparison(found), items)
    assert "http" not in page.replace("HTTP", "")
    assert page.count("<article>") == 30  # twenty that we have right alone, ten that the pipeline has
    assert "看图对、流水线错" in page
    assert "流水线对、看图错" in page
    assert "data:image/webp;base64," in page
    assert "实付款 9.9 &lt;b&gt;" in page
    assert "<b> " not in page


def test_json_has_the_table_and_every_pair() -> None:
    told = json.loads(as_json(comparison()))
    assert told["table"][0] == {"row": "services involved", "kantu": "1", "pipeline": "7", "hybrid": None}
    assert len(told["pairs"]) == 40
    assert told["losses"]["model"] == 20
    assert told["theirs"]["faults"][0]["service"] == "ocr"
    assert told["by_family"][0]["difference"]["low"] < told["by_family"][0]["difference"]["high"]
