"""What a typed answer is: its JSON schema, which constrains the model, and how the answer is read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import jsonschema_rs
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from kantu.errors import error
from kantu.json_schema import NOT_ENFORCED, at, is_costly, properties, subschemas, with_uri_references

_MOST_STEPS = 100_000  # of checking an answer; one of a hundred fields takes some hundred


class ResultType(Protocol):
    """The type of a task's result."""

    @property
    def schema(self) -> dict[str, Any]:
        """JSON schema of every answer."""
        ...

    def parse(self, answered: str) -> Any:
        """The result, or None where the answer is not of this type."""
        ...


@dataclass(frozen=True)
class ModelType:
    """Results are instances of a pydantic model."""

    model: type[BaseModel]

    @property
    def schema(self) -> dict[str, Any]:
        """The model's own."""
        return self.model.model_json_schema()

    def parse(self, answered: str) -> BaseModel | None:
        """An instance, or None."""
        try:
            return self.model.model_validate_json(answered)
        except ValidationError:
            return None


@dataclass(frozen=True)
class SchemaType:
    """Results are plain data that fits a JSON schema, which describes an object and its properties.

    Raises InvalidRequestError (`invalid_schema`) for what is no such schema or refers to other documents.
    """

    schema: dict[str, Any]

    def __post_init__(self) -> None:
        _ = self._validator  # raises here what it would raise later
        for path, node in subschemas(self.schema):
            for keyword in NOT_ENFORCED & node.keys():
                raise error("invalid_schema.keyword", at=at((*path, keyword)), keyword=keyword)
        if not properties(self.schema, self.schema):
            raise error("invalid_schema.properties")

    def parse(self, answered: str) -> dict[str, Any] | None:
        """The object, or None."""
        try:
            found = from_json(answered, allow_inf_nan=False)
        except ValueError:
            return None
        if not isinstance(found, dict) or is_costly(self.schema, found, _MOST_STEPS):
            return None
        return found if self._validator.is_valid(found) else None

    def misfit(self, value: Any) -> tuple[str | int, ...] | None:
        """The path to what does not fit the schema, is missing or is too much; None where all fits."""
        first = next(iter(self._validator.iter_errors(value)), None)
        if first is None:
            return None
        path, kind = tuple(first.instance_path), first.kind
        if isinstance(kind, jsonschema_rs.ValidationErrorKind.Required):
            return (*path, kind.property)
        if isinstance(kind, jsonschema_rs.ValidationErrorKind.AdditionalProperties):
            return (*path, kind.unexpected[0])
        return path

    @cached_property
    def _validator(self) -> jsonschema_rs.Validator:
        """Fetches nothing; its patterns take linear time, as whoever writes the schema may mean harm."""
        try:
            schema = with_uri_references(self.schema)
            return jsonschema_rs.validator_for(schema, offline=True, pattern_options=jsonschema_rs.RegexOptions())
        except jsonschema_rs.ValidationError as failure:
            raise error("invalid_schema", at=at([str(part) for part in failure.instance_path])) from None
        except (ValueError, RecursionError):  # no JSON, or some hundred levels deep
            raise error("invalid_schema", at=at(())) from None
