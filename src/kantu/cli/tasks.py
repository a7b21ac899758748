"""A command for each task: pictures and words in, a typed record with confidence and boxes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kantu.cli import drawing
from kantu.cli.inputs import pictures_and_texts
from kantu.command_options import Device, Force, MaxPixels, Model, NoEvidence, Quantize
from kantu.errors import error
from kantu.tasks.builtin import ASK, MODERATE, TASKS, moderate_with
from kantu.tasks.checks import word_list
from kantu.tasks.extract import typed
from kantu.tasks.task import Task

if TYPE_CHECKING:
    from kantu.solve.reader import Reader
    from kantu.solve.result import PictureBox, TaskResult

Inputs = Annotated[list[str], typer.Argument(help="图片文件（可以有多张），然后是文字。", metavar="IMAGE... [TEXT]...")]
AsJson = Annotated[bool, typer.Option("--json", help="输出一个 JSON 对象。")]
ReadLines = Annotated[bool, typer.Option("--read-lines", help="用 RapidOCR 核对（需要安装 pipeline 附加包）。")]
Words = Annotated[
    Path | None, typer.Option(help="自己的词表（TOML）代替内置的，写法见 docs/tasks.md。", metavar="FILE.toml")
]
Draw = Annotated[Path | None, typer.Option(help="另存画了框的图片；有几张图时文件名加 -1、-2……", metavar="FILE.png")]


def mount(app: typer.Typer) -> None:
    """Add a command for every task that comes with Kantu (`ask` has one of its own), and `run` for any task."""
    for task in TASKS.values():
        if task is not ASK:
            command = moderate if task is MODERATE else _command(task)
            app.command(task.name.replace("_", "-"), help=_help(task))(command)
    app.command()(run)


def moderate(
    inputs: Inputs,
    words: Words = None,
    model: Model = None,
    max_pixels: MaxPixels = None,
    device: Device = None,
    quantize: Quantize = None,
    as_json: AsJson = False,
    no_evidence: NoEvidence = False,
    force: Force = False,
    read_lines: ReadLines = False,
    draw: Draw = None,
) -> None:
    """The command of `moderate`, which has one option more than the others."""
    options = _Options(model, max_pixels, device, quantize, as_json, no_evidence, force, read_lines, draw)
    _run(MODERATE if words is None else moderate_with(word_list.load(words)), inputs, options)


def run(
    task: Annotated[str, typer.Argument(help="自己的任务：YAML 文件；或任务名。", metavar="TASK.yaml|NAME")],
    inputs: Inputs,
    model: Model = None,
    max_pixels: MaxPixels = None,
    device: Device = None,
    quantize: Quantize = None,
    as_json: AsJson = False,
    no_evidence: NoEvidence = False,
    force: Force = False,
    read_lines: ReadLines = False,
    draw: Draw = None,
) -> None:
    """做一个自己的任务：kantu run my_task.yaml pic.png。写法见 docs/tasks.md。

    指令里的变量写在图片后面，一个变量一段文字，按在指令里出现的顺序；有默认值的可以从后面省略。
    """
    options = _Options(model, max_pixels, device, quantize, as_json, no_evidence, force, read_lines, draw)
    from kantu.command_tasks import task_named

    _run(task_named(task), inputs, options)


@dataclass(frozen=True)
class _Options:
    model: str | None
    max_pixels: int | None
    device: str | None
    quantize: str | None
    as_json: bool
    no_evidence: bool
    force: bool
    read_lines: bool
    draw: Path | None


def _help(task: Task) -> str:
    takes = "".join(f" {name.upper()}" + ("（可省略）" if name in task.defaults else "") for name in task.variables)
    places = "、".join(name.upper() for name in task.thousandths)
    told = f"。{places} 是图宽、图高的千分之几：0 到 1000 的整数，从左上角算起。" if places else ""
    return f"{task.title}：kantu {task.name.replace('_', '-')} IMAGE...{takes}{told}"


def _command(task: Task) -> Callable[..., None]:
    def command(
        inputs: Inputs,
        model: Model = None,
        max_pixels: MaxPixels = None,
        device: Device = None,
        quantize: Quantize = None,
        as_json: AsJson = False,
        no_evidence: NoEvidence = False,
        force: Force = False,
        read_lines: ReadLines = False,
        draw: Draw = None,
    ) -> None:
        options = _Options(model, max_pixels, device, quantize, as_json, no_evidence, force, read_lines, draw)
        _run(task, inputs, options)

    return command


def _run(task: Task, inputs: list[str], options: _Options) -> None:
    pictures, texts = pictures_and_texts(inputs, task)
    task, given = typed(task, _given(task, texts))
    if options.draw is not None:
        drawing.check(options.draw, pictures, task)
    reader: Reader | None = None
    if options.read_lines:
        from kantu.contenders.rapidocr import RapidOCRReader

        reader = RapidOCRReader()
    from kantu.vlm import load

    vlm = load(options.model, device=options.device, quantize=options.quantize)
    result = vlm.run(
        task,
        pictures,
        given,
        evidence=not options.no_evidence,
        force=options.force,
        reader=reader,
        max_pixels=options.max_pixels,
    )
    if options.as_json:
        typer.echo(result.model_dump_json(indent=2))
    else:
        show(task, result, len(pictures))
    if options.draw is not None:  # after the answer, which a disk that has filled up since must not cost
        drawing.draw(result, pictures, options.draw)


def _given(task: Task, texts: list[str]) -> Mapping[str, str]:
    """One text for each variable of the task; of a task with one variable, all texts together are its text."""
    if len(task.variables) == 1 and texts:
        return {task.variables[0]: " ".join(texts)}
    most = len(task.variables)
    if len(texts) > most:
        more, extra = len(texts) - most, texts[most]
        raise error(
            "task_variables.too_many", param="inputs", task=task.in_words, wanted=task.wanted, count=more, extra=extra
        )
    return dict(zip(task.variables, texts, strict=False))


def show(task: Task, result: TaskResult[Any], pictures: int) -> None:
    """The record field by field, each with its confidence and boxes, and what a person should look at.

    Args:
        pictures: how many there are; of several it is told in which one a box lies.
    """
    from kantu.solve.labels import label_of
    from kantu.solve.told import told_lines

    schema = task.schema()
    for path, value, found in told_lines(result):
        label = label_of(schema, path)
        line = f"{label}：{'（图中没有）' if value is None else value}" if label else str(value)
        sure = "" if found.confidence is None else f"  {found.confidence:.0%}"
        boxes = "".join(f"  {_place(box, pictures)}" for box in found.boxes)
        typer.echo(line + typer.style(sure + boxes, dim=True))
        for problem in found.problems:
            typer.secho(f"  ⚠ {problem.message}", fg="yellow")
    if result.suggestion is not None:
        typer.echo(result.suggestion.message)
        for question in result.suggestion.questions:
            typer.echo(f"  {question}")
    if result.label is not None and result.label.sentence is not None:
        typer.secho(result.label.sentence, dim=True)
    for warning in result.warnings:
        typer.secho(f"注意：{warning.message}", fg="yellow", err=True)
    if result.review.needed:
        typer.secho(
            "需人工复核：" + "；".join(reason.rstrip("。") for reason in result.review.reasons), fg="yellow", err=True
        )
    typer.secho(
        f"{result.model} · {result.task.title} {result.task.version} · 问了 {result.usage.requests} 次"
        f" · 共 {result.timings.total_seconds:.2f} 秒",
        dim=True,
        err=True,
    )


def _place(box: PictureBox, pictures: int) -> str:
    text = f"[{box.x1}, {box.y1}, {box.x2}, {box.y2}]"
    return text if pictures == 1 else f"第 {box.picture + 1} 张 {text}"
