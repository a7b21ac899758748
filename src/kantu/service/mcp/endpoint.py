"""POST /mcp."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Annotated, Any
from urllib.parse import urlsplit

import anyio
from anyio.abc import TaskGroup
from fastapi import APIRouter, Body, Depends, Request
from fastapi.responses import Response
from starlette.types import Message, Receive, Scope, Send

from kantu.errors import error
from kantu.service.access import Authorize, part
from kantu.service.actor import Actor
from kantu.service.http.json_route import JsonRoute
from kantu.service.http.work_response import until_client_goes
from kantu.service.mcp.service import McpService

ADDRESS = "/mcp"

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def mcp_router(origins: Collection[str]) -> APIRouter:
    """The route. It is no part of the OpenAPI document: what goes over it is described by the protocol.

    Args:
        origins: of pages that may call it, beside those of the user's own machine; `*` is every one.
    """
    router = APIRouter(route_class=JsonRoute, include_in_schema=False)

    @router.post(ADDRESS)
    async def answer(
        request: Request,
        _: Annotated[Actor, Depends(Authorize("create", "tasks", counted=False))],  # each call of a tool counts
        body: Annotated[dict[str, Any], Body()],
        service: Annotated[McpService, Depends(part(McpService))],
    ) -> Response:
        check_origin(request.headers.get("origin"), origins)
        return _McpResponse(service, body)

    return router


def check_origin(origin: str | None, allowed: Collection[str]) -> None:
    """Raise PermissionDeniedError (`origin_not_allowed`) for a page from elsewhere.

    A browser says where a page is from with every POST, whatever name its address was given (DNS rebinding); other
    programs say nothing. The protocol demands this check.
    """
    if origin is None or origin in allowed or "*" in allowed:
        return
    try:
        host = urlsplit(origin).hostname
    except ValueError:
        host = None
    if host not in _LOOPBACK:
        raise error("origin_not_allowed")


class _McpResponse(Response):
    """The protocol's answer to a message that the gateway has read, made while it is sent."""

    def __init__(self, service: McpService, message: dict[str, Any]) -> None:
        super().__init__()
        self._service, self._message = service, message

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def answer(_: TaskGroup) -> None:
            await self._service.answer(scope, _body_of(self._message), send)

        await until_client_goes(receive, answer)


def _body_of(message: dict[str, Any]) -> Receive:
    """What the client has sent, once more: the SDK reads bodies itself."""
    waiting: list[Message] = [{"type": "http.request", "body": json.dumps(message).encode(), "more_body": False}]

    async def receive() -> Message:
        if not waiting:
            await anyio.sleep_forever()
        return waiting.pop()

    return receive
