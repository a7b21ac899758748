"""How often answers about pictures with known truth are right, by kind of question."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kantu.errors import InvalidRequestError

Ask = Callable[[Path, str], str]
"""picture, question -> answer."""

ORDER_FIELDS = ("price", "goods", "number", "date", "shop", "button")
_BOX_OVERLAP = 0.5
_DENIALS = ("没有", "没写", "未", "看不到", "找不到", "不显示", "无法", "没")


@dataclass(frozen=True)
class Item:
    """One question about one picture, with the answer and the exact strings a right answer contains."""

    picture: Path
    kind: str
    question: str
    answer: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Judged:
    """An item, what was answered, and the share of it that was right (0 to 1)."""

    item: Item
    answered: str
    score: float


def read_items(folder: Path, kinds: Sequence[str] | None = None) -> tuple[Item, ...]:
    """The questions of a folder's truth.jsonl, those of `kinds` if given.

    Raises InvalidRequestError when the folder has no truth.jsonl.
    """
    truth = folder / "truth.jsonl"
    if not truth.exists():
        raise InvalidRequestError(
            "truth_missing", f"目录里没有 truth.jsonl：{folder}", f"no truth.jsonl in {folder}", param=str(folder)
        )
    return tuple(_items(folder, map(json.loads, truth.read_text("utf-8").splitlines()), kinds))


def _items(folder: Path, pages: Iterable[Mapping[str, Any]], kinds: Sequence[str] | None) -> Iterator[Item]:
    for page in pages:
        for question in page["questions"]:
            if kinds is None or question["kind"] in kinds:
                yield Item(
                    folder / page["file"],
                    question["kind"],
                    question["question"],
                    question["answer"],
                    tuple(question["values"]),
                )


def judge(item: Item, answered: str) -> Judged:
    """Score one answer by the rule of its kind.

    box: the first box overlaps the true one by at least half (IoU). record: share of fields that are equal. transcribe:
    1 - character error rate. unanswerable: the answer says that the picture does not show it. Everything else: every
    value is in the answer, spaces and full-width forms aside; without values the whole answer is compared.
    """
    score = _RULES.get(item.kind, _contains)(item, answered)
    return Judged(item, answered, score)


def measure(ask: Ask, items: Sequence[Item]) -> tuple[Judged, ...]:
    """Ask every question and judge every answer."""
    return tuple(judge(item, ask(item.picture, item.question)) for item in items)


def by_kind(judged: Iterable[Judged]) -> dict[str, tuple[float, int]]:
    """Kind -> (mean score, number of questions), in order of first appearance."""
    scores: dict[str, list[float]] = defaultdict(list)
    for one in judged:
        scores[one.item.kind].append(one.score)
    return {kind: (sum(values) / len(values), len(values)) for kind, values in scores.items()}


def mean_over(table: Mapping[str, tuple[float, int]], kinds: Iterable[str]) -> float:
    """Mean score over all questions of these kinds."""
    rows = [table[kind] for kind in kinds if kind in table]
    return sum(score * count for score, count in rows) / sum(count for _, count in rows)


def _plain(text: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))


def _contains(item: Item, answered: str) -> float:
    if not item.values:
        return float(_plain(item.answer) == _plain(answered))
    return float(all(_plain(value) in _plain(answered) for value in item.values))


def _denies(item: Item, answered: str) -> float:
    return float(any(denial in answered for denial in _DENIALS))


def _box(item: Item, answered: str) -> float:
    true, found = _first_box(item.answer), _first_box(answered)
    if true is None or found is None:
        return 0.0
    return float(_overlap(true, found) >= _BOX_OVERLAP)


def _first_box(text: str) -> tuple[float, ...] | None:
    match = re.search(r"\[\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*\]", text)
    return tuple(map(float, match.groups())) if match else None


def _overlap(a: Sequence[float], b: Sequence[float]) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0.0) * max(height, 0.0)
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    return shared / union if union > 0 else 0.0


def _record(item: Item, answered: str) -> float:
    truth: dict[str, Any] = json.loads(item.answer)
    try:
        found = json.loads(answered)
    except ValueError:
        return 0.0
    if not isinstance(found, dict):
        return 0.0
    right = [bool(found.get(key) == value) for key, value in truth.items()]
    return sum(right) / len(right)


def _transcription(item: Item, answered: str) -> float:
    truth, found = _plain(item.answer), _plain(answered)
    return max(0.0, 1.0 - _edits(truth, found) / len(truth))


def _edits(a: str, b: str) -> int:
    """Levenshtein distance."""
    previous = list(range(len(b) + 1))
    for row, left in enumerate(a, 1):
        current = [row]
        for column, right in enumerate(b, 1):
            current.append(min(previous[column] + 1, current[-1] + 1, previous[column - 1] + (left != right)))
        previous = current
    return previous[-1]


_RULES: Mapping[str, Callable[[Item, str], float]] = {
    "box": _box,
    "record": _record,
    "transcribe": _transcription,
    "unanswerable": _denies,
}
