"""`kantu train`: a thin shell over training. Heavy imports wait until a command runs."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kantu.errors import error
from kantu.training.progress import Progress, read_progress

if TYPE_CHECKING:
    import torch

app = typer.Typer(
    help="训练内置小模型 kantu-mini、流水线的 kantu-mini-text，和看出图片方向的小网络。", no_args_is_help=True
)

Resume = Annotated[bool, typer.Option("--resume", help="从上次的检查点继续。")]
LearningRate = Annotated[float, typer.Option(min=0.0, help="学习率（--decay 时为起点）。")]
Run = Annotated[Path | None, typer.Option(help="检查点目录。")]
BatchTimes = Annotated[int, typer.Option(min=1, help="一步看的图片是配方的几倍（用于 GPU）。")]
Workers = Annotated[int, typer.Option(min=0, help="画图的进程数。")]
Seed = Annotated[int, typer.Option(help="随机种子。")]
Device = Annotated[str | None, typer.Option(help="cpu 或 cuda。")]


@app.command()
def mini(
    resume: Resume = False,
    stage: Annotated[str | None, typer.Option(help="只训练配方里的一个阶段，如 order。")] = None,
    pictures: Annotated[int | None, typer.Option(min=1, help="该阶段的图片数（与 --stage 同用）。")] = None,
    decay: Annotated[bool, typer.Option("--decay", help="学习率线性降到零（发布前的收尾）。")] = False,
    learning_rate: LearningRate = 2e-3,
    weights: Annotated[Path | None, typer.Option(help="从某个模型目录的权重开始，而不是随机初始化。")] = None,
    frozen_eye: Annotated[
        bool, typer.Option("--frozen-eye", help="视觉塔不动，只训练解码器：同样的时间看更多的图。")
    ] = False,
    run: Run = None,
    batch_times: BatchTimes = 1,
    workers: Workers = 1,
    seed: Seed = 1,
    device: Device = None,
) -> None:
    """按配方训练 kantu-mini；中断后用 --resume 继续。"""
    from kantu.synth.draw.faces import require_fonts
    from kantu.training.loop import LoopSettings, Stretch
    from kantu.training.mini.recipe import DEFAULT_RUN, DRAWS, PLAN, STAGES, remaining
    from kantu.training.mini.train import train
    from kantu.training.progress import read_record

    require_fonts()
    folder = run or DEFAULT_RUN
    progress = _begun(folder, resume)
    if stage is not None and stage not in STAGES:
        names = ", ".join(STAGES)
        raise error("unknown_stage", stage=stage, names=names)
    if (stage is None) != (pictures is None):
        raise error("stage_needs_pictures")
    done = read_record(weights) if progress is None and weights else progress
    stretches = [Stretch(stage, pictures, decay)] if stage and pictures else remaining(PLAN, done)
    if frozen_eye:
        if progress is None and weights is None:
            raise error("frozen_eye_untaught")
        for stretch in stretches:
            if not STAGES[stretch.stage].text_tokens:
                raise error("frozen_eye_learns_nothing", stage=stretch.stage)
    _save_when_stopped()
    settings = LoopSettings(folder, learning_rate=learning_rate)
    stages = {name: each.times(batch_times) for name, each in STAGES.items()}
    train(
        stretches,
        stages,
        DRAWS,
        settings,
        weights=weights,
        device=_place(device),
        seed=seed,
        workers=workers,
        frozen_eye=frozen_eye,
    )


@app.command()
def mini_text(
    resume: Resume = False,
    pictures: Annotated[int | None, typer.Option(min=1, help="再训练这么多张图，默认照配方补足。")] = None,
    decay: Annotated[bool, typer.Option(help="学习率线性降到零（与 --pictures 同用）。")] = True,
    learning_rate: LearningRate = 2e-3,
    weights: Annotated[Path | None, typer.Option(help="从哪个模型目录的解码器开始，默认内置的 kantu-mini。")] = None,
    run: Run = None,
    batch_times: BatchTimes = 1,
    workers: Workers = 1,
    seed: Seed = 1,
    device: Device = None,
) -> None:
    """训练拼接流水线的文字模型 kantu-mini-text：不看图，只读图片描述。中断后用 --resume 继续。"""
    from kantu.contenders.pipeline.opencv import check_installed

    check_installed()  # what follows imports it
    from kantu.hub import locate
    from kantu.synth.draw.faces import require_fonts
    from kantu.training.loop import LoopSettings, Stretch
    from kantu.training.mini.recipe import DRAWS, remaining
    from kantu.training.mini_text.reader_errors import measured_errors
    from kantu.training.mini_text.recipe import DEFAULT_RUN, EVERYDAY, PLAN, STAGES
    from kantu.training.mini_text.train import train

    require_fonts()
    folder = run or DEFAULT_RUN
    progress = _begun(folder, resume)
    stretches = [Stretch(EVERYDAY.name, pictures, decay)] if pictures else remaining(PLAN, progress)
    _save_when_stopped()
    settings = LoopSettings(folder, learning_rate=learning_rate)
    start = weights or locate(None)
    errors = measured_errors()
    stages = {name: each.times(batch_times) for name, each in STAGES.items()}
    train(stretches, stages, DRAWS, errors, settings, weights=start, device=_place(device), seed=seed, workers=workers)


@app.command()
def reader_errors(
    readings: Annotated[Path, typer.Argument(help="逐页识别结果的文件（JSONL）；已有的页不再识别。")],
    pages: Annotated[int, typer.Option(min=1, help="一共识别多少页。")] = 1200,
    out: Annotated[Path | None, typer.Option(help="写进这个文件，默认写进包里。", metavar="FILE")] = None,
) -> None:
    """让 RapidOCR 识别画出来的页面，量出它怎样出错；训练 kantu-mini-text 时照此出错。"""
    from kantu.contenders.rapidocr import RapidOCRReader
    from kantu.synth.draw.faces import require_fonts
    from kantu.training.mini.recipe import DRAWS
    from kantu.training.mini_text.measuring import measure
    from kantu.training.mini_text.reader_errors import write_errors
    from kantu.training.mini_text.readings import kept, read_pages
    from kantu.training.mini_text.recipe import EVERYDAY

    require_fonts()
    reader = RapidOCRReader()
    for reading in read_pages(pages, EVERYDAY, DRAWS, reader, readings):
        typer.echo(f"{reading.family} {reading.seed}")
    write_errors(measure(kept(readings)), out)


@app.command()
def upright(
    pages: Annotated[int | None, typer.Option(min=1, help="画多少张图，默认照配方。")] = None,
    out: Annotated[Path | None, typer.Option(help="写进这个文件夹，默认写进包里。", metavar="FOLDER")] = None,
) -> None:
    """训练看出图片方向的两个小网络。"""
    from kantu.synth.draw.faces import require_fonts
    from kantu.training.upright import PAGES, train

    require_fonts()
    train(pages or PAGES, out, report=typer.echo)


@app.command()
def plot(run: Run = None) -> None:
    """把训练记录画成曲线图。"""
    from kantu.training.mini.recipe import DEFAULT_RUN
    from kantu.training.plot import plot_run

    typer.echo(plot_run(run or DEFAULT_RUN))


@app.command()
def ship(
    folder: Annotated[Path, typer.Argument(help="写到哪个模型目录。")],
    run: Run = None,
    share: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="新权重占几成；其余是这个目录里原来的权重（两者平均）。")
    ] = 1.0,
    fp8: Annotated[bool, typer.Option("--fp8", help="解码器的线性层存成 FP8，和 Qwen 发布的 FP8 目录一样。")] = False,
) -> None:
    """把训练好的权重和训练记录写成可发布的模型目录。"""
    from kantu.training.fp8_folder import store_as_fp8
    from kantu.training.mini.recipe import DEFAULT_RUN
    from kantu.training.mini.ship import ship as write

    write(run or DEFAULT_RUN, folder, share)
    if fp8:
        store_as_fp8(folder)
    typer.echo(folder)


def _begun(folder: Path, resume: bool) -> Progress | None:
    """Where a run stands that is to be gone on with; None where one is to begin."""
    progress = read_progress(folder)
    if progress is not None and not resume:
        raise error("run_exists", folder=folder)
    if progress is None and resume:
        raise error("run_missing.resume", folder=folder)
    return progress


def _save_when_stopped() -> None:
    """SIGTERM leaves through the loop's last save."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def _place(device: str | None) -> torch.device:
    """The device of that name; without one, a GPU where there is any."""
    import torch

    return torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
