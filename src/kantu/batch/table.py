"""Results as a table: a row for each input, first its own columns, then the record's fields by their titles."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kantu.solve.labels import label_of
from kantu.tasks.field_path import is_inside

Cell = str | int | float | None
Line = Mapping[str, Any]
"""See `kantu.batch.results.ResultFile.add`."""

ANSWER = "结果"
"""The column of a result without fields of its own: prose, or a list."""
CONFIDENCE, REVIEW, REASONS, WARNINGS = "把握", "需人工复核", "复核原因", "提示"
LABEL, SUGGESTION, CODE, MESSAGE = "标识", "建议这样问", "错误代码", "错误"
_CONFIDENCE_OF, _BOX_OF = "把握：", "位置："
_BOX = "bbox_2d"
_SEVERAL = "、"


@dataclass(frozen=True)
class Table:
    """Rows under columns, each with a cell for each column. Its rows can be gone through again and again."""

    columns: tuple[str, ...]
    rows: Callable[[], Iterator[tuple[Cell, ...]]]


def table_of(schema: Mapping[str, Any] | None, lines: Callable[[], Iterable[Line]]) -> Table:
    """The table of results.

    Args:
        schema: of the task's records; None where they are prose.
        lines: the results, which are gone through twice: for the columns, and for the rows.
    """
    given: dict[str, None] = {}
    fields: dict[str, None] = {}
    sure: dict[str, None] = {}
    placed: dict[str, None] = {}
    others: dict[str, None] = {}
    for line in lines():
        given.update(dict.fromkeys(line["input"]))
        fields.update(dict.fromkeys(_values(line)))
        sure.update(dict.fromkeys(_confidences(line)))
        placed.update(dict.fromkeys(_boxes(line)))
        others.update((name, None) for name, cell in _others(line).items() if cell is not None)
    titles = {name: _title(schema, name, given) for name in fields}
    titles |= {name: _title(schema, name, given) for name in (*sure, *placed) if name not in titles}
    last = [name for name in _OTHERS if name in others]
    columns = (
        *given,
        *(titles[name] for name in fields),
        *(name if name not in given else f"{name}（结果）" for name in last),
        *(f"{_CONFIDENCE_OF}{titles[name]}" for name in sure if name),
        *(f"{_BOX_OF}{titles[name]}" for name in placed),
    )

    def rows() -> Iterator[tuple[Cell, ...]]:
        for line in lines():
            values, other, confidences, boxes = _values(line), _others(line), _confidences(line), _boxes(line)
            yield (
                *(_cell(schema, "", line["input"].get(name)) for name in given),
                *(_cell(schema, name, values.get(name)) for name in fields),
                *(other[name] for name in last),
                *(confidences.get(name) for name in sure if name),
                *(boxes.get(name) for name in placed),
            )

    return Table(columns, rows)


_OTHERS = (CONFIDENCE, REVIEW, REASONS, WARNINGS, LABEL, SUGGESTION, CODE, MESSAGE)


def _others(line: Line) -> dict[str, Cell]:
    """What is neither given nor a field."""
    found: dict[str, Cell] = dict.fromkeys(_OTHERS)
    failure, result = line["error"], line["result"]
    if failure is not None:
        return {**found, REVIEW: "是", CODE: failure["code"], MESSAGE: failure["message"]}
    review, suggestion = result["review"], result["suggestion"]
    return {
        **found,
        CONFIDENCE: _rounded(result["confidence"]),
        REVIEW: "是" if review["needed"] else "否",
        REASONS: "\n".join(review["reasons"]) or None,
        WARNINGS: "\n".join(warning["message"] for warning in result["warnings"]) or None,
        LABEL: None if result["label"] is None else result["label"]["sentence"],
        SUGGESTION: None if suggestion is None else "\n".join((suggestion["message"], *suggestion["questions"])),
    }


def _values(line: Line) -> dict[str, Any]:
    """The record's fields by name; what has none is the field ""."""
    record = None if line["result"] is None else line["result"]["result"]
    if isinstance(record, dict):
        return {name: value for name, value in record.items() if name != _BOX}
    return {} if record is None else {"": record}


def _confidences(line: Line) -> dict[str, Cell]:
    """Of fields as a whole."""
    found = {} if line["result"] is None else line["result"]["fields"]
    names = _values(line)
    return {name: _rounded(found[name]["confidence"]) for name in names if name in found and _sure(found[name])}


def _sure(found: Mapping[str, Any]) -> bool:
    return found["confidence"] is not None


def _boxes(line: Line) -> dict[str, str]:
    """Where a field and what is in it stand, in pixels; those of a record that is one thing are the field ""."""
    boxes: dict[str, list[str]] = {}
    for path, found in ({} if line["result"] is None else line["result"]["fields"]).items():
        boxes.setdefault(_outermost(path, _values(line)), []).extend(map(_box, found["boxes"]))
    return {name: "\n".join(texts) for name, texts in boxes.items() if texts}


def _outermost(path: str, names: Iterable[str]) -> str:
    """The field that a path belongs to."""
    return next((name for name in names if path == name or is_inside(path, name)), "")


def _box(box: Mapping[str, int]) -> str:
    text = f"[{box['x1']}, {box['y1']}, {box['x2']}, {box['y2']}]"
    return text if box["picture"] == 0 else f"第 {box['picture'] + 1} 张 {text}"


def _title(schema: Mapping[str, Any] | None, name: str, given: Mapping[str, None]) -> str:
    title = label_of(schema, name) or ANSWER
    return f"{title}（结果）" if title in given else title


def _rounded(confidence: float | None) -> float | None:
    return None if confidence is None else round(confidence, 4)


def _cell(schema: Mapping[str, Any] | None, path: str, value: Any) -> Cell:
    """A value in one cell: lists of plain values side by side, of others below each other."""
    if value is None or isinstance(value, str | int | float):
        return ("是" if value else "否") if isinstance(value, bool) else value
    if isinstance(value, dict):
        inside = {name: each for name, each in value.items() if name != _BOX and each is not None}
        return "；".join(f"{_name(schema, path, name)} {_cell(schema, path, each)}" for name, each in inside.items())
    plain = not any(isinstance(each, dict | list) for each in value)
    texts = [str(_cell(schema, f"{path}[0]", each)) for each in value if each is not None]
    return (_SEVERAL if plain else "\n").join(texts) or None


def _name(schema: Mapping[str, Any] | None, path: str, name: str) -> str:
    """What a field within a field is called."""
    return label_of(schema, f"{path}.{name}").rpartition(" ")[2]
