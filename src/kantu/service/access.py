"""What every route of the API depends on: who asks, whether it may, and the part of the service that answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Annotated, Any, TypeVar

from fastapi import Depends, FastAPI, Request
from fastapi.security import HTTPBearer

from kantu.service.actor import Actor
from kantu.service.audit.declared import ACTS
from kantu.service.audit.middleware import note_asked
from kantu.service.audit.writer import AuditWriter
from kantu.service.http.actor import actor_of
from kantu.service.limits.limiter import Limiter
from kantu.service.permissions import Action, Resource, check

T = TypeVar("T")

# For the OpenAPI document only; the header is read by `ActorMiddleware`.
_BEARER = HTTPBearer(auto_error=False, scheme_name="api_key", description="kantu keys create 给出的密钥")


def provide(app: FastAPI, parts: Iterable[object]) -> None:
    """Let the routes of `app` find these parts of the service, each by its type."""
    app.state.parts = {type(part): part for part in parts}


def part(kind: type[T]) -> Callable[[Request], Awaitable[T]]:
    """A dependency: the application's part of this type."""

    async def found(request: Request) -> T:  # a coroutine: FastAPI would call a function on a thread
        return _part(request, kind)

    return found


class Note:
    """A dependency of a route that asks nobody who they are: what is wanted, for the audit."""

    def __init__(self, action: str, resource: str) -> None:
        self.action, self.resource = action, resource

    async def __call__(self, request: Request) -> None:
        note_asked(request.scope, self.action, self.resource)


class Authorize:
    """A dependency: the actor, who may do `action` to `resource` and has not used up its requests; and that the act can
    be recorded.

    Its address is one that `ActorMiddleware` guards.

    Args:
        counted: as one of the key's requests.
    """

    def __init__(self, action: Action, resource: Resource, *, counted: bool = True) -> None:
        self.action, self.resource, self._counted = action, resource, counted

    async def __call__(self, request: Request, _: Annotated[object, Depends(_BEARER)]) -> Actor:
        note_asked(request.scope, self.action, self.resource)
        actor = actor_of(request.scope)
        check(actor, self.action, self.resource)
        if ACTS[self.action, self.resource].waits:
            _part(request, AuditWriter).check()
        if self._counted:
            await _part(request, Limiter).admit(actor)
        return actor


def _part(request: Request, kind: type[T]) -> T:
    parts: dict[type[Any], Any] = request.app.state.parts
    found: T = parts[kind]
    return found
