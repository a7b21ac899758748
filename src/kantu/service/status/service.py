"""Asks all parts of the service how they are."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

import psutil
from pydantic import BaseModel, Field

from kantu import __version__
from kantu.service.batches.repository import counts_by_state
from kantu.service.database import Database
from kantu.service.disk.room import DiskRoom
from kantu.service.health.readiness import Health
from kantu.service.lifecycle import Lifecycle
from kantu.service.models.registry import ModelRegistry
from kantu.service.models.served import ServedModel
from kantu.service.threads import on_thread

_COUNTERS = ("requests_finished", "requests_failed", "output_tokens", "visual_tokens", "engine_restarts")
_GAUGES = ("waiting", "running", "weight_bytes", "kv_bytes", "kv_used_bytes", "vision_bytes")
_DEVICE = ("device_memory_used_bytes", "device_memory_free_bytes")


class ModelStatus(BaseModel):
    """一个模型和它的引擎。"""

    name: str
    state: str = Field(description="ready 可用；loading、restarting、failed、unresponsive、unreachable、closed 不可用")
    context_tokens: int | None
    max_waiting: int = Field(description="最多多少个请求排队")
    gauges: dict[str, float] = Field(description="现在：排队、进行中、显存和缓存的字节数")
    counters: dict[str, int] = Field(description="启动以来：请求数、词元数、引擎重启次数")


class DiskStatus(BaseModel):
    """数据所在的磁盘。"""

    state: str
    size_bytes: int
    free_bytes: int


class StatusObject(BaseModel):
    """服务的状态。"""

    object: Literal["status"] = "status"
    version: str
    started_at: int
    status: Literal["ok", "degraded", "unavailable"]
    checks: dict[str, str] = Field(description="各项检查，ok 是好的")
    models: list[ModelStatus]
    in_flight_requests: int
    batches: dict[str, int]
    memory_bytes: int = Field(description="HTTP 进程现在用的内存")
    max_memory_bytes: int
    disk: DiskStatus | None = Field(description="读不到时是 null")
    database: str = Field(description="sqlite 或 postgresql")


@dataclass(frozen=True)
class StatusService:
    """Asks the other parts how they are.

    Attributes:
        disk: where files are kept.
    """

    health: Health
    models: ModelRegistry
    database: Database
    disk: DiskRoom
    lifecycle: Lifecycle
    max_memory_bytes: int
    started_at: int = field(default_factory=lambda: int(time.time()))

    async def status(self) -> StatusObject:
        """All of it. Raises StoreError where the database is away."""
        readiness = await self.health.check()
        told = [_of(model) for model in self.models]
        batches: Mapping[str, int] = await self.database.run(counts_by_state, read_only=True)
        memory, disk = await on_thread(_memory_bytes), await on_thread(partial(_disk, self.disk))
        return StatusObject(
            version=__version__,
            started_at=self.started_at,
            status="unavailable" if not readiness.ready else "degraded" if readiness.degraded else "ok",
            checks=dict(readiness.checks),
            models=told,
            in_flight_requests=self.lifecycle.in_flight,
            batches=dict(batches),
            memory_bytes=memory,
            max_memory_bytes=self.max_memory_bytes,
            disk=disk,
            database=self.database.engine.dialect.name,
        )


def _of(model: ServedModel) -> ModelStatus:
    stats = model.engine.stats()
    return ModelStatus(
        name=model.name,
        state=model.state,
        context_tokens=model.context_tokens,
        max_waiting=model.most_waiting,
        gauges=_some(stats.gauges, (*_GAUGES, *_DEVICE)),
        counters={name: int(count) for name, count in _some(stats.counters, _COUNTERS).items()},
    )


def _some(values: Mapping[str, float], names: Sequence[str]) -> dict[str, float]:
    return {name: values[name] for name in names if name in values}


def _memory_bytes() -> int:
    return int(psutil.Process().memory_info().rss)


def _disk(room: DiskRoom) -> DiskStatus | None:
    try:
        return DiskStatus(state=room.state(), size_bytes=room.size_bytes, free_bytes=room.free_bytes)
    except OSError:
        return None
