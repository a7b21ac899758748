"""Readings of drawn pages -> how the reader errs."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from kantu.synth.page import Box
from kantu.training.mini_text.matching import Group, covering, groups, neighbours
from kantu.training.mini_text.reader_errors import (
    HALF_EMPTY,
    Added,
    CharacterClass,
    Edge,
    Ghost,
    Ghosts,
    Joined,
    Misreadings,
    Missed,
    ReaderErrors,
    Sized,
    character_class,
    same_sign,
    within,
)
from kantu.training.mini_text.readings import PageReading, TrueLine

_CHARACTERS = (2, 3, 5, 10, 1000)
_EMS = (0.1, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 1000.0)
_PIXELS = (11.0, 12.5, 14.5, 16.5, 20.0, 28.0, 1000.0)
_ALWAYS_TOLD = 30  # times printed: that it was never misread is worth knowing
_PRIOR = 5.0  # misreadings by which a family counts as usual
_QUANTILES = 20
_MOST_GHOSTS = 80  # examples kept of one kind of elements
_CLASSES: tuple[CharacterClass, ...] = ("han", "digit", "latin", "mark")
_HOLDERS = frozenset(
    ("card", "column", "chart", "table", "row", "problem", "problems")
)  # what is in them is told apart


@dataclass
class _Tally:
    """Counts while pages are gone through."""

    pages: int = 0
    lines: int = 0
    alone: dict[CharacterClass, list[int]] = field(default_factory=lambda: {kind: [0, 0] for kind in _CLASSES})
    missed: list[list[int]] = field(default_factory=lambda: [[0, 0] for _ in _CHARACTERS])
    pairs: list[list[int]] = field(default_factory=lambda: [[0, 0, 0, 0] for _ in _EMS])
    spaces: list[int] = field(default_factory=lambda: [0, 0, 0])  # printed, kept, cut at
    cuts: int = 0
    printed: Counter[str] = field(default_factory=Counter)
    styles: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    misread: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    sizes: list[list[int]] = field(default_factory=lambda: [[0, 0] for _ in _PIXELS])
    by_page: list[tuple[str, int, int]] = field(default_factory=list)  # family, misread, printed
    texts: int = 0
    before: Counter[str] = field(default_factory=Counter)
    inside: Counter[str] = field(default_factory=Counter)
    after: Counter[str] = field(default_factory=Counter)
    elements: Counter[str] = field(default_factory=Counter)
    ghosts: dict[str, list[list[Ghost]]] = field(default_factory=lambda: defaultdict(list))
    edges: list[list[float]] = field(default_factory=lambda: [[] for _ in range(5)])
    sureness: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))


def measure(readings: Iterable[PageReading]) -> ReaderErrors:
    """Everything that `misreading` needs to read as this reader does."""
    tally = _Tally()
    for reading in readings:
        _count(reading, tally)
    return _errors(tally)


def _count(reading: PageReading, tally: _Tally) -> None:
    tally.pages += 1
    tally.lines += len(reading.printed)
    tally.elements.update(kind for kind, _ in reading.elements if kind not in _HOLDERS)
    misread = characters = 0
    ghosts: dict[tuple[str, Box], list[Ghost]] = defaultdict(list)
    for group in groups(reading):
        for number in group.printed:
            text = reading.printed[number].text.strip()
            alone = len(text) == 1
            band = tally.alone[character_class(text)] if alone else tally.missed[within(len(text), _CHARACTERS)]
            band[0] += 1
            band[1] += not group.read
        if not group.printed:
            line = reading.read[group.read[0]]
            kind, box = _holder(reading, line.box)
            ghosts[kind, box].append(Ghost(line.text, _in_parts(line.box, box)))
            tally.sureness["ghost"].append(line.sureness)
        elif group.read and _in_one_row([reading.printed[number].box for number in group.printed]):
            wrong, printed = _count_text(reading, group, tally)
            misread, characters = misread + wrong, characters + printed
    for (kind, _), read in ghosts.items():
        tally.ghosts[kind].append(read)
    tally.by_page.append((reading.family, misread, characters))
    _count_pairs(reading, tally)


def _count_text(reading: PageReading, group: Group, tally: _Tally) -> tuple[int, int]:
    """How what is printed in one place was read; characters misread, and printed."""
    lines = sorted((reading.printed[number] for number in group.printed), key=lambda line: line.box[0])
    read = sorted((reading.read[number] for number in group.read), key=lambda line: line.box[0])
    text, found = (_unspaced("".join(line.text for line in part)) for part in (lines, read))
    tally.texts += 1
    tally.printed.update(text)
    wrong = 0
    for place, printed, got in _differences(text, found):
        if not printed:
            (tally.before if place == 0 else tally.after if place == len(text) else tally.inside)[got] += 1
        elif same_sign(printed, got):
            tally.styles[printed][got] += 1
        else:
            tally.misread[printed][got] += 1
            wrong += 1
    band = tally.sizes[within(min(line.size for line in lines), _PIXELS)]
    band[0], band[1] = band[0] + len(text), band[1] + wrong
    if len(lines) == 1:
        spaces = len(lines[0].text.split()) - 1
        if len(read) == 1:
            tally.spaces[0] += spaces
            tally.spaces[1] += min(spaces, len(read[0].text.split()) - 1)
            plain = "".join(
                printed if same_sign(printed, got) else got for printed, got in zip(text, found, strict=False)
            )
            right = len(text) == len(found) and plain == text
            tally.sureness["right" if right else "wrong"].append(read[0].sureness)
            if right:
                _count_edges(lines[0], read[0].box, tally)
        else:
            at_spaces = min(spaces, len(read) - 1)
            tally.spaces[2] += at_spaces
            tally.cuts += len(read) - 1 - at_spaces
    return wrong, len(text)


def _differences(text: str, found: str) -> Iterator[tuple[int, str, str]]:
    """Place, what is printed ("" for nothing) and what was read instead, one by one but for what is added."""
    for _, start, end, first, last in SequenceMatcher(None, text, found, autojunk=False).get_opcodes():
        pairs = zip(text[start:end], found[first:last], strict=False)
        yield from ((start + place, *pair) for place, pair in enumerate(pairs) if pair[0] != pair[1])
        common = min(end - start, last - first)
        yield from ((place, text[place], "") for place in range(start + common, end))
        if last - first > common:
            yield end, "", found[first + common : last]


def _count_edges(line: TrueLine, box: Box, tally: _Tally) -> None:
    moved = [(there - here) / line.size for here, there in zip(line.box, box, strict=True)]
    for edge, ems in enumerate(moved):
        tally.edges[4 if edge == 2 and line.text[-1] in HALF_EMPTY else edge].append(ems)


def _count_pairs(reading: PageReading, tally: _Tally) -> None:
    """Neighbours of which both were read: in one line or in two."""
    boxes = [line.box for line in reading.read]
    for left, right, ems in neighbours(reading.printed):
        covers = {covering(reading.printed[number].box, boxes) for number in (left, right)}
        if None in covers:
            continue
        band = tally.pairs[within(ems, _EMS)]
        band[0] += 1
        if len(covers) == 1:
            band[1] += 1
            cover = covers.pop()
            held = [line for line in reading.printed if covering(line.box, boxes) == cover]
            if len(held) == 2 and not any(" " in line.text.strip() for line in held) and cover is not None:
                band[2] += 1
                band[3] += " " in reading.read[cover].text.strip()


def _holder(reading: PageReading, box: Box) -> tuple[str, Box]:
    """Kind and box of the smallest element that something lies in, or of the page."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    holders = [
        (kind, outer)
        for kind, outer in reading.elements
        if kind not in _HOLDERS and outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3]
    ]
    width, height = reading.size
    return min(holders, key=lambda holder: _area(holder[1]), default=("", (0.0, 0.0, float(width), float(height))))


def _in_parts(box: Box, outer: Box) -> Box:
    width, height = outer[2] - outer[0], outer[3] - outer[1]
    x1, x2 = ((edge - outer[0]) / width for edge in (box[0], box[2]))
    y1, y2 = ((edge - outer[1]) / height for edge in (box[1], box[3]))
    return round(x1, 3), round(y1, 3), round(x2, 3), round(y2, 3)


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _errors(tally: _Tally) -> ReaderErrors:
    characters, wrong = tally.printed.total(), sum(read.total() for read in tally.misread.values())
    usual = wrong / max(1, characters)
    told = {*tally.misread, *(character for character, count in tally.printed.items() if count >= _ALWAYS_TOLD)}
    holders = {**tally.elements, "": tally.pages}
    ghosts = {
        kind: Ghosts(_share(len(read), holders[kind]), tuple(map(tuple, read[:_MOST_GHOSTS])))
        for kind, read in sorted(tally.ghosts.items())
    }
    families = _families(tally.by_page, usual)
    return ReaderErrors(
        pages=tally.pages,
        lines=tally.lines,
        characters=characters,
        missed=tuple(
            Missed(most, _share(hits, cases)) for most, (cases, hits) in zip(_CHARACTERS, tally.missed, strict=True)
        ),
        joined=tuple(
            Joined(most, _share(joined, cases), _share(spaced, asked))
            for most, (cases, joined, asked, spaced) in zip(_EMS, tally.pairs, strict=True)
        ),
        missed_alone={kind: _share(hits, cases) for kind, (cases, hits) in tally.alone.items()},
        cut_at_space=_share(tally.spaces[2], tally.spaces[0] + tally.spaces[2]),
        cut_elsewhere=_share(tally.cuts, characters),
        spaces_kept=_share(tally.spaces[1], tally.spaces[0]),
        families=families,
        dispersion=_dispersion(tally.by_page, usual, families),
        sizes=tuple(
            Sized(most, round(_share(hits, cases) / usual, 3) if usual else 1.0)
            for most, (cases, hits) in zip(_PIXELS, tally.sizes, strict=True)
        ),
        styles={sign: Misreadings(tally.printed[sign], dict(read)) for sign, read in sorted(tally.styles.items())},
        misread={sign: Misreadings(tally.printed[sign], dict(tally.misread.get(sign, {}))) for sign in sorted(told)},
        classes=_classes(tally),
        before=_added(tally.before, tally.texts),
        inside=_added(tally.inside, characters),
        after=_added(tally.after, tally.texts),
        ghosts=ghosts,
        edges=tuple(_edge(ems) for ems in tally.edges),  # type: ignore[arg-type]
        sureness={kind: _quantiles(tally.sureness[kind]) for kind in ("right", "wrong", "ghost")},
    )


def _classes(tally: _Tally) -> dict[CharacterClass, Misreadings]:
    printed, read = Counter[CharacterClass](), defaultdict[CharacterClass, Counter[str]](Counter)
    for sign, count in tally.printed.items():
        printed[character_class(sign)] += count
        read[character_class(sign)] += tally.misread.get(sign, Counter[str]())
    return {kind: Misreadings(printed[kind], dict(read[kind])) for kind in _CLASSES}


def _families(by_page: Sequence[tuple[str, int, int]], usual: float) -> dict[str, float]:
    """Near 1 where a family is too rare to tell."""
    misread, expected = Counter[str](), defaultdict[str, float](float)
    for family, wrong, characters in by_page:
        misread[family] += wrong
        expected[family] += usual * characters
    return {family: round((misread[family] + _PRIOR) / (mean + _PRIOR), 3) for family, mean in sorted(expected.items())}


def _dispersion(by_page: Sequence[tuple[str, int, int]], usual: float, families: Mapping[str, float]) -> float:
    """The shape of a gamma distribution of mean 1, by moments: what pages differ in beyond chance."""
    expected = [usual * families[family] * characters for family, _, characters in by_page]
    variance = sum((misread - mean) ** 2 for (_, misread, _), mean in zip(by_page, expected, strict=True))
    beyond = variance - sum(expected)
    return round(sum(mean**2 for mean in expected) / beyond, 4) if beyond > 0 else 1000.0


def _in_one_row(boxes: Sequence[Box]) -> bool:
    return max(box[1] for box in boxes) < min(box[3] for box in boxes)


def _unspaced(text: str) -> str:
    return "".join(text.split())


def _share(hits: int, cases: int) -> float:
    return round(hits / cases, 5) if cases else 0.0


def _added(read: Counter[str], places: int) -> Added:
    return Added(_share(read.total(), places), dict(read))


def _edge(ems: Sequence[float]) -> Edge:
    """Robustly: a few lines are read with what stands beside them."""
    if len(ems) < 2:
        return Edge(0.0, 0.0)
    low, middle, high = statistics.quantiles(ems, n=4)
    return Edge(round(middle, 4), round((high - low) / 1.349, 4))


def _quantiles(values: Sequence[float]) -> tuple[float, ...]:
    if len(values) < 2:
        return tuple(values) or (1.0,)
    return tuple(round(value, 4) for value in statistics.quantiles(values, n=_QUANTILES, method="inclusive"))
