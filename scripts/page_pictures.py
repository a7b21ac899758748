"""Take the page's pictures for the docs, docs/page*.png.

    .venv/bin/python scripts/page_pictures.py

The gateway runs with the embedded model, the browser is Debian's Chromium, and every answer on them is the model's own.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.service.page.chromium import Tab, chromium  # noqa: E402
from tests.service.page.real_gateway import real_gateway  # noqa: E402
from tests.service.page.visit import answered, arrive, choose, fill, open_task, part, run_task  # noqa: E402

PICTURE = ROOT / "examples" / "order.png"
WHY = "为什么这个还没发货？"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, real_gateway(Path(folder)) as gateway:
        profile = Path(folder) / "profile"
        with chromium(profile) as tab:
            arrive(tab, gateway.address, gateway.key)
            choose(tab, PICTURE)
            answered(tab, WHY)
            tab.click(part("new"))
            choose(tab, PICTURE)
            tab.evaluate(f"document.querySelector('{part('schema-sample')}').click()")
            answered(tab, "提取记录。")
            write(tab, ROOT / "docs" / "page.png")
            arrive(tab, gateway.address, gateway.key)
            tab.as_phone()
            choose(tab, PICTURE)
            answered(tab, WHY)
            answered(tab, "一共多少钱？")
            write(tab, ROOT / "docs" / "page-phone.png")
            for name in ("page-tasks.png", "page-tasks-phone.png"):
                arrive(tab, gateway.address, gateway.key)
                if "phone" in name:
                    tab.as_phone()
                    tab.open(gateway.address)
                    tab.wait(f"document.querySelectorAll('{part('model')} option').length")
                open_task(tab, "extract")
                choose(tab, PICTURE)
                fill(tab, "keys", "状态、店铺、总金额、订单ID")
                run_task(tab)
                tab.evaluate(f"document.querySelector('{part('task-result')}').scrollIntoView()")
                tab.hover(".record [data-path]")
                write(tab, ROOT / "docs" / name)


def write(tab: Tab, path: Path) -> None:
    """What is visible, once every picture is drawn."""
    tab.evaluate("document.activeElement.blur()")
    tab.evaluate("Promise.all([...document.images].map((image) => image.decode()))")
    tab.evaluate("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))")
    image = Image.open(io.BytesIO(tab.screenshot())).convert("RGB")
    image.save(path, optimize=True)
    print(path.relative_to(ROOT), image.size, path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
