"""Sends one answer, whole or as server-sent events, and ends it when its client goes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import anyio
from anyio.abc import TaskGroup
from fastapi.responses import Response
from starlette.types import Receive, Scope, Send

from kantu.errors import KantuError, error
from kantu.service.actor import Actor
from kantu.service.chat.sending import pieces, size_bytes
from kantu.service.chat.service import Completion, new_answer_id
from kantu.service.chat.wording import Wording, Writer
from kantu.service.deadline import Deadline
from kantu.service.http.work_response import until_client_goes
from kantu.service.label.header import label_headers
from kantu.service.language import language_of

if TYPE_CHECKING:
    from kantu.service.chat.service import ChatService

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"x-accel-buffering", b"no"),  # nginx would hold the answer back
]
_COMMENT = b": keep-alive\n\n"


class ChatResponse(Response):
    """Does its work when it is sent: so all of it, from the first picture to the last token, is one block that a
    vanished client cancels. What fails before anything was sent is raised, and gets a status of its own; what fails
    after it becomes an event.

    Args:
        wording: of the request, and of its answer.
        keep_alive_seconds: after which a stream that has nothing to tell sends a comment, before the first token too;
            0 is never.
    """

    def __init__(
        self,
        chat: ChatService,
        actor: Actor,
        wording: Wording,
        deadline: Deadline,
        accept_language: str | None,
        *,
        keep_alive_seconds: float,
    ) -> None:
        super().__init__()
        self._chat, self._actor, self._wording, self._deadline = chat, actor, wording, deadline
        self._language = language_of(accept_language)
        self._keep_alive_seconds = keep_alive_seconds
        self._telling: Writer | None = None  # from the first events on

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer_id = new_answer_id()
        events = EventStream(send, label_headers(self._chat.label(answer_id)))

        async def answer(tasks: TaskGroup) -> None:
            if self._wording.stream and self._keep_alive_seconds:
                tasks.start_soon(_keep_alive, events, self._keep_alive_seconds, tasks.cancel_scope)
            async with self._chat.start(self._actor, self._wording, self._deadline, answer_id) as completion:
                if self._wording.stream:
                    await self._stream(completion, events)
                else:
                    await self._whole(completion, send)

        try:
            await until_client_goes(receive, answer)
        except Exception as failure:
            await self._fail(failure, events)

    async def _whole(self, completion: Completion, send: Send) -> None:
        whole = await completion.whole()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(size_bytes(whole)).encode()),
            *label_headers(completion.answer.label),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for piece in pieces(whole):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await asyncio.sleep(0)  # a client that reads quickly is not waited for, and others have their turn
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _stream(self, completion: Completion, events: EventStream) -> None:
        writer = completion.writer
        waiting = writer.first_events()  # goes with what comes next: each message is a write of its own
        async for delta in completion:
            waiting += writer.events(delta)
            if waiting:
                self._telling = writer
                await events.write(waiting)
                waiting = b""
        last = b""
        for piece in pieces(writer.last_events()):
            if last:
                await events.write(last)
                await asyncio.sleep(0)  # as above
            last = piece
        await events.end(last)

    async def _fail(self, failure: Exception, events: EventStream) -> None:
        """Raise what has no status yet, or is more than a client needs to know; tell it in a stream that has begun."""
        if not events.begun or isinstance(failure, OSError):  # which is a client that does not read
            raise failure
        told = failure if isinstance(failure, KantuError) else error("internal_error")
        await events.end((self._telling or self._wording).failure_events(told, self._language))
        if told is not failure:
            raise failure


class EventStream:
    """Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html), kept alive.

    Status and headers go with whatever is written first.

    Args:
        headers: that it has besides its own.

    Attributes:
        begun: a status has been sent, and no other can be.
    """

    def __init__(self, send: Send, headers: Sequence[tuple[bytes, bytes]] = ()) -> None:
        self._send, self._headers = send, [*_HEADERS, *headers]
        self.begun = False
        self._ended = False
        self._written_at = asyncio.get_running_loop().time()
        self._writing = asyncio.Lock()

    async def write(self, data: bytes) -> None:
        """Send some events."""
        async with self._writing:
            await self._write(data, more=True)

    async def end(self, data: bytes) -> None:
        """Send the last events."""
        async with self._writing:
            self._ended = True
            await self._write(data, more=False)

    async def keep_alive(self, seconds: float) -> None:
        """Write a comment, which clients skip, whenever nothing else has been written for so long; to the end."""
        loop = asyncio.get_running_loop()
        while not self._ended:
            left = self._written_at + seconds - loop.time()
            if left > 0:
                await asyncio.sleep(left)
                continue
            async with self._writing:
                if not self._ended:
                    await self._write(_COMMENT, more=True)

    async def _write(self, data: bytes, *, more: bool) -> None:
        if not self.begun:
            self.begun = True
            await self._send({"type": "http.response.start", "status": 200, "headers": self._headers})
        await self._send({"type": "http.response.body", "body": data, "more_body": more})
        self._written_at = asyncio.get_running_loop().time()


async def _keep_alive(events: EventStream, seconds: float, scope: anyio.CancelScope) -> None:
    try:
        await events.keep_alive(seconds)
    except OSError:  # the client does not read, and is taken for gone
        scope.cancel()
