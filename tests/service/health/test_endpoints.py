"""/healthz, which /health is too, and /readyz."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from kantu.errors import StoreError
from kantu.service.health import readiness
from kantu.service.health.endpoints import health_router
from kantu.service.health.readiness import Health


@dataclass
class Service:
    """Its parts, for a test to change."""

    draining: bool = False
    models: tuple[str, ...] = ("ready",)
    queues_full: bool = False
    full: bool = False
    database: bool = True
    disk: str = "ok"
    hang: threading.Event | None = None

    def ping(self) -> None:
        if self.hang is not None:
            self.hang.wait()
        if not self.database:
            raise StoreError("store_unavailable", "数据库不可用", "The database is gone")

    @property
    def health(self) -> Health:
        return Health(
            draining=lambda: self.draining,
            model_states=lambda: self.models,
            queues_full=lambda: self.queues_full,
            admission_full=lambda: self.full,
            ping_database=self.ping,
            disk_state=lambda: self.disk,
        )


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    app, health = FastAPI(), service.health
    app.include_router(health_router(lambda _: health))
    with TestClient(app) as made:
        yield made


def test_ready_when_everything_is(client: TestClient) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "checks": {"service": "ok", "model": "ok", "queue": "ok", "database": "ok", "disk": "ok"},
    }


@pytest.mark.parametrize(
    ("changed", "check", "state"),
    [
        ({"draining": True}, "service", "draining"),
        ({"models": ("loading",)}, "model", "loading"),
        ({"models": ("restarting",)}, "model", "restarting"),
        ({"models": ("failed",)}, "model", "failed"),
        ({"models": ("ready", "loading")}, "model", "loading"),
        ({"models": ("restarting", "unresponsive")}, "model", "restarting"),
        ({"queues_full": True}, "queue", "full"),
        ({"full": True}, "queue", "full"),
        ({"database": False}, "database", "unavailable"),
        ({"disk": "full"}, "disk", "full"),
    ],
)
def test_not_ready_and_why(
    client: TestClient, service: Service, changed: dict[str, object], check: str, state: str
) -> None:
    for name, value in changed.items():
        setattr(service, name, value)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["status"] == "unavailable"
    assert {name: said for name, said in answer.json()["checks"].items() if said != "ok"} == {check: state}
    assert int(answer.headers["retry-after"]) > 0
    assert service.health.accepts() is (check in ("database", "disk"))  # which /metrics does not ask


def test_ready_but_degraded_while_the_disk_takes_no_more_files(client: TestClient, service: Service) -> None:
    service.disk = "low"
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"], answer.json()["checks"]["disk"]) == (200, "degraded", "low")


@pytest.mark.parametrize("state", ["restarting", "unresponsive", "unreachable"])
def test_ready_but_degraded_while_one_of_several_models_is_away(
    client: TestClient, service: Service, state: str
) -> None:
    service.models = ("ready", state)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["checks"]["model"] == "partial"
    assert service.health.accepts()


@pytest.mark.parametrize("path", ["/healthz", "/health"])
def test_alive_whatever_else_is_wrong(client: TestClient, service: Service, path: str) -> None:
    service.draining, service.models, service.database = True, ("failed",), False
    answer = client.get(path)
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_ready_again_when_the_trouble_is_over(client: TestClient, service: Service) -> None:
    service.database = False
    assert client.get("/readyz").status_code == 503
    service.database = True
    assert client.get("/readyz").status_code == 200


def test_a_database_that_hangs_is_not_waited_for(
    client: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "_PROBE_SECONDS", 0.05)
    service.hang = threading.Event()
    try:
        for _ in range(3):  # and the probes that come after hold no threads
            assert client.get("/readyz").json()["checks"]["database"] == "unavailable"
    finally:
        service.hang.set()
