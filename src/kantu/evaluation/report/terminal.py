"""Results on the terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kantu.evaluation import tables, task_tables
from kantu.evaluation.compare import Difference
from kantu.evaluation.injection.tables import Pair, pairs_of
from kantu.evaluation.reliability import calibration_error
from kantu.evaluation.report import injection, words
from kantu.evaluation.results import Answer, Results

_FILE_COLUMNS = 200
_NUMBERS = frozenset({"题", "图", "字段数", "框数", "中位秒", "值", "平均", "差（点）"})


def console() -> Console:
    """As wide as the terminal; wide enough in a file."""
    return Console(width=None if sys.stdout.isatty() else _FILE_COLUMNS, highlight=False)


def show(results: Results, answers: Sequence[Answer], missing: Sequence[str], out: Console) -> None:
    """Print the tables of these answers."""
    out.print(words.who(results.run), markup=False, soft_wrap=True)
    out.print(words.when(results), markup=False, soft_wrap=True, style="dim")
    if pairs := pairs_of(answers):
        _injection(pairs, out)
    else:
        _tasks(answers, out)
        _shares(answers, out)
        _floors(answers, out)
        _rest(answers, out)
    _errors(answers, out)
    for name in missing:
        out.print(f"缺：{name}", markup=False, style="yellow")


def show_differences(found: Sequence[Difference], margin: float, *, gate: bool, out: Console) -> bool:
    """Print how we differ; whether nothing is worse by more than the margin."""
    grid = grid_of("种类", "题型", "来源", "之前 %", "现在 %", "差（点）", "95% 区间", "题", "图", "")
    for row in found:
        if gate and row.is_worse(margin):
            verdict = "[red]变差，超出允许[/]"
        elif row.low == row.high == 0:
            verdict = "[dim]没有差别[/]"
        elif row.is_real:
            verdict = "[green]确实变好[/]" if row.points > 0 else "[yellow]确实变差[/]"
        else:
            verdict = "[dim]差别可能是偶然[/]"
        grid.add_row(
            *(escape(text) for text in (words.family(row.family) if row.family else "全部", words.kind(row.kind))),
            words.origin(row.origin) if row.origin else "全部",
            f"{row.theirs:.1f}",
            f"{row.ours:.1f}",
            f"{row.points:+.1f}",
            f"{row.low:+.1f} … {row.high:+.1f}",
            str(row.questions),
            str(row.pictures),
            verdict,
        )
    out.print("\n[bold]与之前相比（按图片重抽样的配对区间）[/]")
    out.print(grid)
    worse = [row for row in found if row.is_worse(margin)]
    if gate:
        said = (
            f"[red]{len(worse)} 组变差超过 {margin:g} 个百分点[/]"
            if worse
            else f"[green]没有一组变差超过 {margin:g} 个百分点[/]"
        )
        out.print(said)
    return not worse


def _tasks(answers: Sequence[Answer], out: Console) -> None:
    rows = task_tables.by_task(answers)
    if not rows:
        return
    out.print("\n[bold]任务[/]")
    grid = grid_of("任务", "来源", *words.TASK_HEADS)
    for row in rows:
        cells = (words.task(row.task), words.origin(row.origin), *words.task_cells(row))
        grid.add_row(*cells, style="" if row.task else "bold")
    out.print(grid)
    out.print(words.TASK_NOTE, style="dim", markup=False)
    if judged := task_tables.verdicts_by_task(answers):
        out.print("\n[bold]任务的判定[/]")
        grid = grid_of("任务", "来源", "判定", "精确率 %", "召回率 %", "题")
        for each in judged:
            for verdict in each.rows:
                told = (f"{100 * verdict.precision:.1f}", f"{100 * verdict.recall:.1f}", str(verdict.count))
                grid.add_row(words.task(each.task), words.origin(each.origin), verdict.verdict, *told)
        out.print(grid)


def _shares(answers: Sequence[Answer], out: Console) -> None:
    origins = tables.origins(answers)
    heads = [head for origin in origins for head in (f"{words.origin(origin)} %", "题")]
    grid = grid_of("种类", "题型", *heads)
    for row in tables.by_kind(answers):
        cells = [
            cell
            for origin in origins
            for cell in (words.percent(row.shares.get(origin)), _count(row.shares.get(origin)))
        ]
        name = ("全部" if not row.family else escape(words.family(row.family))) if not row.kind else ""
        grid.add_row(name, escape(words.kind(row.kind)), *cells, style="" if row.kind else "bold")
    out.print("\n[bold]答对的比例[/]")
    out.print(grid)


def _floors(answers: Sequence[Answer], out: Console) -> None:
    rows = tables.floors(answers)
    if not rows:
        return
    grid = grid_of("目标", "来源", "要求 %", "实测 %", "题", "是否达到")
    for row in rows:
        for origin, share in row.reached.items():
            met = row.floor.met(origin, share.percent)
            sign = "<" if row.floor.fooled else "≥"
            grid.add_row(
                row.floor.name,
                words.origin(origin),
                f"{sign} {row.floor.least[origin]:g}",
                words.percent(share),
                str(share.count),
                "[green]达到[/]" if met else "[red]未达到[/]",
            )
    out.print("\n[bold]目标[/]")
    out.print(grid)


def _rest(answers: Sequence[Answer], out: Console) -> None:
    if found := tables.means(answers):
        out.print("\n[bold]其他度量（平均）[/]")
        grid = grid_of("度量", "值", "题")
        for name, share in found.items():
            grid.add_row(words.MEASURES.get(name, name), f"{share.mean:.3f}", str(share.count))
        out.print(grid)
    if verdicts := tables.verdicts(answers):
        out.print("\n[bold]判定[/]")
        grid = grid_of("判定", "精确率 %", "召回率 %", "题")
        for row in verdicts:
            grid.add_row(row.verdict, f"{100 * row.precision:.1f}", f"{100 * row.recall:.1f}", str(row.count))
        out.print(grid)
    if bins := tables.by_sureness(answers):
        out.print(f"\n[bold]把握与对错[/]（期望校准误差 {calibration_error(bins):.3f}）")
        grid = grid_of("词元平均概率", "平均", "答对 %", "题")
        for found_bin in bins:
            grid.add_row(
                f"{found_bin.low:g}–{found_bin.high:g}",
                f"{found_bin.probability:.3f}",
                f"{100 * found_bin.right:.1f}",
                str(found_bin.count),
            )
        out.print(grid)
    if costs := words.costs(tables.costs(answers)):
        out.print(f"\n{costs}", soft_wrap=True)


def _injection(pairs: Sequence[Pair], out: Console) -> None:
    for title, rows in injection.tables(pairs):
        grid = grid_of(*injection.HEADS)
        for row in rows:
            grid.add_row(*row)
        out.print(f"\n[bold]指令的影响，{title}[/]")
        out.print(grid)


def _errors(answers: Sequence[Answer], out: Console) -> None:
    errors = [answer.error for answer in answers if answer.error]
    if errors:
        codes = "、".join(dict.fromkeys(errors))
        out.print(f"{len(errors)} 题没有回答（算错）：{codes}", style="yellow", markup=False)


def _count(share: tables.Share | None) -> str:
    return "" if share is None or not share.count else str(share.count)


def grid_of(*heads: str) -> Table:
    """A table without lines; numbers stand to the right."""
    grid = Table(box=None, pad_edge=False)
    for head in heads:
        is_number = head.endswith("%") or head in _NUMBERS
        grid.add_column(head, justify="right" if is_number else "left")
    return grid
