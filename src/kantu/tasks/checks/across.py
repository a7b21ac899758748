"""Values that contradict each other, in a record whose keys are the user's words: sums, also in words, and rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from kantu.tasks.checks.labels import part_of
from kantu.tasks.checks.sums import read_amount, read_quantity, read_words
from kantu.tasks.problem import Problem

_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Leaf:
    """A value of a record with its label and its path."""

    label: str
    path: str
    text: str


@dataclass(frozen=True)
class _Figure:
    """A value that could be read as a number."""

    path: str
    text: str
    value: Decimal


@dataclass(frozen=True)
class _Rule:
    """`plus` less `minus` comes to `result`, where the record has all of them."""

    plus: tuple[str, ...]
    minus: tuple[str, ...]
    result: str
    says: str


_RULES = (
    _Rule(("net", "tax"), (), "total", "不含税金额加税额"),
    _Rule(("paid",), ("total",), "change", "实收减应付"),
    _Rule(("goods", "shipping"), ("discount",), "total", "商品总额加运费减优惠"),
)
_TOTALS = ("total", "sum", "amount")
"""Where the sum of all stands, the surest first."""

_Figures = Mapping[str, Sequence[_Figure]]


def leaves(record: Mapping[str, Any], path: str = "") -> Iterator[Leaf]:
    """The values of a record at any depth; values in a list go by its label: 明细[0].单价, 单价[0]."""
    for label, value in record.items():
        yield from _leaves(label, f"{path}.{label}" if path else label, value)


def contradictions(record: Mapping[str, Any], path: str = "") -> Iterator[Problem]:
    """What does not add up, in the record and in each row of its lists."""
    figures = _figures(leaf for leaf in leaves(record, path) if _is_own(leaf, path))
    rows = list(_rows(record, path))
    if not rows:
        yield from _product(figures)
    yield from _by_rules(figures)
    yield from _in_words(figures)
    for row in rows:
        yield from _product(_figures(row))
    yield from _whole([_figures(row) for row in rows], figures)


def _leaves(label: str, path: str, value: Any) -> Iterator[Leaf]:
    if isinstance(value, Mapping):
        yield from leaves(value, path)
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _leaves(label, f"{path}[{index}]", part)
    elif isinstance(value, str) or (isinstance(value, int | float) and not isinstance(value, bool)):
        yield Leaf(label, path, str(value))


def _is_own(leaf: Leaf, path: str) -> bool:
    return "[" not in leaf.path[len(path) :]


def _rows(record: Mapping[str, Any], path: str) -> Iterator[list[Leaf]]:
    """Rows of what was sold: a list of records, or lists side by side ({"单价": [...], "数量": [...]})."""
    beside: dict[int, list[Leaf]] = {}
    for label, value in record.items():
        here = f"{path}.{label}" if path else label
        if isinstance(value, Mapping):
            yield from _rows(value, here)
        for index, part in enumerate(value if isinstance(value, list) else ()):
            if isinstance(part, Mapping):
                yield list(leaves(part, f"{here}[{index}]"))
            elif part_of(label):
                beside.setdefault(index, []).extend(_leaves(label, f"{here}[{index}]", part))
    yield from beside.values()


def _figures(found: Iterable[Leaf]) -> _Figures:
    figures: dict[str, list[_Figure]] = {}
    for leaf in found:
        part = part_of(leaf.label)
        reader = {"quantity": read_quantity, "words": read_words}.get(part or "", read_amount)
        value = reader(leaf.text) if part else None
        if part and value is not None:
            figures.setdefault(part, []).append(_Figure(leaf.path, leaf.text, value))
    return figures


def _one(figures: _Figures, part: str) -> _Figure | None:
    """The only figure of its part; where there are two, nobody knows which is meant."""
    found = figures.get(part, ())
    return found[0] if len({figure.value for figure in found}) == 1 else None


def _product(figures: _Figures) -> Iterator[Problem]:
    quantity, price, amount = (_one(figures, part) for part in ("quantity", "price", "amount"))
    if quantity and price and amount and abs(quantity.value * price.value - amount.value) > _CENT:
        made = _written(quantity.value * price.value)
        message = f"数量 {quantity.text} × 单价 {price.text} = {made}，与“{amount.text}”不一致。"
        yield Problem("product_differs", message, amount.path)


def _by_rules(figures: _Figures) -> Iterator[Problem]:
    for rule in _RULES:
        result = _one(figures, rule.result)
        plus = [_one(figures, part) or _stand_in(figures, part, result) for part in rule.plus]
        minus = [_one(figures, part) for part in rule.minus]
        if result is None or None in plus or None in minus:
            continue
        made = sum((abs(f.value) * sign for fs, sign in ((plus, 1), (minus, -1)) for f in fs if f), Decimal(0))
        if abs(made - abs(result.value)) > _CENT:
            message = f"{rule.says}等于 {_written(made)}，与“{result.text}”不一致。"
            yield Problem("sum_differs", message, result.path)


def _stand_in(figures: _Figures, part: str, result: _Figure | None) -> _Figure | None:
    """金额 or 合计 beside 税额 and 价税合计 is the net sum, unless it says what 价税合计 says."""
    if part != "net" or result is None:
        return None
    found = _one(figures, "sum") or _one(figures, "amount")
    return found if found and found.value != result.value else None


def _in_words(figures: _Figures) -> Iterator[Problem]:
    words = _one(figures, "words")
    known = next((found for part in _TOTALS if (found := figures.get(part))), ())
    if words and known and all(figure.value != words.value for figure in known):
        message = f"大写“{words.text}”是 {_written(words.value)}，小写是“{known[0].text}”。"
        yield Problem("words_differ", message, words.path)


def _whole(rows: Sequence[_Figures], figures: _Figures) -> Iterator[Problem]:
    """The rows come to one of the record's sums, before or after tax, shipping and discount."""
    amounts = [_row_amount(row) for row in rows]
    known = [figure for part in ("net", *_TOTALS, "goods") for figure in figures.get(part, ())]
    if not amounts or None in amounts or not known:
        return
    net = sum((amount for amount in amounts if amount is not None), Decimal(0))
    taxes = sum((_size(_one(row, "tax")) for row in rows), Decimal(0))
    tax, shipping, discount = (_size(_one(figures, part)) for part in ("tax", "shipping", "discount"))
    possible = {net, net + taxes, net + tax, net + shipping - discount}
    tolerance = _CENT * len(rows)
    if all(abs(figure.value - value) > tolerance for figure in known for value in possible):
        message = f"{len(rows)} 行相加等于 {_written(net)}，与“{known[0].text}”不一致。"
        yield Problem("rows_differ", message, known[0].path)


def _row_amount(row: _Figures) -> Decimal | None:
    """What the row comes to; where it does not say, quantity times price."""
    amount = _one(row, "amount") or _one(row, "total")
    if amount:
        return amount.value
    quantity, price = _one(row, "quantity"), _one(row, "price")
    return quantity.value * price.value if quantity and price else None


def _size(figure: _Figure | None) -> Decimal:
    return abs(figure.value) if figure else Decimal(0)


def _written(value: Decimal) -> str:
    return f"{value:,.2f}" if value == round(value, 2) else f"{value.normalize():f}"
