"""`kantu eval`: a thin shell over evaluation. Heavy imports wait until it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kantu.command_options import Device, MaxPixels, Quantize


def evaluate(
    suite: Annotated[
        str,
        typer.Argument(
            help="everyday、tasks、injection，带 truth.jsonl 的文件夹，或 .tsv（VLMEvalKit）、.jsonl、.json。",
            metavar="SUITE",
        ),
    ],
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            help="模型名、文件夹，或兼容 OpenAI 的网址 http://…/v1#模型名（密钥放环境变量 KANTU_EVAL_API_KEY）。",
            metavar="NAME|FOLDER|URL",
        ),
    ] = None,
    quantize: Quantize = None,
    device: Device = None,
    max_pixels: MaxPixels = None,
    pictures: Annotated[
        int | None, typer.Option(min=1, help="每个种类（或任务）、每个来源只用前 N 张图。", metavar="N")
    ] = None,
    family: Annotated[list[str] | None, typer.Option(help="只评这个种类；可重复。", metavar="FAMILY")] = None,
    task: Annotated[list[str] | None, typer.Option(help="只评这个任务的题；可重复。", metavar="TASK")] = None,
    parallel: Annotated[int, typer.Option(min=1, help="同时问几题。", metavar="N")] = 8,
    results: Annotated[
        Path | None,
        typer.Option(
            "--json", help="结果文件（JSON lines）；中断后再运行会接着做。默认放在 KANTU_HOME 里。", metavar="FILE"
        ),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="不接着上次，重新开始。")] = False,
    html: Annotated[Path | None, typer.Option(help="另写成一个可离线打开的 HTML 报告。", metavar="FILE")] = None,
    markdown: Annotated[
        Path | None, typer.Option(help="把表格写进这个 Markdown 文件的标记之间。", metavar="FILE")
    ] = None,
    against: Annotated[
        Path | None, typer.Option(help="与另一个结果文件比较，说明差别是否真实。", metavar="FILE")
    ] = None,
    gate: Annotated[
        Path | None, typer.Option(help="与另一个结果文件比较；有变差超过 --margin 的就以 1 退出。", metavar="FILE")
    ] = None,
    margin: Annotated[float, typer.Option(min=0.0, help="--gate 允许变差多少个百分点。", metavar="POINTS")] = 1.0,
) -> None:
    """评测：按种类和题型说出模型答对多少，错例可以逐条看。"""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from kantu.evaluation.compare import compare
    from kantu.evaluation.report import terminal
    from kantu.evaluation.report.html import html as report
    from kantu.evaluation.report.markdown import check_page, put
    from kantu.evaluation.report.markdown import markdown as tables
    from kantu.evaluation.results import read_results
    from kantu.evaluation.run import Subject, run
    from kantu.evaluation.suites import open_suite
    from kantu.output_files import check_outputs, write_text

    check_outputs(html)
    check_page(markdown)
    others = [(path, read_results(path)) for path in dict.fromkeys((against, gate)) if path is not None]
    opened = open_suite(suite, pictures=pictures, families=tuple(family or ()), tasks=tuple(task or ()))
    subject = Subject(model, quantize, device, max_pixels)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        under_way = bar.add_task("评测", total=len(opened.items))
        done = run(
            opened,
            subject,
            results,
            parallel=parallel,
            fresh=fresh,
            on_answer=lambda count: bar.update(under_way, completed=count),
        )
    items = {item.key: item for item in opened.items}
    answers = [done.results.answers[key] for key in items]
    out = terminal.console()
    terminal.show(done.results, answers, opened.missing, out)
    typer.echo(f"结果：{done.path}", err=True)
    if html is not None:
        write_text(html, report(done.results, answers, items))
    if markdown is not None:
        put(markdown, tables(done.results, answers, opened.missing))
    passed = True
    for path, other in others:
        found = compare({answer.key: answer for answer in answers}, other.answers)
        passed &= terminal.show_differences(found, margin, gate=path == gate, out=out) or path != gate
    if not passed:
        raise typer.Exit(1)
