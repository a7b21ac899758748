"""Minutes of all attacks mixed, and honest clients who check that every answer is theirs and right."""

from __future__ import annotations

import asyncio
import contextlib
import io
import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from kantu.bench.attacks.attack import ATTACKER_ADDRESS, QUIET_ADDRESS, Target
from kantu.bench.attacks.attacker import Attacker
from kantu.bench.attacks.catalogue import chosen
from kantu.bench.attacks.quiet import ask_quietly, question
from kantu.bench.attacks.run import ATTACKERS, restarts, stated_bound, target_of
from kantu.bench.gateway import Gateway, default_command, fresh_home, running
from kantu.bench.memory import Footprint, footprint, peak_bytes
from kantu.bench.report import Cell, Table, percentile
from kantu.errors import error
from kantu.synth.families import draw

HONEST = ("honest-0", "honest-1", "honest-2", "honest-3")
MOST_GROWTH_BYTES = 64 * 2**20  # of a process, from the first round after warm-up to the last
_AT_ONCE = 3  # attacks
_SLICE_SECONDS = 6.0  # of a group of attacks
_REST_SECONDS = 5.0  # after a round, before memory is read
_WARM_UP_SHARE = 0.3  # of the rounds
_LEAST_ROUNDS = 3  # whose memory can tell a slope
_PAUSE_SECONDS = 1.0  # of an honest client between two questions
_PICTURES = 3  # of each
_TOKENS = 16
_WORDS = "订单号是多少？"
# Caches that are full before memory is judged: what grows then is none. The defaults take an hour to fill.
_SETTINGS = {"KANTU_MODEL_KV_BYTES": str(2**28), "KANTU_MODEL_VISION_BYTES": str(2**26)}


@dataclass(slots=True)
class Honest:
    """A client, what it knows, and what it was told.

    Attributes:
        known: request -> its answer, as it was given while nobody attacked.
        strange: answers that were another client's; `wrong`: nobody's.
    """

    name: str
    target: Target
    known: dict[bytes, str]
    seconds: list[float] = field(default_factory=list)
    right: int = 0
    wrong: int = 0
    strange: int = 0
    lost: list[str] = field(default_factory=list)


def soak(
    names: Sequence[str], minutes: float, command: Sequence[str] | None, options: Sequence[str], seed: int = 0
) -> tuple[Table, ...]:
    """How the honest clients fared, and the memory of each process.

    Raises:
        InvalidRequestError: `unknown_attack`.
        EngineError: `gateway_failed`, `attacker_failed`, `soak_without_truth`.
        MissingDependencyError: the fonts of the honest clients' pages are not installed.
    """
    mixed = [attack.name for attack in chosen(names) if attack.mixes]
    with (
        fresh_home(command or default_command(), (*ATTACKERS, *HONEST)) as home,
        running(home, options, _SETTINGS) as gateway,
    ):
        return asyncio.run(_soak(gateway, mixed, minutes, random.Random(seed)))


async def _soak(gateway: Gateway, names: list[str], minutes: float, chance: random.Random) -> tuple[Table, ...]:
    clients = await _honest_clients(gateway)
    rests: list[Footprint] = []
    with contextlib.ExitStack() as stack:
        attacker = await asyncio.to_thread(Attacker, names, target_of(gateway, ATTACKER_ADDRESS))
        stack.callback(attacker.close)
        before = await restarts(clients[0].target)
        end = time.monotonic() + 60 * minutes
        asking = [asyncio.ensure_future(_ask_on(client, clients, end)) for client in clients]
        while time.monotonic() < end or len(rests) < _LEAST_ROUNDS:
            chance.shuffle(names)
            for start in range(0, len(names), _AT_ONCE):
                group = names[start : start + _AT_ONCE]
                await asyncio.to_thread(attacker.attack, group, _SLICE_SECONDS)
            await asyncio.sleep(_REST_SECONDS)
            rests.append(await asyncio.to_thread(footprint, gateway.process.pid))
        await asyncio.gather(*asking)
        after = await restarts(clients[0].target)
    grown = None if before is None or after is None else after - before
    rows = [_fared(client, grown) for client in clients]
    return Table("attack_soak", tuple(rows)), Table("attack_soak_memory", tuple(_memory(gateway, rests)))


async def _honest_clients(gateway: Gateway) -> list[Honest]:
    """Each with pictures of its own whose answers are like nobody else's."""
    clients: list[Honest] = []
    seeds = iter(range(1000, 1200))
    taken: set[str] = set()
    for name in HONEST:
        target = target_of(gateway, QUIET_ADDRESS, (), attacker=name)
        known: dict[bytes, str] = {}
        for seed in seeds:
            file = io.BytesIO()
            draw("order", seed, (320, 480)).image.save(file, "PNG")
            request = question(target, file.getvalue(), _WORDS, _TOKENS)
            sample = await ask_quietly(target, request)
            if sample.outcome == "200" and sample.answer not in taken:
                taken.add(sample.answer)
                known[request] = sample.answer
            if len(known) == _PICTURES:
                break
        else:
            raise error("soak_without_truth")
        clients.append(Honest(name, target, known))
    return clients


async def _ask_on(client: Honest, clients: Sequence[Honest], end: float) -> None:
    """One question after another, each judged."""
    others = {answer for other in clients if other is not client for answer in other.known.values()}
    requests = list(client.known)
    while time.monotonic() < end:
        for request in requests:
            sample = await ask_quietly(client.target, request)
            client.seconds.append(sample.seconds)
            if sample.outcome != "200":
                client.lost.append(sample.outcome)
            elif sample.answer == client.known[request]:
                client.right += 1
            elif sample.answer in others:
                client.strange += 1
            else:
                client.wrong += 1
            await asyncio.sleep(_PAUSE_SECONDS)


def _fared(client: Honest, restarts: int | None) -> dict[str, Cell]:
    good = not (client.lost or client.wrong or client.strange) and restarts == 0 and client.right > 0
    return {
        "client": client.name,
        "asked": len(client.seconds),
        "right": client.right,
        "wrong": client.wrong,
        "strange": client.strange,
        "lost": len(client.lost) if not client.lost else f"{len(client.lost)}：{'，'.join(sorted(set(client.lost)))}",
        "quiet_p50_seconds": percentile(client.seconds, 50),
        "quiet_p95_seconds": percentile(client.seconds, 95),
        "restarts": "没有回答" if restarts is None else restarts,
        "met": "yes" if good else "no",
    }


def _memory(gateway: Gateway, rests: Sequence[Footprint]) -> list[dict[str, Cell]]:
    """For each kind of process what it held between two rounds, and whether that grows."""
    bound, measured = stated_bound(), rests[int(len(rests) * _WARM_UP_SHARE) :]
    rows: list[dict[str, Cell]] = []
    for name in ("http", "engine", "decoders"):
        held = [getattr(each, name) for each in measured]
        growth = growth_bytes(held)
        peak = peak_bytes(gateway.process.pid) if name == "http" else None
        bounded = peak is None or bound is None or peak <= bound
        rows.append(
            {
                "process": name,
                "rounds": len(held),
                "first_bytes": held[0],
                "last_bytes": held[-1],
                "growth_bytes": int(growth),
                "peak_bytes": peak,
                "met": "yes" if growth <= MOST_GROWTH_BYTES and bounded else "no",
            }
        )
    return rows


def growth_bytes(held: Sequence[int]) -> float:
    """From the first value to the last along the line of least squares: one outlier does not decide."""
    if len(held) < 2:
        return 0.0
    return statistics.linear_regression(range(len(held)), held).slope * (len(held) - 1)
