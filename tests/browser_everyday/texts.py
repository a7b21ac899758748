"""All texts of a drawn page, as a reader sees them: line by line, with the place of every character."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from browser import Browser

Box = list[int]
"""x1, y1, x2, y2 in thousandths of width and height."""

#: Runs in the page: every run of characters on one line of a text node, with the left and right edge of each character
#: and the top and bottom of its ink. `seen` is false where something else is drawn over its middle.
TEXTS = """
(() => {
  const width = document.body.offsetWidth, height = Math.ceil(document.body.getBoundingClientRect().height);
  const context = document.createElement('canvas').getContext('2d'), runs = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement, inSvg = parent.namespaceURI.includes('svg');
    if (!node.data.trim() || parent.closest('script, style, title')) continue;
    const style = getComputedStyle(parent), range = document.createRange();
    let run = null;
    for (let at = 0; at < node.data.length; at++) {
      range.setStart(node, at); range.setEnd(node, at + 1);
      const rect = [...range.getClientRects()].filter(r => r.width > 0 && r.height > 0).pop();
      if (!rect) continue;
      const middle = (rect.top + rect.bottom) / 2;
      if (!run || Math.abs(middle - run.middle) > rect.height / 2 || rect.left < run.edges.at(-1)[0] - 1)
        runs.push(run = {text: '', edges: [], middle, top: rect.top, bottom: rect.bottom, inSvg});
      run.text += node.data[at];
      run.edges.push([rect.left, rect.right]);
      run.style = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    }
  }
  const used = [];
  for (const run of runs) {
    const text = run.text.trim(), [x1, x2] = [run.edges[0][0], run.edges.at(-1)[1]];
    if (!text) continue;
    context.font = run.style;
    const m = context.measureText(text), size = run.bottom - run.top;
    if (!run.inSvg) {
      run.bottom = run.top + m.fontBoundingBoxAscent + m.actualBoundingBoxDescent;
      run.top += m.fontBoundingBoxAscent - m.actualBoundingBoxAscent;
    }
    const hit = document.elementFromPoint((x1 + x2) / 2, run.middle);
    used.push({text: run.text, edges: run.edges.map(e => e.map(x => x / width)), size: size / height,
               top: run.top / height, bottom: run.bottom / height, em: size / width,
               seen: hit !== null && (hit.innerText || hit.textContent || '').includes(text)});
  }
  return used;
})()
"""


@dataclass(frozen=True)
class Row:
    """Words that stand on one line side by side. `edges` are left and right of each character, in shares of width."""

    text: str
    edges: tuple[tuple[float, float], ...]
    top: float
    bottom: float
    em: float
    seen: bool

    @property
    def box(self) -> Box:
        """Of all of it."""
        return self.box_of(0, len(self.text))

    def box_of(self, first: int, last: int) -> Box:
        """Of some of its characters."""
        shares = (self.edges[first][0], self.top, self.edges[last - 1][1], self.bottom)
        return [round(1000 * min(max(share, 0.0), 1.0)) for share in shares]


def texts(browser: Browser) -> list[Row]:
    """Those of the page that was drawn last, in reading order; what is no word (emoji, marks) is left out."""
    rows: list[Row] = []
    for run in sorted(map(_row, browser.evaluate(TEXTS)), key=lambda run: (run.top, run.edges[0][0])):
        beside = next((place for place, row in enumerate(rows) if _is_beside(row, run)), None)
        if beside is None:
            rows.append(run)
        else:
            rows[beside] = _joined(rows[beside], run)
    return _in_order(row for row in map(_stripped, rows) if re.search(r"\w", row.text))


def places(rows: Sequence[Row], value: str) -> list[Box]:
    """Where a value stands, within lines."""
    found = []
    for row in rows:
        kept = [at for at, character in enumerate(row.text) if not character.isspace()]
        flat, wanted = "".join(row.text[at] for at in kept), "".join(value.split())
        at = flat.find(wanted)
        while at >= 0:
            found.append(row.box_of(kept[at], kept[at + len(wanted) - 1] + 1))
            at = flat.find(wanted, at + 1)
    return found


def _row(run: dict[str, Any]) -> Row:
    edges = tuple((left, right) for left, right in run["edges"])
    return Row(run["text"], edges, run["top"], run["bottom"], run["em"], run["seen"])


def _is_beside(row: Row, run: Row) -> bool:
    shared = min(row.bottom, run.bottom) - max(row.top, run.top)
    gap = run.edges[0][0] - row.edges[-1][1]
    return shared > 0.6 * min(row.bottom - row.top, run.bottom - run.top) and -0.1 * row.em < gap < 0.25 * row.em


def _joined(row: Row, run: Row) -> Row:
    return Row(
        row.text + run.text, row.edges + run.edges, min(row.top, run.top), max(row.bottom, run.bottom),
        max(row.em, run.em), row.seen and run.seen,
    )  # fmt: skip


def _stripped(row: Row) -> Row:
    first = len(row.text) - len(row.text.lstrip())
    last = len(row.text.rstrip())
    return Row(row.text[first:last], row.edges[first:last], row.top, row.bottom, row.em, row.seen)


def _in_order(rows: Iterable[Row]) -> list[Row]:
    """From top to bottom; what shares more than half of its height with a line stands on it."""
    lines: list[list[Row]] = []
    for row in sorted(rows, key=lambda row: row.top + row.bottom):
        last = lines[-1][0] if lines else None
        middle = (row.top + row.bottom) / 2
        if last is not None and last.top < middle < last.bottom:
            lines[-1].append(row)
        else:
            lines.append([row])
    return [row for line in lines for row in sorted(line, key=lambda row: row.edges[0][0])]
