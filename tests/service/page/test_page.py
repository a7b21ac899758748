"""The page in a real browser, before an invented API."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.service.page.chromium import Tab
from tests.service.page.conftest import Gateway
from tests.service.page.fake_gateway import INJECTION, KEY
from tests.service.page.visit import DONE, LAST, answered, ask, choose, part, set_field

pytestmark = pytest.mark.whole


def test_a_key_is_asked_for_once_and_stays_in_the_tab(stranger: Tab, gateway: Gateway) -> None:
    stranger.wait(f"document.querySelector('{part('door')}').open")
    stranger.click(f"{part('door')} .link")  # a key instead of an account
    stranger.press("Escape")  # no way around it
    stranger.type("kt-wrong")
    stranger.press("Enter")
    stranger.wait(f"document.querySelector('{part('door')} .notice').textContent === 'API 密钥无效。'")
    stranger.type(KEY)
    stranger.press("Enter")
    stranger.wait(f"!document.querySelector('{part('door')}').open")
    stranger.open(gateway.address)
    stranger.wait(f"document.querySelector('{part('model')}').value === 'kantu-mini'")
    assert not stranger.evaluate(f"document.querySelector('{part('door')}').open")
    kept = stranger.evaluate("[Object.values(sessionStorage), Object.values(localStorage), document.cookie]")
    assert KEY in kept[0]
    assert kept[1:] == [[], ""]


def test_the_key_travels_in_a_header_to_the_api_and_nowhere_else(visitor: Tab, picture: Path) -> None:
    choose(visitor, picture)
    visitor.wait(f"document.querySelector('{part('preview')}').textContent.includes('384')")
    answered(visitor, "为什么还没发货？")
    requests = [event["request"] for event in visitor.seen("Network.requestWillBeSent")]
    carrying = {urlsplit(request["url"]).path for request in requests if KEY in json.dumps(request["headers"])}
    assert carrying == {"/v1/models", "/v1/tokenize", "/v1/chat/completions"}
    assert not any(KEY in request["url"] or KEY in request.get("postData", "") for request in requests)


def test_nothing_leaves_for_another_host_and_no_socket_is_opened(visitor: Tab, gateway: Gateway, picture: Path) -> None:
    choose(visitor, picture)
    answered(visitor, "标出按钮")
    addresses = [urlsplit(event["request"]["url"]) for event in visitor.seen("Network.requestWillBeSent")]
    remote = {address.netloc for address in addresses if address.scheme not in ("data", "blob")}
    assert remote == {urlsplit(gateway.address).netloc}
    assert visitor.seen("Network.webSocketCreated") == []


def test_the_browser_finds_no_fault_with_the_page(visitor: Tab, picture: Path) -> None:
    choose(visitor, picture)
    answered(visitor, "标出按钮")
    faults = [event["entry"]["text"] for event in visitor.seen("Log.entryAdded") if event["entry"]["level"] == "error"]
    assert faults == []  # a breach of the Content-Security-Policy would be here
    assert visitor.seen("Runtime.exceptionThrown") == []


def test_pictures_are_pasted_dropped_chosen_and_removed(visitor: Tab, picture: Path, tmp_path: Path) -> None:
    thumbnails = f"document.querySelectorAll('{part('tray')} img').length"
    visitor.paste(picture)
    visitor.wait(f"{thumbnails} === 1")
    visitor.drop(picture)
    visitor.wait(f"{thumbnails} === 2")
    choose(visitor, picture, picture)
    visitor.wait(f"{thumbnails} === 4")
    visitor.click(f"{part('tray')} .remove")
    visitor.wait(f"{thumbnails} === 3")
    (tmp_path / "notes.txt").write_text("a")
    choose(visitor, tmp_path / "notes.txt")
    visitor.wait(f"document.querySelector('{part('notice')}').textContent === '只能添加图片：notes.txt'")
    assert visitor.evaluate(thumbnails) == 3


def test_what_pictures_cost_is_told_before_asking(visitor: Tab, gateway: Gateway, picture: Path) -> None:
    choose(visitor, picture, picture)
    preview = f"document.querySelector('{part('preview')}').textContent"
    visitor.wait(f"{preview} === '2 张图片 · 约 768 个视觉词元'")
    set_field(visitor, "max-pixels", "100352")
    end = time.monotonic() + 60
    while gateway.seen()["tokenized"][-1].get("mm_processor_kwargs") != {"max_pixels": 100352}:
        assert time.monotonic() < end


def test_the_answer_streams_in_and_its_cost_is_shown(visitor: Tab, gateway: Gateway, picture: Path) -> None:
    choose(visitor, picture)
    assert answered(visitor, "为什么这个还没发货？") == "待商家发货，商家还没有寄出。"
    costs = {name: visitor.text(f'{LAST} [data-cost="{name}"]') for name in ("visual", "prompt", "output", "ttft")}
    assert costs["visual"] == "视觉词元 384"
    assert costs["prompt"] == "输入 412 (缓存 96)"
    assert costs["output"] == "输出 18"
    assert costs["ttft"].startswith("首字 0.")
    assert visitor.text(f"{LAST} .aigc") == "内容由 AI 生成"
    asked = gateway.seen()["chats"][-1]
    encoded = base64.b64encode(picture.read_bytes()).decode()
    assert asked == {
        "model": "kantu-mini",
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{encoded}"}},
                    {"type": "text", "text": "为什么这个还没发货？"},
                ],
            }
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_enter_sends_but_not_with_shift_nor_while_an_input_method_composes(visitor: Tab) -> None:
    visitor.evaluate(f"document.querySelector('{part('question')}').focus()")
    visitor.type("第一行")
    visitor.press("Enter", shift=True)
    visitor.call("Input.imeSetComposition", text="fahuo", selectionStart=5, selectionEnd=5)
    event = "new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true, cancelable: true})"
    visitor.evaluate(f"document.querySelector('{part('question')}').dispatchEvent({event})")
    assert visitor.evaluate("document.querySelectorAll('.turn').length") == 0
    visitor.type("发货")
    visitor.press("Enter")
    visitor.wait(DONE)
    assert visitor.text(".bubble") == "第一行\n发货"


def test_a_follow_up_carries_the_conversation_and_a_new_one_starts_afresh(
    visitor: Tab, gateway: Gateway, picture: Path
) -> None:
    choose(visitor, picture)
    answered(visitor, "为什么还没发货？")
    answered(visitor, "还要多久？")
    messages = gateway.seen()["chats"][-1]["messages"]
    assert [message["role"] for message in messages] == ["user", "assistant", "user"]
    assert messages[0]["content"][0]["type"] == "image_url"
    assert messages[1]["content"] == "待商家发货，商家还没有寄出。"
    visitor.click(part("new"))
    answered(visitor, "你好")
    assert len(gateway.seen()["chats"][-1]["messages"]) == 1
    entries = "[...document.querySelectorAll('.entry')].map((entry) => entry.textContent)"
    assert visitor.evaluate(entries) == ["你好", "为什么还没发货？"]
    visitor.click(".entry:last-child")
    assert visitor.evaluate("document.querySelectorAll('.turn').length") == 2


def test_stop_keeps_what_has_come_and_cancels_on_the_server(visitor: Tab, gateway: Gateway) -> None:
    cancelled = gateway.seen()["cancelled"]
    ask(visitor, "慢慢说")
    visitor.wait(f"document.querySelector('{LAST} .text').textContent.length > 6")
    visitor.click(part("stop"))
    visitor.wait(f"document.querySelector('{LAST} .chip')?.textContent === '已停止'")
    assert visitor.text(f"{LAST} .text").startswith("还在看还在看")
    assert visitor.evaluate(f"document.querySelector('{part('stop')}').hidden")
    end = time.monotonic() + 60
    while gateway.seen()["cancelled"] == cancelled:
        assert time.monotonic() < end


def test_boxes_of_an_answer_are_drawn_on_the_picture(visitor: Tab, picture: Path) -> None:
    choose(visitor, picture)
    answered(visitor, "标出按钮和状态")
    edges = "['x', 'y', 'width', 'height'].map((name) => box.getAttribute(name))"
    places = f"[...document.querySelectorAll('.boxed rect')].map((box) => {edges})"
    assert visitor.evaluate(places) == [["40", "60", "580", "60"], ["640", "880", "320", "70"]]
    labels = "[...document.querySelectorAll('.boxed figcaption')].map((label) => label.textContent)"
    assert visitor.evaluate(labels) == ["待商家发货", "催发货"]
    visitor.evaluate("document.querySelector('.boxed').scrollIntoView()")
    visitor.click(".boxed")
    visitor.wait(f"document.querySelector('{part('lightbox')}').open")
    assert visitor.evaluate(f"document.querySelectorAll('{part('stage')} rect').length") == 2


def test_of_several_pictures_the_visitor_chooses_which_the_boxes_are_on(visitor: Tab, picture: Path) -> None:
    choose(visitor, picture, picture)
    answered(visitor, "标出按钮")
    first = visitor.evaluate("document.querySelector('.boxed img').src")
    visitor.evaluate("document.querySelector('.tabs').scrollIntoView()")
    visitor.click(".tabs .chip:last-child")
    visitor.wait(f"document.querySelector('.boxed img').src !== '{first}'")


def test_boxes_are_found_wherever_they_stand_in_an_answer(visitor: Tab) -> None:
    box = [1, 2, 30, 40]
    table: dict[str, list[Any]] = {
        '[{"bbox_2d": [1, 2, 30, 40], "label": "价格"}]': [[box, "价格"]],
        "在 [1, 2, 30, 40] 这里，另见[图]": [[box, ""]],
        '```json\n{"按钮": {"bbox_2d": [1, 2, 30, 40]}}\n```': [[box, "按钮"]],
        '{"text_content": "a ] b", "bbox_2d": [1, 2, 30, 40]}': [[box, "a ] b"]],
        "[30, 40, 1, 2] [1, 2, 3] [1, 2, 30, 4000] [1, 2, 30, 40": [],
        "[" * 5000: [],
    }
    read = "(await import('/page/boxes.js')).boxesIn(answer).map((found) => [found.box, found.label])"
    script = f"Promise.all({json.dumps(list(table))}.map(async (answer) => {read}))"
    assert visitor.evaluate(script) == list(table.values())


def test_an_answer_is_text_and_never_markup(visitor: Tab) -> None:
    assert answered(visitor, "注入") == INJECTION
    assert visitor.evaluate(f"document.querySelectorAll('{LAST} .text *').length") == 0
    assert visitor.evaluate("document.title") == "看图"
    ask(visitor, INJECTION)
    visitor.wait(f"document.querySelectorAll('.turn').length === 2 && {DONE}")
    assert visitor.text(f"{LAST} .bubble") == INJECTION
    assert visitor.evaluate("document.title") == "看图"


def test_a_refusal_is_shown_in_chinese_and_can_be_tried_again(visitor: Tab, gateway: Gateway) -> None:
    ask(visitor, "忙吗")
    visitor.wait(f"document.querySelector('{LAST} .error') !== null")
    assert "请在 12 秒后重试。" in visitor.text(f"{LAST} .error")
    assert visitor.evaluate(f"document.querySelector('{LAST} .error').dataset.code") == "request_limit_exceeded"
    assert "req_0123456789abcdef01234567" in visitor.text(f"{LAST} small")
    asked = len(gateway.seen()["chats"])
    visitor.click(f"{LAST} .error button")
    end = time.monotonic() + 60
    while len(gateway.seen()["chats"]) == asked:
        assert time.monotonic() < end


def test_a_failure_in_the_middle_of_an_answer_is_shown_and_left_out_of_what_follows(
    visitor: Tab, gateway: Gateway
) -> None:
    ask(visitor, "断在中间")
    visitor.wait(f"document.querySelector('{LAST} .error') !== null")
    assert "显存不足，请减小图片。" in visitor.text(f"{LAST} .error")
    answered(visitor, "你好")
    assert len(gateway.seen()["chats"][-1]["messages"]) == 1


def test_a_key_that_is_revoked_meanwhile_is_asked_for_again(visitor: Tab) -> None:
    visitor.evaluate(
        "fetch_ = window.fetch; window.fetch = (p, o) => fetch_(p, {...o, headers: {authorization: 'Bearer x'}})"
    )
    ask(visitor, "你好")
    visitor.wait(f"document.querySelector('{part('door')}').open")
    assert visitor.text(f"{part('door')} .notice") == "API 密钥无效。"


def test_a_schema_and_limits_travel_with_the_question(visitor: Tab, gateway: Gateway) -> None:
    visitor.click(part("advanced-toggle"))
    set_field(visitor, "schema", "[1")
    ask(visitor, "记录")
    assert visitor.text(part("notice")) == "JSON Schema 不是有效的 JSON 对象。"
    assert visitor.evaluate("document.querySelectorAll('.turn').length") == 0
    visitor.evaluate(f"document.querySelector('{part('schema-sample')}').click()")
    set_field(visitor, "max-pixels", "200704")
    set_field(visitor, "max-tokens", "64")
    visitor.evaluate(f"document.querySelector('{part('question')}').focus()")
    visitor.press("Enter")
    visitor.wait(DONE)
    asked = gateway.seen()["chats"][-1]
    assert asked["response_format"]["type"] == "json_schema"
    assert asked["response_format"]["json_schema"]["strict"] is True
    assert "状态" in asked["response_format"]["json_schema"]["schema"]["properties"]
    assert asked["mm_processor_kwargs"] == {"max_pixels": 200704}
    assert asked["max_completion_tokens"] == 64
    assert json.loads(visitor.text(f"{LAST} .text")) == {"状态": "待商家发货", "实付": "128.00"}


def test_the_chosen_model_is_asked(visitor: Tab, gateway: Gateway) -> None:
    set_field(visitor, "model", "qwen3-vl-4b")
    answered(visitor, "你好")
    assert gateway.seen()["chats"][-1]["model"] == "qwen3-vl-4b"


def test_on_a_phone_nothing_is_cut_off_and_the_conversations_are_behind_a_button(
    visitor: Tab, gateway: Gateway, picture: Path
) -> None:
    visitor.as_phone()
    visitor.open(gateway.address)
    choose(visitor, picture)
    answered(visitor, "标出按钮和状态")
    wide = """[...document.querySelectorAll('.main *, .top *')]
        .filter((e) => e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.className)"""
    assert visitor.evaluate(wide) == []
    assert visitor.evaluate("getComputedStyle(document.querySelector('.side')).visibility") == "hidden"
    visitor.click(part("menu"))
    visitor.wait("getComputedStyle(document.querySelector('.side')).visibility === 'visible'")
    visitor.wait("document.querySelector('.side').getBoundingClientRect().left === 0")
    visitor.click(part("new"))
    visitor.wait("getComputedStyle(document.querySelector('.side')).visibility === 'hidden'")


def test_a_visit_writes_no_files(visitor: Tab, gateway: Gateway) -> None:
    answered(visitor, "你好")
    assert list(gateway.folder.rglob("*")) == []
