"""Debian's Chromium, headless, over its DevTools protocol: what a visitor can do, and what the browser saw."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

EXECUTABLE = shutil.which("chromium")
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--remote-debugging-port=0",
    "--accept-lang=zh-CN",
)
_KEYS = {"Enter": (13, "\r"), "Escape": (27, "")}


class Tab:
    """One tab. `events` holds everything the browser has told of it so far: (method, parameters)."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._last = 0
        self.events: list[tuple[str, dict[str, Any]]] = []
        for domain in ("Page", "Runtime", "Network", "Log", "DOM"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setFocusEmulationEnabled", enabled=True)  # the clipboard belongs to a focused page

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the protocol; its result."""
        self._last += 1
        self._connection.send(json.dumps({"id": self._last, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._connection.recv(timeout=30))
            if "id" not in message:
                self.events.append((message["method"], message["params"]))
            elif message["id"] == self._last:
                assert "error" not in message, (method, message["error"])
                result: dict[str, Any] = message["result"]
                return result

    def seen(self, method: str) -> list[dict[str, Any]]:
        """The parameters of every event of one kind."""
        self.evaluate("0")  # what has happened by now arrives before this answer
        return [parameters for name, parameters in self.events if name == method]

    def evaluate(self, script: str) -> Any:
        """The value of an expression, awaited."""
        answer = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True, userGesture=True
        )
        assert "exceptionDetails" not in answer, (script[:200], answer["exceptionDetails"])
        return answer["result"].get("value")

    def wait(self, script: str, seconds: float = 60) -> Any:
        """The first truthy value of an expression."""
        end = time.monotonic() + seconds
        while not (value := self.evaluate(script)):
            assert time.monotonic() < end, (
                f"never true: {script}; the page says: {self.evaluate('document.body.innerText')}"
            )
            time.sleep(0.02)
        return value

    def open(self, address: str) -> None:
        self.call("Page.navigate", url=address)
        self.wait("""document.querySelector('[data-part="history"] button') !== null""")

    def text(self, selector: str) -> str:
        """The text that a visitor reads in the first element of a kind; nothing where there is none."""
        return str(self.evaluate(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''"))

    def click(self, selector: str, across: float = 0.5, down: float = 0.5) -> None:
        """A real click into an element, at shares of its width and height."""
        x, y = self._point(selector, across, down)
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def hover(self, selector: str) -> None:
        """Move the mouse into the middle of an element."""
        x, y = self._point(selector, 0.5, 0.5)
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def _point(self, selector: str, across: float, down: float) -> tuple[float, float]:
        script = f"""(() => {{
            const element = document.querySelector({json.dumps(selector)});
            element.scrollIntoView({{block: "nearest"}});
            const box = element.getBoundingClientRect();
            return [box.x + box.width * {across}, box.y + box.height * {down}];
        }})()"""
        x, y = self.evaluate(script)
        return x, y

    def type(self, text: str) -> None:
        self.call("Input.insertText", text=text)

    def press(self, key: str, *, shift: bool = False) -> None:
        code, text = _KEYS[key]
        common = {"key": key, "code": key, "windowsVirtualKeyCode": code, "modifiers": 8 if shift else 0}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **common)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def choose(self, selector: str, *files: Path) -> None:
        """Choose files in a file field, as in its dialog."""
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=[str(file) for file in files])

    def drop(self, *files: Path) -> None:
        """Drag files from the desktop into the middle of the page."""
        data = {"items": [], "files": [str(file) for file in files], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.call("Input.dispatchDragEvent", type=kind, x=640, y=300, data=data)

    def paste(self, picture: Path) -> None:
        """Put a picture on the clipboard and press Ctrl+V."""
        encoded = base64.b64encode(picture.read_bytes()).decode()
        self.evaluate(f"""(async () => {{
            const bytes = Uint8Array.from(atob("{encoded}"), (character) => character.charCodeAt(0));
            const blob = new Blob([bytes], {{type: "image/png"}});
            await navigator.clipboard.write([new ClipboardItem({{"image/png": blob}})]);
        }})()""")
        for kind in ("rawKeyDown", "keyUp"):
            commands = ["paste"] if kind == "rawKeyDown" else []
            self.call(
                "Input.dispatchKeyEvent",
                type=kind,
                key="v",
                code="KeyV",
                windowsVirtualKeyCode=86,
                modifiers=2,
                commands=commands,
            )

    def as_desktop(self) -> None:
        """A screen of 1280 x 860."""
        self.call("Emulation.setDeviceMetricsOverride", width=1280, height=860, deviceScaleFactor=1, mobile=False)

    def as_phone(self, width: int = 390) -> None:
        """A screen of 390 x 844, or another width."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=844, deviceScaleFactor=1, mobile=True)

    def screenshot(self) -> bytes:
        """PNG of what is visible."""
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])


@contextmanager
def chromium(profile: Path) -> Iterator[Tab]:
    """A fresh browser with one tab that may use the clipboard; `profile` is its new, empty folder."""
    assert EXECUTABLE is not None
    command = [EXECUTABLE, *_FLAGS, f"--user-data-dir={profile}", "about:blank"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        port = _port(process, profile / "DevToolsActivePort")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list") as answer:
            pages = [target for target in json.load(answer) if target["type"] == "page"]
        with connect(pages[0]["webSocketDebuggerUrl"], max_size=None, compression=None) as connection:
            tab = Tab(connection)
            permissions = ["clipboardReadWrite", "clipboardSanitizedWrite"]
            tab.call("Browser.grantPermissions", permissions=permissions)
            yield tab
    finally:
        process.terminate()
        process.wait(timeout=20)


def _port(process: subprocess.Popen[bytes], file: Path) -> int:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        assert process.poll() is None, "Chromium did not start"
        if file.exists() and (lines := file.read_text().splitlines()):
            return int(lines[0])
        time.sleep(0.05)
    raise AssertionError("Chromium opened no DevTools port")
