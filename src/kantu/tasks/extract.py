"""Extraction of the fields that a caller wants: a list of keys, a JSON schema or a pydantic model."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import BaseModel

from kantu.errors import error
from kantu.json_schema import or_null, properties
from kantu.tasks.builtin import EXTRACT
from kantu.tasks.result_type import ModelType, ResultType, SchemaType
from kantu.tasks.task import Task

MOST_KEYS = 64
MOST_CHARACTERS = 60
_BETWEEN = "、"

Wanted = Sequence[str] | Mapping[str, Any] | type[BaseModel]


def extract_task(wanted: Wanted) -> tuple[Task, dict[str, str]]:
    """The task that extracts what is wanted, and what to give for its instruction.

    A list of keys comes to a mapping of each to a text or None. A schema's result may have null wherever a property
    stands, as what the picture does not show is not to be guessed. A model is asked for as it is: it says itself with
    `| None` what the picture may lack.

    Raises InvalidRequestError: `invalid_keys`, `invalid_schema`.
    """
    result = _result_type(wanted)
    names = _names(result.schema)
    return replace(EXTRACT, result=result), {"keys": _BETWEEN.join(names)}


def _result_type(wanted: Wanted) -> ResultType:
    if isinstance(wanted, type) and issubclass(wanted, BaseModel):
        return ModelType(wanted)
    if isinstance(wanted, Mapping):
        return SchemaType(_with_nulls(SchemaType(dict(wanted)).schema))
    keys = list(wanted) if isinstance(wanted, list | tuple) else []
    if not all(map(_is_key, keys)) or not 0 < len(keys) <= MOST_KEYS or len(set(keys)) < len(keys):
        raise error("invalid_keys", most=MOST_KEYS, characters=MOST_CHARACTERS)
    fields = {key: or_null({"type": "string"}) for key in keys}
    return SchemaType({"type": "object", "properties": fields, "required": keys, "additionalProperties": False})


def _is_key(key: Any) -> bool:
    return (
        isinstance(key, str) and 0 < len(key) <= MOST_CHARACTERS and _BETWEEN not in key and key.splitlines() == [key]
    )


def _names(schema: dict[str, Any]) -> list[str]:
    """What the model is told to look for: titles, or names where the titles are only pydantic's."""
    found = properties(schema, schema)
    if not found:
        raise error("invalid_schema.properties")
    return [_title(child) if _title(child) not in ("", _made_up(name)) else name for name, child in found.items()]


def _title(schema: Any) -> str:
    return str(schema.get("title", "")) if isinstance(schema, dict) else ""


def _made_up(name: str) -> str:
    """The title that pydantic makes of a name."""
    return name.title().replace("_", " ").strip()


def _with_nulls(schema: Any) -> Any:
    """The schema with each declared property required, and allowed to be null."""
    if not isinstance(schema, dict):
        return schema
    made = dict(schema)
    for keyword, value in schema.items():
        if keyword in ("properties", "$defs", "definitions") and isinstance(value, dict):
            made[keyword] = {name: _with_nulls(child) for name, child in value.items()}
        elif keyword in ("allOf", "anyOf", "prefixItems", "items") and isinstance(value, list):
            made[keyword] = [_with_nulls(child) for child in value]
        elif keyword in ("items", "additionalProperties"):
            made[keyword] = _with_nulls(value)
    if isinstance(made.get("properties"), dict):
        made["properties"] = {name: or_null(child) for name, child in made["properties"].items()}
        made["required"] = list(dict.fromkeys([*made["properties"], *made.get("required", ())]))
    return made


def typed(task: Task, given: Mapping[str, str]) -> tuple[Task, dict[str, str]]:
    """The task itself; an extraction of keys that are listed in words gets the schema of these keys.

    Raises InvalidRequestError: `invalid_keys`.
    """
    if task is not EXTRACT or "keys" not in given:
        return task, dict(given)
    return extract_task([key for key in re.split(r"[、，,\s]+", given["keys"]) if key])
