"""`kantu compare`: a thin shell over comparison. Heavy imports wait until it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def compare(
    suite: Annotated[
        str,
        typer.Option(help="everyday，带 truth.jsonl 的文件夹，或 .tsv、.jsonl、.json。", metavar="SUITE"),
    ] = "everyday",
    pipeline_endpoint: Annotated[
        str | None,
        typer.Option(
            help="流水线的文本模型：名字、文件夹，或兼容 OpenAI 的网址 http://…/v1#模型名（密钥放环境变量 "
            "KANTU_EVAL_API_KEY）；默认内置的 kantu-mini-text。",
            metavar="URL|NAME",
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", "-m", help="看图这边的模型：名字、文件夹或网址；默认 kantu-mini。", metavar="NAME|URL"),
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="问整个套件；默认是固定的 120 张图。")] = False,
    price: Annotated[
        list[str] | None,
        typer.Option(
            help="价格，可重复：input= 和 output=（文本模型每百万词元）、ocr=（每千张）、hour=（一台机器每小时）。",
            metavar="NAME=NUMBER",
        ),
    ] = None,
    as_json: Annotated[Path | None, typer.Option("--json", help="结果另存为 JSON。", metavar="FILE")] = None,
    html: Annotated[Path | None, typer.Option(help="另写成一个可离线打开的 HTML 报告。", metavar="FILE")] = None,
    markdown: Annotated[
        Path | None, typer.Option(help="把表格写进这个 Markdown 文件的标记之间。", metavar="FILE")
    ] = None,
    journal: Annotated[
        Path | None,
        typer.Option(help="进度文件；中断后再运行会接着问。默认放在 KANTU_HOME 里。", metavar="FILE"),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="不接着上次，重新开始。")] = False,
) -> None:
    """对比：看图与拼接流水线（OCR、版面、描述、文本模型），同样的图、同样的题，逐题轮流，逐项实测。"""
    from rich.console import Console
    from rich.progress import Progress

    from kantu.compare.makers import kantu_maker
    from kantu.compare.pipeline_maker import pipeline_maker
    from kantu.compare.price import read_prices
    from kantu.compare.report import terminal
    from kantu.compare.report.as_json import as_json as record
    from kantu.compare.report.html import html as report
    from kantu.compare.report.markdown import BEGIN, END
    from kantu.compare.report.markdown import markdown as tables
    from kantu.compare.run import Plan, run
    from kantu.evaluation.report.markdown import check_page, put
    from kantu.evaluation.report.terminal import console
    from kantu.output_files import check_outputs, write_text

    check_outputs(as_json, html)
    check_page(markdown, begin=BEGIN, end=END)
    plan = Plan(suite, full, read_prices(price or ()), journal, fresh)
    ours, theirs = kantu_maker(model), pipeline_maker(pipeline_endpoint)
    with Progress(console=Console(stderr=True), transient=True) as bar:
        done = run(plan, ours, theirs, bar.track)
    terminal.show(done.comparison, console())
    typer.echo(f"进度：{done.journal}", err=True)
    if as_json is not None:
        write_text(as_json, record(done.comparison))
    if html is not None:
        write_text(html, report(done.comparison, done.items))
    if markdown is not None:
        put(markdown, tables(done.comparison), begin=BEGIN, end=END)
