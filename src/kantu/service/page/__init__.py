"""看图, the console: it asks the public API in its visitor's session, or with their key, and nothing else.

The server fills `page.html` with words, once for each language. What happens then, happens in the browser (`static/`):
pictures, questions, answers and everything that is managed go between it and `/v1/`, so that there is one door. Of a
visitor the server has the session and nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path

import jinja2
from fastapi import FastAPI, Request
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from kantu.service.language import Language, language_of
from kantu.service.page.words import acts_in, words_in
from kantu.service.settings import Settings

_FOLDER = Path(__file__).parent
# No inline script or style, and nothing that a model writes is parsed as HTML (static/dom.js).
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data: blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept-Language",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def install(app: FastAPI, settings: Settings) -> None:
    """Serve the page at `/` and its files below `/page` of `app`; nothing where `server.page` is off."""
    if settings.server.page:
        app.add_api_route("/", _page_with(settings), include_in_schema=False)
        app.mount("/page", _Static(directory=_FOLDER / "static"), name="page")


class _Static(StaticFiles):
    """The page's own files. Browsers ask each time whether they have changed, so that an upgrade shows at once."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Cache-Control"] = "no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


def _page_with(settings: Settings) -> Callable[[Request], Awaitable[Response]]:
    @cache
    def html(language: Language) -> str:
        return _html(language, settings)

    async def page(request: Request) -> Response:
        return HTMLResponse(html(language_of(request.headers.get("accept-language"))), headers=_HEADERS)

    return page


def _html(language: Language, settings: Settings) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER), autoescape=True, undefined=jinja2.StrictUndefined
    )
    lang = "zh-CN" if language == "zh" else "en"
    return environment.get_template("page.html").render(
        words=words_in(language),
        acts=acts_in(language),
        lang=lang,
        content=settings.content,
        kept_days=settings.retention.days,
    )
