# ruff: noqa: E501
"""Write tasks.jsonl: what typed tasks are to answer about these pictures.

    python tests/browser_everyday/records.py

It follows from what the pages say (`families/`), from truth.jsonl, and from what is written here by hand: categories of
what breaks rules, the one answer of a problem, which controls an interface has. Boxes come from the browser's layout: every
page is drawn once more, and must be as large as its picture. A record lacks fields about which people could differ.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from browser import Browser
from page import Screen
from PIL import Image
from render import FAMILIES, HERE, page_of, read_truth, screens_of
from texts import Row, places, texts

from kantu.tasks.builtin import CHART, COPY, EXTRACT, LOCATE, MATCH, MODERATE, PROBLEM, READ_BOXES, UI, UI_POINT

OUT = HERE / "tasks.jsonl"
MOST_LINES = 14  # of a page whose lines are all asked for
MOST_KEYS = 4
READ_FAMILIES = ("product", "notice", "problem", "post")

CATEGORIES = {
    "post/04": "赌博", "post/13": "辱骂攻击", "post/16": "诈骗", "notice/06": "诈骗", "notice/12": "违法",
    "notice/16": "色情低俗", "notice/20": "违法", "notice/22": "诈骗",
}  # fmt: skip
"""What breaks one rule and no other."""

ANSWERS = {7: "5", 8: "26", 10: "7", 13: "6", 22: "62", 23: "12"}
"""Of pages with one problem."""

UNITS = frozenset({"μg/m³", "kg", "人", "步", "件", "小时", "元", "户"})

Question = dict[str, Any]


@dataclass(frozen=True)
class Rule:
    """Controls of a layout: elements that CSS finds, each with its part that is the control and the one that names it."""

    kind: str
    each: str
    control: str = ""
    label: str = ""
    name: str = ""


def _on(classes: Sequence[str], yes: str, no: str, mark: str = "on") -> str:
    return yes if mark in classes else no


def _state(kind: str, classes: Sequence[str]) -> str | None:
    """By how the templates call it."""
    if kind == "开关":
        return _on(classes, "开", "关")
    if kind in ("单选框", "复选框"):
        return "选中" if {"on", "x"} & set(classes) else "未选中"
    if kind == "标签页":
        return _on(classes, "选中", "未选中", "cur")
    return "禁用" if "off" in classes else None


LIST = (
    Rule("图标", ".top .back", name="返回"), Rule("开关", ".it:has(.sw)", ".sw", ".l"), Rule("菜单项", ".it.val", "", ".l"),
    Rule("单选框", ".it:has(.tk)", ".tk", ".l"), Rule("按钮", ".sub"),
)  # fmt: skip
DIALOG = (
    Rule("单选框", ".op", ".tk", "span"), Rule("复选框", ".chk", ".tk", "span"), Rule("按钮", ".btns .btn"),
    Rule("图标", ".cap span:last-child", name="关闭"),
)  # fmt: skip
TABS = (Rule("标签页", ".tabs > div"), Rule("标签页", ".bar > div", "", ".ti"))
CLASSIC = (
    Rule("标签页", ".tabs > div"), Rule("单选框", ".r:has(.rd)", ".bx"), Rule("复选框", ".r:not(:has(.rd))", ".bx"),
    Rule("按钮", ".bs > div"),
)  # fmt: skip
STEPS = (Rule("按钮", ".btn"),)
FORM = (Rule("单选框", ".ops > span:has(.tk)", ".tk"), Rule("复选框", ".ck", ".tk"), Rule("按钮", ".btn"))
PANES = (Rule("开关", ".r:has(.sw)", ".sw", ".t > div"),)
QUICK = (Rule("滑块", ".s2", ".tr", "span"),)
SHEET = (Rule("图标", ".g > div", ".ic"), Rule("按钮", ".cc"))
ADMIN = (Rule("按钮", ".hd .btn"), Rule("标签页", ".fl > div"))

WHOLE = {1: LIST, 2: LIST, 5: LIST, 6: DIALOG, 7: DIALOG, 8: DIALOG, 15: TABS, 16: TABS, 25: STEPS}
"""Interfaces of which people agree what their controls are."""
SOME = {
    **WHOLE,
    3: LIST,
    9: FORM,
    10: FORM,
    11: FORM,
    12: PANES,
    13: PANES,
    14: PANES,
    19: QUICK,
    20: QUICK,
    21: CLASSIC,
    22: CLASSIC,
    23: ADMIN,
    24: SHEET,
}
MOST_POINTS = 3

CONTROLS = """
((rules) => {
  const width = document.body.offsetWidth, height = Math.ceil(document.body.getBoundingClientRect().height);
  const thousandths = r => [r.left / width, r.top / height, r.right / width, r.bottom / height].map(v => Math.round(1000 * v));
  return rules.flatMap(rule => [...document.querySelectorAll(rule.each)].map(each => {
    const control = rule.control ? each.querySelector(rule.control) : each;
    const text = (rule.label ? each.querySelector(rule.label) : each).innerText.trim();
    return {kind: rule.kind, label: rule.name && !/[\u4e00-\u9fff]/.test(text) ? rule.name : text, classes: [...control.classList],
            bbox_2d: thousandths(control.getBoundingClientRect())};
  }));
})(%s)
"""


def main() -> None:
    """Write the file."""
    lines, truth = [], read_truth()
    with Browser() as browser:
        for family in FAMILIES:
            for screen in screens_of(family):
                name = f"{family}/{screen.number:02d}.webp"
                _, image = browser.draw(page_of(family, screen), screen.width, screen.height, screen.scale)
                with Image.open(HERE / name) as picture:
                    if picture.size != image.size:
                        raise RuntimeError(f"{name} is drawn {image.size}, the picture is {picture.size}")
                rows = texts(browser)
                asked = [
                    placed(one, rows) for one in questions(family, screen, truth[name]["questions"], rows, browser)
                ]
                if asked:
                    lines.append({"file": name, "family": family, "questions": asked})
    written = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    Path(OUT).write_text(written, encoding="utf-8")


def question(task: Any, record: Any, values: Sequence[str] = (), **given: str) -> Question:
    """A line of the truth, asked in the words of the task."""
    told = {"kind": "task", "task": task.name, "question": task.instruct(**given)}
    told["answer"] = json.dumps(record, ensure_ascii=False)
    return {**told, "values": list(values)} if values else told


def placed(asked: Question, rows: Sequence[Row]) -> Question:
    """With the places of the record's values, where its fields are words of the page."""
    record = json.loads(asked["answer"])
    if asked["task"] not in (EXTRACT.name, "order", CHART.name, COPY.name):
        return asked
    found = {value: where for value in record.values() if isinstance(value, str) and (where := places(rows, value))}
    return {**asked, "places": found} if found else asked


def questions(
    family: str, screen: Screen, truth: Sequence[Question], rows: Sequence[Row], browser: Browser
) -> Iterator[Question]:
    """All of a picture."""
    for one in truth:
        if one["kind"] == "record":
            record = json.loads(one["answer"])
            yield question(EXTRACT, record, keys="、".join(record))
        elif one["kind"] == "box" and _is_unique(one, rows):
            record = json.loads(one["answer"])
            yield question(LOCATE, record, target=record[0]["label"])
        elif one["kind"] == "match" and (said := re.search(r"“(.+?)”", one["question"])):
            yield question(MATCH, _match(one["answer"]), text=said[1])
    verdicts = [one["answer"] for one in truth if one["kind"] == "verdict"]
    if verdicts:
        yield question(MODERATE, _moderate(f"{family}/{screen.number:02d}", verdicts[0]))
    if of_family := BY_FAMILY.get(family):
        yield from of_family(screen, truth, rows)
    if family == "ui" and screen.number in SOME:
        yield from _controls(screen, browser)
    is_read = family in READ_FAMILIES and 1 < len(rows) <= MOST_LINES and all(row.seen for row in rows)
    if is_read and "figure" not in screen.template and "squares" not in screen.template:
        yield question(READ_BOXES, [{"bbox_2d": row.box, "text": row.text} for row in rows])


def _is_unique(asked: Question, rows: Sequence[Row]) -> bool:
    """Whether it is clear from its name what is to be located."""
    label = json.loads(asked["answer"])[0]["label"]
    return len(places(rows, label)) <= 1


def _match(answer: str) -> Mapping[str, Any]:
    """Which words conflict can be told in many ways; where none do, it is known."""
    return {"verdict": "不一致"} if answer.startswith("不一致") else {"verdict": "一致", "conflict": None}


def _moderate(name: str, answer: str) -> Mapping[str, Any]:
    if "违规" not in answer:
        return {"verdict": "合规", "categories": [], "side": None}
    kinds = {"categories": [CATEGORIES[name]]} if name in CATEGORIES else {}
    return {"verdict": "违规", **kinds, "side": "图片"}


def _chart(screen: Screen, truth: Sequence[Question], rows: Sequence[Row]) -> Iterator[Question]:
    plot = screen.data["source"]
    series = plot.series if plot.legend else {"数值": next(iter(plot.series.values()))}
    if not plot.printed:
        return
    cells = [[name, *(plot.shown(values[at]) for values in series.values())] for at, name in enumerate(plot.categories)]
    unit = screen.truth.get("unit", "").removeprefix("单位：")
    record: dict[str, Any] = {"kind": screen.data["form"], "title": screen.truth["title"]}
    if unit in UNITS or unit != screen.truth.get("unit", ""):
        record["unit"] = unit
    yield question(CHART, {**record, "header": ["项目", *series], "rows": cells})


def _table(screen: Screen, truth: Sequence[Question], rows: Sequence[Row]) -> Iterator[Question]:
    header, cells = screen.data["header"], screen.data["rows"]
    if len(header) <= 12 and len(cells) <= 40 and all(header) and all(map(all, cells)):
        titled = {"title": screen.truth["title"]} if "title" in screen.truth else {}
        yield question(CHART, {"kind": "表格", **titled, "header": header, "rows": cells})


def _problem(screen: Screen, truth: Sequence[Question], rows: Sequence[Row]) -> Iterator[Question]:
    if screen.number in ANSWERS:
        printed = next(one["answer"] for one in truth if one["kind"] == "transcribe")
        yield question(PROBLEM, {"transcription": printed, "answer": ANSWERS[screen.number]})


def _product(screen: Screen, truth: Sequence[Question], rows: Sequence[Row]) -> Iterator[Question]:
    printed = [row.text for row in rows]
    facts = [text for text in screen.truth.values() if 1 < len(text) <= 60][:6]
    name = next((text for text in facts if not re.search(r"\d", text)), facts[0])
    record = {"title": name, "selling_points": [], "body": name, "facts": facts}
    yield question(COPY, record, (*printed, *(text for text in screen.truth.values() if text not in printed)))
    labels = {label: screen.truth[key] for label, key in screen.data.get("rows", ()) if key in screen.truth}
    yield from _extract(labels, rows)


def _invoice(screen: Screen, truth: Sequence[Question], rows: Sequence[Row]) -> Iterator[Question]:
    data = screen.data
    if screen.template == "vat.html":
        labels = {
            "发票号码": data["number"],
            "开票日期": data["date"],
            "价税合计（小写）": data["sums"][2],
            "开票人": data["issuer"],
        }
    else:
        lines = [*data.get("lines", ()), *data.get("totals", ()), *data.get("fields", ())]
        pairs = [line.split("|") for line in lines if isinstance(line, str)]
        labels = {pair[0]: pair[1] for pair in pairs if len(pair) == 2}
    yield from _extract(labels, rows)


def _ui(screen: Screen, truth: Sequence[Question], rows: Sequence[Row]) -> Iterator[Question]:
    pairs = [line.split("|") for line in screen.data.get("fields", ())]
    if screen.template == "form.html":
        labels = {pair[0]: pair[2] for pair in pairs if pair[1] in ("text", "date") and "•" not in pair[2]}
    else:
        labels = {pair[0]: pair[1] for pair in pairs}
    yield from _extract(labels, rows)


def _extract(labels: Mapping[str, str], rows: Sequence[Row]) -> Iterator[Question]:
    """Some fields whose label and value both stand there once."""
    kept = {
        label: value
        for label, value in labels.items()
        if 1 < len(label) <= 10 and value and not re.search(r"[、，,\s]", label)
        and len(places(rows, label)) == 1 and places(rows, value)
    }  # fmt: skip
    chosen = dict(list(kept.items())[:MOST_KEYS])
    if len(chosen) > 1:
        yield question(EXTRACT, chosen, keys="、".join(chosen))


def _controls(screen: Screen, browser: Browser) -> Iterator[Question]:
    rules = [vars(rule) for rule in SOME[screen.number]]
    found = []
    for control in browser.evaluate(CONTROLS % json.dumps(rules, ensure_ascii=False)):
        label = re.sub(r"^‹\s*", "", control["label"]).splitlines()[0]
        kind = "按钮" if control["label"].startswith("‹") else control["kind"]  # a mark with words is no icon
        state = _state(kind, control["classes"])
        found.append({"kind": kind, "label": label, "state": state, "bbox_2d": control["bbox_2d"]})
    found.sort(key=lambda control: (round(control["bbox_2d"][1] / 12), control["bbox_2d"][0]))
    if screen.number in WHOLE:
        yield question(UI, found)
    for control in found[:: max(1, len(found) // MOST_POINTS)][:MOST_POINTS]:
        x1, y1, x2, y2 = control["bbox_2d"]
        yield question(UI_POINT, control, x=str((x1 + x2) // 2), y=str((y1 + y2) // 2))


BY_FAMILY: Mapping[str, Callable[[Screen, Sequence[Question], Sequence[Row]], Iterator[Question]]] = {
    "chart": _chart, "table": _table, "problem": _problem, "product": _product, "invoice": _invoice, "ui": _ui,
}  # fmt: skip


if __name__ == "__main__":
    main()
