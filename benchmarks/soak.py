"""Mixed traffic for some minutes: nothing may be lost, memory must be flat after warm-up, the accounts must add up.

    python benchmarks/soak.py [--minutes 5] [--model NAME] [--clients 6] [--seed 0]

Clients ask at once and without pause, round after round: questions with and without pictures, repeated pictures,
several turns, several answers, schemas, choices, scores, sampling with penalties, streams that are dropped, cancels,
deadlines, bad requests. Between two rounds nothing is under way: there `check()` must hold, and memory is read. Warm-up
and the least that is measured are numbers of requests, so a slow machine runs longer instead of measuring less.

Held memory is what the process has mapped for data less what malloc has free. It may not grow with the requests asked.
Resident memory also has the holes of malloc, is noisier, and may grow a little. Needs Linux and glibc.
Exits with 1 where a request was lost or ended otherwise than it may, or where memory grew.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import queue
import random
import resource
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

import kantu
from kantu.errors import CancelledError, DeadlineExceededError, InvalidRequestError, KantuError, OverloadedError

ROUND = 100  # requests
WARM_UP_ROUNDS = 5  # the engine's caches are full and each kind of request has come some 40 times
LEAST_ROUNDS = 10  # after warm-up
MOST_GROWTH_BYTES = 0.4 * 2**20  # held, in 100 requests
NOISE_BYTES = 30 * 2**20  # by which what is held goes up and down from round to round, a leak or not
MOST_RESIDENT_GROWTH_BYTES = 48 * 2**20  # in all
LOST_AFTER_SECONDS = 120
Tickets = queue.SimpleQueue[bool]
QUESTIONS = ("为什么这个还没发货？", "价格是多少？", "有哪些按钮？", "请写出页面上的全部文字。")
SCHEMA = {
    "type": "object",
    "properties": {"状态": {"type": "string", "maxLength": 12}, "价格": {"type": "string", "pattern": "^[0-9]{1,4}$"}},
    "required": ["状态", "价格"],
    "additionalProperties": False,
}


class Client(threading.Thread):
    """Asks once for each ticket, and says so. `outcomes` counts how its requests ended, `unexpected` what should not
    have happened."""

    def __init__(self, vlm: kantu.VLM, seed: int, tickets: Tickets, done: Tickets) -> None:
        super().__init__(daemon=True)
        self._vlm, self._random, self._tickets, self._done = vlm, random.Random(seed), tickets, done
        self._pictures = [_noise(seed % 3, 224), _noise(seed, 320)]  # some shared between clients, some not
        self.outcomes: Counter[str] = Counter()
        self.unexpected: list[str] = []

    def run(self) -> None:
        kinds = [getattr(self, name) for name in dir(type(self)) if name.startswith("ask_")]
        while self._tickets.get():
            kind = self._random.choice(kinds)
            try:
                kind()
                self.outcomes[f"{kind.__name__} answered"] += 1
            except OverloadedError as error:
                self.outcomes["overloaded"] += 1
                time.sleep(min(error.retry_after_seconds, 0.2))
            except (KantuError, AssertionError) as error:
                self.unexpected.append(f"{kind.__name__}: {error!r}")
            self._done.put(True)

    def ask_about_a_picture(self) -> None:
        answer = self._vlm.ask(self._picture(), self._question(), max_tokens=24)
        assert answer.usage.visual_tokens > 0

    def ask_without_a_picture(self) -> None:
        self._vlm.ask([], self._question(), max_tokens=12)

    def ask_in_turns(self) -> None:
        turn = {"role": "user", "content": [{"type": "image", "image": self._picture()}, _text(self._question())]}
        first = self._vlm.chat([turn], max_tokens=10)
        reply = {"role": "assistant", "content": first.text}
        self._vlm.chat([turn, reply, {"role": "user", "content": self._question()}], max_tokens=10)

    def ask_many_questions(self) -> None:
        assert len(self._vlm.ask_many(self._picture(), QUESTIONS, max_tokens=6)) == len(QUESTIONS)

    def ask_for_a_record(self) -> None:
        answer = self._vlm.ask(self._picture(), "提取记录。", schema=SCHEMA, max_tokens=60)
        assert answer.finish_reason == "length" or answer.text.startswith("{"), answer.text

    def ask_for_a_choice(self) -> None:
        answer = self._vlm.ask(self._picture(), "发货了吗？", choices=("已发货", "未发货"), max_tokens=20)
        assert answer.text in ("已发货", "未发货"), answer.text

    def ask_for_scores(self) -> None:
        scores = self._vlm.score(self._picture(), "发货了吗？", ("已发货", "未发货", "看不出"))
        assert scores.probabilities is not None
        assert abs(sum(scores.probabilities) - 1) < 1e-6

    def ask_with_chance(self) -> None:
        options = {"temperature": 0.9, "top_p": 0.9, "presence_penalty": 0.5, "logprobs": 2}
        seed = self._random.randrange(3)
        one, two = (self._vlm.ask([], "写一句话。", max_tokens=8, seed=seed, **options) for _ in range(2))
        # batching may turn a tie within the dtype's rounding, so the two need not be equal here
        assert len(one.logprobs) == one.usage.completion_tokens
        assert two.text is not None

    def ask_and_leave(self) -> None:
        next(self._vlm.stream(self._picture(), self._question(), max_tokens=400, min_tokens=400))

    def ask_and_cancel(self) -> None:
        stream = self._vlm.stream([], self._question(), max_tokens=400, min_tokens=400)
        stream.cancel()
        try:
            stream.finish()
        except CancelledError:
            return
        raise AssertionError("a cancelled request answered")

    def ask_with_a_deadline(self) -> None:
        try:
            self._vlm.ask([], self._question(), max_tokens=2000, min_tokens=2000, timeout_seconds=0.3)
        except DeadlineExceededError:
            return
        raise AssertionError("a deadline passed unnoticed")

    def ask_badly(self) -> None:
        bad = ({"max_tokens": 10**9}, {"schema": {"type": "nonsense"}}, {"max_pixels": 1}, {"regex": "("})
        for options in bad:
            try:
                self._vlm.ask([], "问", **options)
            except InvalidRequestError:
                continue
            raise AssertionError(f"{options} was accepted")

    def _picture(self) -> Image.Image:
        # Every fourth picture is new to all caches.
        known = self._random.random() < 0.75
        return self._random.choice(self._pictures) if known else _noise(self._random.getrandbits(32), 224)

    def _question(self) -> str:
        return self._random.choice(QUESTIONS)


def main() -> None:
    arguments = _arguments()
    # Caches small enough to be full when warm: what grows after that is a leak.
    vlm = kantu.load(arguments.model, settings=kantu.EngineSettings(kv_bytes=2**24, vision_bytes=2**22))
    tickets: Tickets = queue.SimpleQueue()
    done: Tickets = queue.SimpleQueue()
    clients = [Client(vlm, arguments.seed * 1000 + number, tickets, done) for number in range(arguments.clients)]
    for client in clients:
        client.start()
    started, memory, lost = time.perf_counter(), [Memory.now()], 0
    print(f"    0 s       0 asked  {memory[0]}")
    while not lost and not _enough(len(memory) - 1, time.perf_counter() - started, arguments.minutes * 60):
        lost = _round(tickets, done)
        _settle(vlm)
        vlm.engine.check()
        memory.append(Memory.now())
        asked = (len(memory) - 1) * ROUND
        print(f"{time.perf_counter() - started:5.0f} s {asked:7d} asked  {memory[-1]}", flush=True)
    for _ in clients:
        tickets.put(False)
    outcomes = sum((client.outcomes for client in clients), Counter[str]())
    unexpected = [text for client in clients for text in client.unexpected]
    for name, count in sorted(outcomes.items()):
        print(f"{count:7d}  {name}")
    stats = vlm.engine.stats()
    print("counters", dict(sorted(stats.counters.items())))
    print("gauges", dict(stats.gauges))
    print(f"requests lost {lost}, unexpected {len(unexpected)}, check() held after every round")
    for text in unexpected[:10]:
        print("  ", text)
    if lost or unexpected:
        sys.exit(1)
    warm = memory[WARM_UP_ROUNDS:]
    growth = slope([memory.held for memory in warm])
    allowed = MOST_GROWTH_BYTES + NOISE_BYTES / (len(warm) - 1)  # the longer the run, the smaller the leak it finds
    resident_growth = slope([memory.resident for memory in warm]) * (len(warm) - 1)
    print(f"held memory after warm-up {growth / 2**20:+.3f} MiB in 100 requests, {allowed / 2**20:.2f} allowed")
    print(
        f"resident memory after warm-up {resident_growth / 2**20:+.1f} MiB in all, "
        f"{MOST_RESIDENT_GROWTH_BYTES / 2**20:.0f} allowed"
    )
    sys.exit(1 if growth > allowed or resident_growth > MOST_RESIDENT_GROWTH_BYTES else 0)


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes of this process, see above."""

    held: int
    resident: int

    @classmethod
    def now(cls) -> Memory:
        gc.collect()
        libc = ctypes.CDLL(None)
        libc.malloc_trim(0)
        libc.mallinfo2.restype = _Mallinfo
        _, resident, _, _, _, data, _ = map(int, Path("/proc/self/statm").read_text("utf-8").split())
        page = resource.getpagesize()
        return cls(data * page - libc.mallinfo2().fordblks, resident * page)

    def __str__(self) -> str:
        return f"held {self.held / 2**20:7.1f} MiB  resident {self.resident / 2**20:6.1f} MiB"


class _Mallinfo(ctypes.Structure):
    """Of malloc.h; `fordblks` is what malloc has free, in all its arenas."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    )


def slope(values: Sequence[float]) -> float:
    """By how much values grow from one to the next: the median over all pairs (Theil-Sen), so outliers do not count."""
    pairs = [(a, b) for b in range(len(values)) for a in range(b)]
    return statistics.median((values[b] - values[a]) / (b - a) for a, b in pairs)


def _enough(rounds: int, passed: float, seconds: float) -> bool:
    return rounds >= WARM_UP_ROUNDS + LEAST_ROUNDS and passed >= seconds


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


def _settle(vlm: kantu.VLM) -> None:
    """Dropped streams are cancelled at the next step: let it come."""
    for _ in range(100):
        gauges = vlm.engine.stats().gauges
        if not gauges["running"] and not gauges["waiting"]:
            break
        time.sleep(0.05)
    vlm.ask([], "完", max_tokens=1)


def _noise(seed: int, side: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8))


def _text(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--model")
    parser.add_argument("--clients", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
