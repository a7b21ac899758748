"""What has to hold before a load balancer should send requests here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from anyio import CapacityLimiter, move_on_after, to_thread

from kantu.errors import StoreError

_log = logging.getLogger(__name__)
_PROBE_SECONDS = 2.0

OK = "ok"
LOW = "low"
PARTIAL = "partial"
RETRY_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Readiness:
    """The state of each check by its name; "ok" is good.

    "low" is good enough for all but uploads and batches, "partial" for all models but some that are not there for now.
    """

    checks: Mapping[str, str]

    @property
    def ready(self) -> bool:
        return all(state in (OK, LOW, PARTIAL) for state in self.checks.values())

    @property
    def degraded(self) -> bool:
        """Ready, but short of something."""
        return self.ready and any(state != OK for state in self.checks.values())


class Health:
    """Asks the other parts how they are. `check` is for the event loop, `accepts` for any thread.

    Args:
        draining: whether the service is being stopped.
        model_states: of each model "ready", or why it is not.
        queues_full: whether no model takes one more request.
        admission_full: whether one more request would have to wait for other tenants'.
        ping_database: blocks; raises StoreError where the database does not answer.
        disk_state: blocks; "ok", "low" or "full"; raises OSError where the disk does not answer.
    """

    def __init__(
        self,
        *,
        draining: Callable[[], bool],
        model_states: Callable[[], Sequence[str]],
        queues_full: Callable[[], bool],
        admission_full: Callable[[], bool],
        ping_database: Callable[[], None],
        disk_state: Callable[[], str],
    ) -> None:
        self._draining, self._model_states = draining, model_states
        self._queues_full, self._admission_full = queues_full, admission_full
        self._probes = {"database": lambda: _database_state(ping_database), "disk": lambda: _disk_state(disk_state)}
        self._limiters: dict[str, CapacityLimiter] = {}

    def accepts(self) -> bool:
        """Whether everything in this process would take a request; database and disk are not asked."""
        return Readiness(self._local()).ready

    async def check(self) -> Readiness:
        """Everything, the database and the disk included; takes 4 seconds at most."""
        return Readiness(self._local() | {name: await self._probe(name) for name in self._probes})

    def _local(self) -> dict[str, str]:
        return {
            "service": "draining" if self._draining() else OK,
            "model": _of_models(self._model_states()),
            "queue": "full" if self._queues_full() or self._admission_full() else OK,
        }

    async def _probe(self, name: str) -> str:
        if name not in self._limiters:  # belongs to the event loop; one thread, so that what hangs holds no more
            self._limiters[name] = CapacityLimiter(1)
        with move_on_after(_PROBE_SECONDS):
            return await to_thread.run_sync(self._probes[name], abandon_on_cancel=True, limiter=self._limiters[name])
        _log.warning("the %s does not answer", name)
        return "unavailable"


def _of_models(states: Sequence[str]) -> str:
    """Of all models: what one of them is, where it is the only one or has yet to be loaded, else "partial"."""
    wrong = [state for state in states if state != "ready"]
    if not wrong:
        return OK
    if len(wrong) < len(states) and "loading" not in wrong:
        return PARTIAL
    return "loading" if "loading" in wrong else wrong[0]


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
