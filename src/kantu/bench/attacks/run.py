"""The table: every attack on a gateway of its own, beside the quiet client."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import Counter
from collections.abc import Sequence

from kantu.bench.attacks.attack import ATTACKER_ADDRESS, QUIET_ADDRESS, Attack, Key, Seen, Target
from kantu.bench.attacks.attacker import Attacker
from kantu.bench.attacks.catalogue import chosen
from kantu.bench.attacks.quiet import Sample, ask_quietly, keep_quiet, questions
from kantu.bench.attacks.wire import connection, exchange
from kantu.bench.gateway import Gateway, Home, default_command, fresh_home, running
from kantu.bench.match import Track
from kantu.bench.memory import Footprint, engine_pid, footprint, peak_bytes
from kantu.bench.report import Cell, Table, percentile
from kantu.errors import EngineError

MOST_P95_SECONDS = 2.0  # of the quiet client, beside any attack
_COOL_SECONDS = 3.0
_SAMPLE_SECONDS = 0.2
_WARM_UP = 4  # questions before
_SHOWN = 4  # outcomes of the attacker, the most frequent first
_METRICS_SECONDS = 30.0
ATTACKERS: tuple[Key, ...] = ("attacker", "second", "limited")
_RESTARTS = re.compile(rb"^kantu_engine_restarts_total\S* (\d+)", re.MULTILINE)


def table(
    names: Sequence[str], seconds: float, command: Sequence[str] | None, options: Sequence[str], track: Track
) -> Table:
    """A row for the quiet client alone, and one for each attack of these names (all for none).

    Args:
        command: starts the `kantu` to attack, an older one for instance; None is the one beside this interpreter.
        options: of `kantu serve`.

    Raises:
        InvalidRequestError: `unknown_attack`.
        EngineError: `gateway_failed`, `attacker_failed`.
    """
    rows: list[dict[str, Cell]] = []
    bound = stated_bound()
    found = chosen(names)
    with fresh_home(command or default_command(), (*ATTACKERS, "quiet")) as home:
        for attack in track([None, *found], description="attacks"):
            rows.append(_row(home, attack, seconds, options, bound))
    return Table("attacks", tuple(rows))


def stated_bound() -> int | None:
    """Bytes that the gateway's settings allow its HTTP process by default; None where no setting says."""
    from kantu.service.settings import ServerSettings  # needs the extra `service`, which the suite starts anyway

    bound: int | None = getattr(ServerSettings(), "max_memory_bytes", None)
    return bound


def target_of(gateway: Gateway, source: str, keys: Sequence[Key] = ATTACKERS, *, attacker: str = "attacker") -> Target:
    """The gateway as a client sees it that comes from `source`; `attacker` is the name of the key it uses."""
    held: dict[Key, str] = {name: gateway.home.keys[name] for name in keys}
    held["attacker"] = gateway.home.keys[attacker]
    return Target(gateway.port, source, gateway.model, held, engine_pid(gateway.process.pid) or 0)


def _row(
    home: Home, attack: Attack | None, seconds: float, options: Sequence[str], bound: int | None
) -> dict[str, Cell]:
    """Measured; a row of its name only where this machine cannot bring the attack about."""
    what = "没有攻击" if attack is None else attack.what
    limits = (None, None) if attack is None else (attack.descriptors, attack.home_bytes)
    try:
        with running(home, options, descriptors=limits[0], home_bytes=limits[1]) as gateway:
            return {
                "attack": "none" if attack is None else attack.name,
                "what": what,
                **asyncio.run(_measured(gateway, attack, seconds, bound)),
            }
    except EngineError as error:
        if error.code != "disk_not_mounted":
            raise
        return {"attack": attack.name if attack else "none", "what": what, "attacker_got": error.message}


async def _measured(gateway: Gateway, attack: Attack | None, seconds: float, bound: int | None) -> dict[str, Cell]:
    quiet = target_of(gateway, QUIET_ADDRESS, (), attacker="quiet")
    requests = questions(quiet)
    for request in requests[:_WARM_UP]:
        await ask_quietly(quiet, request)
    with contextlib.ExitStack() as stack:
        attacker = None
        if attack is not None:
            source = QUIET_ADDRESS if attack.same_address else ATTACKER_ADDRESS
            attacker = await asyncio.to_thread(Attacker, [attack.name], target_of(gateway, source))
            stack.callback(attacker.close)
        footprints: list[Footprint] = []
        sampling = asyncio.ensure_future(_sample(gateway, footprints))
        started = await restarts(quiet)
        asking = asyncio.ensure_future(keep_quiet(quiet, requests[_WARM_UP:], seconds))
        seen: Seen = Counter()
        if attack is not None and attacker is not None:
            seen = (await asyncio.to_thread(attacker.attack, [attack.name], seconds))[attack.name]
        samples = await asking
        if attack is not None and attack.revokes:
            seen += await _revoked(gateway)
    await asyncio.sleep(_COOL_SECONDS)
    sampling.cancel()
    ended = await restarts(quiet)
    grown = None if ended is None or started is None else ended - started
    after = footprint(gateway.process.pid)
    row: dict[str, Cell] = {
        "quiet_p50_seconds": percentile([sample.seconds for sample in samples], 50),
        "quiet_p95_seconds": percentile([sample.seconds for sample in samples], 95),
        "quiet_failed": _failures(samples),
        "http_peak_bytes": peak_bytes(gateway.process.pid),
        "http_after_bytes": after.http,
        "decoders_peak_bytes": max((each.decoders for each in footprints), default=0),
        "engine_peak_bytes": max((each.engine for each in footprints), default=0),
        "restarts": "没有回答" if grown is None else grown,
        "attacker_got": _words(seen),
    }
    judged = attack is None or attack.judged
    return {**row, "met": ("yes" if holds(row, samples, bound) else "no") if judged else None}


def holds(row: dict[str, Cell], samples: Sequence[Sample], bound: int | None) -> bool:
    """Whether the quiet client was answered in time, nothing restarted, and memory stayed under its bound."""
    p95, peak = row["quiet_p95_seconds"], row["http_peak_bytes"]
    in_time = isinstance(p95, float) and p95 < MOST_P95_SECONDS
    bounded = bound is None or (isinstance(peak, int) and peak <= bound)
    return in_time and bounded and row["restarts"] == 0 and all(sample.outcome == "200" for sample in samples)


async def restarts(target: Target) -> int | None:
    """Engine processes started again since the gateway's start; None where it does not say in time."""
    request = target.request("GET", "/metrics")
    try:
        text = await asyncio.wait_for(_whole(target, request), _METRICS_SECONDS)
    except (TimeoutError, OSError):
        return None
    found = _RESTARTS.search(text)
    return int(found[1]) if found else None


async def _whole(target: Target, request: bytes) -> bytes:
    async with connection(target) as (reader, writer):
        writer.write(request)
        return await reader.read(-1)


async def _sample(gateway: Gateway, footprints: list[Footprint]) -> None:
    while True:
        footprints.append(await asyncio.to_thread(footprint, gateway.process.pid))
        await asyncio.sleep(_SAMPLE_SECONDS)


async def _revoked(gateway: Gateway) -> Seen:
    """What revoking the attacker's key says, and what that key is answered then."""
    said = await asyncio.to_thread(gateway.revoke, "attacker")
    target = target_of(gateway, QUIET_ADDRESS)
    after, _ = await exchange(target, target.request("GET", "/v1/models"))
    return Counter({said: 1, f"then {after}": 1})


def _failures(samples: Sequence[Sample]) -> str:
    failed = Counter(sample.outcome for sample in samples if sample.outcome != "200")
    return f"0/{len(samples)}" if not failed else f"{failed.total()}/{len(samples)}：{_words(failed)}"


def _words(seen: Seen) -> str:
    """The most frequent outcomes, and those that tell how a revocation ended."""
    told = [name for name in seen if name.startswith(("revoke", "then "))]
    most = [name for name, _ in seen.most_common(_SHOWN) if name not in told]
    return "，".join(f"{name} × {seen[name]}" for name in (*most, *told)) or "-"
