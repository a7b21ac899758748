"""The table of a comparison as words, in Chinese and English: what every kind of report shows."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kantu.compare import accuracy
from kantu.compare.comparison import Comparison, Side
from kantu.compare.fresh import Start
from kantu.compare.gradients import Reach
from kantu.compare.load import Load, Spread
from kantu.compare.sockets import Traffic
from kantu.errors import Words
from kantu.evaluation.tables import Share

NONE = Words("没有测", "not measured")
HEADS = (
    Words("", ""),
    Words("看图", "Kantu"),
    Words("拼接流水线", "stitched pipeline"),
    Words("看图＋核对", "Kantu, checked"),
)


@dataclass(frozen=True)
class Row:
    """A line of the table; `hybrid` is None where the third column has nothing of its own to say."""

    label: Words
    ours: Words
    theirs: Words
    hybrid: Words | None = None


def rows(found: Comparison) -> list[Row]:
    """The table, from top to bottom."""
    return [
        *_parts(found),
        *_right(found),
        *_fast(found),
        *_away(found),
        *_size(found),
        *_price(found),
        *_learned(found),
    ]


def _parts(found: Comparison) -> Iterator[Row]:
    ours, theirs = found.ours, found.theirs
    yield _row("参与的服务", "services involved", _count(len(ours.services)), _count(len(theirs.services)))
    yield _row("进程（每个服务经 HTTP 时）", "processes, behind HTTP", _count(ours.processes), _count(theirs.processes))
    yield _row("胶水代码，行", "lines of glue", _count(ours.glue_lines), _count(theirs.glue_lines))


def _right(found: Comparison) -> Iterator[Row]:
    if not found.pairs:
        return
    whole = accuracy.overall(found.pairs)
    yield Row(
        Words("答对，%（95% 区间是差）", "right, % (with the 95 % interval of the difference)"),
        percent(whole.ours),
        percent(whole.theirs),
        percent(whole.hybrid),
    )
    if whole.difference is not None:
        yield Row(
            Words("　差，百分点", "difference, points"),
            same(f"{whole.difference.points:+.1f}（{whole.difference.low:+.1f} … {whole.difference.high:+.1f}）"),
            same(""),
        )
    check = accuracy.checked(found.pairs)
    yield Row(
        Words("　标“未核实”：对的里、错的里", "flagged: among right answers, among wrong ones"),
        same(""),
        same(""),
        same(f"{check.right_flagged}/{check.right}，{check.wrong_flagged}/{check.wrong}"),
    )


def _fast(found: Comparison) -> Iterator[Row]:
    ours, theirs = found.ours, found.theirs
    p50_p95 = ("P50 / P95，秒", "P50 / P95, s")
    for zh, en, *spreads in (
        ("新图片的一问，进程内", "new picture, in process", ours.new_picture, theirs.new_picture),
        ("同图的又一问，进程内", "same picture again, in process", ours.same_picture, theirs.same_picture),
        ("新图片的一问，经 HTTP", "new picture, over HTTP", _alone(ours), _alone(theirs)),
    ):
        yield _row(f"{zh}，{p50_p95[0]}", f"{en}, {p50_p95[1]}", *map(_spread, spreads))
    clients = "、".join(str(load.clients) for load in ours.loads or theirs.loads)
    yield _row(
        f"请求/秒，{clients} 个客户端，经 HTTP，每问一张新图",
        f"requests/s, {clients} clients, over HTTP, each about a new picture",
        _loads(ours.loads),
        _loads(theirs.loads),
    )


def _away(found: Comparison) -> Iterator[Row]:
    ours, theirs = found.ours, found.theirs
    yield _row(
        "离开本机的字节、去处（每问）",
        "bytes that leave the machine, places (a question)",
        _outside(ours.traffic),
        _outside(theirs.traffic),
    )
    yield _row(
        "服务分开部署时离开进程的字节、去处（每问）",
        "bytes that leave the process where services stand apart, places (a question)",
        _sent(ours.hop_traffic),
        _sent(theirs.hop_traffic),
    )
    yield _row(
        "能单独出错的服务或进程",
        "services or processes that can fail alone",
        *(_count(len({result.service for result in side.faults}) or None) for side in (ours, theirs)),
    )
    for zh, en, kinds in (
        (
            "出故障时：出错、答成别的、共问",
            "a stage fails: errors, other answers, asked",
            ("killed", "slow", "garbage"),
        ),
        ("文本模型限流、不应答", "the text model limits rates, is silent", ("rate_limited", "silent")),
    ):
        yield _row(zh, en, *(_faults(side, kinds) for side in (ours, theirs)))


def _size(found: Comparison) -> Iterator[Row]:
    ours, theirs = found.ours, found.theirs
    peaks = [side.starts[0].peak_bytes if side.starts else None for side in (ours, theirs)]
    yield _row("内存峰值", "peak memory", *map(_bytes, peaks))
    yield _row("磁盘：权重", "disk: weights", *(_bytes(side.weights_bytes) for side in (ours, theirs)))
    yield _row("磁盘：安装的包", "disk: installed packages", *(_bytes(side.package_bytes) for side in (ours, theirs)))
    yield _row(
        "启动：能问 / 答完第一问，中位数（范围），秒",
        "start-up: ready / first answer, median (range), s",
        *(_starts(side.starts) for side in (ours, theirs)),
    )


def _price(found: Comparison) -> Iterator[Row]:
    told = {name: price for name, price in vars(found.prices).items() if price is not None}
    entered = "、".join(f"{name}={price:g}" for name, price in told.items())
    nothing = Words("没有填价格", "no price entered")
    cells = [nothing if side.price is None else same(f"{side.price:.2f}") for side in (found.ours, found.theirs)]
    zh, en = (f"（{entered}）", f" ({entered})") if entered else ("", "")
    yield _row(f"每千张图的价钱{zh}", f"price of 1,000 pictures{en}", *cells)


def _learned(found: Comparison) -> Iterator[Row]:
    yield _row(
        "能否整体微调：一个答案的梯度到得了",
        "can it be fine-tuned as a whole: the gradient of one answer reaches",
        *(_reach(side.reach) for side in (found.ours, found.theirs)),
    )


def same(text: str) -> Words:
    """What is written alike in both languages."""
    return Words(text, text)


def percent(share: Share) -> Words:
    """A share, and of how many."""
    return same(f"{share.percent:.1f}" if share.count else "-")


def _row(zh: str, en: str, ours: Words, theirs: Words) -> Row:
    return Row(Words(zh, en), ours, theirs)


def _count(number: int | None) -> Words:
    return NONE if number is None else same(f"{number:,}")


def _bytes(number: int | None) -> Words:
    return NONE if number is None else same(f"{number / 1e6:,.0f} MB")


def _starts(found: Sequence[Start]) -> Words:
    """How many they are is told with them."""
    if not found:
        return NONE
    taken = [[start.ready_seconds for start in found], [start.first_answer_seconds for start in found]]
    zh, en = (
        " / ".join(f"{statistics.median(each):.1f}{left}{min(each):.1f}–{max(each):.1f}{right}" for each in taken)
        for left, right in (("（", "）"), (" (", ")"))
    )
    return Words(f"{zh}，{len(found)} 次", f"{en}, {len(found)} {'start' if len(found) == 1 else 'starts'}")


def _alone(side: Side) -> Spread | None:
    return next((load.spread for load in side.loads if load.clients == 1), None)


def _spread(spread: Spread | None) -> Words:
    return NONE if spread is None else same(f"{spread.p50_seconds:.2f} / {spread.p95_seconds:.2f}")


def _loads(found: Sequence[Load]) -> Words:
    if not found:
        return NONE
    told = [f"{load.requests_per_second:.2f}" for load in found]
    errors = sum(load.errors for load in found)
    return Words(
        "、".join(told) + (f"（错 {errors}）" if errors else ""),
        ", ".join(told) + (f" ({errors} errors)" if errors else ""),
    )


def _outside(traffic: Traffic | None) -> Words:
    if traffic is None:
        return NONE
    places = sum(place.outside for place in traffic.places)
    return same(f"{traffic.outside_bytes / max(1, traffic.questions):,.0f}，{places}")


def _sent(traffic: Traffic | None) -> Words:
    if traffic is None:
        return NONE
    return same(f"{traffic.sent_bytes / max(1, traffic.questions):,.0f}，{len(traffic.places)}")


def _faults(side: Side, kinds: Sequence[str]) -> Words:
    found = [result for result in side.faults if result.fault in kinds]
    if not found:
        return NONE if not side.faults else Words("没有这样的服务", "there is no such service")
    errors, changed, asked = (sum(getattr(result, name) for result in found) for name in ("errors", "changed", "asked"))
    return same(f"{errors}、{changed}、{asked}")


def _reach(reach: Reach | None) -> Words:
    if reach is None:
        return NONE
    share = f"{reach.reached:,}/{reach.parameters:,}"
    if reach.pixels:
        return Words(f"{share} 个参数，直到像素", f"{share} parameters, and the pixels")
    outside = f"{reach.outside_bytes / 1e6:.0f} MB"
    return Words(
        f"文本模型 {share} 个参数；到不了像素，到不了 OCR 的网络（{outside}）",
        f"{share} parameters of the text model; not the pixels, not the reader's networks ({outside})",
    )
