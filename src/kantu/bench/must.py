"""The table this project is judged on: one noise picture, a short question, a forced answer, beside transformers.

Every ratio is from the same minutes of the same run: the two take turns, and who begins alternates. transformers stays
loaded; of ours one variant at a time, so that the memory for both plus one packed copy is enough.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kantu.bench.machine import Machine, reached
from kantu.bench.match import Match, Track
from kantu.bench.memory import resident_bytes
from kantu.bench.report import Cell, Comparison, Unit
from kantu.bench.work import ANSWER_TOKENS, Workload, together
from kantu.contenders.contender import AskOptions, Contender, Reply
from kantu.contenders.kantu import Kantu
from kantu.errors import error
from kantu.model.quantize import Quantize
from kantu.vlm import load

Pair = tuple[float, float]
"""Ours and the rival's."""

AT_ONCE = 8
LABELS = ("待付款", "待发货", "运输中", "已签收")
_FIELDS = ("编号", "年份", "房间", "尾号", "楼层", "代码")
RECORD = {
    "type": "object",
    "properties": {name: {"type": "string", "pattern": "^[0-9]{4}$"} for name in _FIELDS},
    "required": list(_FIELDS),
    "additionalProperties": False,
}
_RECORD_TOKENS = 256  # more than any tokenizer needs for it


@dataclass(frozen=True, slots=True)
class Target:
    """One row: what is measured, on which of our variants, and the ratios that are required and aimed at."""

    name: str
    quantize: Quantize | None
    must: float
    reach: float
    measure: Callable[[Match], Pair]
    unit: Unit = "seconds"
    rival: str = "transformers"


def new_picture(match: Match) -> Pair:
    """TTFT: the whole request of one token."""
    return _totals(match.replies(match.workload.new(1)))


def second_question(match: Match) -> Pair:
    """TTFT of another question about a picture that was asked about before."""
    work = match.workload.new(1)
    work.ask(match.ours)  # to the rival every question is the first
    return _totals(match.replies(match.workload.again(work)))


def per_token(match: Match) -> Pair:
    """TPOT."""
    ours, theirs = match.replies(match.workload.new(ANSWER_TOKENS))
    return ours.tpot_seconds, theirs.tpot_seconds


def whole_request(match: Match) -> Pair:
    return _totals(match.replies(match.workload.new(ANSWER_TOKENS)))


def at_once(match: Match) -> Pair:
    """Requests a second: ours of `AT_ONCE` together, the rival's of one after the other, which one request tells."""
    works = [match.workload.new(ANSWER_TOKENS) for _ in range(AT_ONCE)]
    return match.both(
        lambda: AT_ONCE / together(match.ours, works), lambda: 1 / works[0].ask(match.rival).total_seconds
    )


def choice(match: Match) -> Pair:
    """A label for a new picture: ours from its probabilities, the rival's by generating the longest."""
    work = match.workload.new(max(match.workload.count(label) for label in LABELS))

    def ours() -> float:
        started = time.perf_counter()
        match.ours.vlm.score(work.picture, work.question, LABELS, max_pixels=work.max_pixels)
        return time.perf_counter() - started

    return match.both(ours, lambda: work.ask(match.rival).total_seconds)


def record(match: Match) -> Pair:
    """`RECORD` on our engine beside as many free tokens on it. The record goes first: it tells how many."""
    work = match.workload.new(_RECORD_TOKENS)
    options = AskOptions(
        max_tokens=work.tokens, temperature=0.0, repetition_penalty=1.0, max_pixels=work.max_pixels, schema=RECORD
    )
    answer = match.ours.ask([work.picture], work.question, options)
    if answer.finish_reason != "stop":
        raise error("record_not_finished", most=_RECORD_TOKENS)
    return answer.total_seconds, match.workload.new(answer.completion_tokens).ask(match.ours).total_seconds


TARGETS = (
    Target("ttft_new_picture", None, 0.85, 0.60, new_picture),
    Target("ttft_second_question", None, 0.12, 0.07, second_question),
    Target("choice_of_4_labels", None, 0.80, 0.55, choice),
    Target("json_record", None, 0.65, 0.50, record, rival="kantu"),
    Target("tpot", "int8", 0.38, 0.30, per_token),
    Target("tpot", "int4", 0.23, 0.18, per_token),
    Target("whole_request", "int4", 0.38, 0.28, whole_request),
    Target("requests_at_once", "int4", 4.0, 6.0, at_once, "requests_per_second"),
)


def run(
    folder: Path,
    rival: Contender,
    machine: Machine,
    quantize: Quantize | None,
    runs: int,
    workload: Workload,
    track: Track,
) -> tuple[list[Comparison], list[dict[str, Cell]]]:
    """All comparisons, or those of the variant `quantize`; and for each variant what it reaches and its memory."""
    comparisons: list[Comparison] = []
    rows: list[dict[str, Cell]] = []
    for variant in dict.fromkeys(target.quantize for target in TARGETS):
        if quantize in (None, variant):
            before = resident_bytes()
            with load(folder, quantize=variant) as vlm:
                match = Match(Kantu(vlm), rival, workload)
                workload.new(1).ask(match.ours)  # what is mapped from the files is now in memory
                after = resident_bytes()
                comparisons += _variant(match, variant, runs, track)
                row = reached(match.ours, variant, machine, runs, workload)
            rows.append({**row, "added_resident_bytes": after - before})
            del vlm, match
            gc.collect()  # the variant goes before the next comes
    return comparisons, rows


def _variant(match: Match, variant: Quantize | None, runs: int, track: Track) -> list[Comparison]:
    targets = [target for target in TARGETS if target.quantize == variant]
    samples: list[list[Pair]] = [[] for _ in targets]
    for turn in track(range(runs + 1), description=f"must {variant or 'bf16'}"):
        for target, pairs in zip(targets, samples, strict=True):
            pair = target.measure(match)
            if turn:  # the first round warms both up
                pairs.append(pair)
    return [_comparison(target, pairs) for target, pairs in zip(targets, samples, strict=True)]


def _comparison(target: Target, samples: Sequence[Pair]) -> Comparison:
    ours, theirs = zip(*samples, strict=True)
    name = f"{target.name}_{target.quantize or 'bf16'}"
    return Comparison(name, target.unit, target.rival, ours, theirs, target.must, target.reach)


def _totals(replies: tuple[Reply, Reply]) -> Pair:
    return replies[0].total_seconds, replies[1].total_seconds
