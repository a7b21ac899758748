"""A calibration and its test, on the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.markup import escape

from kantu.evaluation.calibration.samples import Judged
from kantu.evaluation.calibration.tested import KindRow, TaskRow, by_kind, by_task
from kantu.evaluation.reliability import BINS, Reliability
from kantu.evaluation.report.terminal import grid_of
from kantu.solve.calibration import EVERYTHING, Calibration


def show(parts: Mapping[str, Sequence[Judged]], calibration: Calibration, out: Console) -> None:
    """Print what was tried, and how it does on each part, by the words for where its pictures come from."""
    _show_trials(calibration, out)
    for name, records in parts.items():
        if records:
            _show_kinds(name, by_kind(records, calibration), out)
            _show_tasks(name, by_task(records, calibration), out)


def _show_trials(calibration: Calibration, out: Console) -> None:
    origin = calibration.origin
    assert origin is not None  # it has just been fitted
    out.print(
        f"{origin.suite} {origin.suite_version}，{origin.model} {origin.weights[:12]} {origin.precision}："
        f"用 {origin.pictures} 张图、{origin.records} 题、{origin.fields} 个字段拟合",
        markup=False,
        soft_wrap=True,
    )
    grid = grid_of("方法", "上级抵多少个样本", "对数损失", "期望校准误差 %", "")
    for trial in origin.tried:
        error = f"{100 * trial.calibration_error:.2f}"
        is_chosen = trial == origin.chosen
        told = (trial.method, f"{trial.parent_weight:g}", f"{trial.log_loss:.4f}", error, "选用" if is_chosen else "")
        grid.add_row(*told, style="bold" if is_chosen else "")
    out.print("\n[bold]试过的方法[/]（在没有用来拟合的图片上，五折）")
    out.print(grid)


def _show_kinds(name: str, rows: Sequence[KindRow], out: Console) -> None:
    grid = grid_of(
        "字段", "题", "答对 %", "之前 %", "之后 %", "95% 区间", "偶然 %", "等宽之后 %", "Brier 之前", "Brier 之后"
    )
    for row in rows:
        kind = "全部" if row.kind == EVERYTHING else row.kind
        grid.add_row(
            escape(kind),
            str(row.after.count),
            f"{100 * row.after.right:.1f}",
            f"{100 * row.before.error:.1f}",
            f"{100 * row.after.error:.1f}",
            _interval(row.after),
            f"{100 * row.after.chance:.1f}",
            f"{100 * row.after.equal_width_error:.1f}",
            f"{row.before.brier:.3f}",
            f"{row.after.brier:.3f}",
            style="bold" if row.kind == EVERYTHING else "",
        )
    out.print(f"\n[bold]{escape(name)}：期望校准误差[/]（{BINS} 个等量区间；“偶然”是把握全都属实时，题少也会有的误差）")
    out.print(grid)


def _show_tasks(name: str, rows: Sequence[TaskRow], out: Console) -> None:
    grid = grid_of(
        "任务", "题", "全对 %", "校准误差 %", "95% 区间", "偶然 %", "复核线", "送去复核 %", "没复核的错 %", "漏过的错 %"
    )
    for row in rows:
        grid.add_row(
            escape(row.task),
            str(row.whole.count),
            f"{100 * row.whole.right:.1f}",
            f"{100 * row.whole.error:.1f}",
            _interval(row.whole),
            f"{100 * row.whole.chance:.1f}",
            f"{row.point.threshold:.3f}",
            f"{100 * row.point.reviewed:.1f}",
            f"{100 * row.point.wrong:.1f}",
            f"{100 * row.point.let_through:.1f}",
        )
    out.print(f"\n[bold]{escape(name)}：整条记录[/]")
    out.print(grid)


def _interval(found: Reliability) -> str:
    return f"{100 * found.low:.1f} … {100 * found.high:.1f}"
