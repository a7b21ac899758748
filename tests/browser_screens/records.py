"""Write tasks.jsonl: what the task `order` is to answer about these screens.

    python tests/browser_screens/records.py

It follows from the orders and from truth.jsonl. Places of values come from the browser's layout, by the browser of
`tests/browser_everyday`. A field is left out where people could differ about it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from orders import ORDERS
from render import HERE, page

from kantu.tasks.builtin import ORDER

sys.path.append(str(HERE.parent / "browser_everyday"))
from browser import Browser
from texts import places, texts

OUT = HERE / "tasks.jsonl"

STATUSES = {
    "待付款": "待付款",
    "待商家发货": "待发货",
    "待发货": "待发货",
    "备货中": "待发货",
    "已发货": "已发货",
    "运输中": "已发货",
    "派送中": "派送中",
    "待取件": "派送中",
    "已签收": "已签收",
    "已完成": "已完成",
    "交易成功": "已完成",
    "已取消": "已取消",
    "退款中": "退款中",
    "退款成功": "已退款",
}
"""What a printed status says of an order. 交易关闭, 待收货, 待评价, 待使用 and 出票中 can be told in two ways."""

MASKED = "58.webp"
"""Prints a tracking number with stars in it; no other screen prints one."""


def record(line: dict[str, Any]) -> dict[str, Any]:
    """What is known of the right result."""
    shown = line["fields"]
    known = {"status": STATUSES[shown["status"]]} if shown.get("status") in STATUSES else {}
    facts = {"status_text": "status", "order_number": "number", "amount": "price"}
    tracking = {} if line["file"] == MASKED else {"tracking_number": None}
    return {**known, **{field: shown.get(name) for field, name in facts.items()}, **tracking}


def main() -> None:
    """Write the file."""
    lines = []
    written = (HERE / "truth.jsonl").read_text(encoding="utf-8").splitlines()
    with Browser() as browser:
        for index, line in enumerate(map(json.loads, written)):
            order = ORDERS[index]
            browser.draw(page(index), order.width, round(line["height"] / order.scale), order.scale)
            rows, true = texts(browser), record(line)
            found = {value: places(rows, value) for value in true.values() if value}
            question = next((each["question"] for each in line["questions"] if each["kind"] == "status"), None)
            given = {} if question is None else {"question": question}
            asked = {"kind": "task", "task": ORDER.name, "question": ORDER.instruct(**given)}
            told = {"answer": json.dumps(true, ensure_ascii=False), "values": [true["status_text"] or ""]}
            asked |= {**told, "places": {value: where for value, where in found.items() if where}}
            lines.append({"file": line["file"], "questions": [asked]})
    Path(OUT).write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")


if __name__ == "__main__":
    main()
