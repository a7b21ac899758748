"""The suite `attacks` as one report: the table, or the soak."""

from __future__ import annotations

import functools
import shlex
import sys
from dataclasses import asdict, dataclass

from kantu import hub
from kantu.bench.attacks.run import SECONDS, table
from kantu.bench.attacks.soak import soak
from kantu.bench.machine import measure
from kantu.bench.match import Track
from kantu.bench.report import Report
from kantu.contenders.apart import apart
from kantu.errors import EngineError, InvalidRequestError
from kantu.model.quantize import Quantize
from kantu.vlm import default_device, default_dtype


@dataclass(frozen=True, slots=True)
class Raid:
    """What to attack, with what, for how long.

    Attributes:
        names: of the attacks; none means all.
        seconds: of each.
        serve_with: a command that starts `kantu`, an older one for instance; None is the one beside this interpreter.
        soak_minutes: all of them mixed for so long, instead of one after another.
    """

    names: tuple[str, ...] = ()
    seconds: float = SECONDS
    serve_with: str | None = None
    soak_minutes: float | None = None


def raid(model: str | None, wanted: Raid, quantize: Quantize | None, track: Track) -> Report:
    """Attack fresh gateways of this machine, and tell how another client fares.

    Raises:
        InvalidRequestError: `unknown_attack`, `invalid_attack_seconds`.
        EngineError: `attacks_need_linux`, `gateway_failed`, `attacker_failed`, `soak_without_truth`.
        MissingDependencyError: the fonts of the soak's pages are not installed.
    """
    if sys.platform != "linux":
        raise EngineError(
            "attacks_need_linux", "attacks 只能在 Linux 上测。", "The suite attacks can only be run on Linux."
        )
    if wanted.seconds <= 0 or (wanted.soak_minutes is not None and wanted.soak_minutes <= 0):
        raise InvalidRequestError(
            "invalid_attack_seconds",
            "攻击的时间要大于 0。",
            "Attacks must take more than no time.",
            param="attack_seconds",
        )
    command = None if wanted.serve_with is None else tuple(shlex.split(wanted.serve_with))
    options = [*(["--model", model] if model else []), *(["--quantize", quantize] if quantize else [])]
    machine = apart(functools.partial(measure, default_dtype(default_device())))
    if wanted.soak_minutes is not None:
        tables = soak(wanted.names, wanted.soak_minutes, command, options)
    else:
        tables = (table(wanted.names, wanted.seconds, command, options, track),)
    return Report(model or hub.EMBEDDED, 0, asdict(machine), (), tables)
