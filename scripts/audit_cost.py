"""Measures what the audit and the question who may do what add to a request with a key.

    python scripts/audit_cost.py [rounds]

POST /v1/tokenize, which asks no model, through the whole application without a network: with both, and with neither.
Rounds of the two take turns, and who begins alternates. A round of "with" ends when all of its events are written. On a
machine that does something else, too, the wall's P95 is the others'; the processor's time is ours: of the thread that
answers, for each request, and of the whole process, in which the events are written.
"""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
from starlette.types import ASGIApp

from kantu.service import access, app
from kantu.service.audit.opening import open_audit_log
from kantu.service.gateway import Gateway, build
from kantu.service.models.registry import open_models
from kantu.service.open_database import open_database
from kantu.service.settings import Settings, read_settings

ROUNDS, REQUESTS = 40, 100
MOST_MILLISECONDS = 1.0
_NOWHERE = "http://127.0.0.1:9"
_BODY = {"model": "m", "messages": [{"role": "user", "content": "这是什么？"}]}


@dataclass
class Variant:
    """One of the two, running."""

    gateway: Gateway
    client: httpx.AsyncClient
    wall_seconds: list[float] = field(default_factory=list)
    thread_seconds: list[float] = field(default_factory=list)
    process_seconds: list[float] = field(default_factory=list)

    async def ask(self) -> None:
        """A round: what each request took."""
        process = time.process_time()
        for _ in range(REQUESTS):
            wall, thread = time.perf_counter(), time.thread_time()
            answer = await self.client.post("/v1/tokenize", json=_BODY)
            self.wall_seconds.append(time.perf_counter() - wall)
            self.thread_seconds.append(time.thread_time() - thread)
            answer.raise_for_status()
        await asyncio.to_thread(self.gateway.audit_writer.flush, 60)
        self.process_seconds.append((time.process_time() - process) / REQUESTS)

    def clear(self) -> None:
        """Forget what was measured."""
        for measured in (self.wall_seconds, self.thread_seconds, self.process_seconds):
            measured.clear()


def without_audit(inner: ASGIApp, **_: Any) -> ASGIApp:
    """In place of `AuditMiddleware`."""
    return inner


@contextlib.contextmanager
def nobody_asks() -> Iterator[None]:
    """No question who may do what, and nothing that the audit needs to know."""
    with patch.object(access, "check", lambda *_: None), patch.object(access, "note_asked", lambda *_: None):
        yield


@contextlib.asynccontextmanager
async def running(settings: Settings, home: Path, *, audited: bool) -> AsyncIterator[Variant]:
    database = open_database(settings, home)
    models = open_models(settings.models, "error")
    gateway = build(settings, home, database, models, open_audit_log(settings.audit, home, database))
    _, key = gateway.keys.create("k")
    with contextlib.nullcontext() if audited else patch.object(app, "AuditMiddleware", without_audit):
        made = app.create_app(gateway)
        made.middleware_stack = made.build_middleware_stack()
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(made), base_url="http://gateway", headers={"Authorization": f"Bearer {key}"}
    )
    async with made.router.lifespan_context(made), client:
        yield Variant(gateway, client)


async def measure(rounds: int) -> tuple[Variant, Variant]:
    """(with, without)."""
    model = {"name": _NOWHERE, "upstream_model": "m", "served_name": "m"}
    settings = read_settings(None, {}, {"model": model, "server": {"page": False}})
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        async with (
            running(settings, Path(one), audited=True) as audited,
            running(settings, Path(other), audited=False) as bare,
        ):
            for number in range(rounds + 2):
                if number == 2:  # the first ones warm up
                    audited.clear()
                    bare.clear()
                for variant in (audited, bare) if number % 2 else (bare, audited):
                    with contextlib.nullcontext() if variant is audited else nobody_asks():
                        await variant.ask()
            return audited, bare


def milliseconds(seconds: list[float], percent: int) -> float:
    """A percentile."""
    return statistics.quantiles(seconds, n=100, method="inclusive")[percent - 1] * 1000


def main() -> int:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    audited, bare = asyncio.run(measure(rounds))
    print(f"{rounds * REQUESTS} requests each; milliseconds")
    for what, percents in (("wall", (50, 95)), ("thread", (50, 95)), ("process", (50,))):
        for percent in percents:
            both = [milliseconds(getattr(each, f"{what}_seconds"), percent) for each in (audited, bare)]
            added = both[0] - both[1]
            print(f"{what:8}p{percent}  with {both[0]:.3f}  without {both[1]:.3f}  added {added:+.3f}")
            if (what, percent) == ("wall", 95):
                failed = added > MOST_MILLISECONDS
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
