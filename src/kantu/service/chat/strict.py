"""OpenAI's `strict: true`: what the answer may contain is declared, and nothing else comes.

OpenAI refuses a strict schema that does not say `additionalProperties: false` at every object and does not require
every key. Here an object that declares keys is closed anyway (see `engine.schema_bounds`), so leaving the word out
asks for what strict means, and an optional key harms no one. Only what contradicts strict is refused: an object that
is open by its own words, or declares nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kantu.engine.constraint_errors import not_supported
from kantu.engine.json_schema import subschemas


def check_strict(schema: Mapping[str, Any]) -> None:
    """Refuse a schema that lets undeclared keys in.

    Raises:
        InvalidRequestError: `constraint_not_supported`, naming the place.
    """
    for path, part in subschemas(dict(schema)):
        if part.get("additionalProperties", False) is not False:
            raise not_supported(
                "strict: true 时 additionalProperties 只能是 false",
                "with strict: true additionalProperties can only be false",
                (*path, "additionalProperties"),
            )
        kinds = part.get("type")
        is_object = kinds == "object" or (isinstance(kinds, list) and "object" in kinds)
        if is_object and not part.keys() & {"properties", "additionalProperties", "$ref", "allOf", "anyOf", "oneOf"}:
            raise not_supported(
                "strict: true 时对象要用 properties 列出它的键",
                "with strict: true an object must list its keys in properties",
                path,
            )
