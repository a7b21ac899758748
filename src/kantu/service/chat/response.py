"""Sends one chat completion, whole or as server-sent events, and ends it when its client goes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import anyio
from fastapi.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from kantu.engine.request import Delta
from kantu.errors import KantuError
from kantu.service.chat.answer import DONE, event
from kantu.service.chat.schemas import ChatRequest
from kantu.service.chat.service import Completion
from kantu.service.errors import envelope, internal_error
from kantu.service.identity import Caller
from kantu.service.language import language_of
from kantu.service.lifecycle import stopping

if TYPE_CHECKING:
    from kantu.service.chat.service import ChatService

_SSE = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),  # nginx would hold the answer back
]


class ChatResponse(Response):
    """Does its work when it is sent: so all of it, from the first picture to the last token, is one block that a
    vanished client cancels. What fails before the first token is raised, and gets a status of its own; what fails
    after it becomes an `error` event.
    """

    def __init__(self, chat: ChatService, caller: Caller, body: ChatRequest, accept_language: str | None) -> None:
        super().__init__()
        self._chat, self._caller, self._request = chat, caller, body
        self._language = language_of(accept_language)
        options = body.stream_options
        self._include_usage = options is not None and bool(options.include_usage)
        self._usage_of_each = options is not None and bool(options.continuous_usage_stats)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        failure: Exception | None = None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_cancel_when_gone, receive, tasks.cancel_scope)
            try:
                async with self._chat.start(self._caller, self._request) as completion:
                    if self._request.stream:
                        await self._stream(completion, send)
                    else:
                        await self._whole(completion, scope, receive, send)
            except asyncio.CancelledError:
                if self._request.stream or tasks.cancel_scope.cancel_called:  # the client has gone
                    raise
                task = asyncio.current_task()
                assert task is not None
                task.uncancel()  # there is still an answer to send: the server stops, and waits no longer
                failure = stopping()
            except Exception as error:  # out of the group as itself, not in a group of exceptions
                failure = error
            tasks.cancel_scope.cancel()
        if failure is not None:
            raise failure

    async def _whole(self, completion: Completion, scope: Scope, receive: Receive, send: Send) -> None:
        async for delta in completion.answering:
            completion.writer.add(delta)
        await JSONResponse(completion.writer.whole())(scope, receive, send)

    async def _stream(self, completion: Completion, send: Send) -> None:
        writer, usage = completion.writer, self._include_usage
        deltas = aiter(completion.answering)
        delta: Delta | None = await anext(deltas)  # what fails here has not begun
        await send({"type": "http.response.start", "status": 200, "headers": _SSE})
        waiting = b"".join(writer.first_chunks(usage))  # goes with what comes next: each message is a write of its own
        try:
            while delta is not None:
                writer.add(delta)
                waiting += writer.chunk(delta, usage, of_each=self._usage_of_each) or b""
                body, waiting = waiting, b""
                if body:
                    await send({"type": "http.response.body", "body": body, "more_body": True})
                delta = await anext(deltas, None)
            waiting = (writer.last_chunk() if usage else b"") + DONE
        except KantuError as error:
            completion.watch.failed(error.code)
            waiting += event(envelope(error, self._language), "error")
        except asyncio.CancelledError:  # by the server that stops (or the client has gone, and hears nothing)
            waiting += event(envelope(stopping(), self._language), "error")
            raise
        except Exception:
            waiting += event(envelope(internal_error(), self._language), "error")
            raise
        finally:
            await send({"type": "http.response.body", "body": waiting, "more_body": False})


async def _cancel_when_gone(receive: Receive, scope: anyio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()
