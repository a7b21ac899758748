"""Who is right how often, by family and kind, with paired intervals; and where the pipeline loses facts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from kantu.compare.loss import STAGES, Stage
from kantu.compare.pairs import Pair
from kantu.evaluation.compare import Difference, compare
from kantu.evaluation.results import Answer
from kantu.evaluation.tables import RIGHT, Share, share

_ALL = "all"


@dataclass(frozen=True)
class Group:
    """A group of questions; `difference` has the interval, None where there are too few questions for one."""

    name: str
    ours: Share
    theirs: Share
    hybrid: Share
    difference: Difference | None


@dataclass(frozen=True)
class Checked:
    """What the reader's check (未核实) says of our answers: how many it flags of the right and of the wrong ones."""

    right: int
    right_flagged: int
    wrong: int
    wrong_flagged: int


def overall(pairs: Sequence[Pair]) -> Group:
    """All questions together."""
    return _groups(pairs, lambda pair: _ALL)[0]


def by_family(pairs: Sequence[Pair]) -> list[Group]:
    """In order of first appearance."""
    return _groups(pairs, lambda pair: pair.ours.family)


def by_kind(pairs: Sequence[Pair]) -> list[Group]:
    """The most asked first."""
    return sorted(_groups(pairs, lambda pair: pair.ours.group[1]), key=lambda group: -group.ours.count)


def by_origin(pairs: Sequence[Pair]) -> list[Group]:
    """Pictures of our own generator apart from those that a browser has drawn."""
    return _groups(pairs, lambda pair: pair.ours.origin)


def hybrid_score(pair: Pair) -> float:
    """Of our answer; where it states what the reader did not find, of the pipeline's instead."""
    return pair.theirs.score if pair.unverified else pair.ours.score


def checked(pairs: Sequence[Pair]) -> Checked:
    """How good the check is at telling our wrong answers from the right ones."""
    flags = Counter((pair.ours.score >= RIGHT, pair.unverified) for pair in pairs)
    right, wrong = (flags[is_right, False] + flags[is_right, True] for is_right in (True, False))
    return Checked(right, flags[True, True], wrong, flags[False, True])


def losses(pairs: Sequence[Pair]) -> Mapping[Stage, int]:
    """How many of the pipeline's wrong answers went wrong at which stage."""
    found = Counter(pair.loss.stage for pair in pairs if pair.loss is not None)
    return {stage: found[stage] for stage in STAGES}


def losses_by_family(pairs: Sequence[Pair]) -> Mapping[str, Mapping[Stage, int]]:
    """The same for each family."""
    families = dict.fromkeys(pair.ours.family for pair in pairs)
    return {family: losses([pair for pair in pairs if pair.ours.family == family]) for family in families}


def won(pairs: Sequence[Pair], *, ours: bool, most: int) -> list[Pair]:
    """Questions that one of us has right and the other wrong, families and kinds by turns."""
    found = [pair for pair in pairs if _won(pair, ours=ours)]
    seen: Counter[str] = Counter()
    chosen: list[Pair] = []
    while found and len(chosen) < most:
        pair = min(found, key=lambda each: (seen[each.ours.family], seen[each.ours.group[1]]))
        found.remove(pair)
        seen.update((pair.ours.family, pair.ours.group[1]))
        chosen.append(pair)
    return chosen


def _won(pair: Pair, *, ours: bool) -> bool:
    better, worse = (pair.ours, pair.theirs) if ours else (pair.theirs, pair.ours)
    return better.score >= RIGHT > worse.score and not worse.error


def _groups(pairs: Sequence[Pair], name_of: Callable[[Pair], str]) -> list[Group]:
    """By name; intervals by `evaluation.compare`, whose groups the names are made to be."""
    ours = {pair.ours.key: _named(pair.ours, name_of(pair)) for pair in pairs}
    theirs = {pair.ours.key: _named(pair.theirs, name_of(pair)) for pair in pairs}
    differences = {each.family: each for each in compare(ours, theirs)} if pairs else {}
    found: dict[str, list[Pair]] = {}
    for pair in pairs:
        found.setdefault(name_of(pair), []).append(pair)
    return [
        Group(
            name,
            share(pair.ours for pair in members),
            share(pair.theirs for pair in members),
            share(replace(pair.ours, score=hybrid_score(pair)) for pair in members),
            differences.get(name),
        )
        for name, members in found.items()
    ]


def _named(answer: Answer, name: str) -> Answer:
    """An answer that `compare` puts into the group of this name, its picture still known by where it comes from."""
    return replace(answer, family=name, kind="", origin=_ALL, pictures=(answer.place,))
