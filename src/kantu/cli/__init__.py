"""`kantu`: a thin shell over the public Python interface. Answers go to stdout, everything else to stderr.

PyTorch and the like are imported inside the commands, so that `kantu --help` is instant.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import json
import secrets
import shlex
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from kantu.batch.commands import batch
from kantu.cli import tasks
from kantu.cli.inputs import is_file, may_be_picture
from kantu.command_options import Device, MaxPixels, Model, Quantize
from kantu.compare import commands as comparison
from kantu.contenders.pipeline import commands as pipeline
from kantu.errors import InvalidRequestError, KantuError, error
from kantu.evaluation import commands as evaluation
from kantu.evaluation.calibration import commands as calibration
from kantu.mcp import commands as mcp
from kantu.service import commands as service
from kantu.service.audit.commands import audit
from kantu.service.backup import commands as backup
from kantu.service.people import commands as people
from kantu.service.retention import commands as retention
from kantu.standard_streams import forgiving
from kantu.training import commands as training
from kantu.usage import is_usage_error, usage_error

if TYPE_CHECKING:
    from kantu.aigc import ContentLabel
    from kantu.engine.request import RepetitionStop
    from kantu.vlm import VLM, Answer, AnswerStream

_CUT = {"length": " · 已到长度上限", "repetition": " · 不停地重复，已提前结束"}
_INTERRUPTED = 130  # 128 + SIGINT, what shells expect


class _Guarded(TyperGroup):
    """Turns our errors into a red line and an exit code, and Ctrl-C into a quiet end, for every command."""

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        with _guarded():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: Any) -> Any:
        with _guarded():
            return super().invoke(ctx)


@contextlib.contextmanager
def _guarded() -> Iterator[None]:
    try:
        yield
    except KantuError as error:
        _complain(error)
        raise typer.Exit(_exit_code(error)) from None
    except TyperException as error:
        if not is_usage_error(error):
            raise
        _complain(wrong := usage_error(error))
        raise typer.Exit(_exit_code(wrong)) from None
    except KeyboardInterrupt:
        typer.echo("\n已中断。", err=True)
        raise typer.Exit(_INTERRUPTED) from None


app = typer.Typer(
    name="kantu",
    cls=_Guarded,
    help="看图：在自己的机器上，用中文问图片。 (Ask pictures in Chinese, on your own machine.)",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},  # of every command and group below
)

app.add_typer(training.app, name="train")
app.add_typer(service.keys, name="keys")
app.add_typer(retention.retention, name="retention")
app.command()(retention.erase)
app.add_typer(audit, name="audit")
app.add_typer(people.people, name="people")
app.add_typer(pipeline.app, name="pipeline")
app.command()(service.serve)
app.command()(service.reload)
app.command()(backup.backup)
app.command()(backup.restore)
app.command("eval")(evaluation.evaluate)
app.command()(calibration.calibrate)
app.command()(comparison.compare)
app.command()(batch)
app.command()(mcp.mcp)
tasks.mount(app)

MaxTokens = Annotated[int | None, typer.Option(help="回答最多多少个词元。", metavar="N")]
AsJson = Annotated[bool, typer.Option("--json", help="输出一个 JSON 对象，不逐字输出。")]


def main() -> None:
    """The console script."""
    atexit.register(gc.freeze)  # else a fifth of a short command goes into looking for cycles as Python ends
    try:
        with forgiving():
            app(prog_name="kantu")
    except KantuError as error:  # of the output itself
        _complain(error)
        raise SystemExit(_exit_code(error)) from None


def _print_version(wanted: bool) -> None:
    if not wanted:
        return
    from importlib.metadata import version

    from kantu import __version__, hub

    typer.echo(f"kantu {__version__}")
    typer.echo(f"torch {version('torch')}")  # its metadata: importing it takes a second
    for model in hub.installed():
        if model.name == hub.EMBEDDED:
            typer.echo(f"{model.name} {hub.fingerprint(model)[:12]}")
    raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="版本：看图、torch、内置模型。")
    ] = False,
) -> None:
    """What stands before any command."""


@app.command()
def ask(
    inputs: Annotated[
        list[str], typer.Argument(help="图片文件（可以有多张，也可以没有），最后是问题。", metavar="IMAGE... QUESTION")
    ],
    model: Model = None,
    max_pixels: MaxPixels = None,
    max_tokens: MaxTokens = None,
    device: Device = None,
    quantize: Quantize = None,
    as_json: AsJson = False,
) -> None:
    """问一个问题：kantu ask order.png 为什么这个还没发货？"""
    images, question = _pictures_and_question(inputs)
    vlm = _load(model, device, quantize)
    stream = vlm.stream(images, question, max_pixels=max_pixels, max_tokens=max_tokens, repetition=_endless())
    label = _label()
    if as_json:
        typer.echo(json.dumps(_record(vlm, stream.finish(), label), ensure_ascii=False, indent=2))
        return
    _show(vlm, stream, label)


@app.command()
def chat(
    images: Annotated[list[str] | None, typer.Argument(help="要谈的图片，可以有多张。", metavar="IMAGE...")] = None,
    model: Model = None,
    max_pixels: MaxPixels = None,
    max_tokens: MaxTokens = None,
    device: Device = None,
    quantize: Quantize = None,
) -> None:
    """围绕图片问多个问题，一行一个；空行跳过，/exit 或 Ctrl-D 结束。"""
    vlm = _load(model, device, quantize)
    waiting: list[dict[str, Any]] = [{"type": "image", "image": image} for image in images or []]
    messages: list[dict[str, Any]] = []
    failed: KantuError | None = None
    for question in _questions():
        turn = {"role": "user", "content": [*waiting, {"type": "text", "text": question}]}
        try:
            stream = vlm.stream_chat(
                [*messages, turn], max_pixels=max_pixels, max_tokens=max_tokens, repetition=_endless()
            )
            answer = _show(vlm, stream, _label())
        except KantuError as error:
            _complain(error)
            failed = error
            continue
        messages += [turn, {"role": "assistant", "content": answer.text}]
        waiting = []
    if failed is not None and not sys.stdin.isatty():
        raise typer.Exit(_exit_code(failed))


@app.command()
def models(as_json: Annotated[bool, typer.Option("--json", help="输出 JSON。")] = False) -> None:
    """列出可用的模型：名字、大小、位置。"""
    from kantu import hub

    here = {model.name: model for model in hub.installed()}
    shorts = {repository: short for short, (repository, _) in hub.PUBLISHED.items()}
    sizes = {repository: 2 * parameters for repository, parameters in hub.PUBLISHED.values()}
    rows: list[tuple[str, str | None, int | None, str | None]] = [  # name, repository, bytes of weights, folder
        (
            shorts.get(name, name),
            None if name == hub.EMBEDDED else name,
            here[name].weights_bytes if name in here else sizes.get(name),
            str(here[name].folder) if name in here else None,
        )
        for name in dict.fromkeys([hub.EMBEDDED, *sizes, *here])
    ]
    if as_json:
        keys = ("name", "repository", "weights_bytes", "folder")
        typer.echo(json.dumps([dict(zip(keys, row, strict=True)) for row in rows], ensure_ascii=False, indent=2))
        return
    name_columns = max(len(name) for name, *_ in rows)  # names are ASCII
    for name, repository, weights_bytes, folder in rows:
        size = "-" if weights_bytes is None else _bytes(weights_bytes)
        missing = "安装包里没有权重" if repository is None else f"未下载：kantu pull {name}"
        typer.echo(f"{name:{name_columns}}  {size:>8}  {folder or missing}")


@app.command()
def pull(
    name: Annotated[str, typer.Argument(help="模型名（如 qwen3-vl-8b）或“所有者/仓库名”。", metavar="NAME")],
    revision: Annotated[str | None, typer.Option(help="分支、标签或提交，默认主分支。")] = None,
) -> None:
    """下载模型（魔搭 ModelScope 或 Hugging Face），可断点续传。

    环境变量：KANTU_HUB=modelscope|huggingface 选择站点，KANTU_HUB_ENDPOINT 指定镜像，KANTU_HOME 指定存放位置。
    """
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as Bar

    from kantu import hub

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Bar(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task("准备", total=None)

        def report(progress: hub.Progress) -> None:
            bar.update(task, description=progress.file, completed=progress.done_bytes, total=progress.total_bytes)

        folder = hub.pull(name, revision=revision, on_progress=report)
    typer.echo(str(folder))


@app.command()
def synth(
    family: Annotated[str, typer.Argument(help="图片种类，如 order。", metavar="FAMILY")],
    out: Annotated[Path, typer.Option(help="输出文件夹。", metavar="DIR")],
    n: Annotated[int, typer.Option("--n", help="画多少张。", metavar="N")] = 6,
    seed: Annotated[int, typer.Option(help="第一张的种子。", metavar="S")] = 0,
) -> None:
    """画带标准答案的练习图片，并附总览图。"""
    from kantu.synth.export import export

    typer.echo(str(export(family, n, out, seed)))


@app.command()
def doctor(
    path: Annotated[str | None, typer.Argument(help="模型名或文件夹；不给则检查本机。", metavar="PATH")] = None,
    against: Annotated[str | None, typer.Option(help="与 transformers 逐项对照数值。", metavar="transformers")] = None,
    bf16: Annotated[
        bool, typer.Option("--bf16", help="对照时另测 BF16 的误差：两边各以 BF16 和 FP32 算一遍。")
    ] = False,
) -> None:
    """检查本机能跑什么；或检查一个模型文件夹，并可与 transformers 对照。"""
    from kantu.doctor import render

    if against is not None and against != "transformers":
        raise error("invalid_against")
    if bf16 and against is None:
        raise error("doctor_against_missing")
    if path is None and against is not None:
        raise error("doctor_path_missing")
    if path is None:
        render.machine()
        return
    passed = render.folder(path) and (against is None or render.parity(path))
    if not (passed and (not bf16 or render.bf16(path))):
        raise typer.Exit(1)


@app.command()
def bench(
    model: Annotated[
        str | None, typer.Argument(help="模型名或文件夹，默认内置的 kantu-mini。", metavar="MODEL")
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(help="同时测对照：transformers，或兼容 OpenAI 的服务网址。", metavar="transformers|URL"),
    ] = None,
    quantize: Annotated[str | None, typer.Option(help="int8 或 int4。", metavar="int8|int4")] = None,
    suite: Annotated[str, typer.Option(help="测什么。", metavar="SUITE")] = "latency",
    runs: Annotated[int, typer.Option(help="每个数取几轮的中位数。", metavar="N")] = 5,
    as_json: Annotated[
        typer.FileTextWrite | None,
        typer.Option("--json", help="结果另存为 JSON。", metavar="FILE", encoding="utf-8", lazy=False),
    ] = None,
    plot: Annotated[
        typer.FileBinaryWrite | None, typer.Option(help="结果另画成图。", metavar="FILE.png", lazy=False)
    ] = None,
    attack: Annotated[list[str] | None, typer.Option(help="attacks 只做这一个；可重复。", metavar="NAME")] = None,
    attack_seconds: Annotated[float, typer.Option(help="attacks 每个攻击多少秒。", metavar="S")] = 10.0,
    soak_minutes: Annotated[
        float | None,
        typer.Option(
            help="soak 至少跑多少分钟（默认 5）；attacks 则混在一起攻击这么久，旁边有四个诚实的客户端。",
            metavar="MINUTES",
        ),
    ] = None,
    seconds: Annotated[float, typer.Option(help="gateway 每种负载多少秒。", metavar="S")] = 20.0,
    serve_with: Annotated[
        str | None, typer.Option(help="attacks 用这条命令启动网关，默认同一个 kantu。", metavar="COMMAND")
    ] = None,
) -> None:
    """测速度。SUITE：latency 延迟，load 负载，cache 缓存，must 与 transformers 同时测的目标表；all 是这四项。

    demo 自述文件里的一问与 loading 加载，都与 transformers 轮流；gateway 网关的开销与混合负载，MODEL 也可以是正在运行的
    网关的网址 http://…/v1（密钥放环境变量 KANTU_EVAL_API_KEY）。

    soak 引擎连续混合提问，看丢没丢、内存涨没涨；attacks 攻击网关，看旁人等多久；有一项未达到就以 1 退出。
    """
    from rich.console import Console
    from rich.progress import Progress

    from kantu.bench import render
    from kantu.bench.plan import Plan
    from kantu.bench.run import run

    if plot is not None:
        render.require_matplotlib()  # now, not after minutes of measuring
    plan = Plan(
        seconds=seconds,
        soak_minutes=soak_minutes,
        attacks=tuple(attack or ()),
        attack_seconds=attack_seconds,
        serve_with=serve_with,
    )
    with Progress(console=Console(stderr=True), transient=True) as bar:
        report = run(model, suite=suite, against=against, quantize=quantize, runs=runs, track=bar.track, plan=plan)
    render.show(report)
    if as_json is not None:
        as_json.write(report.to_json() + "\n")
    if plot is not None:
        render.plot(report, plot)
    if not report.met:
        raise typer.Exit(1)


def _pictures_and_question(inputs: list[str]) -> tuple[list[str], str]:
    """The last argument is the question. A question that the shell has cut at its blanks is not put together again: one
    of its words may as well be a picture whose name was misspelt, and the answer would be about nothing."""
    *images, question = inputs
    if is_file(question):
        raise error("question_missing", question=question)
    first = next((at for at, word in enumerate(images) if not may_be_picture(word)), None)
    if first is not None and not any(map(is_file, images[first:])):
        command = shlex.join(["kantu", "ask", *images[:first], " ".join(inputs[first:])])
        raise error("question_not_quoted", image=images[first], command=command)
    return images, question


def _load(model: str | None, device: str | None, quantize: str | None) -> VLM:
    from kantu.vlm import load

    return load(model, device=device, quantize=quantize)


def _label() -> ContentLabel | None:
    """Of an answer to a free question."""
    from kantu.aigc import LabelPolicy
    from kantu.aigc.label import CHAT

    return LabelPolicy.from_environment().label(CHAT, secrets.token_hex(12))


def _endless() -> RepetitionStop:
    from kantu.engine.request import RepetitionStop

    return RepetitionStop.endless()


def _show(vlm: VLM, stream: AnswerStream, label: ContentLabel | None) -> Answer:
    """Print the answer as it comes, then its label, warnings and one quiet line of what it cost.

    The label goes where the cost goes: what a script reads is the answer alone.
    """
    for piece in stream:
        typer.echo(piece, nl=False)
        sys.stdout.flush()
    typer.echo()
    answer = stream.answer
    if label is not None and label.sentence is not None:
        typer.secho(label.sentence, dim=True, err=True)
    for warning in answer.warnings:
        typer.secho(f"注意：{warning}", fg="yellow", err=True)
    cut = _CUT.get(answer.finish_reason, "")
    typer.secho(
        f"{vlm.name} · 视觉词元 {answer.usage.visual_tokens} · 首字 {answer.timings.ttft_seconds:.2f} 秒"
        f" · 共 {answer.timings.total_seconds:.2f} 秒{cut}",
        dim=True,
        err=True,
    )
    return answer


def _record(vlm: VLM, answer: Answer, label: ContentLabel | None) -> dict[str, Any]:
    record = asdict(answer)
    del record["logprobs"]  # the command line has no option that asks for them
    told = None if label is None else label.model_dump()
    return {"model": vlm.name, **record, "warnings": list(answer.warnings), "label": told}


def _questions() -> Iterator[str]:
    """Lines of the keyboard, with editing and history, or of a pipe."""
    if sys.stdin.isatty():
        with contextlib.suppress(ImportError):  # not on every platform; input() edits lines once it is imported
            import readline  # noqa: F401
    while True:
        try:
            line = (input("问> ") if sys.stdin.isatty() else input()).strip()
        except EOFError:
            return
        except UnicodeDecodeError:
            raise error("invalid_text.encoding", encoding=sys.stdin.encoding) from None
        if line == "/exit":
            return
        if line:
            yield line


def _complain(error: KantuError) -> None:
    first, *more = error.message.splitlines()
    typer.secho(f"错误：{first} [{error.code}]", fg="red", err=True)
    for line in more:
        typer.echo(line, err=True)


def _exit_code(error: KantuError) -> int:
    return 2 if isinstance(error, InvalidRequestError) else 1


def _bytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"
