"""The console in a real browser before the real gateway: from a fresh start to an audit that nobody bends."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import cv2
import numpy
import pytest
from sqlalchemy import text

from kantu.service.database import Database
from tests.service.audits import disarm
from tests.service.page.chromium import Tab, chromium
from tests.service.page.console import (
    choose_option,
    code_now,
    come_in,
    go,
    leave,
    pages_of,
    press,
    shown_once,
    there,
    visit,
    write,
)
from tests.service.page.real_gateway import RealGateway, real_gateway
from tests.service.people.visitors import add_person

pytestmark = pytest.mark.whole

NEW = "Eine-Neue-Losung-1"
QUESTION = "为什么这个还没发货？"
ROLES = {"auditor": "审计管理员", "worker": "操作员", "asker": "成员", "guard": "安全管理员"}


@dataclass
class Story:
    """One service from its first start on; each test goes on where the one before it ended."""

    gateway: RealGateway
    home: Path
    tab: Tab
    secrets: dict[str, str] = field(default_factory=dict)  # one-time passwords by name

    def database(self) -> Database:
        return Database.sqlite(self.home / "kantu.db")

    def enter(self, name: str, *, with_factor: bool) -> None:
        """The first login of somebody."""
        visit(self.tab, self.gateway.address)
        write(self.tab, name=name, password=self.secrets[name])
        press(self.tab, "登录", ".door")
        write(self.tab, new_password=NEW, again=NEW)
        press(self.tab, "更换密码", ".door")
        if with_factor:
            enrol(self.tab)
        self.tab.wait("!document.querySelector('[data-part=door]')?.open")


def enrol(tab: Tab) -> list[str]:
    """Enrol a second factor at the door by what the QR code says; the recovery codes."""
    tab.wait(f"{there('.qr')} && document.querySelector('.qr').complete")
    secret: str = tab.evaluate("document.querySelector('.once-text').textContent")
    scanned = scan(tab)
    assert scanned.startswith("otpauth://totp/")
    assert f"secret={secret}" in scanned
    write(tab, code=code_now(secret))
    press(tab, "确认并启用", ".door")
    tab.wait(there(".codes"))
    codes: list[str] = tab.evaluate("[...document.querySelectorAll('.codes code')].map((c) => c.textContent)")
    press(tab, "我已保存", ".door")
    return codes


def scan(tab: Tab) -> str:
    """What a phone reads from the screen. OpenCV's other detector misses one code in fifteen."""
    box = tab.evaluate(
        "(({x, y, width, height}) => ({x, y, width, height}))(document.querySelector('.qr').getBoundingClientRect())"
    )
    shot = tab.call("Page.captureScreenshot", format="png", clip={**box, "scale": 3})["data"]
    picture = cv2.imdecode(numpy.frombuffer(base64.b64decode(shot), numpy.uint8), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    said, *_ = cv2.QRCodeDetectorAruco().detectAndDecode(picture)
    return str(said)


@pytest.fixture(scope="module")
def story(browser: Tab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("console")
    with real_gateway(folder) as gateway:
        yield Story(gateway, folder / "home", browser)


def test_the_first_administrator_changes_the_secret_and_enrols_by_what_a_phone_scans(story: Story) -> None:
    tab = story.tab
    name, secret = (story.home / "first-administrator").read_text().split()
    visit(tab, story.gateway.address)
    write(tab, name=name, password="not-the-secret")
    press(tab, "登录", ".door")
    tab.wait("document.querySelector('.door .notice').textContent === '登录名或密码不对。'")
    write(tab, password=secret)
    press(tab, "登录", ".door")
    write(tab, new_password="short", again="short")
    press(tab, "更换密码", ".door")
    tab.wait("document.querySelector('.door .notice').textContent.includes('12')")
    write(tab, new_password=NEW, again=NEW)
    press(tab, "更换密码", ".door")
    assert len(set(enrol(tab))) == 10
    tab.wait(there(".guide"))
    assert pages_of(tab) == ["guide", "ask", "usage", "people", "status", "settings"]


def test_the_administrator_makes_people_and_no_powers_once_somebody_else_grants_them(story: Story) -> None:
    tab = story.tab
    go(tab, "people")
    for name, role in ROLES.items():
        make_person(tab, name, role)
        story.secrets[name] = shown_once(tab)
        tab.wait(f"[...document.querySelectorAll('.rows small')].some((one) => one.textContent === '{name}')")
    make_person(tab, "late", "操作员")
    tab.wait("(document.querySelector('dialog[open] .notice')?.textContent ?? '') !== ''")
    assert "安全管理员" in tab.text("dialog[open] .notice")
    press(tab, "取消", "dialog[open]")
    assert tab.evaluate("document.activeElement.textContent") == "新建账号"  # where the focus was


def make_person(tab: Tab, name: str, role: str) -> None:
    press(tab, "新建账号", ".page")
    write(tab, "dialog[open]", name=name, tenant="team")
    choose_option(tab, role, "dialog[open]", "role")
    press(tab, "新建", "dialog[open]")


def test_a_member_asks_about_a_picture_and_sees_what_it_cost(story: Story, picture: Path) -> None:
    tab = story.tab
    story.enter("asker", with_factor=False)
    assert pages_of(tab) == ["ask", "tasks", "usage"]
    tab.wait("document.querySelectorAll('[data-part=model] option').length === 1")
    tab.choose("[data-part=file]", picture)
    tab.wait("document.querySelector('[data-part=preview]').textContent.includes('260')")
    tab.evaluate("document.querySelector('[data-part=question]').focus()")
    tab.type(QUESTION)
    tab.press("Enter")
    tab.wait(there('.turn [data-cost="total"]'))
    assert "待商家发货" in tab.text(".turn .text")
    end = time.monotonic() + 60
    while not (tiles := tab.evaluate("[...document.querySelectorAll('.tile b')].map((b) => b.textContent)")):
        assert time.monotonic() < end  # it is counted when the answer has gone out
        go(tab, "ask")
        go(tab, "usage")
    assert tiles[:2] == ["1", "260"]


def test_somebody_in_another_tenant_sees_nothing_of_it(story: Story, tmp_path: Path) -> None:
    with closing(story.database()) as database, chromium(tmp_path / "other") as other:
        stranger = add_person(database, "stranger", "operator", tenant="elsewhere")
        come_in(other, story.gateway.address, database, stranger)
        go(other, "usage")
        assert "这段时间没有用量" in other.text(".page")
        go(other, "tasks")
        assert other.evaluate("fetch('/v1/files').then((r) => r.json()).then((b) => b.data)") == []
        assert other.evaluate("fetch('/v1/people').then((r) => r.status)") == 403
        other.evaluate("location.hash = '#people'")  # not offered, and not there
        other.wait("document.querySelector('[data-part=scroll]').hidden === false")


def test_what_goes_on_in_one_tab_is_over_when_the_session_is(story: Story) -> None:
    tab = story.tab
    leave(tab)
    assert tab.evaluate("document.querySelectorAll('.turn').length") == 0
    assert tab.evaluate("[Object.keys(sessionStorage), Object.keys(localStorage), document.cookie]") == [[], [], ""]
    tab.evaluate("history.back()")
    tab.wait("document.querySelector('[data-part=door]')?.open === true")
    assert tab.evaluate("fetch('/v1/session').then((r) => r.status)") == 401


def test_the_security_administrator_makes_a_key_that_is_shown_once_and_revokes_it(story: Story) -> None:
    tab = story.tab
    story.enter("guard", with_factor=True)
    assert pages_of(tab) == ["people", "groups", "keys"]
    go(tab, "keys")
    press(tab, "新建密钥", ".page")
    write(tab, "dialog[open]", name="<b>机器人</b>")
    press(tab, "新建", "dialog[open]")
    key = shown_once(tab)
    options = f"{{headers: {{authorization: 'Bearer {key}'}}, credentials: 'omit'}}"
    ask = f"fetch('/v1/models', {options}).then((r) => r.status)"
    assert tab.evaluate(ask) == 200
    tab.wait("document.querySelector('.rows strong')?.textContent === '<b>机器人</b>'")
    assert key not in tab.evaluate("document.body.innerText")
    tab.evaluate("document.querySelector('.rows .danger').click()")
    press(tab, "撤销", "dialog[open]")
    tab.wait("document.querySelector('.rows .tag')?.textContent === '已撤销'")
    assert tab.evaluate(ask) == 401


def test_the_security_administrator_has_people_share_a_quota(story: Story) -> None:
    tab = story.tab
    with closing(story.database()) as database, database.session(read_only=True) as session:
        tenant = session.execute(text("SELECT tenant FROM people WHERE name = 'asker'")).scalar_one()
    go(tab, "groups")
    press(tab, "新建限额组", ".page")
    write(tab, "dialog[open]", name="客服", tenant=tenant, requests_per_day="50")
    press(tab, "新建", "dialog[open]")
    tab.wait("document.querySelector('.rows')?.innerText.includes('每天请求 50')")
    press(tab, "成员", ".page")
    tab.wait(there("dialog[open] [name=person]"))
    press(tab, "加入", "dialog[open]")
    tab.wait(there("dialog[open] .rows small"))
    press(tab, "关闭", "dialog[open]")
    press(tab, "删除", ".page")
    press(tab, "删除", "dialog[open]")  # not while there are people in it
    tab.wait("(document.querySelector('dialog[open] .notice')?.textContent ?? '') !== ''")
    press(tab, "取消", "dialog[open]")
    go(tab, "keys")


def test_a_dangerous_act_asks_for_the_password_again(story: Story) -> None:
    tab = story.tab
    with closing(story.database()) as database, database.session() as session:
        session.execute(text("UPDATE sessions SET authenticated_at = 0"))
    press(tab, "新建密钥", ".page")
    write(tab, "dialog[open]", name="second")
    press(tab, "新建", "dialog[open]")
    tab.wait("document.querySelectorAll('dialog.dialog[open]').length === 2")
    assert "请再输入一次密码" in tab.text("dialog.dialog[open]:last-of-type h2")
    press(tab, "取消", "dialog.dialog[open]:last-of-type")
    tab.wait("document.querySelectorAll('dialog.dialog[open]').length === 1")
    press(tab, "取消", "dialog[open]")


def test_the_auditor_finds_all_of_it_and_a_planted_edit(story: Story) -> None:
    tab = story.tab
    story.enter("auditor", with_factor=True)
    assert pages_of(tab) == ["audit"]
    tab.wait(there(".rows"))
    rows = "[...document.querySelectorAll('.rows tbody tr')].map((row) => row.innerText.replaceAll(/\\s+/g, ' '))"
    found = " | ".join(tab.evaluate(rows))
    for what in ("新建 · 账号", "新建 · 提问", "新建 · 密钥", "撤销 · 密钥", "查看 · 审计"):
        assert what in found
    choose_option(tab, "被拒绝", ".filters", "result")
    press(tab, "查找", ".filters")
    tab.wait(f"!document.querySelector('.skeleton') && {rows}.every((row) => row.includes('被拒绝'))")
    press(tab, "核对审计链", ".page")
    tab.wait(there(".verdict"))
    assert "审计链完整" in tab.text(".verdict")
    with closing(story.database()) as database:
        disarm(database)
        with database.session() as session:
            session.execute(text("UPDATE audit_events SET result = 'ok' WHERE sequence = 5"))
            session.execute(text("UPDATE audit_events SET tenant = 'nobody' WHERE sequence = 5"))
    press(tab, "核对审计链", ".page")
    tab.wait(there(".verdict.bad"))
    assert "审计链被动过" in tab.text(".verdict")
    assert "第 5 条" in tab.text(".verdict")


def test_the_browser_found_no_fault_with_any_of_it(story: Story) -> None:
    faults = [event["entry"] for event in story.tab.seen("Log.entryAdded") if event["entry"]["level"] == "error"]
    assert [fault["text"] for fault in faults if fault["source"] != "network"] == []  # refusals are the network's
    assert story.tab.seen("Runtime.exceptionThrown") == []
    addresses = [urlsplit(event["request"]["url"]) for event in story.tab.seen("Network.requestWillBeSent")]
    remote = {address.netloc for address in addresses if address.scheme not in ("data", "blob")}
    assert remote == {urlsplit(story.gateway.address).netloc}
