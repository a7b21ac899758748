"""What clients see of stored resources: one, or a page of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, Literal, Protocol, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field


class FromRecord(BaseModel):
    """Made of a record by `model_validate`: each field is the attribute of its name, or of its `validation_alias`."""

    model_config = ConfigDict(from_attributes=True)


class ListQuery(BaseModel):
    """Which page."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    limit: int = Field(20, ge=1, le=100, description="最多多少个")
    after: str | None = Field(None, description="从这一个之后开始")


class _Identified(Protocol):
    @property
    def id(self) -> str: ...


ObjectT = TypeVar("ObjectT", bound=FromRecord)


class ListOf(BaseModel, Generic[ObjectT]):
    """A page: OpenAI's shape."""

    object: Literal["list"] = "list"
    data: list[ObjectT]
    first_id: str | None
    last_id: str | None
    has_more: bool

    @classmethod
    def of(cls, found: Sequence[_Identified], has_more: bool) -> Self:
        """The page of some records, or of objects made of them."""
        first, last = (found[0].id, found[-1].id) if found else (None, None)
        return cls.model_validate({"data": found, "first_id": first, "last_id": last, "has_more": has_more})
