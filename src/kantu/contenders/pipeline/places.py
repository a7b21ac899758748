"""Where things stand, which a model that has not seen the picture cannot say: it names them, and they are looked up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from kantu.contenders.pipeline.describe import thousandths
from kantu.contenders.pipeline.parts import Picture
from kantu.contenders.pipeline.seen import Box, Kind
from kantu.solve.boxes import KEY, hull
from kantu.solve.printed import boxes_of, near_places, places
from kantu.tasks.plain import plain

_NAMES = ("label", "text")  # keys of a record that name what has a box
_CONTROLS: tuple[Kind, ...] = ("button", "switch", "checkbox", "radio", "slider", "tab", "input")
_KINDS: Mapping[str, tuple[Kind, ...]] = MappingProxyType(
    {
        "按钮": ("button",),
        "开关": ("switch",),
        "标签": ("tab",),
        "复选框": ("checkbox",),
        "单选框": ("radio",),
        "输入框": ("input",),
        "滑块": ("slider",),
        "图标": ("icon", "picture"),
        "图案": ("icon", "picture"),
        "的图": ("icon", "picture"),
        "点": _CONTROLS,
        "按": _CONTROLS,
        "操作": _CONTROLS,
        "勾选": _CONTROLS,
    }
)
"""Words of a question or a record that say that an element is meant, and not the words printed on it."""

_NOWHERE = [0, 0, 0, 0]
_MOST_DEPTH = 8  # of $ref in $ref


def without_boxes(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of what a text model can answer: no object in it has a box."""
    stripped: dict[str, Any] = _stripped(schema)
    return stripped


def with_boxes(record: Any, schema: Mapping[str, Any], question: str, pictures: Sequence[Picture]) -> Any:
    """The record with the boxes that its schema wants, in thousandths, each looked up by what it is called.

    Of things that are told to be found, those that are not there are left out; parts of other records stand nowhere.
    A thing that is named again has the next place of that name.
    """
    return _Placing(schema, question, pictures).placed(record, schema)


class _Placing:
    """Fills one record; remembers how often each name was placed."""

    def __init__(self, schema: Mapping[str, Any], question: str, pictures: Sequence[Picture]) -> None:
        self._root, self._question, self._pictures = schema, question, pictures
        self._placed: dict[tuple[str, str], int] = {}

    def placed(self, value: Any, schema: Mapping[str, Any]) -> Any:
        schema = self._resolved(schema)
        if isinstance(value, list) and isinstance(schema.get("items"), Mapping):
            parts = [self.placed(part, schema["items"]) for part in value]
            return [part for part in parts if not self._says_nothing(part, schema["items"])]
        properties = schema.get("properties")
        if not isinstance(value, dict) or not isinstance(properties, Mapping):
            return value
        found = {key: self.placed(part, properties.get(key, {})) for key, part in value.items()}
        if KEY not in properties:
            return found
        found[KEY] = self._box(found) or found.get(KEY, _NOWHERE)
        return {key: found[key] for key in (*properties, *found) if key in found}  # in the schema's order

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        for _ in range(_MOST_DEPTH):
            reference = schema.get("$ref")
            if not isinstance(reference, str):
                return schema
            schema = self._root
            for step in reference.removeprefix("#/").split("/"):
                schema = schema.get(step, {})
        return schema

    def _says_nothing(self, part: Any, schema: Mapping[str, Any]) -> bool:
        """A name and no place."""
        names_only = len(self._resolved(schema).get("properties", ())) == 2
        return names_only and isinstance(part, dict) and part.get(KEY) == _NOWHERE

    def _box(self, record: Mapping[str, Any]) -> list[int] | None:
        name = next((record[key] for key in _NAMES if isinstance(record.get(key), str)), "")
        said = record["kind"] if isinstance(record.get("kind"), str) else self._question.replace(name, "")
        kinds = next((kinds for word, kinds in _KINDS.items() if word in said), ())
        mark = (name, said)
        found = list(_places(name, kinds, self._pictures))
        number = self._placed.get(mark, 0)
        self._placed[mark] = number + 1
        return found[min(number, len(found) - 1)] if found else None


def _places(name: str, kinds: Sequence[Kind], pictures: Sequence[Picture]) -> Iterator[list[int]]:
    """Where something of this name stands: elements of the kinds that are meant, else printed lines, else elements."""
    if not name.strip():
        return
    for picture in pictures:
        boxes = [*_elements(name, kinds, picture)] or [*_printed(name, picture)] or [*_named(name, picture)]
        yield from (thousandths(box, picture.size) for box in boxes)


def _named(name: str, picture: Picture) -> Iterator[Box]:
    return (e.box for e in picture.seen.elements if plain(name) in (plain(e.text), plain(e.label)))


def _elements(name: str, kinds: Sequence[Kind], picture: Picture) -> Iterator[Box]:
    meant = [element for element in picture.seen.elements if element.kind in kinds]
    named = [e for e in meant if plain(name) in (plain(e.text), plain(e.label))]
    named = named or [e for e in meant if plain(name) in plain(e.text + e.label)]
    if not named and len(meant) == 1 and not (meant[0].text or meant[0].label):
        named = meant  # the only one, and nothing says that it is another
    yield from (element.box for element in named)


def _printed(name: str, picture: Picture) -> Iterator[Box]:
    for place in places(name, picture.lines) or near_places(name, picture.lines):
        yield hull(boxes_of(place, picture.lines))


def _stripped(part: Any) -> Any:
    if isinstance(part, list):
        return [_stripped(each) for each in part]
    if not isinstance(part, Mapping):
        return part
    kept = {key: _stripped(each) for key, each in part.items()}
    if isinstance(kept.get("properties"), dict) and KEY in kept["properties"]:
        del kept["properties"][KEY]
        if isinstance(kept.get("required"), list):
            kept["required"] = [name for name in kept["required"] if name != KEY]
    return kept
