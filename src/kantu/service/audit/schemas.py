"""What /v1/audit takes and gives."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from kantu.service.audit.event import Entry
from kantu.service.audit.lines import Format, time_of
from kantu.service.audit.repository import Search
from kantu.service.audit.verify import Kind, Verdict


class SearchQuery(BaseModel):
    """要找的条目；没给的不限。"""

    model_config = ConfigDict(extra="forbid")

    actor_id: str | None = Field(None, max_length=255, description="密钥或人员的编号")
    tenant: str | None = Field(None, max_length=255)
    action: str | None = Field(None, max_length=32)
    resource: str | None = Field(None, max_length=32)
    target_id: str | None = Field(None, max_length=255, description="被操作的对象的编号")
    result: Literal["ok", "refused", "failed"] | None = None
    request_id: str | None = Field(None, max_length=64)
    address: str | None = Field(None, max_length=64)
    since: datetime | None = Field(None, description="从何时起（含），如 2026-01-31T00:00:00Z；没有时区的按 UTC")
    until: datetime | None = Field(None, description="到何时为止（不含）")

    def search(self) -> Search:
        """What is asked of the table."""
        names = ("actor_id", "tenant", "action", "resource", "target_id", "result", "request_id", "address")
        given: dict[str, Any] = {name: getattr(self, name) for name in names}
        return Search(**given, since_ms=_milliseconds(self.since), until_ms=_milliseconds(self.until))


class PageQuery(SearchQuery):
    """一页，新的在前。"""

    before: int | None = Field(None, ge=1, description="只要这个序号以前的")
    limit: int = Field(100, ge=1, le=1000)


class ExportQuery(SearchQuery):
    """要导出的条目。"""

    format: Format = "jsonl"


class AuditEntry(BaseModel):
    """一条审计记录。"""

    sequence: int
    time: str = Field(description="UTC")
    actor_id: str | None
    actor_kind: str
    role: str | None
    tenant: str | None
    address: str | None
    action: str
    resource: str
    target_id: str | None
    before: str | None = Field(description="改变以前，JSON 文本")
    after: str | None = Field(description="改变以后，或请求的结果与散列值，JSON 文本")
    result: str
    request_id: str | None
    session_id: str | None = Field(description="人在哪个会话里做的")
    mac: str

    @classmethod
    def of(cls, entry: Entry) -> AuditEntry:
        """An entry, as auditors read it; `export` has all of it."""
        values = {name: getattr(entry, name) for name in cls.model_fields if name not in ("time", "mac")}
        return cls(**values, time=time_of(entry.recorded_ms), mac=entry.mac.hex())


class AuditPage(BaseModel):
    """一页审计记录。"""

    object: Literal["list"] = "list"
    data: list[AuditEntry]
    has_more: bool


class FaultObject(BaseModel):
    """链上第一处不对的地方。"""

    kind: Kind = Field(
        description="edited 改过，deleted 删过，truncated 末尾被截，reordered 换过次序，wrong_key 另一把密钥"
    )
    sequence: int = Field(description="第一条不对或缺少的记录的序号")


class VerdictObject(BaseModel):
    """核对的结果。"""

    object: Literal["audit.verdict"] = "audit.verdict"
    ok: bool
    checked: int = Field(description="没有问题的条数")
    first: int
    last: int
    anchors: int = Field(description="相符的锚点数")
    fault: FaultObject | None

    @classmethod
    def of(cls, verdict: Verdict) -> VerdictObject:
        """What was found."""
        fault = verdict.fault
        return cls(
            ok=fault is None,
            checked=verdict.checked,
            first=verdict.first,
            last=verdict.last,
            anchors=verdict.anchors,
            fault=None if fault is None else FaultObject(kind=fault.kind, sequence=fault.sequence),
        )


def _milliseconds(time: datetime | None) -> int | None:
    if time is None:
        return None
    if time.tzinfo is None:
        time = time.replace(tzinfo=UTC)
    return int(time.timestamp() * 1000)
