"""What the doctor found, as tables on stdout. Chinese first."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kantu import hub
from kantu.doctor import machine as facts
from kantu.doctor.folder import check_folder
from kantu.doctor.precision import Precision, precisions
from kantu.model.folder import ModelFolder

_NAMES = {torch.float32: "FP32", torch.bfloat16: "BF16"}


def machine(console: Console | None = None) -> None:
    """Print what this machine has and what it can run."""
    console = console or Console()
    cpu = facts.cpu()
    sizes, unreadable = facts.sizes()
    console.print(
        f"处理器：{cpu.name}，可用 {cpu.cores} 核，指令集 {'、'.join(cpu.features) or '无特殊指令'}", soft_wrap=True
    )
    console.print(f"看图的 CPU 内核：{cpu.kernels}", soft_wrap=True)
    for device in facts.devices():
        speed = facts.measure(device)
        wide, *narrow = ways = precisions(torch.device(device.name).type, device.dtype, device.why)
        console.print(
            f"\n{device.title}（{device.name}）：可用内存 {device.available_bytes / 1e9:.1f} GB；"
            f"实测 {speed.gflops:,.0f} GFLOP/s（{wide.name} 矩阵乘）、{speed.gbytes_per_second:.1f} GB/s（权重读取）",
            highlight=False,
            soft_wrap=True,
        )
        console.print(f"  {wide.name}：默认精度（{wide.why}）", highlight=False, soft_wrap=True)
        for way in narrow:
            option = f"可用，加 --quantize {way.name.lower()}" if way.is_supported else "不可用"
            console.print(f"  {way.name}：{option}（{way.why}）", highlight=False, soft_wrap=True)
        console.print(_table(device, speed, sizes, ways))
    for name, error in unreadable:
        console.print(f"\n{name}：{error}", style="yellow", highlight=False, markup=False, soft_wrap=True)
    console.print(
        "\n所需内存 = 权重 + 4096 个词元的 KV cache + 1 GB 运行开销。"
        "量化压缩解码器和输出层（有看图的内核时还有视觉塔），词表仍是原精度。"
        "\n“/秒”是每秒生成的词元 = 内存带宽 ÷ 每个词元要读的权重，实际会低一些。",
        style="dim",
        soft_wrap=True,
    )


def _table(device: facts.Device, speed: facts.Speed, sizes: Sequence[facts.Size], ways: Sequence[Precision]) -> Table:
    table = Table("模型", *(way.name for way in ways), box=None, pad_edge=False)
    for size in sizes:
        table.add_row(escape(size.name), *(_cell(device, speed, size, way) for way in ways))
    return table


def _cell(device: facts.Device, speed: facts.Speed, size: facts.Size, way: Precision) -> str:
    """What the model needs in this precision, and what it would do, or what it lacks."""
    if not way.is_supported:
        return "[dim]-[/]"
    needed = size.needed_bytes(way)
    if needed > device.available_bytes:
        return f"{needed / 1e9:.1f} GB [red]差 {(needed - device.available_bytes) / 1e9:.1f} GB[/]"
    rate = size.tokens_per_second(way, speed)
    shown = f" {rate:,.{0 if rate >= 100 else 1}f}/秒" if way.is_fast else ""
    return f"{needed / 1e9:.1f} GB [green]可以[/]{shown}"


def folder(name: str, console: Console | None = None) -> bool:
    """Print the checks of a model folder; return whether all passed.

    Raises:
        ModelNotFoundError: the name leads nowhere.
    """
    console = console or Console()
    path = hub.locate(name)
    console.print(f"检查 {path}", highlight=False, soft_wrap=True, markup=False)
    checks = check_folder(ModelFolder.open(path))
    table = Table.grid(padding=(0, 2))
    for check in checks:
        table.add_row("[green]通过[/]" if check.passed else "[red]失败[/]", check.name, escape(check.detail))
    console.print(table)
    return all(check.passed for check in checks)


def parity(name: str, console: Console | None = None) -> bool:
    """Print the comparison with transformers; return whether everything is within bounds.

    Raises:
        MissingDependencyError: transformers is not installed.
    """
    from kantu.doctor.parity import compare

    console = console or Console()
    result = compare(ModelFolder.open(hub.locate(name)))
    console.print(f"\n与 transformers 对照（{_NAMES[result.dtype]}，CPU）")
    table = Table("项目", "形状", "最大差", "允许", "结果", "首个不符的位置", box=None, pad_edge=False)
    for row in result.differences:
        table.add_row(
            row.name,
            " × ".join(map(str, row.shape)),
            f"{row.max_abs:.2e}",
            f"{row.allowed:.1e}",
            "[green]一致[/]" if row.passed else "[red]不一致[/]",
            "-" if row.first is None else ", ".join(map(str, row.first)),
        )
    console.print(table)
    console.print(f"首选词元一致的位置：{result.top_token_agreement:.1%}", highlight=False, soft_wrap=True)
    return result.passed


def bf16(name: str, console: Console | None = None) -> bool:
    """Print what BF16 costs us and transformers; return whether it costs us no more, and no clear token.

    Raises:
        MissingDependencyError: transformers is not installed.
    """
    from kantu.doctor.bf16 import measure

    console = console or Console()
    found = measure(ModelFolder.open(hub.locate(name)))
    console.print(
        f"\nBF16 的误差：{found.tokens} 个词元 × {found.vocabulary} 个分数，标准差 {found.deviation:.4f}",
        highlight=False,
    )
    table = Table("输出分数之差", "最大", "平均", "均方根", box=None, pad_edge=False)
    for title, error in (
        ("看图 FP32 − transformers FP32", found.float32),
        ("看图 BF16 − transformers BF16", found.bfloat16),
        ("看图 BF16 − FP32", found.ours),
        ("transformers BF16 − FP32", found.theirs),
    ):
        table.add_row(title, f"{error.max_abs:.2e}", f"{error.mean_abs:.2e}", f"{error.rms:.2e}")
    console.print(table)
    console.print(
        f"前两名相差大于 {found.theirs.max_abs:.5f} 的词元 {found.clear_tokens} 个，"
        f"其中首选一致 {found.clear_agree} 个；全部 {found.tokens} 个里一致 {found.agree} 个",
        highlight=False,
        soft_wrap=True,
    )
    console.print(f"BF16 的误差不大于 transformers 的：{'[green]是[/]' if found.is_small else '[red]否[/]'}")
    return found.passed
