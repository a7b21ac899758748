"""What /v1/usage takes and gives."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from kantu.service.usage.repository import DIMENSIONS, Dimension, Scope, Total


class UsageFilter(BaseModel):
    """要看的用量；没给的不限。"""

    model_config = ConfigDict(extra="forbid")

    since: date | None = Field(None, description="从哪一天起（含，UTC）")
    until: date | None = Field(None, description="到哪一天为止（含，UTC）")
    actor_id: str | None = Field(None, max_length=64, description="密钥或人员的编号")
    task: str | None = Field(None, max_length=100, description="任务的名字；chat 是提问，decisions 是判断")
    model: str | None = Field(None, max_length=255)
    by: list[Dimension] = Field(
        list(DIMENSIONS),
        min_length=1,
        max_length=len(DIMENSIONS),
        description="按什么分开合计",
    )

    def scope(self) -> Scope:
        """What is asked of the table."""
        since, until = (None if day is None else day.isoformat() for day in (self.since, self.until))
        return Scope(None, self.actor_id, self.task, self.model, since, until)

    @property
    def dimensions(self) -> list[Dimension]:
        """Each once, in the order of the table."""
        return [name for name in DIMENSIONS if name in self.by]


class UsageQuery(UsageFilter):
    """要看的用量的一部分。"""

    limit: int = Field(1000, ge=1, le=10_000, description="最多多少行")


class UsageTotal(BaseModel):
    """一行合计；没有按它分开的是 null。"""

    day: str | None = Field(description="UTC 的日子，2026-01-31")
    actor_id: str | None
    actor_name: str | None = Field(description="密钥或人员的名字")
    tenant: str | None
    task: str | None
    model: str | None
    requests: int
    visual_tokens: int
    output_tokens: int

    @classmethod
    def of(cls, total: Total) -> UsageTotal:
        spent = total.spent
        return cls(
            day=total.day,
            actor_id=total.actor_id,
            actor_name=total.actor_name,
            tenant=total.tenant,
            task=total.task,
            model=total.model,
            requests=spent.requests,
            visual_tokens=spent.visual_tokens,
            output_tokens=spent.output_tokens,
        )


class UsageList(BaseModel):
    """用量。有日子的按日子，别的用得多的在前。"""

    object: Literal["list"] = "list"
    data: list[UsageTotal]
    has_more: bool
