"""Faults that no client brings about: what the others hear, and after how long."""

from __future__ import annotations

import asyncio
import os
import signal

from kantu.bench.attacks.attack import Attack, Seen, Target, nothing


async def _stop_engine(target: Target, request: bytes, until: float, seen: Seen) -> None:
    """Stop the engine's process, and let it go on at the end."""
    os.kill(target.engine_pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(until - asyncio.get_running_loop().time())
    finally:
        try:
            os.kill(target.engine_pid, signal.SIGCONT)
            seen["continued"] += 1
        except ProcessLookupError:
            seen["replaced"] += 1


ATTACKS = (Attack("engine-stopped", "引擎进程停住（SIGSTOP）", nothing, _stop_engine, 1, judged=False, mixes=False),)
