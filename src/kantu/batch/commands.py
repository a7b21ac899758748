"""`kantu batch`: a thin shell over batches. Heavy imports wait until it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kantu.command_options import Device, Force, MaxPixels, Model, NoEvidence, Quantize
from kantu.errors import error


def batch(
    task: Annotated[str, typer.Argument(help="任务名，或自己的任务文件（.yaml）。", metavar="TASK")],
    source: Annotated[Path, typer.Argument(help="图片文件夹，或列出图片的 .jsonl、.csv 文件。", metavar="FOLDER|FILE")],
    out: Annotated[
        Path,
        typer.Option(
            help="结果：.jsonl；或 .csv、.xlsx 表格（旁边总有同名的 .jsonl）。中断后再运行会接着做。",
            metavar="FILE",
        ),
    ],
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="任务的变量，各行没有写的就用它；可重复。", metavar="名称=内容")
    ] = None,
    model: Model = None,
    quantize: Quantize = None,
    device: Device = None,
    max_pixels: MaxPixels = None,
    parallel: Annotated[int, typer.Option(min=1, max=64, help="同时做几行。", metavar="N")] = 4,
    recursive: Annotated[bool, typer.Option(help="文件夹里的子文件夹也算；默认算。")] = True,
    no_evidence: NoEvidence = False,
    force: Force = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="不接着上次，丢掉已有的结果重新开始。")] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="上次出错的行再做一遍。")] = False,
) -> None:
    """一个任务做很多图片：kantu batch order 订单截图/ --out 结果.xlsx

    每行一有结果就写到磁盘；出错的行写明原因，别的行照常，最后以 1 退出。
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    from kantu.batch.run import Progress, Subject, run
    from kantu.command_tasks import task_named

    found = task_named(task)
    subject = Subject(
        model, quantize, device, max_pixels, evidence=not no_evidence, force=force, settings=_settings(settings or [])
    )
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        bar = bars.add_task("清点", total=None)

        def count(inputs: int) -> None:
            bars.update(bar, completed=inputs)

        def show(done: int, total: int, failed: int) -> None:
            words = f"{found.title}（出错 {failed}）" if failed else found.title
            bars.update(bar, description=words, completed=done, total=total)

        done = run(
            found,
            source,
            out,
            subject,
            recursive=recursive,
            parallel=parallel,
            fresh=fresh,
            retry_failed=retry_failed,
            progress=Progress(count, show),
        )
    skipped = f"，跳过 {done.skipped} 个不是图片的文件" if done.skipped else ""
    unanswered = f"，没有作答 {done.unanswered} 行" if done.unanswered else ""
    typer.echo(f"共 {done.total} 行，出错 {done.failed} 行{unanswered}{skipped}。", err=True)
    typer.echo(str(out))
    if done.unanswered:
        told = "没有作答的行，问题没有指明对象：照结果里建议的换个问法，加 --fresh 再做；或加 --force --fresh 照问。"
        typer.secho(told, fg="yellow", err=True)
    if done.failed:
        typer.secho("改好之后，用同样的命令加 --retry-failed 再做出错的行。", fg="yellow", err=True)
        raise typer.Exit(1)


def _settings(texts: list[str]) -> dict[str, str]:
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise error("batch_setting_invalid", text=text)
        found[name.strip()] = value
    return found
