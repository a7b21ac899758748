"""What is measured of a contender whose services stand behind HTTP."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Protocol, TypeVar

from kantu.compare.asked import Asked, spread
from kantu.compare.comparison import Side
from kantu.compare.deployment import Deployment, port_of
from kantu.compare.faults import PROVIDER_FAULTS, STAGE_FAULTS, FaultResult, try_faults
from kantu.compare.fresh import fresh
from kantu.compare.load import TOGETHER, Load, loads
from kantu.compare.pace import Pace
from kantu.compare.relay import Fault
from kantu.contenders.apart import apart
from kantu.contenders.contender import Contender
from kantu.evaluation.items import Item

T = TypeVar("T")

_QUESTIONS = 13  # that one client is timed on after the first, whose bytes are counted, and that put load on

Deploy = Callable[[], AbstractContextManager[Deployment]]


class Attempt(Protocol):
    """Runs a measurement; where it fails, the reason is kept under its name, and there is None."""

    def __call__(self, what: str, measure: Callable[[], T]) -> T | None: ...


def over_http(
    side: Side,
    deploy: Deploy,
    items: Sequence[Item],
    failing: Callable[[], Sequence[Asked]],
    pace: Pace,
    attempt: Attempt,
) -> Side:
    """The side with times, load, bytes and faults of its services.

    Args:
        failing: what is asked while something fails.
        attempt: runs what may fail on its own, here the faults.

    Raises KantuError where they do not start, or do not answer.
    """
    with deploy() as deployment:
        ports = {port_of(url): name for name, url in deployment.services.items()}
        client = deployment.client(deployment.services, parallel=max(TOGETHER))
        questions = spread(items, _QUESTIONS)
        one = apart(functools.partial(fresh, client, questions, ports))
        with contextlib.closing(client()) as contender:
            several = loads(contender, questions, TOGETHER, pace)
        side = replace(
            side,
            processes=len(deployment.processes),
            loads=several if one.alone is None else (one.alone, *several),
            hop_traffic=one.traffic,
        )
        faults = attempt("故障", lambda: try_faults(deployment, failing(), stage_faults(deployment), pace))
    return replace(side, faults=faults or ())


def server_loads(make: Callable[[], Contender], items: Sequence[Item], pace: Pace) -> tuple[Load, ...]:
    """Of what is a server already, and may have seen the suite's own pictures."""
    with contextlib.closing(make()) as contender:
        return loads(contender, spread(items, _QUESTIONS), (1, *TOGETHER), pace)


def provider_faults(deploy: Deploy, failing: Sequence[Asked], pace: Pace) -> tuple[FaultResult, ...]:
    """What a rate limit and an outage of the text model's provider do to whoever asks the pipeline."""
    with deploy() as deployment:
        faults = dict.fromkeys(deployment.services, PROVIDER_FAULTS)
        return try_faults(deployment, failing, faults, pace)


def stage_faults(deployment: Deployment) -> dict[str, tuple[Fault, ...]]:
    """What can happen to each service: processes are killed, what talks HTTP is slow or talks nonsense."""
    on_wire = tuple(fault for fault in STAGE_FAULTS if fault != "killed")
    names = dict.fromkeys([*deployment.services, *deployment.processes])
    return {
        name: (
            *(("killed",) if name in deployment.processes else ()),
            *(on_wire if name in deployment.services else ()),
        )
        for name in names
    }
