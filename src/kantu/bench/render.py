"""A report as tables on stdout, Chinese first, and as a picture."""

from __future__ import annotations

import statistics
import sys
from typing import Any, BinaryIO

from rich.console import Console
from rich.markup import escape
from rich.table import Table as Grid

from kantu.bench.report import Cell, Comparison, Report, Table
from kantu.errors import error

_FILE_COLUMNS = 140  # in a file or pipe there is no edge to fold a table at
TITLES = {
    # tables
    "latency_by_size": "延迟：按图片大小",
    "latency_by_question": "延迟：按问题长度",
    "throughput_by_concurrency": "负载：按并发数（闭环）",
    "load_by_arrival_rate": "负载：按到达率（开环，泊松；从应到时刻计时）",
    "questions": "缓存：第一问与第二问",
    "ask_many": "缓存：四个问题一起问",
    "cache_memory": "缓存：内存",
    "machine": "本机利用率",
    "demo": "自述文件里的一问，与 transformers 轮流",
    "loading": "加载：每次一个新进程，与 transformers 轮流",
    "loading_prepared": "加载：像 kantu.load 那样为内核打包",
    "gateway_overhead": "网关自身的开销：一个客户端，一问接一问",
    "gateway_closed": "网关的混合负载：客户端不停地问（闭环）",
    "gateway_open": "网关的混合负载：按到达率（开环，泊松）",
    "soak": "连续混合提问：丢失与意外",
    "soak_outcomes": "连续混合提问：各类请求的结局",
    "soak_growth": "连续混合提问：热身之后的内存增长",
    "soak_memory": "连续混合提问：各轮之间的内存",
    "attacks": "攻击：每一个都在自己的上限上，旁边有一个安静的客户端",
    "attack_soak": "攻击混在一起：诚实的客户端",
    "attack_soak_memory": "攻击混在一起：各轮之间的内存",
    # rows
    "ttft_new_picture_bf16": "首字，新图片，BF16",
    "ttft_second_question_bf16": "首字，同图第二问，BF16",
    "choice_of_4_labels_bf16": "四选一，新图片，BF16",
    "json_record_bf16": "JSON 记录，BF16",
    "tpot_int8": "每词元，INT8",
    "tpot_int4": "每词元，INT4",
    "whole_request_int4": "整个请求，INT4",
    "requests_at_once_int4": "8 个请求同时，INT4",
    "first_question": "第一问",
    "second_question": "第二问",
    "four_questions_one_picture": "四问一图",
    "four_questions_four_pictures": "四问四图",
    # columns
    "variant": "权重",
    "case": "情形",
    "size": "图片",
    "visual_tokens": "视觉词元",
    "question_tokens": "问题词元",
    "prompt_tokens": "提示词元",
    "ttft_seconds": "首字",
    "tpot_seconds": "每词元",
    "rival_ttft_seconds": "对照首字",
    "rival_tpot_seconds": "对照每词元",
    "total_seconds": "合计",
    "ratio": "比值",
    "concurrency": "并发",
    "requests_per_second": "请求/秒",
    "tokens_per_second": "词元/秒",
    "arrivals_per_second": "到达/秒",
    "answered": "已答",
    "refused": "拒绝",
    **{f"ttft_p{n}_seconds": f"首字 P{n}" for n in (50, 95, 99)},
    **{f"total_p{n}_seconds": f"全程 P{n}" for n in (50, 95, 99)},
    "prefix_hit_share": "前缀命中",
    "vision_hit_share": "视觉命中",
    "kv_bytes": "KV cache",
    "kv_used_bytes": "其中占用",
    "vision_bytes": "视觉缓存",
    "decode_bytes": "每词元读权重",
    "decode_bytes_per_second": "解码读取",
    "decode_share": "占带宽",
    "prefill_flops_per_second": "预填算力",
    "prefill_share": "占峰值",
    "weight_bytes": "权重内存",
    "added_resident_bytes": "新增 RSS",
    "attack": "攻击",
    "what": "做什么",
    "quiet_p50_seconds": "旁人 P50",
    "quiet_p95_seconds": "旁人 P95",
    "quiet_failed": "旁人失败",
    "http_peak_bytes": "HTTP 峰值",
    "http_after_bytes": "HTTP 之后",
    "decoders_peak_bytes": "解码峰值",
    "engine_peak_bytes": "引擎峰值",
    "restarts": "重启",
    "attacker_got": "攻击者得到",
    "met": "是否达到",
    "yes": "达到",
    "no": "未达到",
    "client": "客户端",
    "asked": "提问",
    "right": "答对",
    "wrong": "答错",
    "strange": "别人的回答",
    "lost": "丢失",
    "contender": "谁",
    "dtype": "精度",
    "ttft_ratio": "首字比值",
    "total_ratio": "合计比值",
    "answer": "回答",
    "ready_seconds": "可用",
    "ready_least_seconds": "最短",
    "ready_most_seconds": "最长",
    "touched_seconds": "读遍",
    "touched_least_seconds": "最短",
    "touched_most_seconds": "最长",
    "peak_ratio": "峰值/权重",
    "added_ratio": "不含导入",
    "kind": "请求",
    "known": "看过的图",
    "new": "新图",
    "text": "只有文字",
    "record": "JSON 记录",
    "stream": "看过的图，流式",
    "shortest": "看过的图，一个词元",
    "requests": "请求数",
    "answers_per_second": "回答/秒",
    "overhead_p50_seconds": "开销 P50",
    "overhead_p95_seconds": "开销 P95",
    "outcomes": "结局",
    "outcome": "结局",
    "count": "次数",
    "unexpected": "不该发生",
    "seen": "是什么",
    "memory": "内存",
    "held": "占着的",
    "resident": "常驻的",
    "held_bytes": "占着的",
    "resident_bytes": "常驻的",
    "most_bytes": "允许",
    "process": "进程",
    "rounds": "轮数",
    "first_bytes": "第一轮",
    "last_bytes": "最后一轮",
    "growth_bytes": "增长",
    "peak_bytes": "峰值",
    "http": "HTTP",
    "engine": "引擎",
    "decoders": "解码",
}


def show(report: Report, console: Console | None = None) -> None:
    """Print everything."""
    console = console or Console(width=None if sys.stdout.isatty() else _FILE_COLUMNS)
    facts = report.environment
    runs = f" · 中位数取自 {report.runs} 轮" if report.runs else ""
    console.print(f"{report.model}{runs}", highlight=False, markup=False, soft_wrap=True)
    if report.comparisons:
        console.print("\n[bold]目标表：一张 448×448 噪声图，19 个词元的问题，回答 50 个词元[/]")
        console.print(_comparisons(report.comparisons))
    for table in report.tables:
        console.print(f"\n[bold]{TITLES[table.name]}[/]")
        console.print(_grid(table))
    peaks = (
        f"{facts['cpu']}，{facts['cores']} 核，torch {facts['torch']}；同次实测："
        f"读 {cell('read_bytes_per_second', facts['read_bytes_per_second'])}、"
        f"复制 {cell('copy_bytes_per_second', facts['copy_bytes_per_second'])}、"
        f"{facts['dtype']} {cell('matmul_flops_per_second', facts['matmul_flops_per_second'])}、"
        f"INT8 {cell('int8_flops_per_second', facts['int8_flops_per_second'])}"
    )
    console.print(f"\n{peaks}", highlight=False, markup=False, soft_wrap=True)


def cell(name: str, value: Cell) -> str:
    """A value in the unit that its name ends with."""
    if value is None or isinstance(value, str):
        return "-" if value is None else TITLES.get(value, value)
    if name.endswith("_bytes_per_second"):
        return f"{value / 1e9:.1f} GB/s"
    if name.endswith("_flops_per_second"):
        return f"{value / 1e9:,.0f} GFLOP/s"
    if name.endswith("_bytes"):
        return f"{value / 1e9:.2f} GB" if abs(value) >= 1e9 else f"{value / 1e6:.1f} MB"
    if name.endswith("_per_second"):
        return f"{value:.2f}"
    if name.endswith("seconds"):
        return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.1f} ms"
    if name.endswith("_share"):
        return f"{value:.0%}"
    return f"{value:.3f}" if isinstance(value, float) else f"{value:,}"


def verdict(comparison: Comparison) -> str:
    """ "达到" (the requirement), "达到理想" (the aim too) or "未达到"."""
    if comparison.meets(comparison.reach):
        return "达到理想"
    return "达到" if comparison.meets(comparison.must) else "未达到"


def require_matplotlib() -> Any:
    """Matplotlib's pyplot, set to draw into files.

    Raises:
        MissingDependencyError: it is not installed.
    """
    try:
        import matplotlib
    except ImportError as failure:
        raise error("matplotlib_missing.bench") from failure
    matplotlib.use("Agg")
    from matplotlib import pyplot

    return pyplot


def plot(report: Report, file: BinaryIO) -> None:
    """Draw every table that has curves, and the ratios beside what is required of them, as a PNG.

    Raises:
        MissingDependencyError: matplotlib is not installed.
    """
    pyplot = require_matplotlib()
    tables = [table for table in report.tables if table.curves]
    count = len(tables) + bool(report.comparisons)
    figure, axes = pyplot.subplots(1, max(1, count), figsize=(6 * max(1, count), 4.5), squeeze=False)
    panels = iter(axes[0])
    if report.comparisons:
        _draw_comparisons(next(panels), report.comparisons)
    for table, panel in zip(tables, panels, strict=True):
        for curve in table.curves:
            points = [(row[table.axis], row[curve]) for row in table.rows if row[curve] is not None]
            panel.plot(*zip(*points, strict=True), marker="o", label=curve)
        panel.set(xlabel=table.axis, title=table.name, ylim=(0, None))
        panel.grid(alpha=0.3)
        panel.legend()
    figure.suptitle(report.model)
    figure.tight_layout()
    figure.savefig(file, dpi=110, format="png")
    pyplot.close(figure)


def _comparisons(comparisons: tuple[Comparison, ...]) -> Grid:
    grid = Grid("项目", "我们", "对照", "对照者", "比值", "须", "理想", "是否达到", box=None, pad_edge=False)
    for row in comparisons:
        sign, said = ("≥" if row.reach > row.must else "≤"), verdict(row)
        grid.add_row(
            TITLES[row.name],
            cell(row.unit, statistics.median(row.ours)),
            cell(row.unit, statistics.median(row.theirs)),
            "本引擎不加约束" if row.rival == "kantu" else row.rival,
            f"{row.ratio:.3f}",
            f"{sign} {row.must:.2f}",
            f"{sign} {row.reach:.2f}",
            f"[red]{said}[/]" if said == "未达到" else f"[green]{said}[/]",
        )
    return grid


def _grid(table: Table) -> Grid:
    names = list(table.rows[0]) if table.rows else []
    grid = Grid(*(TITLES[name] for name in names), box=None, pad_edge=False)
    for row in table.rows:
        grid.add_row(*(escape(cell(name, row.get(name))) for name in names))
    return grid


def _draw_comparisons(panel: Any, comparisons: tuple[Comparison, ...]) -> None:
    """Bars that end left of the line where the requirement is met."""
    shares = [row.must / row.ratio if row.reach > row.must else row.ratio / row.must for row in comparisons]
    colors = ["tab:green" if row.meets(row.must) else "tab:red" for row in comparisons]
    panel.barh([row.name for row in comparisons], shares, color=colors)
    panel.axvline(1.0, color="black")
    panel.invert_yaxis()
    panel.set(title="ratio / must (left of the line: met)")
