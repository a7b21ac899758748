"""Draw the sixty browser screens and write their truth.

    python tests/browser_screens/render.py [--only 7 12] [--sheet /tmp/browser_sheet.png]

Each screen is an HTML page (screens/*.html filled from orders.py) drawn twice by headless Chromium: once to measure it
and to check every value of the truth in the drawn page, once for the picture. A value that is missing, clipped, covered
or broken over two lines stops the run. The same index gives the same page on every run; the bits of the picture also
depend on the browser and fonts installed (Debian: chromium, fonts-noto-cjk, fonts-wqy-microhei, fonts-wqy-zenhei,
fonts-lxgw-wenkai, fonts-noto-color-emoji).
"""

from __future__ import annotations

import argparse
import html
import io
import json
import re
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from orders import ORDERS, Order
from PIL import Image
from questions import ask

HERE = Path(__file__).resolve().parent
CHROMIUM = "/usr/bin/chromium"
FAMILIES = {
    "sans": '"Noto Sans CJK SC"',
    "serif": '"Noto Serif CJK SC"',
    "micro": '"WenQuanYi Micro Hei"',
    "zen": '"WenQuanYi Zen Hei"',
    "kai": '"LXGW WenKai"',
}
FIELDS = ("status", "price", "goods", "number", "date", "shop", "button")
MIN_SIDE, MAX_SIDE = 320, 896

#: Runs in the page: where every marked value stands, and whether a reader can see all of it.
PROBE = """
<script>window.onload = () => {
  const screen = document.getElementById('screen'), box = screen.getBoundingClientRect(), out = {};
  const values = {}, problems = [];
  for (const e of document.querySelectorAll('[data-f]')) {
    const rects = [...e.getClientRects()], r = rects[0], name = e.dataset.f;
    if (name in values) problems.push(name + ' is marked twice');
    values[name] = e.innerText;
    if (!r || r.width < 4 || r.height < 8) { problems.push(name + ' has no area'); continue; }
    if (rects.length > 1) problems.push(name + ' is broken over lines');
    if (r.left < 0 || r.top < 0 || r.right > box.right || r.bottom > box.bottom) problems.push(name + ' is cut');
    for (const x of [r.left + 3, (r.left + r.right) / 2, r.right - 3]) {
      const hit = document.elementFromPoint(x, (r.top + r.bottom) / 2);
      if (hit !== e) problems.push(name + ' is covered by ' + (hit && hit.outerHTML.slice(0, 60)));
    }
    if (parseFloat(getComputedStyle(e).fontSize) < 12) problems.push(name + ' is under 12 px');
  }
  for (const e of screen.querySelectorAll('*')) {
    if (e.namespaceURI.includes('svg') || !e.innerText) continue;
    if (e.clientWidth && e.scrollWidth > e.clientWidth + 1)
      problems.push('overflow in ' + e.outerHTML.slice(0, 80));
    const r = e.getBoundingClientRect();
    if (r.right > box.right + 1 || r.left < -1) problems.push('outside: ' + e.outerHTML.slice(0, 80));
  }
  const report = document.createElement('pre'); report.id = 'report';
  report.textContent = JSON.stringify({width: box.width, height: Math.floor(box.height), values, problems});
  document.body.appendChild(report);
}</script>
"""


def page(index: int) -> str:
    """Return the HTML of screen `index` (0 to 59)."""
    order = ORDERS[index]
    variant = sum(earlier.layout == order.layout for earlier in ORDERS[:index])
    loader = FileSystemLoader(HERE / "screens")
    environment = Environment(loader=loader, undefined=_Lenient, autoescape=False)
    return environment.get_template(f"{order.layout}.html").render(
        o=order, k=variant, paid=order.paid, sub=f"{order.subtotal:.2f}", family=FAMILIES[order.font]
    )


class _Lenient(StrictUndefined):
    """A missing entry of `extra` is false in a test, and an error when printed."""

    def __bool__(self) -> bool:
        return False


def chromium(url: str, width: int, height: int, scale: float, *flags: str) -> bytes:
    """Run Chromium on a page in a new profile; return its standard output."""
    with tempfile.TemporaryDirectory(prefix="browser-screen-") as profile:
        command = [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--disable-lcd-text", "--hide-scrollbars", f"--user-data-dir={profile}",
            f"--force-device-scale-factor={scale}", f"--window-size={width},{height}", *flags, url,
        ]  # fmt: skip
        return subprocess.run(command, check=True, capture_output=True, timeout=120).stdout


def measure(text: str, order: Order) -> dict[str, object]:
    """Lay the page out and return its size, its marked values and what is wrong with them."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "page.html")
        file.write_text(text.replace("</body>", PROBE + "</body>"), encoding="utf-8")
        dom = chromium(file.as_uri(), 1000, 1400, order.scale, "--dump-dom").decode()
    found = re.search(r'<pre id="report">(.*?)</pre>', dom, re.DOTALL)
    if found is None:
        raise RuntimeError("the page did not report")
    report: dict[str, object] = json.loads(html.unescape(found[1]))
    return report


def picture(text: str, order: Order, width: int, height: int) -> Image.Image:
    """Draw the page and return `width` x `height` CSS pixels of it at the order's scale."""
    with tempfile.TemporaryDirectory() as folder:
        file, shot = Path(folder, "page.html"), Path(folder, "shot.png")
        file.write_text(text, encoding="utf-8")
        # The window has a frame of its own height in some versions: take more than needed, then cut.
        chromium(file.as_uri(), max(width, 520), height + 200, order.scale, f"--screenshot={shot}")
        whole = Image.open(io.BytesIO(shot.read_bytes())).convert("RGB")
    return whole.crop((0, 0, round(width * order.scale), round(height * order.scale)))


def truth_of(order: Order) -> dict[str, str]:
    """The fields an order would show if its layout showed them all."""
    return {
        "status": order.status, "price": order.paid, "goods": order.goods[0].name, "number": order.number,
        "date": order.date, "shop": order.shop, "button": order.button,
    }  # fmt: skip


def draw(index: int) -> tuple[dict[str, object], list[str]]:
    """Draw one screen, write its picture, and return its line of truth with the problems found."""
    order, text = ORDERS[index], page(index)
    report = measure(text, order)
    problems, expected = list(report["problems"]), truth_of(order)  # type: ignore[call-overload]
    values: dict[str, str] = report["values"]  # type: ignore[assignment]
    problems += [f"{k}: drawn {v!r}, truth {expected[k]!r}" for k, v in values.items() if v != expected[k]]
    fields = {name: expected[name] for name in FIELDS if name in values}
    image = picture(text, order, order.width, int(report["height"]))  # type: ignore[call-overload]
    if not all(MIN_SIDE <= side <= MAX_SIDE for side in image.size):
        problems.append(f"size {image.size}")
    name = f"{index + 1:02d}.webp"
    image.save(HERE / name, lossless=True, quality=100, method=6)
    dark = " dark" if order.layout == "dark" else ""
    notes = (
        f"{FAMILIES[order.font].strip(chr(34))}, {order.size} px, accent {order.accent}, scale {order.scale:g}{dark}"
    )
    line = {
        "file": name, "width": image.width, "height": image.height, "layout": order.layout, "style_notes": notes,
        "fields": fields, "questions": ask(order, index, fields),
    }  # fmt: skip
    return line, problems


def sheet(path: Path, columns: int = 10) -> None:
    """Write all pictures side by side, small, for a look."""
    images = [Image.open(HERE / f"{i + 1:02d}.webp") for i in range(len(ORDERS))]
    cell_width, cell_height = 230, 470
    out = Image.new("RGB", (columns * cell_width, -(-len(images) // columns) * cell_height), "#777")
    for i, image in enumerate(images):
        image.thumbnail((cell_width - 8, cell_height - 8))
        out.paste(image, (i % columns * cell_width + 4, i // columns * cell_height + 4))
    out.save(path)


def main() -> None:
    """Draw the screens asked for (all of them without --only), and rewrite the truth when all were drawn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", type=int, nargs="*", help="screen numbers from 1; the truth keeps the others' lines")
    parser.add_argument("--sheet", type=Path, help="also write a contact sheet here")
    arguments = parser.parse_args()
    chosen = [n - 1 for n in arguments.only] if arguments.only else list(range(len(ORDERS)))
    with ThreadPoolExecutor(2) as pool:
        drawn = dict(zip(chosen, pool.map(draw, chosen), strict=True))
    truth = HERE / "truth.jsonl"
    lines = {}
    if truth.exists():
        for row in truth.read_text(encoding="utf-8").splitlines():
            lines[json.loads(row)["file"]] = row
    bad = False
    for index, (line, problems) in drawn.items():
        lines[str(line["file"])] = json.dumps(line, ensure_ascii=False)
        for problem in problems:
            bad = True
            print(f"{index + 1:02d} {ORDERS[index].layout}: {problem}")
    truth.write_text("".join(lines[name] + "\n" for name in sorted(lines)), encoding="utf-8")
    if arguments.sheet:
        sheet(arguments.sheet)
    if bad:
        raise SystemExit("some screens are not as their truth says")


if __name__ == "__main__":
    main()
