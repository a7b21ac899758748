"""Mixed traffic for some minutes: nothing may be lost, memory must be flat after warm-up, the accounts must add up.

    python benchmarks/soak.py [--minutes 5] [--model NAME] [--clients 6] [--seed 0]

Clients ask at once and without pause: questions with and without pictures, repeated pictures, several turns, several
answers, schemas, choices, scores, sampling with penalties, streams that are dropped, cancels, deadlines, bad requests.
Exits with 1 where a request was lost or ended otherwise than it may, where memory grew, or where `check()` fails.
"""

from __future__ import annotations

import argparse
import random
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

import kantu
from kantu.errors import CancelledError, DeadlineExceededError, InvalidRequestError, KantuError, OverloadedError

WARM_UP = 0.4  # part of the time after which memory is taken as warm
MOST_GROWTH_BYTES = 48 * 2**20
QUESTIONS = ("为什么这个还没发货？", "价格是多少？", "有哪些按钮？", "请写出页面上的全部文字。")
SCHEMA = {
    "type": "object",
    "properties": {"状态": {"type": "string", "maxLength": 12}, "价格": {"type": "string", "pattern": "^[0-9]{1,4}$"}},
    "required": ["状态", "价格"],
    "additionalProperties": False,
}


class Client(threading.Thread):
    """Asks until told to stop. `outcomes` counts how its requests ended, `unexpected` what should not have happened."""

    def __init__(self, vlm: kantu.VLM, seed: int, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self._vlm, self._random, self._stop_asking = vlm, random.Random(seed), stop
        self._pictures = [_noise(seed % 3, 224), _noise(seed, 320)]  # some shared between clients, some not
        self.outcomes: Counter[str] = Counter()
        self.unexpected: list[str] = []

    def run(self) -> None:
        kinds = [getattr(self, name) for name in dir(type(self)) if name.startswith("ask_")]
        while not self._stop_asking.is_set():
            kind = self._random.choice(kinds)
            try:
                kind()
                self.outcomes[f"{kind.__name__} answered"] += 1
            except OverloadedError as error:
                self.outcomes["overloaded"] += 1
                time.sleep(min(error.retry_after_seconds, 0.2))
            except (KantuError, AssertionError) as error:
                self.unexpected.append(f"{kind.__name__}: {error!r}")

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
    stop = threading.Event()
    clients = [Client(vlm, arguments.seed * 1000 + number, stop) for number in range(arguments.clients)]
    for client in clients:
        client.start()
    warm_bytes = _watch(arguments.minutes * 60)
    stop.set()
    for client in clients:
        client.join(timeout=120)
    lost = sum(client.is_alive() for client in clients)
    growth = _resident_bytes() - warm_bytes
    outcomes = sum((client.outcomes for client in clients), Counter[str]())
    unexpected = [text for client in clients for text in client.unexpected]
    _settle(vlm)
    for name, count in sorted(outcomes.items()):
        print(f"{count:7d}  {name}")
    stats = vlm.engine.stats()
    print("counters", dict(sorted(stats.counters.items())))
    print("gauges", dict(stats.gauges))
    print(f"clients lost {lost}, unexpected {len(unexpected)}, memory after warm-up {growth / 2**20:+.1f} MiB")
    for text in unexpected[:10]:
        print("  ", text)
    vlm.engine.check()
    print("check() holds")
    sys.exit(1 if lost or unexpected or growth > MOST_GROWTH_BYTES else 0)


def _watch(seconds: float) -> int:
    """Wait; the resident bytes when warm."""
    started, warm = time.perf_counter(), 0
    while (passed := time.perf_counter() - started) < seconds:
        time.sleep(min(1.0, seconds - passed))
        resident = _resident_bytes()
        if passed < WARM_UP * seconds:
            warm = max(warm, resident)
    return warm


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


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text("utf-8").split()[1]) * 4096


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--model")
    parser.add_argument("--clients", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
