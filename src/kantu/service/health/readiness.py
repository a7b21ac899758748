"""What has to hold before a load balancer should send requests here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from anyio import CapacityLimiter, move_on_after, to_thread

from kantu.engine.metrics import Stats
from kantu.errors import StoreError

_log = logging.getLogger(__name__)
_PROBE_SECONDS = 2.0

OK = "ok"
LOW = "low"
RETRY_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Readiness:
    """The state of each check by its name; "ok" is good, and "low" good enough for all but uploads and batches."""

    checks: Mapping[str, str]

    @property
    def ready(self) -> bool:
        return all(state in (OK, LOW) for state in self.checks.values())

    @property
    def degraded(self) -> bool:
        """Ready, but short of something."""
        return self.ready and LOW in self.checks.values()


class Health:
    """Asks the other parts how they are. `check` is for the event loop, `accepts` for any thread.

    Args:
        draining: whether the service is being stopped.
        model_state: "ready", or why the model is not.
        stats: the engine's; its queue counts.
        most_waiting: requests that its queue holds.
        admission_full: whether one more request would have to wait for other owners'.
        ping_database: blocks; raises StoreError where the database does not answer.
        disk_state: blocks; "ok", "low" or "full"; raises OSError where the disk does not answer.
    """

    def __init__(
        self,
        *,
        draining: Callable[[], bool],
        model_state: Callable[[], str],
        stats: Callable[[], Stats],
        most_waiting: int,
        admission_full: Callable[[], bool],
        ping_database: Callable[[], None],
        disk_state: Callable[[], str],
    ) -> None:
        self._draining, self._model_state, self._stats = draining, model_state, stats
        self._most_waiting, self._admission_full = most_waiting, admission_full
        self._probes = {"database": lambda: _database_state(ping_database), "disk": lambda: _disk_state(disk_state)}
        self._limiters: dict[str, CapacityLimiter] = {}

    def accepts(self) -> bool:
        """Whether everything in this process would take a request; database and disk are not asked."""
        return Readiness(self._local()).ready

    async def check(self) -> Readiness:
        """Everything, the database and the disk included; takes 4 seconds at most."""
        return Readiness(self._local() | {name: await self._probe(name) for name in self._probes})

    def _local(self) -> dict[str, str]:
        state = self._model_state()
        full = self._stats().gauges.get("waiting", 0) >= self._most_waiting or self._admission_full()
        return {
            "service": "draining" if self._draining() else OK,
            "model": OK if state == "ready" else state,
            "queue": "full" if full else OK,
        }

    async def _probe(self, name: str) -> str:
        if name not in self._limiters:  # belongs to the event loop; one thread, so that what hangs holds no more
            self._limiters[name] = CapacityLimiter(1)
        with move_on_after(_PROBE_SECONDS):
            return await to_thread.run_sync(self._probes[name], abandon_on_cancel=True, limiter=self._limiters[name])
        _log.warning("the %s does not answer", name)
        return "unavailable"


def _database_state(ping: Callable[[], None]) -> str:
    try:
        ping()
    except StoreError:
        return "unavailable"
    return OK


def _disk_state(state: Callable[[], str]) -> str:
    try:
        return state()
    except OSError:
        return "unavailable"
