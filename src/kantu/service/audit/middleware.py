"""Has requests recorded that no transaction records: what was asked and answered, and what was refused."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kantu.service.audit.acting import Acting, acting, event
from kantu.service.audit.declared import ACTS
from kantu.service.audit.event import Result
from kantu.service.audit.refusals import Refusals
from kantu.service.audit.writer import AuditWriter
from kantu.service.http.actor import known_actor
from kantu.service.watch.labels import CLIENT_CLOSED
from kantu.service.watch.watch import notes_of_request

_MOST_TARGET = 255
_ASKED = "asked"  # in the scope's state: what `Authorize` was asked for


class AuditMiddleware:
    """Behind `ActorMiddleware` and before the body is read, whose hash it takes as it comes. Nothing is buffered.

    Args:
        guarded: how the addresses begin whose requests have an actor.
    """

    def __init__(self, app: ASGIApp, *, writer: AuditWriter, guarded: Collection[str]) -> None:
        self._app, self._writer, self._guarded = app, writer, tuple(guarded)
        self._refusals = Refusals()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(self._guarded):
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(receive, send)
        token = acting.set(_acting(scope))
        try:
            await self._app(scope, exchange.receive, exchange.send)
        finally:
            try:
                self._end(scope, exchange)
            finally:
                acting.reset(token)

    def _end(self, scope: Scope, exchange: _Exchange) -> None:
        asked: tuple[str, str] | None = scope["state"].get(_ASKED)
        if asked is None:  # no such address
            return
        status = exchange.status
        result = _result(status, exchange.complete)
        written = ACTS[asked].written
        if result == "ok" and written != "after_answer":
            return
        if written == "with_change" and status is not None and status < 400:  # it is done, though nobody has heard so
            return
        who = acting.get()
        if result == "refused" and who is not None and not self._refusals.admit(str(who.actor_id or who.address)):
            return
        notes = notes_of_request.get()
        code = scope["state"].get("error_code") or (None if notes is None else notes.code)
        details: dict[str, Any] = {
            "path": getattr(scope.get("route"), "path", None),
            "status": status,
            "code": code or (None if exchange.complete else CLIENT_CLOSED),
            "model": None if notes is None else notes.model,
            **(exchange.hashes() if written == "after_answer" else {}),  # other bodies may hold a password
            "refusals_left_out": (self._refusals.take_left_out() or None) if result == "refused" else None,
        }
        after = {name: value for name, value in details.items() if value is not None}
        target = _target(scope) or (None if who is None else who.claimed_id)
        self._writer.put(event(*asked, target, after=after, result=result))


def note_asked(scope: Scope, action: str, resource: str) -> None:
    """Say what a request wants to do, as soon as that is known."""
    scope.setdefault("state", {})[_ASKED] = (action, resource)


class _Hash:
    """Of the bytes that pass."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.size = 0

    def add(self, data: bytes) -> None:
        if data:
            self._hash.update(data)
            self.size += len(data)

    def digest(self) -> str | None:
        return self._hash.hexdigest() if self.size else None


class _Exchange:
    """Looks at the messages that pass, and changes none."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self.body, self.answer = _Hash(), _Hash()
        self.status: int | None = None
        self.complete = False

    def hashes(self) -> dict[str, Any]:
        """What stands for what was asked and answered."""
        return {
            "body_bytes": self.body.size,
            "body_sha256": self.body.digest(),
            "answer_bytes": self.answer.size,
            "answer_sha256": self.answer.digest(),
        }

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self.body.add(message.get("body", b""))
        return message

    async def send(self, message: Message) -> None:
        await self._send(message)
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif message["type"] == "http.response.body":
            self.answer.add(message.get("body", b""))
            self.complete = not message.get("more_body", False)


def _acting(scope: Scope) -> Acting:
    actor, client, state = known_actor(scope), scope.get("client"), scope.get("state", {})
    address, request_id = None if client is None else client[0], state.get("request_id")
    anonymous = Acting(None, "anonymous", address=address, request_id=request_id)
    return anonymous if actor is None else anonymous.turned_out(actor)


def _result(status: int | None, complete: bool) -> Result:
    if status is None or status >= 500 or not complete:
        return "failed"
    return "ok" if status < 400 else "refused"


def _target(scope: Scope) -> str | None:
    """What the address names: a file, a batch, a task. As long as ids are, however long addresses may be."""
    return next((str(value)[:_MOST_TARGET] for value in scope.get("path_params", {}).values()), None)
