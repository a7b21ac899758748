"""How stages talk over HTTP: a POST with a request as JSON, pictures in it as base64, and an answer as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pydantic import TypeAdapter

from kantu.contenders.pipeline import parts
from kantu.contenders.pipeline.parts import STAGES, StageName
from kantu.contenders.pipeline.seen import Seen
from kantu.errors import KantuError, OverloadedError, error, row_of


@dataclass(frozen=True)
class Wire:
    """The two messages of a stage."""

    request: TypeAdapter[Any]
    answer: TypeAdapter[Any]


WIRES: Mapping[StageName, Wire] = MappingProxyType(
    {
        "intake": Wire(TypeAdapter(parts.Upload), TypeAdapter(parts.Prepared)),
        "ocr": Wire(TypeAdapter(parts.Prepared), TypeAdapter(parts.Lines)),
        "vision": Wire(TypeAdapter(parts.VisionRequest), TypeAdapter(Seen)),
        "describe": Wire(TypeAdapter(parts.DescribeRequest), TypeAdapter(str)),
        "prompt": Wire(TypeAdapter(parts.PromptRequest), TypeAdapter(parts.Prompt)),
        "language": Wire(TypeAdapter(parts.CompletionRequest), TypeAdapter(parts.Completion)),
        "finish": Wire(TypeAdapter(parts.FinishRequest), TypeAdapter(str)),
    }
)


@dataclass(frozen=True)
class Told:
    """An error as it travels."""

    code: str
    message: str
    message_en: str
    param: str | None = None
    retry_after_seconds: float | None = None

    @classmethod
    def of(cls, failure: KantuError) -> Told:
        rest = failure.retry_after_seconds if isinstance(failure, OverloadedError) else None
        return cls(failure.code, failure.message, failure.message_en, failure.param, rest)

    def raised(self, name: StageName, status: int) -> KantuError:
        """The error that a stage has raised; that it failed, where its code is none of ours."""
        row = row_of(self.code)
        if row is None:
            return error("stage_failed", stage=STAGES[name], status=status)
        more: dict[str, Any] = {}
        if issubclass(row.kind, OverloadedError):
            more["retry_after_seconds"] = self.retry_after_seconds or 0.0
        return row.kind(self.code, self.message, self.message_en, param=self.param, **more)


@dataclass(frozen=True)
class Refusal:
    """What a stage answers that has no answer, in the envelope of all of Kantu's services."""

    error: Told


REFUSAL: TypeAdapter[Refusal] = TypeAdapter(Refusal)
