"""The suite `soak`: mixed traffic on the engine. Nothing may be lost, memory must be flat, the accounts must add up.

Clients ask at once and without pause, round after round. Between two rounds nothing is under way: there `check()` must
hold, and memory is read. Warm-up and the least that is measured are numbers of requests, so a slow machine runs longer
instead of measuring less.

Held memory is what the process has mapped for data less what malloc has free. It may not grow with the requests asked.
Resident memory also has the holes of malloc, is noisier, and may grow a little. Malloc takes a step now and then, a
leak goes on: where memory grew, as many rounds are asked again, and the last ones count.
"""

from __future__ import annotations

import queue
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence

from kantu.bench.match import Track
from kantu.bench.memory import Held
from kantu.bench.plan import Plan
from kantu.bench.report import Cell, Table
from kantu.bench.soak_client import SoakClient, Tickets
from kantu.engine.local import EngineSettings
from kantu.errors import error
from kantu.vlm import VLM, load

CLIENTS = 6
ROUND = 30  # requests
WARM_UP_ROUNDS = 10  # then caches are full; malloc goes on spreading over its arenas, which a second look outlasts
LEAST_ROUNDS = 10  # after warm-up
SECOND_LOOKS = 2
MOST_GROWTH_BYTES = 4 * 2**10 * ROUND  # held, from round to round: 4 KiB a request
NOISE_BYTES = 30 * 2**20  # by which what is held goes up and down from round to round, a leak or not
MOST_RESIDENT_GROWTH_BYTES = 48 * 2**20  # in all
LOST_AFTER_SECONDS = 120.0
_MINUTES = 5.0
_SHOWN = 10  # of what should not have happened
_CURVES = ("held_bytes", "resident_bytes")
# Caches small enough to be full when warm: what grows after that is a leak.
_SETTINGS = EngineSettings(kv_bytes=2**24, vision_bytes=2**22)


def soak(plan: Plan, track: Track) -> tuple[Table, ...]:
    """What was lost or unexpected, how requests ended, and the memory of each round.

    Raises:
        EngineError: `soak_needs_linux`.
    """
    if sys.platform != "linux":
        raise error("soak_needs_linux")
    with load(plan.model, quantize=plan.quantize, settings=_SETTINGS) as vlm:
        tickets: Tickets = queue.SimpleQueue()
        done: Tickets = queue.SimpleQueue()
        clients = [SoakClient(vlm, number, tickets, done) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        memory, first, lost = [Held.now()], 0, 0
        for since in track(_rounds(60 * (plan.soak_minutes or _MINUTES), memory), description="soak"):
            first = since
            lost = _round(tickets, done)
            _settle(vlm)
            vlm.engine.check()
            memory.append(Held.now())
            if lost:
                break
        for _ in clients:
            tickets.put(False)
    outcomes = sum((client.outcomes for client in clients), Counter[str]())
    unexpected = [text for client in clients for text in client.unexpected]
    return (
        Table("soak_outcomes", tuple({"outcome": name, "count": outcomes[name]} for name in sorted(outcomes))),
        Table("soak_memory", tuple(_reading(number, each) for number, each in enumerate(memory)), "asked", _CURVES),
        Table("soak", (_verdict("lost", lost, []), _verdict("unexpected", len(unexpected), unexpected))),
        *([] if lost else [Table("soak_growth", tuple(growth(memory[first:])))]),
    )


def growth(warm: Sequence[Held]) -> list[dict[str, Cell]]:
    """How much memory grew from round to round (held) and in all (resident), beside what is allowed."""
    steps = len(warm) - 1
    held = slope([each.held_bytes for each in warm])
    resident = slope([each.resident_bytes for each in warm]) * steps
    return [
        # the longer the run, the smaller the leak it finds
        _growth("held", held, MOST_GROWTH_BYTES + NOISE_BYTES / steps),
        _growth("resident", resident, MOST_RESIDENT_GROWTH_BYTES),
    ]


def slope(values: Sequence[float]) -> float:
    """By how much values grow from one to the next: the median over all pairs (Theil-Sen), so outliers do not count."""
    pairs = [(a, b) for b in range(len(values)) for a in range(b)]
    return statistics.median((values[b] - values[a]) / (b - a) for a, b in pairs)


def _growth(name: str, found: float, most: float) -> dict[str, Cell]:
    return {"memory": name, "growth_bytes": found, "most_bytes": most, "met": "yes" if found <= most else "no"}


def _verdict(what: str, count: int, seen: Sequence[str]) -> dict[str, Cell]:
    return {"what": what, "count": count, "seen": "；".join(seen[:_SHOWN]), "met": "no" if count else "yes"}


def _reading(number: int, memory: Held) -> dict[str, Cell]:
    return {"asked": number * ROUND, "held_bytes": memory.held_bytes, "resident_bytes": memory.resident_bytes}


def _rounds(seconds: float, memory: Sequence[Held]) -> Iterator[int]:
    """One item a round, after which its reading is appended to `memory`: the first of the readings that count.

    Ends when the time is over, enough was measured, and memory was flat or has been looked at again often enough.
    """
    started = time.perf_counter()
    yield from [0] * WARM_UP_ROUNDS
    first = len(memory) - 1
    while len(memory) - first <= LEAST_ROUNDS or time.perf_counter() - started < seconds:
        yield first
    steps = len(memory) - 1 - first
    for _ in range(SECOND_LOOKS):
        if all(row["met"] == "yes" for row in growth(memory[first:])):
            return
        first = len(memory) - 1
        yield from [first] * steps


def _round(tickets: Tickets, done: Tickets) -> int:
    """Ask `ROUND` times; how many of them never ended."""
    for _ in range(ROUND):
        tickets.put(True)
    for ended in range(ROUND):
        try:
            done.get(timeout=LOST_AFTER_SECONDS)
        except queue.Empty:
            return ROUND - ended
    return 0


def _settle(vlm: VLM) -> None:
    """Dropped streams are cancelled at the next step: let it come."""
    for _ in range(100):
        gauges = vlm.engine.stats().gauges
        if not gauges["running"] and not gauges["waiting"]:
            break
        time.sleep(0.05)
    vlm.ask([], "完", max_tokens=1)
