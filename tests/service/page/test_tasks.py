"""任务 in a real browser, before an invented API."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.service.page.chromium import Tab
from tests.service.page.conftest import Gateway
from tests.service.page.fake_gateway import KEY
from tests.service.page.fake_results import ORDER
from tests.service.page.visit import RESULT, cards, choose, copied, fill, open_task, part, run_task

pytestmark = pytest.mark.whole

LIT = "[...document.querySelectorAll('.lit')].map((element) => [element.localName, element.dataset.path])"
TRICKY = "它说“$HOME”、`id`、\\n、'单'和\"双\"？"


def data_url(picture: Path) -> str:
    return f"data:image/png;base64,{base64.b64encode(picture.read_bytes()).decode()}"


@pytest.fixture
def at_order(visitor: Tab, picture: Path) -> Tab:
    """The form of `order` with a picture dropped on it."""
    open_task(visitor, "order")
    visitor.drop(picture)
    visitor.wait(f"document.querySelectorAll('{part('task-pictures')} .thumbnail').length === 1")
    return visitor


def test_a_dropped_picture_and_a_question_become_a_record(at_order: Tab, gateway: Gateway, picture: Path) -> None:
    fill(at_order, "question", "为什么还没发货？")
    at_order.press("Enter")
    at_order.wait("document.querySelector('.record .card:not(.blank)') !== null")
    said = cards(at_order)
    assert list(said) == ["状态", "页面上的状态", "订单号", "运单号", "金额", "情况", "建议", "回复"]
    assert said["运单号"] == "图中没有"
    assert said["回复"] == ORDER["reply"]
    assert gateway.seen()["tasks"][-1] == {
        "task": "order",
        "model": "kantu-mini",
        "images": [data_url(picture)],
        "input": {"question": "为什么还没发货？"},
    }


def test_what_a_person_should_look_at_stands_out(at_order: Tab) -> None:
    run_task(at_order)
    review = at_order.text(f"{RESULT} .review").splitlines()
    assert review[0] == "需人工复核"
    assert review[1:] == ["图中的号码像有 12 位，读出了 11 位。", "整体把握 41%，低于 80%，最没有把握的是“订单号”。"]
    number = "[data-path=order_number]"
    assert at_order.text(f".record {number} .badge") == "未核实"
    assert at_order.text(f".record {number} .sure b") == "41%"
    assert at_order.text(f".record {number} .problems") == "图中的号码像有 12 位，读出了 11 位。"
    assert at_order.evaluate(f"document.querySelector('.spot{number}').classList.contains('doubtful')")
    assert at_order.text(".record [data-path=status_text] .sure b") == ">99%"
    assert "需人工复核" in at_order.text(part("task-status"))


def test_a_field_and_its_box_light_up_together(at_order: Tab) -> None:
    run_task(at_order)
    places = """['left', 'top', 'width', 'height'].map((side) =>
        Number.parseFloat(document.querySelector('.spot[data-path=status_text]').style[side]))"""
    assert at_order.evaluate(places) == pytest.approx([3000 / 416, 6000 / 640, 16000 / 416, 3000 / 640], abs=1e-3)
    both = [["button", "status_text"], ["article", "status_text"]]
    at_order.hover(".record [data-path=status_text]")
    assert at_order.evaluate(LIT) == both
    at_order.hover(".record [data-path=status]")  # it stands nowhere
    assert at_order.evaluate(LIT) == []
    at_order.hover(".spot[data-path=status_text]")
    assert at_order.evaluate(LIT) == both
    at_order.evaluate("document.querySelector('.record [data-path=amount]').focus()")
    assert at_order.evaluate(LIT) == [["button", "amount"], ["article", "amount"]]
    at_order.click(".spot[data-path=status_text]")
    assert at_order.evaluate("document.activeElement.localName + document.activeElement.dataset.path") == (
        "articlestatus_text"
    )


def test_the_picture_that_a_field_stands_in_comes_forward(at_order: Tab, picture: Path) -> None:
    choose(at_order, picture)
    run_task(at_order)
    shown = "[...document.querySelectorAll('.evidence figure')].map((figure) => !figure.hidden)"
    assert at_order.evaluate(shown) == [True, False]
    at_order.hover(".record [data-path=amount]")
    assert at_order.evaluate(shown) == [False, True]


def test_lists_tables_and_generated_words(visitor: Tab, picture: Path) -> None:
    open_task(visitor, "chart")
    choose(visitor, picture)
    run_task(visitor)
    assert "表头" not in cards(visitor)
    assert [row.split("\t") for row in cards(visitor)["各行"].splitlines()][:2] == [
        ["季度", "华东", "华南"],
        ["一季度", "120", "98"],
    ]
    open_task(visitor, "ui")
    run_task(visitor)
    assert [word for word in cards(visitor)["1"].split() if word != "把握"] == (
        ["种类", "按钮", "90%", "名称", "催发货", "90%", "状态", "图中没有", "90%"]
    )
    open_task(visitor, "copy")
    run_task(visitor)
    assert visitor.text(f"{RESULT} .aigc") == "内容由 AI 生成"
    open_task(visitor, "locate")
    fill(visitor, "target", "按钮")
    run_task(visitor)
    assert visitor.text(".record") == "图中没有找到。"


def test_a_click_on_the_picture_is_the_point(visitor: Tab, gateway: Gateway, picture: Path) -> None:
    open_task(visitor, "ui_point")
    choose(visitor, picture)
    visitor.wait("document.querySelector('.point img').naturalWidth > 0")
    visitor.click(".point img", across=0.75, down=0.25)
    assert visitor.evaluate("document.querySelector('.marker').hidden") is False
    run_task(visitor)
    x, y = (int(gateway.seen()["tasks"][-1]["input"][side]) for side in ("x", "y"))
    assert abs(x - 750) <= 3
    assert abs(y - 250) <= 3
    visitor.hover(".record [data-path=label]")  # the box is of the whole control
    assert ["button", ""] in visitor.evaluate(LIT)


def test_keys_are_given_with_any_comma(visitor: Tab, gateway: Gateway, picture: Path) -> None:
    open_task(visitor, "extract")
    choose(visitor, picture)
    fill(visitor, "keys", "订单号， 金额,状态、金额")
    run_task(visitor)
    assert gateway.seen()["tasks"][-1]["input"] == {"keys": "订单号、金额、状态"}


def test_what_is_missing_is_said_and_nothing_is_asked(visitor: Tab, gateway: Gateway, picture: Path) -> None:
    asked = len(gateway.seen()["tasks"])
    open_task(visitor, "match")
    visitor.click(part("task-run"))
    assert visitor.text(part("task-notice")) == "请先添加图片。"
    choose(visitor, picture)
    visitor.wait(f"document.querySelector('{part('task-notice')}').textContent === ''")
    visitor.click(part("task-run"))
    assert visitor.text(part("task-notice")) == "还没有填：文字"
    assert visitor.evaluate("document.activeElement.name") == "text"
    assert len(gateway.seen()["tasks"]) == asked


def test_a_question_that_points_at_nothing_can_be_changed_or_forced(
    visitor: Tab, gateway: Gateway, picture: Path
) -> None:
    open_task(visitor, "ask")
    choose(visitor, picture)
    fill(visitor, "question", "它是什么？")
    run_task(visitor)
    assert "“它”指的是什么" in visitor.text(f"{RESULT} .suggestion")
    visitor.click(f"{RESULT} .suggestion > .link")
    visitor.wait("document.querySelector('.record .card:not(.blank)') !== null")
    assert gateway.seen()["tasks"][-1]["force"] is True
    run_task(visitor)
    visitor.click(f"{RESULT} .idea")
    visitor.wait("document.querySelector('.record .card:not(.blank)') !== null")
    assert gateway.seen()["tasks"][-1]["input"] == {"question": "订单现在是什么状态？"}
    assert "force" not in gateway.seen()["tasks"][-1]


def test_options_travel_with_the_task(at_order: Tab, gateway: Gateway) -> None:
    at_order.click(part("task-evidence"))
    at_order.evaluate(f"document.querySelector('{part('task-pixels')}').value = '200704'")
    run_task(at_order)
    asked = gateway.seen()["tasks"][-1]
    assert (asked["evidence"], asked["max_pixels"]) == (False, 200704)
    assert asked["input"] == {}  # the task has a question of its own


def _bash(code: str, folder: Path) -> list[str]:
    return ["bash", "-c", code]


def _python(code: str, folder: Path) -> list[str]:
    (folder / "run.py").write_text(code, encoding="utf-8")
    return [sys.executable, "run.py"]


@pytest.mark.parametrize(("view", "command"), [("curl", _bash), ("python", _python)])
def test_the_code_asks_the_same_and_never_holds_the_key(
    at_order: Tab,
    gateway: Gateway,
    picture: Path,
    tmp_path: Path,
    view: str,
    command: Callable[[str, Path], list[str]],
) -> None:
    odd = tmp_path / "订单 $(1)'s.png"
    odd.write_bytes(picture.read_bytes())
    (tmp_path / picture.name).write_bytes(picture.read_bytes())
    choose(at_order, odd)
    fill(at_order, "question", TRICKY)
    run_task(at_order)
    by_page: dict[str, Any] = gateway.seen()["tasks"][-1]
    assert by_page["input"] == {"question": TRICKY}
    code = copied(at_order, view)
    assert KEY not in code
    done = subprocess.run(
        command(code.replace("kt-…", KEY), tmp_path), cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert ORDER["reply"] in done.stdout
    assert gateway.seen()["tasks"][-1] == by_page


def test_the_result_is_there_as_json(at_order: Tab) -> None:
    run_task(at_order)
    assert json.loads(copied(at_order, "json"))["result"] == ORDER


def test_a_refusal_can_be_tried_again_and_a_task_stopped(at_order: Tab, gateway: Gateway) -> None:
    fill(at_order, "question", "忙吗")
    run_task(at_order)
    assert "请在 12 秒后重试。" in at_order.text(f"{RESULT} .error")
    asked = len(gateway.seen()["tasks"])
    at_order.click(f"{RESULT} .error button")
    end = time.monotonic() + 60
    while len(gateway.seen()["tasks"]) == asked:
        assert time.monotonic() < end
    at_order.wait(f"!document.querySelector('{part('task-run')}').hidden")
    cancelled = gateway.seen()["cancelled"]
    fill(at_order, "question", "慢")
    at_order.click(part("task-run"))
    at_order.wait("document.querySelectorAll('.card.blank').length === 8")
    at_order.click(part("task-stop"))
    at_order.wait(f"document.querySelector('{RESULT}').innerText === '已停止'")
    while gateway.seen()["cancelled"] == cancelled:
        assert time.monotonic() < end


def test_the_address_remembers_the_task_and_pictures_follow_to_the_questions(at_order: Tab, gateway: Gateway) -> None:
    at_order.click("a[data-page=ask]")
    at_order.wait(f"document.querySelectorAll('{part('form')} .thumbnail').length === 1")
    assert at_order.evaluate("location.hash") == "#ask"
    at_order.click("a[data-page=tasks]")
    at_order.wait("location.hash === '#tasks/order'")
    at_order.call("Page.reload")
    at_order.wait("document.querySelector('.task-name input:checked')?.value === 'order'")


def test_the_browser_finds_no_fault_with_it(at_order: Tab) -> None:
    run_task(at_order)
    at_order.hover(".record [data-path=status_text]")
    copied(at_order, "curl")
    faults = [event["entry"]["text"] for event in at_order.seen("Log.entryAdded") if event["entry"]["level"] == "error"]
    assert faults == []  # a breach of the Content-Security-Policy would be here
    assert at_order.seen("Runtime.exceptionThrown") == []


@pytest.mark.parametrize("name", ["order", "ui", "chart", "ui_point"])
def test_on_a_narrow_phone_nothing_is_cut_off(visitor: Tab, gateway: Gateway, picture: Path, name: str) -> None:
    visitor.as_phone(360)
    visitor.open(gateway.address)
    visitor.wait(f"document.querySelectorAll('{part('model')} option').length")
    open_task(visitor, name)
    choose(visitor, picture, picture)
    if name == "ui_point":
        fill(visitor, "x", "500")
        fill(visitor, "y", "500")
    run_task(visitor)
    wide = """[...document.querySelectorAll('.main *, .top *')]
        .filter((e) => !e.closest('.table') && e.getBoundingClientRect().right > innerWidth + 1)
        .map((e) => e.className)"""
    assert visitor.evaluate(wide) == []
    tasks = f"document.querySelector('{part('tasks')}')"
    assert visitor.evaluate(f"{tasks}.scrollWidth <= {tasks}.clientWidth")
