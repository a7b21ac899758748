"""Which pictures both contenders are asked about: few enough for ten minutes, the same on every machine."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain, islice, zip_longest

from kantu.evaluation.items import Item
from kantu.evaluation.suites import EVERYDAY, EVERYDAY_FAMILIES, Opened, open_suite

PICTURES = 10  # of each family
QUESTIONS = 2  # of each picture: enough of a family for an interval


def open_sample(suite: str, *, full: bool) -> Opened:
    """The questions of a suite: all of them, or a fixed sample, those of one picture one after the other.

    Raises InvalidRequestError as `open_suite`.
    """
    if full:
        opened = open_suite(suite)
        return replace(opened, items=tuple(chain.from_iterable(by_picture(opened.items))))
    families = EVERYDAY_FAMILIES if suite == EVERYDAY.name else ()
    opened = open_suite(suite, pictures=PICTURES, families=families)
    return replace(opened, items=tuple(chosen(opened.items)))


def chosen(items: Iterable[Item], pictures: int = PICTURES, questions: int = QUESTIONS) -> Iterable[Item]:
    """So many pictures of each family, those of its origins by turns, and so many questions of each picture.

    Of a picture's questions those are taken whose kind its family has been asked least by then.
    """
    families: dict[str, dict[str, list[list[Item]]]] = defaultdict(lambda: defaultdict(list))
    for asked in by_picture(items):
        families[asked[0].family][asked[0].origin].append(asked)
    for origins in families.values():
        seen: Counter[str] = Counter()
        turns = (asked for turn in zip_longest(*reversed(origins.values())) for asked in turn if asked is not None)
        for asked in islice(turns, pictures):
            yield from _rarest(asked, seen, questions)


def by_picture(items: Iterable[Item]) -> list[list[Item]]:
    """Items about the same pictures together, in order of first appearance."""
    found: dict[tuple[str, ...], list[Item]] = defaultdict(list)
    for item in items:
        found[item.family, item.origin, *(picture.name for picture in item.pictures)].append(item)
    return list(found.values())


def _rarest(asked: Sequence[Item], seen: Counter[str], questions: int) -> list[Item]:
    """The questions of one picture, taken one by one; `seen` counts their kinds."""
    left, taken = list(asked), list[Item]()
    while left and len(taken) < questions:
        item = min(left, key=lambda each: seen[each.kind])  # of equals the first
        left.remove(item)
        seen[item.kind] += 1
        taken.append(item)
    return sorted(taken, key=asked.index)
