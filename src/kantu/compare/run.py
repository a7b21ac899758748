"""One run of `kantu compare`: both asked by turns, then the rest of the table, one contender after the other."""

from __future__ import annotations

import contextlib
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import kantu
from kantu.bench.match import Track
from kantu.compare.asked import Asked, quickest, spread
from kantu.compare.comparison import Comparison, Side
from kantu.compare.deployed import over_http, provider_faults, server_loads
from kantu.compare.disk import package_bytes, path_bytes
from kantu.compare.fresh import several
from kantu.compare.journal import Journal, default_path, opened
from kantu.compare.load import Spread
from kantu.compare.makers import Example, Maker
from kantu.compare.pace import Pace
from kantu.compare.pairs import Pair, Tracing, ask_both
from kantu.compare.price import Prices, Use, by_thousand
from kantu.compare.sample import by_picture, open_sample
from kantu.contenders.contender import Contender
from kantu.contenders.threads import engine_threads
from kantu.doctor.machine import cpu
from kantu.errors import KantuError
from kantu.evaluation.items import Item
from kantu.evaluation.run import commit

T = TypeVar("T")

_FRESH = 6  # that a fresh process is asked
_FAILING = 2  # that each fault disturbs


@dataclass(frozen=True)
class Plan:
    """As on the command line.

    Attributes:
        journal: the file of what is under way; None is one under KANTU_HOME.
        again: forget what an earlier run with the same plan has kept.
    """

    suite: str = "everyday"
    full: bool = False
    prices: Prices = field(default_factory=Prices)
    journal: Path | None = None
    again: bool = False
    pace: Pace = field(default_factory=Pace)


@dataclass(frozen=True)
class Done:
    """A comparison, and the questions that it was about, by key."""

    comparison: Comparison
    items: Mapping[str, Item]
    journal: Path


def run(plan: Plan, ours: Maker[Contender], theirs: Maker[Tracing], track: Track) -> Done:
    """Ask both, then measure the rest. What cannot be measured here is told with the reason.

    Raises KantuError as `open_sample`, `opened` and `ask_both`; what both have answered by then is kept.
    """
    suite = open_sample(plan.suite, full=plan.full)
    sample = "full" if plan.full else "sample"
    about = {
        **{"suite": suite.name, "suite_version": suite.version, "sample": sample},
        **{"ours": ours.name, "theirs": theirs.name},
        "threads": str(engine_threads()),
    }
    path = plan.journal or default_path(about)
    with opened(path, about, again=plan.again) as journal:
        _ask(suite.items, journal, ours, theirs, track)
        pairs = [journal.pairs[item.key] for item in suite.items]
    failed: dict[str, str] = {}
    sides = []
    makers: tuple[tuple[Maker[Any], bool], ...] = ((ours, False), (theirs, True))
    for maker, stitched in track(makers, description="启动、经 HTTP、故障、字节"):
        side = _side(maker, pairs, stitched=stitched)
        side = _beside(side, maker, suite.items, pairs, plan.pace, failed)
        sides.append(replace(side, price=by_thousand(_use(pairs, stitched=stitched), plan.prices)))
    comparison = Comparison(
        {**about, **_here()},
        len(by_picture(suite.items)),
        tuple(pairs),
        ours=sides[0],
        theirs=sides[1],
        prices=plan.prices,
        pace=plan.pace,
        missing=suite.missing,
        not_measured=failed,
    )
    return Done(comparison, {item.key: item for item in suite.items}, path)


def _ask(items: Sequence[Item], journal: Journal, ours: Maker[Contender], theirs: Maker[Tracing], track: Track) -> None:
    """Both in this process, by turns: the questions that are left."""
    left = [item for item in items if item.key not in journal.pairs]
    if not left:
        return
    with contextlib.closing(ours.make()) as us, contextlib.closing(theirs.make()) as them:
        for pair in ask_both(us, them, track(left, description="逐题轮流")):
            journal.add(pair)


def _side(maker: Maker[Any], pairs: Sequence[Pair], *, stitched: bool) -> Side:
    """With what the pairs tell."""

    def spent(asked: Iterable[Pair]) -> Spread | None:
        answers = (pair.theirs if stitched else pair.ours for pair in asked)
        return Spread.of([answer.total_seconds for answer in answers if not answer.error])

    return Side(
        maker.name,
        maker.services,
        maker.glue_lines,
        new_picture=spent(pair for pair in pairs if pair.new_picture),
        same_picture=spent(pair for pair in pairs if pair.same_picture),
    )


def _beside(
    side: Side,
    maker: Maker[Any],
    items: Sequence[Item],
    pairs: Sequence[Pair],
    pace: Pace,
    failed: dict[str, str],
) -> Side:
    """With what takes processes of its own, and what is counted; `failed` hears why something could not be measured."""

    def attempt(what: str, measure: Callable[[], T]) -> T | None:
        try:
            return measure()
        except KantuError as error:
            failed[f"{maker.name}：{what}"] = str(error)
            return None

    found = attempt("启动、内存、字节", lambda: several(maker.make, spread(items, _FRESH), pace))
    if found is not None:
        side = replace(side, starts=tuple(each.start for each in found), traffic=found[0].traffic)

    def failing() -> Sequence[Asked]:
        answered = [pair for pair in pairs if pair.new_picture and not (pair.ours.error or pair.theirs.error)]
        return quickest(items, {pair.ours.key: _seconds(pair) for pair in answered}, _FAILING)

    if (deploy := maker.deploy) is not None:
        side = attempt("经 HTTP", lambda: over_http(side, deploy, items, failing, pace, attempt)) or side
    else:
        side = replace(side, loads=attempt("负载", lambda: server_loads(maker.make, items, pace)) or ())
    if (deploy_provider := maker.deploy_provider) is not None:
        faults = attempt("文本模型的故障", lambda: provider_faults(deploy_provider, failing(), pace)) or ()
        side = replace(side, faults=(*side.faults, *faults))
    if maker.weights:
        weights = sum(map(path_bytes, maker.weights))
        side = replace(side, weights_bytes=weights, package_bytes=package_bytes(*maker.packages))
    if (reach := maker.reach) is not None and (example := _example(items, pairs)) is not None:
        side = replace(side, reach=attempt("梯度", lambda: reach(example)))
    return side


def _seconds(pair: Pair) -> float:
    return pair.ours.total_seconds + pair.theirs.total_seconds


def _example(items: Sequence[Item], pairs: Sequence[Pair]) -> Example | None:
    """A question in prose, with what the pipeline made of its picture."""
    for item, pair in zip(items, pairs, strict=True):
        if len(item.pictures) == 1 and item.task.result is None and pair.description:
            prompt = f"{pair.description}\n{item.question}"
            return Example(item.pictures[0].source, item.question, item.truth.answer, prompt)
    return None


def _use(pairs: Sequence[Pair], *, stitched: bool) -> Use:
    """Of a question about a new picture, where a machine answers one after the other."""
    new = [pair for pair in pairs if pair.new_picture]
    answers = [pair.theirs if stitched else pair.ours for pair in new]
    answered = [answer for answer in answers if not answer.error]
    return Use(
        _mean(answer.total_seconds for answer in answered),
        _mean(pair.prompt_tokens for pair in new if not pair.theirs.error),
        _mean(answer.completion_tokens for answer in answered),
        stitched,
    )


def _mean(values: Iterator[float]) -> float:
    """0 of nothing."""
    found = list(values)
    return statistics.fmean(found) if found else 0.0


def _here() -> dict[str, str]:
    """When, with which version, on what machine."""
    found = cpu()
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "version": kantu.__version__,
        "commit": commit(),
        "cpu": found.name,
        "cores": str(found.cores),
    }
