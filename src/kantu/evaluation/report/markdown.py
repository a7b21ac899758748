"""The tables as Markdown, put between two markers of a page whose prose is written by hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from kantu.errors import error
from kantu.evaluation import tables, task_tables
from kantu.evaluation.injection.tables import Pair, pairs_of
from kantu.evaluation.reliability import calibration_error
from kantu.evaluation.report import injection, words
from kantu.evaluation.results import Answer, Results
from kantu.output_files import check_outputs, write_text

BEGIN = "<!-- kantu eval: 从这里到结束标记由 kantu eval --markdown 生成，请勿手改 -->"
END = "<!-- kantu eval: 结束 -->"


def markdown(results: Results, answers: Sequence[Answer], missing: Sequence[str]) -> str:
    """What stands between the markers."""
    return "\n".join(_lines(results, answers, missing))


def check_page(page: Path | None, *, begin: str = BEGIN, end: str = END) -> None:
    """Before the work: a page that is wanted can be written and has the markers.

    Raises InvalidRequestError: `output_unwritable`, `markers_missing`.
    """
    check_outputs(page)
    if page is not None:
        _around(page, begin, end)


def put(page: Path, text: str, *, begin: str = BEGIN, end: str = END) -> None:
    """Put the text between the markers of a page; a page that is not there is made of them alone.

    Raises InvalidRequestError (`markers_missing`) when the page has no such markers; KantuError as `write_text`.
    """
    before, after = _around(page, begin, end)
    write_text(page, f"{before}{begin}\n\n{text}\n\n{end}{after}")


def _around(page: Path, begin: str, end: str) -> tuple[str, str]:
    """What stands before and after the markers."""
    old = page.read_text("utf-8") if page.exists() else f"{begin}\n{end}\n"
    before, found_begin, rest = old.partition(begin)
    _, found_end, after = rest.partition(end)
    if not found_begin or not found_end:
        raise error("markers_missing", page=page, begin=begin, end=end)
    return before, after


def _lines(results: Results, answers: Sequence[Answer], missing: Sequence[str]) -> Iterator[str]:
    yield f"{words.who(results.run)}  "
    yield words.when(results)
    if missing:
        yield f"\n缺：{'、'.join(missing)}"
    if pairs := pairs_of(answers):
        yield from _injection(pairs)
        return
    yield from _tasks(answers)
    if floors := tables.floors(answers):
        yield from _floors(floors)
    yield from _kinds(answers)
    yield from _rest(answers)


def _tasks(answers: Sequence[Answer]) -> Iterator[str]:
    rows = task_tables.by_task(answers)
    if not rows:
        return
    yield "\n## 任务\n"
    yield "| 任务 | 来源 | " + " | ".join(head.replace(" %", "，%") for head in words.TASK_HEADS) + " |"
    yield "|---|---|" + "---|" * len(words.TASK_HEADS)
    for row in rows:
        name = words.task(row.task) if row.task else "**全部**"
        yield f"| {name} | {words.origin(row.origin)} | " + " | ".join(words.task_cells(row)) + " |"
    yield f"\n{words.TASK_NOTE}"
    if judged := task_tables.verdicts_by_task(answers):
        yield "\n### 任务的判定\n"
        yield "| 任务 | 来源 | 判定 | 精确率，% | 召回率，% | 题 |\n|---|---|---|---|---|---|"
        for each in judged:
            for verdict in each.rows:
                told = f"{100 * verdict.precision:.1f} | {100 * verdict.recall:.1f} | {verdict.count}"
                yield f"| {words.task(each.task)} | {words.origin(each.origin)} | {verdict.verdict} | {told} |"
    if sure := task_tables.sureness(answers):
        yield "\n### 字段的把握与对错\n"
        yield "| 把握 | 平均 | 对，% | 字段 |\n|---|---|---|---|"
        for found in sure:
            told = f"{found.probability:.3f} | {100 * found.right:.1f} | {found.count}"
            yield f"| {found.low:.3f}–{found.high:.3f} | {told} |"


def _floors(floors: Sequence[tables.FloorRow]) -> Iterator[str]:
    yield "\n## 目标\n"
    yield "| 目标 | 来源 | 要求，% | 实测，% | 题 | 达到 |"
    yield "|---|---|---|---|---|---|"
    for row in floors:
        for origin, share in row.reached.items():
            met = "是" if row.floor.met(origin, share.percent) else "**否**"
            sign = "<" if row.floor.fooled else "≥"
            needed = f"{sign} {row.floor.least[origin]:g}"
            name = words.origin(origin)
            yield f"| {row.floor.name} | {name} | {needed} | {words.percent(share)} | {share.count} | {met} |"


def _kinds(answers: Sequence[Answer]) -> Iterator[str]:
    origins = tables.origins(answers)
    yield "\n## 按种类和题型\n"
    yield "| 种类 | 题型 | " + " | ".join(f"{words.origin(origin)}，% | 题" for origin in origins) + " |"
    yield "|---|---|" + "---|---|" * len(origins)
    for line in tables.by_kind(answers):
        cells = [line.shares.get(origin) for origin in origins]
        shares = " | ".join(f"{words.percent(cell)} | {cell.count if cell and cell.count else ''}" for cell in cells)
        name = words.family(line.family) if line.family else "全部"
        yield f"| {'' if line.kind else f'**{name}**'} | {words.kind(line.kind)} | {shares} |"


def _injection(pairs: Sequence[Pair]) -> Iterator[str]:
    for title, rows in injection.tables(pairs):
        yield f"\n{title}：\n"
        yield f"| {' | '.join(injection.HEADS)} |"
        yield "|---" * len(injection.HEADS) + "|"
        yield from (f"| {' | '.join(row)} |" for row in rows)


def _rest(answers: Sequence[Answer]) -> Iterator[str]:
    if found := tables.means(answers):
        yield "\n## 其他度量\n"
        yield "| 度量 | 平均 | 题 |\n|---|---|---|"
        for name, share in found.items():
            yield f"| {words.MEASURES.get(name, name)} | {share.mean:.3f} | {share.count} |"
    if verdicts := tables.verdicts(answers):
        yield "\n| 判定 | 精确率，% | 召回率，% | 题 |\n|---|---|---|---|"
        for row in verdicts:
            yield f"| {row.verdict} | {100 * row.precision:.1f} | {100 * row.recall:.1f} | {row.count} |"
    if bins := tables.by_sureness(answers):
        yield f"\n把握与对错（期望校准误差 {calibration_error(bins):.3f}）：\n"
        yield "| 词元平均概率 | 平均 | 答对，% | 题 |\n|---|---|---|---|"
        for each in bins:
            line = f"{each.low:g}–{each.high:g} | {each.probability:.3f} | {100 * each.right:.1f} | {each.count}"
            yield f"| {line} |"
    if costs := words.costs(tables.costs(answers)):
        yield f"\n{costs}"
