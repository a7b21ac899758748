"""Routes whose JSON `BodyMiddleware` has read, piece by piece; the framework would collect and parse it whole."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import Scope

from kantu.service.http.actor import has_body, is_refused
from kantu.service.http.json_reader import JsonReader

_STATE = "json"


def leave_json(scope: Scope, reader: JsonReader) -> None:
    """Put a body where a `JsonRoute` takes it."""
    scope["state"][_STATE] = reader


class JsonRoute(APIRoute):
    """A route that takes JSON and nothing else: of any other body nothing is read."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def read(request: Request) -> Response:
            return await handle(_ReadRequest(request.scope, request.receive))

        return read


class _ReadRequest(Request):
    async def body(self) -> bytes:
        """The framework only looks whether there is one, or finds that it is not JSON."""
        reader: JsonReader | None = self.scope["state"].get(_STATE)
        if reader is not None:
            return b"" if reader.empty else b"JSON"
        return b"not JSON" if has_body(self.headers) and not is_refused(self.scope) else b""

    async def json(self) -> Any:
        """The body's value; it is kept nowhere else, and can be had once."""
        reader: JsonReader = self.scope["state"].pop(_STATE)
        return reader.value()
