"""A user's own task: a YAML file -> a `Task`. docs/tasks.md tells how such a file is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from kantu.errors import InvalidRequestError, Words, error, expected_by, listed
from kantu.json_schema import applied, or_null, properties
from kantu.tasks import field_path, record_judges, wording
from kantu.tasks.builtin import TASKS
from kantu.tasks.problem import Problem
from kantu.tasks.result_type import SchemaType
from kantu.tasks.task import Example, Task
from kantu.tasks.yaml_source import Place, YamlSource, read_yaml

Form = Callable[[str], Problem | None]
"""a value's text -> what is wrong with it, its field left open; None where nothing is"""

_Text = Annotated[str, Field(min_length=1)]
_BUILT_IN = Words("内置任务", "built in")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Field(_Part):
    """A field in short: `label: what it is`, or a mapping, or nothing."""

    type: Literal["string", "integer", "number", "boolean", "list"] = "string"
    description: str = ""
    choices: Annotated[list[_Text], Field(min_length=1)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _in_short(cls, written: Any) -> Any:
        return {"description": written} if isinstance(written, str) else {} if written is None else written


class _Example(_Part):
    picture: _Text
    variables: dict[str, str] = Field(default_factory=dict)
    expected: dict[str, Any]


class _TaskFile(_Part):
    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")
    title: Annotated[str, Field(min_length=1, max_length=60)]
    instruction: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
    variables: dict[str, str] = Field(default_factory=dict)
    fields: Annotated[dict[str, _Field], Field(min_length=1)] | None = None
    result_schema: dict[str, Any] | None = Field(None, alias="schema")
    labels: dict[str, Annotated[dict[str, _Text], Field(min_length=1)]] = Field(default_factory=dict)
    validators: dict[str, str] = Field(default_factory=dict)
    printed: list[str] = Field(default_factory=list)
    max_pixels: int | None = Field(None, ge=32 * 32)
    review_below: float | None = Field(None, ge=0, le=1)
    examples: list[_Example] = Field(default_factory=list)


def read_task(path: Path, forms: Mapping[str, Form]) -> Task:
    """The task that a file describes.

    Args:
        forms: what `validators` may name.

    Raises InvalidRequestError (`task_invalid`), which names the line and the key at fault.
    """
    source = read_yaml(path)
    written = _checked(source)
    if written.name in TASKS:
        line = source.line(("name",))
        raise error("task_invalid.name_taken", file=source.file, line=line, name=written.name, owner=_BUILT_IN)
    result = _result(source, written)
    _check_labels(source, written, result)
    _check_printed(source, written, result)
    task = Task(
        written.name,
        written.title,
        record_judges.equal_fields,
        instruction=_instruction(source, written, result),
        defaults=MappingProxyType(dict(written.variables)),
        result=result,
        max_pixels=written.max_pixels,
        checks=tuple(_form_checks(source, written, result, forms)),
        printed=tuple(written.printed),
        review_below=written.review_below,
    )
    _check_defaults(source, task)
    return replace(task, examples=tuple(_examples(source, written, task, result, path.parent)))


def _checked(source: YamlSource) -> _TaskFile:
    """The file's contents, each key known and of its type."""
    if not isinstance(source.value, dict):
        raise error("task_invalid.mapping", file=source.file, line=source.line(()))
    try:
        return _TaskFile.model_validate(source.value)
    except ValidationError as failure:
        faults = failure.errors(include_url=False)
        # A key that is missing may be one that is misspelt: the latter is told.
        first = min(faults, key=lambda one: (one["type"] == "missing", source.line(one["loc"])))
    place = first["loc"]
    key, line = str(place[-1]), source.line(place)
    if first["type"] == "extra_forbidden":
        parts: Mapping[str, type[_Part]] = {"fields": _Field, "examples": _Example}
        part = parts[str(place[0])] if place[1:] else _TaskFile
        known = listed(each.alias or name for name, each in part.model_fields.items())
        raise error("task_invalid.unknown_key", file=source.file, line=line, key=key, known=known)
    if first["type"] == "missing":
        raise error("task_invalid.missing_key", file=source.file, line=line, key=key)
    if place == ("name",) and first["type"] == "string_pattern_mismatch":
        raise error("task_invalid.name", file=source.file, line=line)
    expected = expected_by([first]) or Words("写法无效", "it is invalid")
    raise error("task_invalid.value", file=source.file, line=line, key=_named(place), expected=expected)


def _result(source: YamlSource, written: _TaskFile) -> SchemaType:
    """What the task answers: `schema` as it is, or what `fields` say."""
    if (written.fields is None) == (written.result_schema is None):
        place: Place = () if written.fields is None else ("schema",)
        raise error("task_invalid.fields_or_schema", file=source.file, line=source.line(place))
    if written.fields is not None:
        return SchemaType(_schema_of(source, written.fields, written.labels))
    assert written.result_schema is not None
    try:
        result = SchemaType(written.result_schema)
    except InvalidRequestError as failure:
        why = Words(failure.message, failure.message_en)
        raise error("task_invalid.schema", file=source.file, line=source.line(("schema",)), why=why) from None
    return result


def _schema_of(
    source: YamlSource, fields: Mapping[str, _Field], labels: Mapping[str, Mapping[str, str]]
) -> dict[str, Any]:
    """The schema of fields in short. Each is answered, with null where the picture does not show it."""
    made: dict[str, Any] = {}
    for name, each in fields.items():
        choices = each.choices or list(labels.get(name, ()))
        if choices and each.type != "string":
            raise error("task_invalid.choices", file=source.file, line=source.line(("fields", name)), field=name)
        told = {"description": each.description} if each.description else {}
        if each.type == "list":
            made[name] = {**told, "type": "array", "items": {"type": "string"}}
        else:
            made[name] = or_null({**told, **({"enum": choices} if choices else {"type": each.type})})
    return {"type": "object", "properties": made, "required": list(made), "additionalProperties": False}


def _instruction(source: YamlSource, written: _TaskFile, result: SchemaType) -> str:
    """The user's words, then what fields and values mean."""
    stray = wording.stray_braces(written.instruction)
    if stray is not None:
        raise error("task_invalid.braces", file=source.file, line=source.line(("instruction",)), text=stray)
    described = {
        name: str(child["description"]).strip()
        for name, child in properties(result.schema, result.schema).items()
        if isinstance(child, dict) and child.get("description")
    }
    told = wording.notes(described, written.labels)
    return wording.format_of(written.instruction) + wording.escaped(told)


def _check_defaults(source: YamlSource, task: Task) -> None:
    for name in task.defaults:
        if name not in task.variables:
            line = source.line(("variables", name))
            raise error("task_invalid.default", file=source.file, line=line, name=name, places=_or_none(task.variables))


def _check_labels(source: YamlSource, written: _TaskFile, result: SchemaType) -> None:
    """Labels tell of values that their field can have."""
    for name, meanings in written.labels.items():
        _, schema = _field(source, ("labels", name), name, result)
        values = [value for node in applied(result.schema, schema) for value in node.get("enum", ())]
        for value in meanings:
            if value not in values:
                line = source.line(("labels", name, value))
                shown = _or_none([each for each in values if each is not None])
                raise error("task_invalid.label", file=source.file, line=line, field=name, value=value, values=shown)


def _check_printed(source: YamlSource, written: _TaskFile, result: SchemaType) -> None:
    known = properties(result.schema, result.schema)
    for index, name in enumerate(written.printed):
        if name not in known and name != "*":
            line = source.line(("printed", index))
            fields = listed(known)
            raise error("task_invalid.field", file=source.file, line=line, key="printed", field=name, fields=fields)


@dataclass(frozen=True)
class FormCheck:
    """Has the values of one field looked at by a form."""

    steps: field_path.Steps
    form: Form

    def __call__(self, result: Any, given: Mapping[str, str]) -> Iterator[Problem]:
        """The field's problems, each with its path. What the picture does not show has no form."""
        for path, value in field_path.values(result, self.steps):
            problem = None if value is None or value == "" else self.form(str(value))
            if problem is not None:
                yield replace(problem, field=path)


def _form_checks(
    source: YamlSource, written: _TaskFile, result: SchemaType, forms: Mapping[str, Form]
) -> Iterator[FormCheck]:
    for name, form in written.validators.items():
        steps, _ = _field(source, ("validators", name), name, result)
        if form not in forms:
            line = source.line(("validators", name))
            raise error("task_invalid.form", file=source.file, line=line, form=form, forms=_or_none(forms))
        yield FormCheck(steps, forms[form])


def _examples(
    source: YamlSource, written: _TaskFile, task: Task, result: SchemaType, folder: Path
) -> Iterator[Example]:
    for index, each in enumerate(written.examples):
        place = ("examples", index)
        picture = _inside(folder, each.picture)
        if picture is None:
            line = source.line((*place, "picture"))
            raise error("task_invalid.picture", file=source.file, line=line, picture=each.picture)
        try:
            task.instruct(**each.variables)
        except InvalidRequestError as failure:
            why, line = Words(failure.message, failure.message_en), source.line((*place, "variables"))
            raise error("task_invalid.given", file=source.file, line=line, why=why) from None
        misfit = result.misfit(each.expected)
        if misfit is not None:
            at = (*place, "expected", *misfit)
            raise error("task_invalid.expected", file=source.file, line=source.line(at), key=_named(at))
        yield Example(picture, MappingProxyType(dict(each.variables)), MappingProxyType(each.expected))


def _inside(folder: Path, name: str) -> Path | None:
    """The file of that name, unless there is none or it lies elsewhere."""
    try:
        path = (folder / name).resolve(strict=True)
        return path if path.is_file() and path.is_relative_to(folder.resolve()) else None
    except (OSError, ValueError):  # a name that no file can have
        return None


def _field(source: YamlSource, place: Place, name: str, result: SchemaType) -> tuple[field_path.Steps, Any]:
    found = field_path.find(result.schema, name)
    if found is None:
        fields = listed(properties(result.schema, result.schema))
        raise error(
            "task_invalid.field", file=source.file, line=source.line(place), key=place[0], field=name, fields=fields
        )
    return found


def _named(place: Place) -> str:
    return ".".join(map(str, place))


def _or_none(names: Any) -> Words:
    found = listed(names)
    return found if found.zh else Words("无", "none")
