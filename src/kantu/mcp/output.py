"""What a tool gives: the schema of its structured content, and the result in a few words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kantu.json_schema import subschemas, with_uri_references
from kantu.solve.labels import label_of
from kantu.solve.result import TaskResult
from kantu.solve.told import told_lines
from kantu.tasks.task import Task

_RECORD = "Record"  # where a task's own schema stands among the definitions
_MOST_CHARACTERS = 4_000  # of the words; all of it is in the structured content


def output_schema(task: Task) -> dict[str, Any]:
    """The JSON schema of a `TaskResult` with the task's own record."""
    schema = TaskResult[Any].model_json_schema(mode="serialization")
    for _, node in list(subschemas(schema)):
        for told in ("title", "description", "default"):  # of Python's; clients pay for every word
            node.pop(told, None)
    schema["$defs"][_RECORD] = _moved(task.schema() or {"type": "string"})
    schema["properties"]["result"] = {"anyOf": [{"$ref": f"#/$defs/{_RECORD}"}, {"type": "null"}]}
    return {**schema, "title": task.title}


def in_words(task: Task, result: TaskResult[Any]) -> str:
    """The result for whoever reads no JSON: its values, and what a person should look at."""
    said = "\n".join(_lines(task, result))
    return said if len(said) <= _MOST_CHARACTERS else said[:_MOST_CHARACTERS] + "……（全文在 structuredContent 里）"


def _lines(task: Task, result: TaskResult[Any]) -> Iterator[str]:
    schema = task.schema()
    for path, value, found in told_lines(result):
        label = label_of(schema, path)
        line = f"{label}：{'（图中没有）' if value is None else value}" if label else str(value)
        yield line if found.confidence is None else f"{line}（把握 {found.confidence:.0%}）"
        yield from (f"  注意：{problem.message}" for problem in found.problems)
    if result.suggestion is not None:
        yield result.suggestion.message
        yield from result.suggestion.questions
    if result.label is not None and result.label.sentence is not None:
        yield result.label.sentence
    yield from (f"注意：{warning.message}" for warning in result.warnings)
    if result.review.needed:
        yield "需人工复核：" + "；".join(reason.rstrip("。") for reason in result.review.reasons)


def _moved(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema as part of another: what it refers to has moved with it, and it has no address of its own."""
    moved = with_uri_references(schema)
    for _, node in list(subschemas(moved)):
        for address in ("$schema", "$id", "id", "$anchor"):
            node.pop(address, None)
        if isinstance(reference := node.get("$ref"), str):
            node["$ref"] = f"#/$defs/{_RECORD}" + reference[1:]
    return moved
