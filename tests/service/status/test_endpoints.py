"""/v1/status: how everything is, for the system administrator."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kantu import __version__
from kantu.engine.metrics import Stats
from kantu.service.gateway import Gateway
from tests.service.gateways import MODEL, ScriptedEngine
from tests.service.people.visitors import add_person, browsers, cheap, session_of

pytestmark = pytest.mark.anyio


class BusyEngine(ScriptedEngine):
    def stats(self) -> Stats:
        return Stats({"requests_finished": 7, "steps": 99}, {"waiting": 3, "running": 2, "kv_bytes": 100.0})


async def test_it_tells_of_models_queues_memory_and_disk(make_gateway: Callable[..., Gateway]) -> None:
    gateway = make_gateway(BusyEngine(), cheap())
    async with browsers(gateway) as (admin,):
        admin.client.headers.update(session_of(gateway.database, add_person(gateway.database, "admin", "system")))
        told = (await admin.ask("GET", "/v1/status")).json()
    assert (told["version"], told["status"], told["database"]) == (__version__, "ok", "sqlite")
    assert set(told["checks"]) == {"service", "model", "queue", "database", "disk"}
    (model,) = told["models"]
    assert (model["name"], model["state"], model["max_waiting"]) == (MODEL, "ready", 256)
    assert model["gauges"] == {"waiting": 3, "running": 2, "kv_bytes": 100}
    assert model["counters"] == {"requests_finished": 7}
    assert told["in_flight_requests"] == 1  # this one
    assert told["batches"] == {"queued": 0, "running": 0}
    assert told["memory_bytes"] > 0
    assert 0 < told["disk"]["free_bytes"] <= told["disk"]["size_bytes"]
