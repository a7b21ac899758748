"""Headless Chromium over its debugging pipe: one process lays out, measures and draws every page."""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

from PIL import Image

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-lcd-text", "--hide-scrollbars",
    "--remote-debugging-pipe",
)  # fmt: skip

#: Runs in the page: where every marked element stands, and whether a reader can see all of it. Boxes of texts are those
#: of their ink: an inline box of a CJK font is half as high again as its glyphs.
PROBE = """
(async () => {
  await document.fonts.ready;
  const scale = devicePixelRatio, problems = [], values = {}, boxes = {};
  const width = document.body.offsetWidth, height = Math.ceil(document.body.getBoundingClientRect().height);
  const context = document.createElement('canvas').getContext('2d');
  const short = e => e.outerHTML.slice(0, 90);
  const inSvg = e => e.namespaceURI.includes('svg');
  const size = e => parseFloat(getComputedStyle(e).fontSize) * (inSvg(e) ? e.getScreenCTM().a : 1) * scale;
  const drawn = e => (inSvg(e) ? e.textContent : e.innerText).trim();
  for (const e of document.querySelectorAll('[data-truth]')) {
    const key = e.dataset.truth, text = drawn(e), whole = !text || 'whole' in e.dataset;
    if (key in values) problems.push(key + ' is marked twice');
    values[key] = text;
    let rects;
    if (whole || inSvg(e)) rects = [e.getBoundingClientRect()];
    else { const range = document.createRange(); range.selectNodeContents(e); rects = [...range.getClientRects()]; }
    rects = rects.filter(r => r.width > 1 && r.height > 1);
    if (!rects.length) { problems.push(key + ' has no area'); continue; }
    let [x1, y1, x2, y2] = [Math.min(...rects.map(r => r.left)), Math.min(...rects.map(r => r.top)),
                            Math.max(...rects.map(r => r.right)), Math.max(...rects.map(r => r.bottom))];
    if (x1 < 0 || y1 < 0 || x2 > width + 0.5 || y2 > height + 0.5) problems.push(key + ' is outside the picture');
    for (let a = e.parentElement; a && a !== document.documentElement; a = a.parentElement) {
      const r = a.getBoundingClientRect(), clips = a !== document.body && getComputedStyle(a).overflow !== 'visible';
      if (clips && !inSvg(a) && (x1 < r.left - 1 || y1 < r.top - 3 || x2 > r.right + 1 || y2 > r.bottom + 3))
        problems.push(key + ' is cut by ' + short(a));
    }
    for (const r of rects) for (const part of text ? [0.08, 0.5, 0.92] : [0.5]) {
      const hit = document.elementFromPoint(r.left + r.width * part, (r.top + r.bottom) / 2);
      if (hit !== e && !e.contains(hit) && !(inSvg(e) && hit && hit.tagName === 'svg'))
        problems.push(key + ' is covered by ' + (hit && short(hit)));
    }
    if (text && !whole) {
      const style = getComputedStyle(e), math = e.querySelector('math, .frac');
      context.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
      const m = context.measureText(text);
      if (!math && style.writingMode === 'horizontal-tb') {
        const first = rects.reduce((a, b) => a.top <= b.top ? a : b);
        const last = rects.reduce((a, b) => a.bottom >= b.bottom ? a : b);
        y1 = first.top + m.fontBoundingBoxAscent - m.actualBoundingBoxAscent;
        y2 = last.top + m.fontBoundingBoxAscent + m.actualBoundingBoxDescent;
      }
    }
    const thousandths = v => Math.round(Math.min(1, Math.max(0, v)) * 1000);
    boxes[key] = [x1 / width, y1 / height, x2 / width, y2 / height].map(thousandths);
  }
  for (const e of document.body.querySelectorAll('*')) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (own && e.closest('style, script, title') === null && size(e) < 11.99 && e.closest('math') === null)
      problems.push('text under 12 px: ' + short(e));
    if (inSvg(e) || e.closest('math')) continue;
    const clips = getComputedStyle(e).overflow !== 'visible';
    if (own && e.clientWidth && (e.scrollWidth > e.clientWidth + 1 || clips && e.scrollHeight > e.clientHeight + 3))
      problems.push('overflow in ' + short(e));
    const r = e.getBoundingClientRect();
    if (own && (r.right > width + 1 || r.left < -1 || r.bottom > height + 1)) problems.push('outside: ' + short(e));
  }
  return {width, height, values, boxes, problems};
})()
"""


class Browser:
    """A running Chromium with one page."""

    def __enter__(self) -> Browser:
        self._profile = tempfile.TemporaryDirectory(prefix="everyday-", ignore_cleanup_errors=True)
        to_read, self._out = os.pipe()
        self._in, to_write = os.pipe()
        command = [CHROMIUM, *FLAGS, f"--user-data-dir={self._profile.name}", "about:blank"]
        script = f'exec "$@" 3<&{to_read} 4>&{to_write}'
        self._process = subprocess.Popen(
            ["bash", "-c", script, "chromium", *command], pass_fds=(to_read, to_write), stderr=subprocess.DEVNULL
        )
        os.close(to_read)
        os.close(to_write)
        self._pending, self._number, self._session = b"", 0, None
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait()
        os.close(self._in)
        os.close(self._out)
        self._profile.cleanup()

    def draw(self, text: str, width: int, height: int, scale: float) -> tuple[dict[str, Any], Image.Image]:
        """Lay out a page (height 0: as high as its content); return the probe's report and the picture."""
        self._size(width, height or 800, scale)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "page.html")
            file.write_text(text, encoding="utf-8")
            self._call("Page.navigate", url=file.as_uri())
            self.evaluate("new Promise(f => document.readyState === 'complete' ? f() : addEventListener('load', f))")
        if not height:
            height = int(self.evaluate("Math.ceil(document.body.getBoundingClientRect().height)"))
            self._size(width, height, scale)
        report = self.evaluate(PROBE)
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        shot = self._call("Page.captureScreenshot", format="png", clip=clip)["data"]
        return report, Image.open(io.BytesIO(base64.b64decode(shot))).convert("RGB")

    def _size(self, width: int, height: int, scale: float) -> None:
        self._call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=False
        )

    def evaluate(self, expression: str) -> Any:
        """The value of an expression in the page that was drawn last; a promise is awaited."""
        reply = self._call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in reply:
            raise RuntimeError(json.dumps(reply["exceptionDetails"])[:2000])
        return reply["result"].get("value")

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            while b"\0" not in self._pending:
                received = os.read(self._in, 1 << 16)
                if not received:
                    raise RuntimeError("Chromium has closed its pipe")
                self._pending += received
            raw, self._pending = self._pending.split(b"\0", 1)
            reply: dict[str, Any] = json.loads(raw)
            if reply.get("id") == self._number:
                if "error" in reply:
                    raise RuntimeError(f"{method}: {reply['error']}")
                return dict(reply["result"])
