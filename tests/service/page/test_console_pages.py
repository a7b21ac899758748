"""Every page of the console by the roles that see it differently: no serious violation (axe-core), no overflow."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from kantu.service.actor import Role
from kantu.service.database import Database
from tests.service.gateways import png, question
from tests.service.page.chromium import Tab
from tests.service.page.console import come_in, go, pages_of, press, there, visit, write
from tests.service.page.real_gateway import RealGateway, real_gateway
from tests.service.people.visitors import add_person

pytestmark = pytest.mark.whole

AXE = Path(__file__).parent / "node" / "node_modules" / "axe-core" / "axe.min.js"
PAGES: dict[Role, list[str]] = {
    "system": ["guide", "ask", "usage", "people", "status", "settings"],
    "security": ["people", "groups", "keys"],
    "audit": ["audit"],
    "operator": ["ask", "tasks", "usage"],
    "member": ["ask", "tasks", "usage"],
}
ALIKE = {
    ("operator", "usage"),
    *((role, "account") for role in PAGES if role != "member"),
    ("member", "ask"),
    ("member", "tasks"),
}
"""By role, pages that another role sees alike; they are opened, but not examined again."""
# Elements that reach out of the screen, but for those that scroll by themselves and those nobody sees.
WIDE = """[...document.querySelectorAll('.main *, dialog[open] *')].filter((element) =>
    element.getClientRects().length && !element.closest('.unseen, pre, .icon') &&
    element.getBoundingClientRect().right > innerWidth + 1).map((element) => element.outerHTML.slice(0, 120))"""
# Dialogs by the page that they are on: [button that opens it, what it is ready by].
DIALOGS = {
    "people": [("管理", ".facts")],
    "groups": [("新建限额组", "[name=name]")],
    "keys": [("新建密钥", "[name=name]"), ("撤销", ".danger")],
}


@dataclass(frozen=True)
class Visit:
    gateway: RealGateway
    database: Database
    tab: Tab
    numbers: Iterator[int] = field(default_factory=count)

    def by(self, role: Role) -> None:
        name = f"{role}.{next(self.numbers)}"
        come_in(self.tab, self.gateway.address, self.database, add_person(self.database, name, role, tenant="t"))


@pytest.fixture(scope="module")
def visiting(browser: Tab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visit]:
    folder = tmp_path_factory.mktemp("pages")
    with real_gateway(folder) as gateway, closing(Database.sqlite(folder / "home" / "kantu.db")) as database:
        yield Visit(gateway, database, browser)


def violations(tab: Tab, *rules: str) -> list[str]:
    """What axe-core calls serious or critical, with where it is; by some rules, or by all."""
    if tab.evaluate("typeof axe") == "undefined":
        tab.evaluate(AXE.read_text(encoding="utf-8"))
    options = {"resultTypes": ["violations"], **({"runOnly": list(rules)} if rules else {})}
    found: dict[str, Any] = tab.evaluate(f"axe.run(document, {json.dumps(options)})")
    return [
        f"{one['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


def set_scheme(tab: Tab, scheme: str) -> None:
    tab.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    tab.wait(f"document.documentElement?.dataset.theme === '{scheme}'")


def check(tab: Tab) -> None:
    """What is on the screen now, in both schemes and on both screens."""
    set_scheme(tab, "dark")
    assert violations(tab, "color-contrast", "link-in-text-block") == []  # the rules that look at colours
    set_scheme(tab, "light")
    assert violations(tab) == []
    tab.as_phone(360)
    try:
        assert tab.evaluate(WIDE) == []
        assert violations(tab) == [], "phone"
    finally:
        tab.as_desktop()


@pytest.fixture(autouse=True)
def _axe() -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed (npm ci in tests/service/page/node)")


def test_the_door(visiting: Visit) -> None:
    tab = visiting.tab
    visit(tab, visiting.gateway.address)
    check(tab)
    write(tab, name="nobody", password="nothing")
    press(tab, "登录", ".door")
    tab.wait("document.querySelector('.door .notice').textContent !== ''")
    check(tab)
    press(tab, "改用 API 密钥", ".door")
    check(tab)


@pytest.mark.parametrize("role", PAGES)
def test_every_page_of(visiting: Visit, role: Role) -> None:
    tab = visiting.tab
    visiting.by(role)
    assert pages_of(tab) == PAGES[role]
    if role == "member":
        fill_usage(tab)
    for page in [*PAGES[role], "account"]:
        go(tab, page)
        tab.wait("!document.querySelector('.main .waiting')")  # its words fade in and out
        if (role, page) in ALIKE:
            continue
        check(tab)
        for text, ready in DIALOGS.get(page, []):
            press(tab, text, ".page")
            tab.wait(f"{there(f'dialog[open] {ready}')} && !document.querySelector('.skeleton')")
            check(tab)
            tab.press("Escape")
            tab.wait("document.querySelector('dialog.dialog') === null")


def fill_usage(tab: Tab) -> None:
    body = json.dumps({**question("你好", png()), "model": "kantu-mini", "max_completion_tokens": 4})
    asked = f"""fetch('/v1/session').then((answer) => answer.json()).then((session) =>
        fetch('/v1/chat/completions', {{method: 'POST', body: {json.dumps(body)}, headers:
            {{'content-type': 'application/json', 'x-csrf-token': session.csrf_token}}}})).then((r) => r.status)"""
    assert tab.evaluate(asked) == 200


def test_an_answer_with_its_boxes_is_reached_by_keyboard(visiting: Visit, picture: Path) -> None:
    tab = visiting.tab
    visiting.by("operator")
    tab.choose("[data-part=file]", picture)
    tab.evaluate("document.querySelector('[data-part=question]').focus()")
    tab.type("“待商家发货”在哪里？用 bbox_2d 标出")
    tab.press("Enter")
    tab.wait(there(".figures .boxed"))
    tab.wait(there('.turn [data-cost="total"]'))
    check(tab)
    tab.evaluate("document.querySelector('.figures .boxed').focus()")
    tab.press("Enter")
    tab.wait("document.querySelector('.lightbox').open")
    tab.press("Escape")
    tab.wait("document.activeElement.classList.contains('boxed')")


def test_a_scheme_that_was_chosen_stays(visiting: Visit) -> None:
    tab = visiting.tab
    visiting.by("member")
    set_scheme(tab, "light")
    tab.click("[data-part=theme]")
    tab.wait("document.documentElement?.dataset.theme === 'dark'")
    tab.call("Page.reload")
    tab.wait("document.documentElement?.dataset.theme === 'dark'")
    tab.wait(there(".who-link"))
    assert tab.evaluate("getComputedStyle(document.querySelector('.kantu')).backgroundColor") == "rgb(22, 25, 23)"
    tab.click("[data-part=theme]")
    tab.wait("document.documentElement?.dataset.theme === 'light' && Object.keys(localStorage).length === 1")
