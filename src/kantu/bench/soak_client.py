"""A client of the soak, which asks all kinds of things.

Questions with and without pictures, repeated pictures, several turns, several answers, schemas, choices, scores,
sampling with penalties, streams that are dropped, cancels, deadlines, bad requests.
"""

from __future__ import annotations

import queue
import random
import threading
import time
from collections import Counter

from PIL import Image

from kantu.bench.work import noise
from kantu.errors import CancelledError, DeadlineExceededError, InvalidRequestError, OverloadedError
from kantu.vlm import VLM, Options

Tickets = queue.SimpleQueue[bool]
QUESTIONS = ("为什么这个还没发货？", "价格是多少？", "有哪些按钮？", "请写出页面上的全部文字。")
SCHEMA = {
    "type": "object",
    "properties": {"状态": {"type": "string", "maxLength": 12}, "价格": {"type": "string", "pattern": "^[0-9]{1,4}$"}},
    "required": ["状态", "价格"],
    "additionalProperties": False,
}


class SoakClient(threading.Thread):
    """Asks once for each ticket, and says so.

    Attributes:
        outcomes: how its requests ended.
        unexpected: what should not have happened.
    """

    def __init__(self, vlm: VLM, seed: int, tickets: Tickets, done: Tickets) -> None:
        super().__init__(daemon=True)
        self._vlm, self._random, self._tickets, self._done = vlm, random.Random(seed), tickets, done
        self._pictures = [noise(seed % 3, 224, 224), noise(seed, 320, 320)]  # some shared between clients, some not
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
            except Exception as error:
                self.unexpected.append(f"{kind.__name__}: {error!r}")
            self._done.put(True)

    def ask_about_a_picture(self) -> None:
        answer = self._vlm.ask(self._picture(), self._question(), max_tokens=24)
        assert answer.usage.visual_tokens > 0

    def ask_without_a_picture(self) -> None:
        self._vlm.ask([], self._question(), max_tokens=12)

    def ask_in_turns(self) -> None:
        turn = {
            "role": "user",
            "content": [{"type": "image", "image": self._picture()}, {"type": "text", "text": self._question()}],
        }
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
        options: Options = {"temperature": 0.9, "top_p": 0.9, "presence_penalty": 0.5, "logprobs": 2, "max_tokens": 8}
        options["seed"] = self._random.randrange(3)
        one, two = (self._vlm.ask([], "写一句话。", **options) for _ in range(2))
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
        bad: tuple[Options, ...] = (
            {"max_tokens": 10**9},
            {"schema": {"type": "nonsense"}},
            {"max_pixels": 1},
            {"regex": "("},
        )
        for options in bad:
            try:
                self._vlm.ask([], "问", **options)
            except InvalidRequestError:
                continue
            raise AssertionError(f"{options} was accepted")

    def _picture(self) -> Image.Image:
        # Every fourth picture is new to all caches.
        known = self._random.random() < 0.75
        return self._random.choice(self._pictures) if known else noise(self._random.getrandbits(32), 224, 224)

    def _question(self) -> str:
        return self._random.choice(QUESTIONS)
