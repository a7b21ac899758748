"""The suite `attacks`: the table, or the soak."""

from __future__ import annotations

import shlex
import sys

from kantu.bench.attacks.run import table
from kantu.bench.attacks.soak import soak
from kantu.bench.match import Track
from kantu.bench.plan import Plan
from kantu.bench.report import Table
from kantu.errors import error


def raid(plan: Plan, track: Track) -> tuple[Table, ...]:
    """Attack fresh gateways of this machine, and tell how another client fares.

    Raises:
        InvalidRequestError: `unknown_attack`, `invalid_attack_seconds`.
        EngineError: `attacks_need_linux`, `gateway_failed`, `attacker_failed`, `soak_without_truth`.
        MissingDependencyError: the fonts of the soak's pages are not installed.
    """
    if sys.platform != "linux":
        raise error("attacks_need_linux")
    if plan.attack_seconds <= 0 or (plan.soak_minutes is not None and plan.soak_minutes <= 0):
        raise error("invalid_attack_seconds")
    command = None if plan.serve_with is None else tuple(shlex.split(plan.serve_with))
    if plan.soak_minutes is not None:
        return soak(plan.attacks, plan.soak_minutes, command, plan.serve_options)
    return (table(plan.attacks, plan.attack_seconds, command, plan.serve_options, track),)
