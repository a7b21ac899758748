"""Groups as clients see them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from kantu.service.actor import Limits
from kantu.service.database.schemas import FromRecord, ListOf, ListQuery
from kantu.service.people.schemas import PersonObject

_MOST_TYPED = 256
_MOST = 2**53


class GroupLimits(FromRecord):
    """一组人合用的限额；没有写的不限。"""

    model_config = ConfigDict(extra="forbid")

    requests_per_minute: int | None = Field(None, ge=1, le=_MOST)
    requests_per_day: int | None = Field(None, ge=1, le=_MOST)
    visual_tokens_per_minute: int | None = Field(None, ge=1, le=_MOST)
    visual_tokens_per_day: int | None = Field(None, ge=1, le=_MOST)
    output_tokens_per_minute: int | None = Field(None, ge=1, le=_MOST)
    output_tokens_per_day: int | None = Field(None, ge=1, le=_MOST)

    def limits(self) -> Limits:
        """For the service."""
        return Limits(**self.model_dump())


class ChangeGroup(BaseModel):
    """组的名字和限额，代替原来的。"""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=_MOST_TYPED, description="在它的租户里只有一个")
    limits: GroupLimits = Field(default_factory=GroupLimits, description="组里的人合用；各人自己的限额照样算")


class CreateGroup(ChangeGroup):
    """新的组。"""

    tenant: str = Field(max_length=_MOST_TYPED, description="组里的人都是这个租户的；以后不变")


class ListGroups(ListQuery):
    """哪些组。"""


class GroupObject(FromRecord):
    """一个组：合用一份限额的人。"""

    id: str
    object: Literal["group"] = "group"
    tenant: str
    name: str
    limits: GroupLimits
    created_at: int


class GroupList(ListOf[GroupObject]):
    """一页组，旧的在前。"""


class GroupPeople(BaseModel):
    """组里的人，按登录名。"""

    object: Literal["list"] = "list"
    data: list[PersonObject]
