"""One cancellation ends several requests, those that are still to come included."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pytest

from kantu.engine.cancellation import Cancellation
from kantu.engine.protocol import Engine, Listener, ScoreListener
from kantu.engine.request import Request
from kantu.errors import CancelledError, error


class Waiting:
    """An engine that answers nothing; what is cancelled fails, as a real one has it."""

    def __init__(self) -> None:
        self.cancelled: list[str] = []
        self.while_admitting: list[Any] = []

    def submit(self, request: Request, listener: Listener) -> Any:
        for act in self.while_admitting:
            act()
        return _Handle(self.cancelled, listener)

    def submit_score(self, request: Request, choices: Sequence[str], listener: ScoreListener) -> Any:
        return self.submit(request, cast(Any, listener))


class _Handle:
    def __init__(self, cancelled: list[str], listener: Any) -> None:
        self._cancelled, self._listener = cancelled, listener

    def cancel(self) -> None:
        self._cancelled.append("one")
        self._listener(error("cancelled"))


REQUEST = cast(Request, None)


def test_all_that_is_under_way_is_cancelled_once() -> None:
    waiting, cancellation, heard = Waiting(), Cancellation(), []
    engine = cancellation.over(cast(Engine, waiting))
    engine.submit(REQUEST, heard.append)
    engine.submit_score(REQUEST, ["a", "b"], heard.append)
    cancellation.cancel()
    cancellation.cancel()
    assert waiting.cancelled == ["one", "one"]
    assert [type(each) for each in heard] == [CancelledError, CancelledError]


def test_nothing_begins_afterwards() -> None:
    cancellation = Cancellation()
    engine = cancellation.over(cast(Engine, Waiting()))
    cancellation.cancel()
    for ask in (lambda: engine.submit(REQUEST, print), lambda: engine.score(REQUEST, ["a", "b"])):
        with pytest.raises(CancelledError):
            ask()


def test_what_is_just_being_admitted_ends_too() -> None:
    waiting, cancellation = Waiting(), Cancellation()
    waiting.while_admitting.append(cancellation.cancel)
    cancellation.over(cast(Engine, waiting)).submit(REQUEST, lambda _: None)
    assert waiting.cancelled == ["one"]


def test_scores_that_are_waited_for_end() -> None:
    waiting, cancellation = Waiting(), Cancellation()
    waiting.while_admitting.append(cancellation.cancel)
    with pytest.raises(CancelledError):
        cancellation.over(cast(Engine, waiting)).score(REQUEST, ["a", "b"])
