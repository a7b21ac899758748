"""NiceGUI's application inside ours: only the page and NiceGUI's own static files, none of its WebSocket."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from nicegui import Client, core, ui
from nicegui.version import __version__ as nicegui_version
from starlette.background import BackgroundTask
from starlette.responses import Response
from starlette.routing import Match, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from kantu.service.errors import error_response
from kantu.service.http.no_such_address import endpoint_not_found
from kantu.service.language import language_of
from kantu.service.page.layout import lay_out
from kantu.service.page.policy import policy_of
from kantu.service.page.words import words_in

STATIC = Path(__file__).parent / "static"
_VIEWPORT = "width=device-width, initial-scale=1, viewport-fit=cover, interactive-widget=resizes-content"
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def mount(app: FastAPI) -> None:
    """Add the page, its files and NiceGUI's to `app`, and NiceGUI's start and stop to its lifespan."""
    ui.page("/")(_page)
    # What a gateway before this one in the same process has left: a stack that takes no more middlewares.
    core.app.middleware_stack = None
    core.app.user_middleware.clear()
    core.app.add_exception_handler(404, _not_found)  # NiceGUI's own would log the address, query string and all
    app.mount("/page", _Static(directory=STATIC), name="page")
    lifespan = app.router.lifespan_context
    ui.run_with(
        app,
        title="看图",
        viewport=_VIEWPORT,
        favicon=(STATIC / "icon.svg").read_text(encoding="utf-8"),
        dark=None,
        language="zh-CN",
        binding_refresh_interval=None,
        tailwind=False,
        show_welcome_message=False,
    )
    app.router.routes[-1] = _PageMount("", app=core.app)

    @contextlib.asynccontextmanager
    async def with_nicegui(app: FastAPI) -> AsyncIterator[Any]:
        async with core.app.router.lifespan_context(core.app), lifespan(app) as state:
            yield state

    # run_with's own looks for its server among all objects of the process, and other libraries' do not like to be asked
    app.router.lifespan_context = with_nicegui


class _PageMount(Mount):
    """Of everything that NiceGUI's application answers, what the page needs.

    All else is ours: an unknown address gets our error envelope, and NiceGUI's WebSocket, which would let anybody keep
    state on the server and write to its log, cannot be reached (`static/socketless.js` is the browser's side of that).
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child = super().matches(scope)
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        ours = scope.get("method") == "GET" and (path == "/" or path.startswith(f"/_nicegui/{nicegui_version}/"))
        return (match, child) if ours else (Match.NONE, {})


class _Static(StaticFiles):
    """The page's own files. Browsers ask each time whether they have changed, so that an upgrade shows at once."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Cache-Control"] = "no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


def _page(request: Request, client: Client) -> Response:
    language = language_of(request.headers.get("accept-language"))
    words = words_in(language)
    ui.page_title(words["title"])
    lay_out(words, language)
    response = client.build_response(request)
    for name, value in _HEADERS.items():
        response.headers[name] = value
    response.headers["Content-Security-Policy"] = policy_of(bytes(response.body).decode())
    response.headers["Vary"] = "Accept-Language"
    # NiceGUI would keep the page's elements for a socket that never comes
    response.background = BackgroundTask(client.delete)
    return response


async def _not_found(request: Request, _: Exception) -> Response:
    return error_response(endpoint_not_found(request.scope["path"]), request.headers.get("accept-language"))
