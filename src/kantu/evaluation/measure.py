"""How often a contender's answers are right, by kind of question."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from kantu.contenders.contender import AskOptions, Contender, Reply
from kantu.evaluation.items import Item

GREEDY = AskOptions(max_tokens=300, temperature=0.0)


@dataclass(frozen=True)
class Judged:
    """An item, what was answered, and the share of it that was right (0 to 1)."""

    item: Item
    reply: Reply
    score: float


def measure(contender: Contender, items: Iterable[Item], options: AskOptions = GREEDY) -> Iterator[Judged]:
    """Ask every question and judge every answer, one after the other."""
    for item in items:
        reply = contender.ask([item.picture], item.question, options)
        yield Judged(item, reply, item.task.score(item.truth, reply.text))


def by_kind(judged: Iterable[Judged]) -> dict[str, tuple[float, int]]:
    """Kind -> (mean score, number of questions), in order of first appearance."""
    scores: dict[str, list[float]] = defaultdict(list)
    for one in judged:
        scores[one.item.kind].append(one.score)
    return {kind: (sum(values) / len(values), len(values)) for kind, values in scores.items()}


def mean_over(table: Mapping[str, tuple[float, int]], kinds: Iterable[str]) -> float:
    """Mean score over all questions of these kinds; 0 where there are none."""
    rows = [table[kind] for kind in kinds if kind in table]
    asked = sum(count for _, count in rows)
    return sum(score * count for score, count in rows) / asked if asked else 0.0
