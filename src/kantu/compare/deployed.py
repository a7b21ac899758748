"""What is measured of a contender whose services stand behind HTTP."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from itertools import islice

from kantu.compare.asked import Asked, Variants, spread
from kantu.compare.comparison import Side
from kantu.compare.deployment import Deployment, port_of
from kantu.compare.faults import PROVIDER_FAULTS, STAGE_FAULTS, FaultResult, try_faults
from kantu.compare.fresh import start
from kantu.compare.load import CLIENTS, Load, Spread, loads
from kantu.compare.pace import Pace
from kantu.compare.relay import Fault
from kantu.contenders.apart import apart
from kantu.contenders.contender import Contender
from kantu.evaluation.items import Item

_HOPS = 12  # questions whose time is taken, and that put load on
_COUNTED = 6  # questions whose bytes are counted

Deploy = Callable[[], AbstractContextManager[Deployment]]


def over_http(side: Side, deploy: Deploy, items: Sequence[Item], failing: Sequence[Asked], pace: Pace) -> Side:
    """The side with times, load, bytes and faults of its services.

    Args:
        failing: what is asked while something fails.

    Raises KantuError where they do not start, or do not answer.
    """
    questions = spread(items, _HOPS)
    with deploy() as deployment:
        processes = len(deployment.processes)
        client = deployment.client(deployment.services, parallel=max(CLIENTS))
        with contextlib.closing(client()) as contender:
            new = islice(Variants(questions), _HOPS)
            hops = [asked.of(contender, picture).total_seconds for asked, picture in new]
            requests = loads(contender, questions, CLIENTS, pace)
        ports = {port_of(url): name for name, url in deployment.services.items()}
        _, traffic = apart(functools.partial(start, client, spread(items, _COUNTED), ports))
        faults = try_faults(deployment, failing, stage_faults(deployment), pace)
    return replace(side, processes=processes, hops=Spread.of(hops), loads=requests, hop_traffic=traffic, faults=faults)


def server_loads(make: Callable[[], Contender], items: Sequence[Item], pace: Pace) -> tuple[Load, ...]:
    """Of what is a server already."""
    with contextlib.closing(make()) as contender:
        return loads(contender, spread(items, _HOPS), CLIENTS, pace)


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
