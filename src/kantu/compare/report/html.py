"""A comparison as one HTML file that needs nothing else: the tables, and examples each way with their pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from importlib.resources import files
from string import Template

from kantu.aigc.files import report_label
from kantu.compare import accuracy
from kantu.compare.comparison import Comparison
from kantu.compare.pairs import Pair
from kantu.compare.report.about import about
from kantu.compare.report.sections import Section, loss_name, sections
from kantu.errors import Words
from kantu.evaluation.items import Item
from kantu.evaluation.report import words
from kantu.evaluation.report.html import inlined
from kantu.evaluation.tables import RIGHT

EXAMPLES = 20  # each way
_WON = (
    (True, Words("看图对、流水线错", "Kantu right, the pipeline wrong")),
    (False, Words("流水线对、看图错", "the pipeline right, Kantu wrong")),
)


def html(found: Comparison, items: Mapping[str, Item]) -> str:
    """The report; `items` have the pictures, by key."""
    here = files(__package__)
    parts = [_section(section) for section in sections(found)]
    for ours, title in _WON:
        pairs = accuracy.won(found.pairs, ours=ours, most=EXAMPLES)
        total = len(accuracy.won(found.pairs, ours=ours, most=len(found.pairs)))
        parts.append(_title(title, f"{len(pairs)}/{total}"))
        parts += [_example(pair, items[pair.ours.key]) for pair in pairs]
    told = about(found)
    return Template((here / "page.html").read_text("utf-8")).substitute(
        title="看图与拼接流水线",
        **report_label(),
        about=escape(told.zh),
        about_english=escape(told.en),
        body="\n".join(parts),
    )


def _section(section: Section) -> str:
    head = "".join(f"<th>{_both(cell)}</th>" for cell in section.heads)
    body = "".join(f"<tr>{''.join(f'<td>{_both(cell)}</td>' for cell in row)}</tr>" for row in section.rows)
    note = f'<p class="note">{_both(section.note)}</p>' if section.note.zh else ""
    table = f'<div class="table"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    return f"<section>{_title(section.title)}{table}{note}</section>"


def _title(title: Words, count: str = "") -> str:
    return f"<h2>{_both(title)} {escape(count)}</h2>"


def _both(told: Words) -> str:
    """Chinese, and the English below it where it is another."""
    zh, en = escape(told.zh), escape(told.en)
    return zh if zh == en else f'{zh}<small lang="en">{en}</small>'


def _example(pair: Pair, item: Item) -> str:
    shown = "".join(
        f'<img src="{inlined(picture)["url"]}" alt="{escape(picture.name)}" loading="lazy">'
        for picture in item.pictures
    )
    return f'<article><div class="pictures">{shown}</div><div>{"".join(_words(pair))}</div></article>'


def _words(pair: Pair) -> Iterator[str]:
    ours, theirs = pair.ours, pair.theirs
    yield f"<p class='quiet'>{escape(words.family(ours.family))} · {escape(words.kind(ours.group[1]))}</p>"
    yield f"<h3>{escape(ours.question)}</h3>"
    flag = "（未核实）" if pair.unverified else ""
    for name, text in (
        ("标准答案", ours.truth),
        (f"看图 {_mark(ours.score)}{flag}", ours.answer),
        (f"流水线 {_mark(theirs.score)}", theirs.answer),
    ):
        yield f"<p><b>{escape(name)}</b> {escape(text)}</p>"
    if pair.loss is not None:
        yield f"<p><b>丢在</b> {_both(loss_name(pair.loss.stage))}：{escape(pair.loss.fact)}</p>"
    yield f"<details><summary>流水线给文本模型的描述</summary><pre>{escape(pair.description)}</pre></details>"


def _mark(score: float) -> str:
    return "✓" if score >= RIGHT else "✗"
