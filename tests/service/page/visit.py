"""What visitors do on the page, in one word each."""

from __future__ import annotations

import json
from pathlib import Path

from tests.service.page.chromium import Tab

LAST = ".turn:last-child"
DONE = f"document.querySelector('{LAST} [data-cost=\"total\"]') !== null"


def part(name: str) -> str:
    """The selector of a fixed part of the page (page.html)."""
    return f'[data-part="{name}"]'


def arrive(tab: Tab, address: str, key: str | None = None) -> None:
    """Open the page at a desk: for the first time, or having entered `key` before."""
    tab.as_desktop()
    tab.call("Page.navigate", url=f"{address}/page/icon.svg")  # same origin, same storage, nothing running
    tab.wait("location.pathname === '/page/icon.svg'")
    tab.evaluate("localStorage.clear(); sessionStorage.clear()")
    if key:
        tab.evaluate(f"sessionStorage.setItem('kantu-key', {json.dumps(key)})")
    tab.events.clear()
    tab.open(address)
    if key:
        tab.wait(f"document.querySelectorAll('{part('model')} option').length")


def choose(tab: Tab, *pictures: Path) -> None:
    """Choose pictures in the file dialog."""
    tab.choose(part("file"), *pictures)


def ask(tab: Tab, question: str) -> None:
    """Type a question and press Enter."""
    tab.evaluate(f"document.querySelector('{part('question')}').focus()")
    tab.type(question)
    tab.press("Enter")


def answered(tab: Tab, question: str) -> str:
    """Ask, wait for the end of the answer, and read it."""
    turns = tab.evaluate("document.querySelectorAll('.turn').length")
    ask(tab, question)
    tab.wait(f"document.querySelectorAll('.turn').length === {turns + 1} && {DONE}")
    return tab.text(f"{LAST} .text")


def set_field(tab: Tab, name: str, value: str) -> None:
    """As if typed and left."""
    tab.evaluate(f"""(() => {{
        const field = document.querySelector('{part(name)}');
        field.value = {json.dumps(value)};
        for (const kind of ["input", "change"]) field.dispatchEvent(new Event(kind, {{bubbles: true}}));
    }})()""")


RESULT = part("task-result")


def open_task(tab: Tab, name: str) -> None:
    """Go to 任务 and choose one."""
    tab.evaluate("location.hash = '#tasks'")
    tab.wait("document.querySelector('.task-name') !== null")
    tab.evaluate(f"document.querySelector('.task-name input[value={name}]').click()")


def fill(tab: Tab, name: str, text: str) -> None:
    """Type into one of a task's inputs, in place of what stands there."""
    tab.evaluate(f"document.querySelector('{part('task-inputs')} [name={name}]').select()")
    tab.type(text)


def run_task(tab: Tab) -> None:
    """Press 运行 and wait for the result."""
    tab.evaluate(f"document.querySelector('{RESULT}').replaceChildren()")
    tab.click(part("task-run"))
    tab.wait(f"document.querySelector('{RESULT} .below [data-cost=total], {RESULT} .error') !== null")


def cards(tab: Tab) -> dict[str, str]:
    """What the cards of a result say, by their titles."""
    script = """Object.fromEntries([...document.querySelectorAll('.record .card')].map((card) =>
        ['.card-title', '.value, .values, .pairs, .table'].map((part) => card.querySelector(part).innerText)))"""
    found: dict[str, str] = tab.evaluate(script)
    return found


def copied(tab: Tab, view: str) -> str:
    """What the button beside a view of the result puts on the clipboard."""
    tab.click(f"{RESULT} [data-view={view}]")
    tab.click(f"{RESULT} .code-view button")
    tab.wait(f"document.querySelector('{RESULT} .code-view button').textContent === '已复制'")
    return str(tab.evaluate("navigator.clipboard.readText()"))
