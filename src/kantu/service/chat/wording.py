"""What each API of the gateway that answers questions has of its own: how it words them and their answers.

All else (pictures, limits, deadline, clients that vanish) is `ChatService`'s and `ChatResponse`'s, the same for all.
"""

from __future__ import annotations

from typing import Protocol

from kantu.engine.request import Delta
from kantu.errors import KantuError
from kantu.service.chat.answer import Answer
from kantu.service.chat.schemas import ChatRequest
from kantu.service.chat.sending import Parts
from kantu.service.language import Language


class Writer(Protocol):
    """Words one answer: as the events of a stream, or whole. Every delta has been counted by `Answer` before."""

    def first_events(self) -> bytes:
        """What opens a stream."""
        ...

    def events(self, delta: Delta) -> bytes:
        """One delta of a stream; empty where there is nothing to tell.

        Raises:
            InvalidRequestError: `answer_too_large`, where the end repeats all of it.
        """
        ...

    def last_events(self) -> Parts:
        """What ends a stream in which every answer has ended."""
        ...

    def failure_events(self, failure: KantuError, language: Language) -> bytes:
        """What ends a stream that fails after its first events."""
        ...

    def add(self, delta: Delta) -> None:
        """Take in one delta of an answer that is sent whole.

        Raises:
            InvalidRequestError: `answer_too_large`.
        """
        ...

    def whole(self) -> Parts:
        """The JSON of a whole answer, once every answer has ended."""
        ...


class Wording(Protocol):
    """Of one request."""

    @property
    def endpoint(self) -> str:
        """Under which it is watched."""
        ...

    @property
    def request(self) -> ChatRequest:
        """What is asked, as a chat completion."""
        ...

    @property
    def stream(self) -> bool:
        """Whether the answer comes as events."""
        ...

    def writer(self, answer: Answer) -> Writer:
        """Who words the answer, before it comes."""
        ...

    def failure_events(self, failure: KantuError, language: Language) -> bytes:
        """What ends a stream that fails before its first events, but after a comment has been sent."""
        ...

    def as_sent(self, failure: KantuError) -> None:
        """Name parameters in an error as the client did, where `request` has another name for them."""
        ...
