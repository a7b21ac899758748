"""What has to hold before a load balancer should send requests here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from anyio import CapacityLimiter, move_on_after, to_thread

from kantu.engine.metrics import Stats
from kantu.errors import StoreError

_log = logging.getLogger(__name__)
_PING_SECONDS = 2.0

OK = "ok"
RETRY_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Readiness:
    """The state of each check by its name; "ok" is good."""

    checks: Mapping[str, str]

    @property
    def ready(self) -> bool:
        return all(state == OK for state in self.checks.values())


class Health:
    """Asks the other parts how they are. `check` is for the event loop, `accepts` for any thread.

    Args:
        draining: whether the service is being stopped.
        model_state: "ready", or why the model is not.
        stats: the engine's; its queue counts.
        most_waiting: requests that its queue holds.
        admission_full: whether this process refuses one more request.
        ping_database: blocks; raises StoreError where the database does not answer.
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
    ) -> None:
        self._draining, self._model_state, self._stats = draining, model_state, stats
        self._most_waiting, self._admission_full, self._ping_database = most_waiting, admission_full, ping_database
        self._pings: CapacityLimiter | None = None

    def accepts(self) -> bool:
        """Whether everything in this process would take a request; the database is not asked."""
        return Readiness(self._local()).ready

    async def check(self) -> Readiness:
        """Everything, the database included; takes 2 seconds at most."""
        return Readiness(self._local() | {"database": await self._database()})

    def _local(self) -> dict[str, str]:
        state = self._model_state()
        full = self._stats().gauges.get("waiting", 0) >= self._most_waiting or self._admission_full()
        return {
            "service": "draining" if self._draining() else OK,
            "model": OK if state == "ready" else state,
            "queue": "full" if full else OK,
        }

    async def _database(self) -> str:
        if self._pings is None:  # belongs to the event loop; one thread, so that a database that hangs holds no more
            self._pings = CapacityLimiter(1)
        with move_on_after(_PING_SECONDS):
            try:
                await to_thread.run_sync(self._ping_database, abandon_on_cancel=True, limiter=self._pings)
            except StoreError:
                return "unavailable"
            return OK
        _log.warning("the database does not answer")
        return "unavailable"
