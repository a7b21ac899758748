"""What visitors of the console do, in one word each."""

from __future__ import annotations

import json
import time

from kantu.service.database import Database
from kantu.service.people import totp
from kantu.service.people.person import Person
from tests.service.page.chromium import Tab
from tests.service.people.visitors import session_of


def there(selector: str) -> str:
    """Whether an element is there, as an expression."""
    return f"document.querySelector({json.dumps(selector)}) !== null"


def visit(tab: Tab, address: str, *, width: int | None = None) -> None:
    """Come without anything from before."""
    if width is None:
        tab.as_desktop()
    else:
        tab.as_phone(width)
    tab.call("Network.clearBrowserCookies")
    tab.call("Page.navigate", url=f"{address}/page/icon.svg")  # same origin, nothing running
    tab.wait("location.pathname === '/page/icon.svg'")
    tab.evaluate("localStorage.clear(); sessionStorage.clear()")
    tab.events.clear()
    tab.call("Page.navigate", url=f"{address}/")
    tab.wait("document.querySelector('[data-part=door]')?.open === true")
    tab.wait(there(".door [name=name]"))


def come_in(tab: Tab, address: str, database: Database, person: Person) -> None:
    """Be in a fresh session of somebody's, as after a login."""
    visit(tab, address)
    name, text = session_of(database, person)["Cookie"].split("=", 1)
    tab.call("Network.setCookie", url=f"{address}/", name=name, value=text, path="/", secure=True, httpOnly=True)
    tab.evaluate("localStorage.setItem('kantu-session', '1')")
    tab.call("Page.reload")
    tab.wait(f"{there('a[aria-current=page]')} && !document.querySelector('[data-part=door]').open")


def press(tab: Tab, text: str, within: str = "body") -> None:
    """Click the button that says this, once it is there."""
    found = f"""[...document.querySelectorAll({json.dumps(f"{within} button")})].filter((button) =>
        button.textContent.trim() === {json.dumps(text)} && button.getClientRects().length).at(-1)"""
    tab.wait(f"Boolean({found})")
    tab.evaluate(f"(() => {{ const button = {found}; button.focus(); button.click(); }})()")


def write(tab: Tab, within: str = ".door", **values: str) -> None:
    """Type into fields, by their names."""
    for name, value in values.items():
        selector = json.dumps(f"{within} [name={name}]")
        tab.wait(f"document.querySelector({selector}) !== null")
        tab.evaluate(f"document.querySelector({selector}).focus(); document.querySelector({selector}).select?.()")
        tab.type(value)


def choose_option(tab: Tab, text: str, within: str, name: str) -> None:
    """Choose what a list says."""
    tab.evaluate(f"""(() => {{
        const list = document.querySelector({json.dumps(f"{within} [name={name}]")});
        list.value = [...list.options].find((option) => option.textContent === {json.dumps(text)}).value;
        list.dispatchEvent(new Event("change", {{bubbles: true}}));
    }})()""")


def go(tab: Tab, page: str) -> None:
    """Open a page, until nothing on it is on its way."""
    tab.evaluate(f"location.hash = '#{page}'")
    current = f"document.querySelector('a[data-page={page}]')?.getAttribute('aria-current') === 'page'"
    tab.wait(f"{current} && !document.querySelector('.skeleton')")


def pages_of(tab: Tab) -> list[str]:
    """The pages that the visitor is offered."""
    found: list[str] = tab.evaluate("[...document.querySelectorAll('.pages a')].map((a) => a.dataset.page)")
    return found


def shown_once(tab: Tab) -> str:
    """What a dialog shows for the only time, after which it is closed."""
    tab.wait(there("dialog[open] .once-text"))
    text = tab.text("dialog[open] .once-text")
    press(tab, "我已保存", "dialog[open]")
    return text


def leave(tab: Tab) -> None:
    tab.evaluate("document.querySelector('[data-part=leave]').click()")
    tab.wait(f"document.querySelector('[data-part=door]')?.open && {there('.door [name=name]')}")


def code_now(secret: str, offset: int = 0) -> str:
    """What an authenticator shows."""
    return totp.code_at(secret, int(time.time()) // totp.STEP_SECONDS + offset)
