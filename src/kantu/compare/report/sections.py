"""The tables of a comparison, in the order of a report, each in Chinese and English."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from kantu.compare import accuracy
from kantu.compare.accuracy import Group
from kantu.compare.comparison import Comparison, Side
from kantu.compare.loss import STAGES
from kantu.compare.pairs import Pair
from kantu.compare.report import conditions, rows
from kantu.compare.report.rows import same
from kantu.compare.sockets import Place
from kantu.errors import Words
from kantu.evaluation.report import words

_LOSSES = {
    "ocr": Words("读错了字", "OCR error"),
    "layout": Words("版面、颜色、状态丢了", "layout lost"),
    "description": Words("描述里没写", "description dropped it"),
    "model": Words("写了，文本模型没用上或编了", "the text model ignored it or made it up"),
    "finish": Words("后处理弄坏了", "post-processing broke it"),
    "worked_out": Words("要推算的，不算在哪一级", "has to be worked out: no stage is blamed"),
}
_FAULTS = {
    "killed": Words("进程被杀", "killed"),
    "slow": Words("变慢", "slow"),
    "garbage": Words("返回乱码", "garbage"),
    "rate_limited": Words("限流 429", "rate limit 429"),
    "silent": Words("不应答", "silent"),
}
SERVICES = {
    "gateway": Words("网关", "gateway"),
    "engine": Words("引擎", "engine"),
    "intake": Words("接图", "intake"),
    "ocr": Words("OCR", "OCR"),
    "vision": Words("版面与颜色", "layout and colour"),
    "describe": Words("描述", "description"),
    "prompt": Words("提示", "prompt"),
    "language": Words("文本模型", "text model"),
    "finish": Words("后处理", "post-processing"),
}
_NOTHING = Words("", "")
_OURS, _THEIRS = rows.HEADS[1], rows.HEADS[2]


@dataclass(frozen=True)
class Section:
    """A table with a title."""

    title: Words
    heads: tuple[Words, ...]
    rows: tuple[tuple[Words, ...], ...]
    note: Words = _NOTHING


def sections(found: Comparison) -> Iterator[Section]:
    """All that have something in them."""
    for section in (
        _table(found),
        Section(
            Words("各行的图见过没有", "whose picture was seen before"),
            conditions.HEADS,
            conditions.CONDITIONS,
            conditions.NOTE,
        ),
        _losses(found.pairs),
        _losses_by_family(found.pairs),
        _accuracy(Words("答对，按种类", "right, by family"), accuracy.by_family(found.pairs), words.family),
        _accuracy(Words("答对，按题型", "right, by kind"), accuracy.by_kind(found.pairs), words.kind),
        _accuracy(Words("答对，按图片来源", "right, by origin"), accuracy.by_origin(found.pairs), words.origin),
        _stages(found.pairs),
        _faults(found),
        _places(found),
        _missing(found),
    ):
        if section.rows:
            yield section


def _table(found: Comparison) -> Section:
    told = [(row.label, row.ours, row.theirs, row.hybrid or Words("", "")) for row in rows.rows(found)]
    return Section(Words("对比", "The comparison"), rows.HEADS, tuple(told))


def _losses(pairs: Sequence[Pair]) -> Section:
    found = accuracy.losses(pairs)
    total = sum(found.values())
    told = [(_LOSSES[stage], same(str(found[stage])), _share(found[stage], total)) for stage in STAGES if total]
    return Section(
        Words("流水线的错答：事实在哪一级丢的", "wrong answers of the pipeline: the stage that lost the fact"),
        (Words("级", "stage"), Words("错答", "answers"), Words("%", "%")),
        tuple(told),
        Words(
            "标准答案里的值是已知的：逐级看输出里还有没有，第一级没有的就算它丢的（定义见 compare/loss.py）。",
            "What the right answer states is known: the first stage whose output no longer holds it has lost it.",
        ),
    )


def _losses_by_family(pairs: Sequence[Pair]) -> Section:
    told = [
        (same(words.family(family)), *(same(str(found[stage] or "")) for stage in STAGES))
        for family, found in accuracy.losses_by_family(pairs).items()
        if sum(found.values())
    ]
    heads = (Words("种类", "family"), *(_LOSSES[stage] for stage in STAGES))
    return Section(Words("丢在哪一级，按种类", "the stage that lost it, by family"), heads, tuple(told))


def _accuracy(title: Words, groups: Sequence[Group], name: Callable[[str], str]) -> Section:
    heads = (
        Words("", ""),
        *(_OURS, _THEIRS, rows.HEADS[3]),
        *(Words("差（点）", "difference"), Words("95% 区间", "95 % interval"), Words("题", "questions")),
    )
    return Section(title, heads, tuple(_group(group, name(group.name)) for group in groups))


def _group(group: Group, name: str) -> tuple[Words, ...]:
    difference = group.difference
    points = group.ours.percent - group.theirs.percent
    return (
        same(name),
        *(rows.percent(share) for share in (group.ours, group.theirs, group.hybrid)),
        same(f"{points:+.1f}"),
        Words("题太少", "too few") if difference is None else same(f"{difference.low:+.1f} … {difference.high:+.1f}"),
        same(str(group.ours.count)),
    )


def _stages(pairs: Sequence[Pair]) -> Section:
    new = [pair for pair in pairs if pair.new_picture and pair.stage_seconds]
    names = dict.fromkeys(name for pair in new for name in pair.stage_seconds)
    told = [
        (service_name(name), same(f"{statistics.median(pair.stage_seconds.get(name, 0.0) for pair in new):.3f}"))
        for name in names
    ]
    return Section(
        Words(
            "流水线各级的时间（新图片，进程内，中位秒）", "the pipeline's stages (new picture, in process, median s)"
        ),
        (Words("级", "stage"), Words("秒", "s")),
        tuple(told),
    )


def _faults(found: Comparison) -> Section:
    pace = found.pace
    heads = (
        *(Words("", ""), Words("服务", "service"), Words("故障", "fault"), Words("问", "asked")),
        *(Words("出错", "errors"), Words("答成别的", "other answers"), Words("错误码", "codes")),
        *(Words("等了（中位秒）", "waited, median s"), Words("恢复（秒）", "recovery, s")),
    )
    told = [line for name, side in ((_OURS, found.ours), (_THEIRS, found.theirs)) for line in _faults_of(name, side)]
    return Section(
        Words("一个服务出故障时", "when one service fails"),
        heads,
        tuple(told),
        Words(
            f"故障是放进去的：进程用 SIGKILL 杀掉，其余在线路上的中继里发生（慢 {pace.slow_seconds:g} 秒）；"
            f"几问同时问，每问最多等 {pace.patience_seconds:g} 秒（平常就慢的，等平常的三倍）。"
            "“答成别的”是照常作答、但与没有故障时不同的回答。"
            f"恢复从故障结束算到第一个与从前一样的回答，最多等 {pace.recovery_seconds:g} 秒。",
            f"Faults are put in: processes end by SIGKILL, all else happens in a relay on the wire (slow is "
            f"{pace.slow_seconds:g} s); all are asked at once and waited for {pace.patience_seconds:g} s at most (if "
            "slow without a fault, three times as long). Other answers are given as if nothing had happened, and are "
            "not those without the fault. Recovery is from the end of the fault to the first answer as before, "
            f"{pace.recovery_seconds:g} s at most.",
        ),
    )


def _faults_of(name: Words, side: Side) -> Iterator[tuple[Words, ...]]:
    for each in side.faults:
        recovery = each.recovery_seconds
        yield (
            *(name, service_name(each.service), _FAULTS[each.fault], same(str(each.asked))),
            *(same(str(each.errors)), same(str(each.changed)), same("、".join(each.codes))),
            same(f"{each.median_seconds:.2f}"),
            Words("没有等到", "never") if recovery is None else same(f"{recovery:.2f}"),
        )


def _places(found: Comparison) -> Section:
    told = [
        (name, way, *_place(place, traffic.questions))
        for name, side in ((_OURS, found.ours), (_THEIRS, found.theirs))
        for way, traffic in (
            (Words("进程内", "in process"), side.traffic),
            (Words("经 HTTP", "over HTTP"), side.hop_traffic),
        )
        if traffic is not None
        for place in traffic.places
    ]
    heads = (
        *(Words("", ""), Words("", ""), Words("服务", "service"), Words("在本机以外", "on another machine")),
        *(Words("连接", "connections"), Words("发出字节/问", "sent, a question"), Words("收到字节/问", "received")),
    )
    return Section(Words("字节去了哪里", "where bytes go"), heads, tuple(told))


def _place(place: Place, questions: int) -> tuple[Words, ...]:
    return (
        service_name(place.service) if place.service else same(f"{place.host}:{place.port}"),
        Words("是", "yes") if place.outside else Words("否", "no"),
        same(str(place.connections)),
        same(f"{place.sent_bytes / max(1, questions):,.0f}"),
        same(f"{place.received_bytes / max(1, questions):,.0f}"),
    )


def _missing(found: Comparison) -> Section:
    told = [(same(name), same(why)) for name, why in (found.not_measured or {}).items()]
    told += [(Words("套件缺", "the suite lacks"), same(each)) for each in found.missing]
    return Section(Words("没有测的", "not measured"), (Words("", ""), Words("原因", "why")), tuple(told))


def service_name(name: str) -> Words:
    """A service as people call it."""
    return SERVICES.get(name, same(name))


def loss_name(stage: str) -> Words:
    """A stage that loses facts."""
    return _LOSSES[stage]


def _share(part: int, whole: int) -> Words:
    return same(f"{100 * part / whole:.0f}" if whole else "-")
