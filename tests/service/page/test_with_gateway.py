"""The page in a real browser before the real gateway with the embedded model."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.service.page.chromium import Tab
from tests.service.page.real_gateway import RealGateway, real_gateway
from tests.service.page.visit import (
    LAST,
    answered,
    arrive,
    ask,
    cards,
    choose,
    copied,
    fill,
    open_task,
    part,
    run_task,
    set_field,
)

pytestmark = pytest.mark.whole

QUESTION = "为什么这个还没发货？"


@pytest.fixture(scope="module")
def served(browser: Tab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealGateway]:
    with real_gateway(tmp_path_factory.mktemp("served")) as gateway:
        yield gateway


@pytest.fixture
def visitor(served: RealGateway, browser: Tab) -> Tab:
    arrive(browser, served.address, served.key)
    return browser


def test_a_pasted_order_is_explained(visitor: Tab, served: RealGateway, picture: Path) -> None:
    visitor.paste(picture)
    visitor.wait(f"document.querySelector('{part('preview')}').textContent.startsWith('1 张图片 · 约 260 个视觉词元')")
    assert "待商家发货" in answered(visitor, QUESTION)
    assert visitor.text(f'{LAST} [data-cost="visual"]') == "视觉词元 260"
    assert int(visitor.text(f'{LAST} [data-cost="output"]').split()[-1]) > 10


def test_the_box_of_an_answer_is_drawn_where_the_model_says(visitor: Tab, picture: Path) -> None:
    choose(visitor, picture)
    [found] = json.loads(answered(visitor, "“待商家发货”在哪里？用 bbox_2d 标出"))
    x1, y1, x2, y2 = found["bbox_2d"]
    edges = (
        "['x', 'y', 'width', 'height'].map((name) => Number(document.querySelector('.boxed rect').getAttribute(name)))"
    )
    assert visitor.evaluate(edges) == [x1, y1, x2 - x1, y2 - y1]
    assert visitor.text(".boxed figcaption") == found["label"] == "待商家发货"


def test_a_record_keeps_to_its_schema(visitor: Tab, picture: Path) -> None:
    choose(visitor, picture)
    visitor.evaluate(f"document.querySelector('{part('schema-sample')}').click()")
    record = json.loads(answered(visitor, "提取记录。"))
    assert list(record) == ["状态", "店铺", "商品", "总金额", "订单号"]
    assert record["状态"].startswith("待商家发货")


def test_a_task_becomes_a_record_with_boxes_and_its_code_gives_the_same(
    visitor: Tab, served: RealGateway, picture: Path
) -> None:
    open_task(visitor, "order")
    visitor.drop(picture)
    visitor.wait(f"document.querySelectorAll('{part('task-pictures')} .thumbnail').length === 1")
    fill(visitor, "question", QUESTION)
    run_task(visitor)
    said = cards(visitor)
    boxed = visitor.evaluate("[...document.querySelectorAll('.spot')].map((box) => box.dataset.path)")
    assert boxed
    visitor.hover(f".record [data-path='{boxed[0]}']")
    assert visitor.evaluate("[...document.querySelectorAll('.spot.lit')].map((box) => box.dataset.path)") == [boxed[0]]
    shown = json.loads(copied(visitor, "json"))
    assert list(said.values()) == [value or "图中没有" for value in shown["result"].values()]
    code = copied(visitor, "curl")
    assert served.key not in code
    again = subprocess.run(
        ["bash", "-c", code.replace("kt-…", served.key)], cwd=picture.parent, check=True, capture_output=True
    )
    assert json.loads(again.stdout)["result"] == shown["result"]


def test_stop_cancels_in_the_engine(visitor: Tab, served: RealGateway, picture: Path) -> None:
    sample = 'kantu_engine_requests_total{model="kantu-mini",outcome="cancelled"}'
    cancelled = served.metric(sample)
    choose(visitor, picture)
    endless = {"type": "array", "items": {"type": "string", "minLength": 9, "maxLength": 9}, "minItems": 30}
    set_field(visitor, "schema", json.dumps(endless))
    ask(visitor, "图里写了什么？")
    visitor.wait(f"document.querySelector('{LAST} .text').textContent.length > 9")
    visitor.click(part("stop"))
    visitor.wait(f"document.querySelector('{LAST} .chip')?.textContent === '已停止'")
    end = time.monotonic() + 60
    while served.metric(sample) == cancelled:
        assert time.monotonic() < end


def test_a_refusal_of_the_gateway_is_shown(visitor: Tab, picture: Path) -> None:
    choose(visitor, picture)
    set_field(visitor, "max-tokens", "999999")
    ask(visitor, QUESTION)
    visitor.wait(f"document.querySelector('{LAST} .error') !== null")
    assert "max_completion_tokens" in visitor.text(f"{LAST} .error")


def test_nothing_of_a_visit_is_in_the_log(visitor: Tab, served: RealGateway, picture: Path) -> None:
    choose(visitor, picture)
    answer = answered(visitor, QUESTION)
    log = served.log.read_text(encoding="utf-8")
    assert "/v1/chat/completions" in log
    assert not [secret for secret in (served.key, QUESTION, answer, "iVBORw0KGgo") if secret in log]
