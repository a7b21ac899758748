"""What is measured of a contender whose services stand behind HTTP."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

from kantu.compare.asked import Asked, spread
from kantu.compare.comparison import Side
from kantu.compare.deployment import Deployment, port_of
from kantu.compare.faults import PROVIDER_FAULTS, STAGE_FAULTS, FaultResult, try_faults
from kantu.compare.fresh import fresh
from kantu.compare.load import TOGETHER, Load, loads
from kantu.compare.pace import Pace
from kantu.compare.relay import Fault
from kantu.compare.sockets import Traffic
from kantu.contenders.apart import apart
from kantu.contenders.contender import Contender
from kantu.evaluation.items import Item

_QUESTIONS = 13  # that one client is timed on after the first, whose bytes are counted, and that put load on

Deploy = Callable[[], AbstractContextManager[Deployment]]


def over_http(side: Side, deploy: Deploy, items: Sequence[Item], failing: Sequence[Asked], pace: Pace) -> Side:
    """The side with times, load, bytes and faults of its services.

    Args:
        failing: what is asked while something fails.

    Raises KantuError where they do not start, or do not answer.
    """
    with deploy() as deployment:
        processes = len(deployment.processes)
        ports = {port_of(url): name for name, url in deployment.services.items()}
        client = deployment.client(deployment.services, parallel=max(TOGETHER))
        requests, traffic = _by_clients(client, items, ports, pace)
        faults = try_faults(deployment, failing, stage_faults(deployment), pace)
    return replace(side, processes=processes, loads=requests, hop_traffic=traffic, faults=faults)


def server_loads(make: Callable[[], Contender], items: Sequence[Item], pace: Pace) -> tuple[Load, ...]:
    """Of what is a server already."""
    requests, _ = _by_clients(make, items, {}, pace)
    return requests


def _by_clients(
    client: Callable[[], Contender], items: Sequence[Item], ports: Mapping[int, str], pace: Pace
) -> tuple[tuple[Load, ...], Traffic | None]:
    """What one client, and then several at once, are given, and the bytes of the one."""
    questions = spread(items, _QUESTIONS)
    one = apart(functools.partial(fresh, client, questions, ports))
    with contextlib.closing(client()) as contender:
        several = loads(contender, questions, TOGETHER, pace)
    return (one.alone, *several) if one.alone else several, one.traffic


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
