"""Pages of other origins that may talk to the gateway (CORS, https://fetch.spec.whatwg.org/#http-cors-protocol)."""

from __future__ import annotations

from collections.abc import Collection

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp


class OtherOriginsMiddleware(CORSMiddleware):
    """Lets pages of some origins call, without credentials: no cookie ever counts, the key is the page's own.

    The outermost: a preflight carries no key and costs none, and a page can read every refusal, whoever made it.

    Args:
        origins: as browsers write them, `https://app.example`; `*` is every one.
    """

    def __init__(self, app: ASGIApp, *, origins: Collection[str]) -> None:
        super().__init__(
            app,
            allow_origins=origins,
            allow_methods=("GET", "HEAD", "POST", "DELETE"),
            allow_headers=("*",),  # OpenAI's client sends several of its own beside Authorization and Content-Type
            allow_credentials=False,
            expose_headers=(
                "x-request-id",
                "request-id",
                "Retry-After",
                "retry-after-ms",
                "x-should-retry",
                "Content-Disposition",
            ),
        )
