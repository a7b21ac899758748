"""What a task asks is brought to an engine a few at a time, and nothing is left under way when one fails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from kantu.engine.metrics import Stats
from kantu.engine.protocol import Handle, Listener, ScoreListener, wait_for_scores
from kantu.engine.request import Delta, End, Request, Scores
from kantu.errors import KantuError, UpstreamError, error
from kantu.solve.asks import Ask, Choose, Generate, Generated, Reply
from kantu.solve.drive import AT_ONCE, drive
from kantu.solve.result import Review, TaskResult, TaskTimings, TaskUsage, TaskVersion
from kantu.solve.run import Steps
from tests.solve.scripted import TIMINGS, USAGE, scores


class _Answer:
    """One request."""

    def __init__(self, prompt: str, listener: Listener) -> None:
        self.prompt, self.listener = prompt, listener
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True

    def end(self) -> None:
        if self.prompt == "bad":
            self.listener(error("upstream_bad_answer"))
        elif self.prompt != "hang":
            self.listener(Delta(self.prompt, (1,), End("stop", USAGE, TIMINGS)))


class _Engine:
    """Answers with the prompt, once `together` requests wait; "bad" ends with an error and "hang" not at all.

    Attributes:
        begun: all requests, in order.
        scored: how many requests had been begun when scores were asked for.
    """

    def __init__(self, together: int = 1, most_waiting: int = 256) -> None:
        self.begun: list[_Answer] = []
        self.scored: list[int] = []
        self._waiting: list[_Answer] = []
        self._together, self._most = together, most_waiting

    def submit(self, request: Request, listener: Listener) -> Handle:
        if len(self._waiting) == self._most:
            raise error("overloaded", retry_after_seconds=1.0)
        answer = _Answer(request.turns[-1].texts[-1], listener)
        self.begun.append(answer)
        self._waiting.append(answer)
        if len(self._waiting) == self._together:
            for each in self._waiting:
                each.end()
            self._waiting = []
        return answer

    def submit_score(self, request: Request, choices: Sequence[str], listener: ScoreListener) -> Handle:
        self.scored.append(len(self.begun))
        listener(scores(0.25, 0.75))
        return _Answer("", lambda _: None)

    def score(self, request: Request, choices: Sequence[str]) -> Scores:
        return wait_for_scores(self, request, choices)

    def stats(self) -> Stats:
        return Stats()

    def check(self) -> None: ...

    def close(self) -> None: ...


def steps(asks: Sequence[Ask], replies: list[Reply]) -> Steps:
    """One step, whose replies are kept."""
    replies += yield tuple(asks)
    return TaskResult[Any](
        task=TaskVersion(name="own", title="", version="0"),
        result=None,
        review=Review(needed=False),
        model="m",
        usage=TaskUsage(),
        timings=TaskTimings(),
    )


def test_many_asks_are_brought_a_few_at_a_time_and_answered_in_their_order() -> None:
    engine, replies = _Engine(), list[Reply]()
    before, after = ([Generate(f"{when}{number}", 9) for number in range(2 * AT_ONCE - 1)] for when in ("前", "后"))
    drive(steps([*before, Choose("?", ("甲", "乙")), *after], replies), engine, ())
    assert [reply.text for reply in replies if isinstance(reply, Generated)] == [ask.prompt for ask in before + after]
    assert isinstance(replies[len(before)], Scores)
    assert engine.scored == [len(before)]  # nothing of what comes after its few had been begun


def test_when_one_answer_fails_the_others_are_cancelled() -> None:
    engine = _Engine(together=3)
    with pytest.raises(UpstreamError):
        drive(steps([Generate(prompt, 9) for prompt in ("bad", "hang", "hang")], []), engine, ())
    assert [answer.cancelled for answer in engine.begun if answer.prompt == "hang"] == [True, True]


def test_when_one_is_refused_those_before_it_are_cancelled() -> None:
    engine = _Engine(together=9, most_waiting=2)
    with pytest.raises(KantuError) as refused:
        drive(steps([Generate("hang", 9)] * 3, []), engine, ())
    assert refused.value.code == "overloaded"
    assert [answer.cancelled for answer in engine.begun] == [True, True]
