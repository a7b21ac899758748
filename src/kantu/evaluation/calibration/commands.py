"""`kantu calibrate`: a thin shell over calibration. Heavy imports wait until it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kantu.command_options import Device, Model, Quantize


def calibrate(
    suite: Annotated[
        str,
        typer.Argument(
            help="tasks，everyday，带 truth.jsonl 的文件夹，或 .tsv、.jsonl、.json（同 kantu eval）。", metavar="SUITE"
        ),
    ] = "tasks",
    model: Model = None,
    quantize: Quantize = None,
    device: Device = None,
    pictures: Annotated[
        int | None,
        typer.Option(min=1, help="每个任务（或种类）、每个来源用 N 张图。", metavar="N"),
    ] = None,
    family: Annotated[list[str] | None, typer.Option(help="只用这个种类；可重复。", metavar="FAMILY")] = None,
    parallel: Annotated[int, typer.Option(min=1, help="同时问几题。", metavar="N")] = 8,
    samples: Annotated[
        Path | None,
        typer.Option(help="样本文件（JSON lines）；中断后再运行会接着做。默认放在 KANTU_HOME 里。", metavar="FILE"),
    ] = None,
    let_through: Annotated[
        float | None,
        typer.Option(min=0.0, max=1.0, help="不复核的结果里最多允许多大比例是错的，默认 0.02。", metavar="SHARE"),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="把校准写到这个文件。", metavar="FILE")] = None,
    write: Annotated[bool, typer.Option("--write", help="把校准写进模型文件夹（calibration.json）。")] = False,
    plot: Annotated[Path | None, typer.Option(help="另画一张图：.svg 或 .png。", metavar="FILE")] = None,
) -> None:
    """校准：用有标准答案的图片，把模型给的概率变成可信的把握；一半图片拟合，另一半检验。"""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from kantu.errors import error
    from kantu.evaluation.calibration.fit import fit
    from kantu.evaluation.calibration.plot import check_plot
    from kantu.evaluation.calibration.plot import plot as draw
    from kantu.evaluation.calibration.report import show
    from kantu.evaluation.calibration.run import collect, origin_of
    from kantu.evaluation.calibration.samples import split
    from kantu.evaluation.report import terminal
    from kantu.evaluation.run import Subject, describe
    from kantu.evaluation.suites import open_suite
    from kantu.hub import locate
    from kantu.output_files import check_outputs, write_text
    from kantu.solve.calibration import FILE, LET_THROUGH

    places = [path for path in (out, locate(model) / FILE if write else None) if path is not None]
    check_outputs(*places)
    check_plot(plot)
    opened = open_suite(suite, pictures=pictures, families=tuple(family or ()))
    subject = Subject(model, quantize, device)
    about = describe(opened, subject)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("校准", total=len(opened.items))
        records = collect(opened, subject, samples, parallel, lambda count: bar.update(task, completed=count))
    parted = split(records)
    if not any(record.fields for record in parted.fit):
        raise error("no_samples", suite=suite)
    fitted = fit(parted.fit, origin_of(about), let_through=LET_THROUGH if let_through is None else let_through)
    parts = {"没有用来拟合的图片": parted.test, "浏览器画的图片": parted.browser}
    show(parts, fitted, terminal.console())
    for path in places:
        write_text(path, fitted.to_json())
        typer.echo(f"校准：{path}", err=True)
    unseen = {name: found for name, found in parts.items() if found}
    if plot is not None and unseen:
        draw(unseen, fitted, plot)
    elif plot is not None:
        typer.echo(f"没有画 {plot}：图片都用来拟合了，没有留下检验的。", err=True)
