"""Gives every request its deadline when it arrives, and answers those that are late, whatever still works on them."""

from __future__ import annotations

import asyncio

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kantu.errors import error
from kantu.service.deadline import Deadline
from kantu.service.errors import error_response

# Who keeps the deadline by itself, as a chat completion does, goes first: it knows what the request has used.
_GRACE_SECONDS = 0.5


class LateMiddleware:
    """Leaves the request's `Deadline` in `scope["state"]["deadline"]`.

    Where no answer has begun half a second after it, `deadline_exceeded` is the answer, be it that the body is still on
    its way, the database silent, or a thread busy that cannot be ended. What works on it is cancelled, and is waited
    for afterwards, so that nothing runs uncounted. An answer that has begun goes on: how long it may take is for the
    endpoint to say, and for the client's reading (`SlowReaderMiddleware`).
    """

    def __init__(self, app: ASGIApp, *, seconds: float) -> None:
        self._app, self._seconds = app, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        deadline = Deadline.after(self._seconds)
        scope.setdefault("state", {})["deadline"] = deadline
        with anyio.CancelScope() as work:
            late = _LateAnswer(scope, receive, send, work)
            timer = asyncio.get_running_loop().call_later(deadline.left_seconds + _GRACE_SECONDS, late.begin)
            try:
                await self._app(scope, receive, late.send_in_time)
            except Exception:
                if late.task is None:  # else it has been answered, and what fails for being cancelled says nothing
                    raise
            finally:
                timer.cancel()
        if late.task is not None:
            await late.task


class _LateAnswer:
    """Sent by a task of its own, once.

    Attributes:
        task: that; None while there is none.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send, work: anyio.CancelScope) -> None:
        self._scope, self._receive, self._send, self._work = scope, receive, send, work
        self._begun = False
        self.task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Answer, unless an answer has begun."""
        if not self._begun:
            self.task = asyncio.get_running_loop().create_task(self._answer())

    async def send_in_time(self, message: Message) -> None:
        """`send`, for the application: what it says too late goes nowhere."""
        if self.task is None:
            self._begun = True
            await self._send(message)

    async def _answer(self) -> None:
        failure = error("deadline_exceeded")
        self._scope["state"]["error_code"] = failure.code
        self._work.cancel()
        response = error_response(failure, self._scope)
        response.headers["connection"] = "close"  # the rest of a body may still be on its way
        await response(self._scope, self._receive, self._send)
