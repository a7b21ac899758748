"""`kantu pipeline`: a thin shell over the stitched pipeline. Heavy imports wait until its commands run."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Annotated

import typer

from kantu.errors import error, install_command, listed

if TYPE_CHECKING:
    from kantu.contenders.pipeline.parts import StageName, Style, Trace

app = typer.Typer(help="拼接流水线（文字识别 → 描述 → 语言模型）：看图的对照。", no_args_is_help=True)

_NEEDED = ("fastapi", "uvicorn", "httpx")
_FIRST_PORT = 8101  # of the first stage; the others follow

Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        help="语言模型：兼容 OpenAI 的网址 http://…/v1#模型名（密钥放环境变量 KANTU_EVAL_API_KEY），或模型名、文件夹；"
        "默认内置的 kantu-mini-text。",
        metavar="URL|NAME",
    ),
]
Translator = Annotated[str | None, typer.Option(help="不是中文的回答交给这个网址翻译。", metavar="URL")]


@app.command()
def ask(
    inputs: Annotated[
        list[str], typer.Argument(help="图片文件（可以有多张），最后是问题。", metavar="IMAGE... QUESTION")
    ],
    model: Model = None,
    stage: Annotated[
        list[str] | None, typer.Option(help="这个环节在别处：ocr=http://127.0.0.1:8102；可重复。", metavar="NAME=URL")
    ] = None,
    style: Annotated[str, typer.Option(help="图片怎么描述。", metavar="markdown|positions|lines")] = "markdown",
    translator: Translator = None,
    trace: Annotated[bool, typer.Option("--trace", help="写出每个环节给出了什么、用了多久。")] = False,
) -> None:
    """用拼接流水线回答一个问题。"""
    from kantu.contenders.contender import AskOptions
    from kantu.contenders.pipeline.assemble import Plan, open_pipeline

    *pictures, question = inputs
    plan = Plan(model=model, urls=_urls(stage or []), style=_style(style), translator=translator)
    pipeline = open_pipeline(plan)
    try:
        told = pipeline.trace(pictures, question, AskOptions(temperature=0.0))
    finally:
        pipeline.close()
    if trace:
        _show(told)
    typer.echo(told.text)


@app.command()
def serve(
    stage: Annotated[str, typer.Argument(help="环节：intake、ocr、vision、describe、prompt、language、finish。")],
    host: Annotated[str, typer.Option(help="监听的地址。")] = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="监听的端口，默认 8101 到 8107；0 任选一个。")
    ] = None,
    model: Model = None,
    translator: Translator = None,
    readers: Annotated[int, typer.Option(min=1, help="ocr 同时读几张图。", metavar="N")] = 1,
    threads: Annotated[
        int | None, typer.Option(min=1, help="ocr、vision 用几个线程，默认和看图的引擎一样多。", metavar="N")
    ] = None,
    allow_insecure: Annotated[bool, typer.Option("--allow-insecure", help="也监听本机以外的地址。")] = False,
) -> None:
    """把一个环节作为 HTTP 服务运行；没有密钥，默认只监听本机。"""
    for module in _NEEDED:
        if importlib.util.find_spec(module) is None:
            raise error("service_missing", missing=module, install=install_command("service"))
    from contextlib import ExitStack

    from kantu.contenders.pipeline.assemble import Plan, open_stage
    from kantu.contenders.pipeline.parts import STAGES
    from kantu.contenders.pipeline.serve import serve as run

    name = _known(stage)
    if port is None:
        port = _FIRST_PORT + [*STAGES].index(name)
    with ExitStack() as opened:
        made = open_stage(name, Plan(model=model, translator=translator, readers=readers, threads=threads), opened)
        run({name: made}, host, port, allow_insecure=allow_insecure)


def _urls(given: list[str]) -> dict[StageName, str]:
    """NAME=URL, by name."""
    urls = {}
    for each in given:
        name, _, url = each.partition("=")
        urls[_known(name)] = url
    return urls


def _known(name: str) -> StageName:
    from kantu.contenders.pipeline.parts import STAGES

    known = next((each for each in STAGES if each == name), None)
    if known is None:
        raise error("unknown_pipeline_stage", name=name, known=listed(STAGES))
    return known


def _style(name: str) -> Style:
    from kantu.contenders.pipeline.parts import STYLES

    known = next((each for each in STYLES if each == name), None)
    if known is None:
        raise error("unknown_pipeline_style", name=name, known=listed(STYLES))
    return known


def _show(trace: Trace) -> None:
    """On standard error: what is asked for is the answer."""
    from kantu.contenders.pipeline.parts import STAGES

    for picture in trace.pictures:
        width, height = picture.size
        typer.secho(
            f"图片 {width}×{height}，{len(picture.lines)} 行文字，{len(picture.seen.elements)} 个元素", err=True
        )
    for message in trace.prompt.messages:
        typer.secho(f"[{message.role}]", bold=True, err=True)
        typer.echo(message.text, err=True)
    typer.secho("[语言模型]", bold=True, err=True)
    typer.echo(trace.completion.text, err=True)
    taken = " · ".join(f"{STAGES[name]} {seconds:.2f} 秒" for name, seconds in trace.seconds.items())
    typer.secho(taken, dim=True, err=True)
