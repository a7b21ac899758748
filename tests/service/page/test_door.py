"""Logging in at an identity provider, as the page sees it: a button, there and back, and the code that is wanted."""

from __future__ import annotations

import pytest

from tests.service.page.chromium import Tab
from tests.service.page.conftest import Gateway
from tests.service.page.console import press, there, visit, write
from tests.service.page.fake_gateway import CODE
from tests.service.page.visit import part

pytestmark = pytest.mark.whole

LABEL = "用公司账号登录"


def test_there_and_back_and_a_code_open_the_door(browser: Tab, gateway: Gateway) -> None:
    visit(browser, gateway.address)
    press(browser, LABEL, ".door")
    browser.wait("document.querySelector('#door-title')?.textContent === '还差验证码'")
    write(browser, code="000000")
    press(browser, "登录", ".door")
    browser.wait("document.querySelector('.door .notice').textContent === '验证码不对。'")
    write(browser, code=CODE)
    press(browser, "登录", ".door")
    browser.wait(f"!document.querySelector('{part('door')}').open")
    browser.wait(f"document.querySelector('{part('model')}').value === 'kantu-mini'")
    assert browser.evaluate("location.hash") == ""
    assert "张三" in browser.text("body")


def test_whoever_has_no_code_may_log_in_otherwise(browser: Tab, gateway: Gateway) -> None:
    visit(browser, gateway.address)
    press(browser, LABEL, ".door")
    browser.wait("document.querySelector('#door-title')?.textContent === '还差验证码'")
    press(browser, "改用账号登录", ".door")
    browser.wait(there(".door [name=name]"))
    assert browser.evaluate("location.hash") == ""


def test_people_of_a_provider_have_no_password_here(browser: Tab, gateway: Gateway) -> None:
    visit(browser, gateway.address)
    press(browser, LABEL, ".door")
    browser.wait("document.querySelector('#door-title')?.textContent === '还差验证码'")
    write(browser, code=CODE)
    press(browser, "登录", ".door")
    browser.wait(f"!document.querySelector('{part('door')}').open")
    browser.evaluate("location.hash = '#account'")
    browser.wait("document.body.textContent.includes('第二因素')")
    assert "更换密码" not in browser.text("body")
