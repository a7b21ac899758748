"""Two models served at once, each from a process of its own: one does not notice what becomes of the other."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from kantu.engine.process import ProcessEngine
from kantu.service.database import Database
from kantu.service.gateway import Gateway, build
from kantu.service.models.registry import ModelRegistry, open_models
from kantu.service.settings import ModelSettings, read_settings
from tests.service.audits import LOG
from tests.service.gateways import client_of, question
from tests.service.watch.scrape import samples

pytestmark = [pytest.mark.whole, pytest.mark.anyio]

CHAT = "/v1/chat/completions"
WAIT_SECONDS = 120


@pytest.fixture(scope="module")
def models(tiny_folder: Path) -> Iterator[ModelRegistry]:
    """The embedded model and a random one, loaded."""
    opened = open_models([ModelSettings(), ModelSettings(name=str(tiny_folder), served_name="tiny")])
    try:
        assert all(engine_of(opened, name).wait_ready(WAIT_SECONDS) for name in ("kantu-mini", "tiny"))
        yield opened
    finally:
        opened.close()


@pytest.fixture
def gateway(models: ModelRegistry, tmp_path: Path, sqlite: Database) -> Gateway:
    """A gateway over them that leaves them running."""
    settings = read_settings(None, {}, {"server": {"page": False}})
    kept = ModelRegistry(models)
    kept.close = lambda: None  # type: ignore[method-assign]
    return build(settings, tmp_path, sqlite, kept, LOG)


def engine_of(models: ModelRegistry, name: str) -> ProcessEngine:
    (engine,) = (model.engine for model in models if model.name == name)
    assert isinstance(engine, ProcessEngine)
    return engine


async def ask(client: httpx.AsyncClient, model: str, **fields: Any) -> tuple[int, str]:
    """(status, the model that answered or the code of the error)."""
    answer = await client.post(CHAT, json={**question("这是什么？", max_tokens=4, **fields), "model": model})
    body = answer.json()
    return answer.status_code, body["model"] if answer.status_code == 200 else body["error"]["code"]


async def test_each_answers_for_its_own_name(gateway: Gateway) -> None:
    async with client_of(gateway) as client:
        assert [model["id"] for model in (await client.get("/v1/models")).json()["data"]] == ["kantu-mini", "tiny"]
        assert await ask(client, "kantu-mini") == (200, "kantu-mini")
        assert await ask(client, "tiny") == (200, "tiny")
        assert await ask(client, "other") == (404, "model_not_served")
        counted = samples((await client.get("/metrics")).content)
    for name in ("kantu-mini", "tiny"):
        assert counted[f'kantu_requests_total{{code="ok",endpoint="{CHAT}",model="{name}",status="200"}}'] == 1
        assert counted[f'kantu_engine_requests_total{{model="{name}",outcome="finished"}}'] > 0


async def test_a_key_for_one_is_refused_the_other(gateway: Gateway) -> None:
    async with client_of(gateway, models=["tiny"]) as client:
        assert [model["id"] for model in (await client.get("/v1/models")).json()["data"]] == ["tiny"]
        assert (await client.get("/v1/models/kantu-mini")).status_code == 403
        assert await ask(client, "tiny") == (200, "tiny")
        assert await ask(client, "kantu-mini") == (403, "model_not_allowed")
        body = {"messages": [{"role": "user", "content": "这是什么？"}]}
        costs = [await client.post("/v1/tokenize", json={**body, "model": name}) for name in ("tiny", "kantu-mini")]
    assert [cost.status_code for cost in costs] == [200, 403]
    assert costs[0].json()["prompt_tokens"] > 0


async def test_a_crash_of_one_leaves_the_other_answering(gateway: Gateway) -> None:
    crashed = engine_of(gateway.models, "tiny")
    async with client_of(gateway) as client:
        assert crashed.pid is not None
        os.kill(crashed.pid, signal.SIGKILL)
        while crashed.state == "ready":
            await asyncio.sleep(0.01)
        assert await ask(client, "tiny") == (503, "engine_not_ready")
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["checks"]["model"]) == (200, "partial")
        assert await ask(client, "kantu-mini") == (200, "kantu-mini")
        assert await asyncio.to_thread(crashed.wait_ready, WAIT_SECONDS)
        assert await ask(client, "tiny") == (200, "tiny")
        assert (await client.get("/readyz")).json()["status"] == "ok"
        assert samples((await client.get("/metrics")).content)["kantu_engine_restarts_total"] == 1
