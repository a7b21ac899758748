"""What this service fetches of the provider: from the issuer's own host, over TLS, a little, and soon."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from kantu.errors import error
from kantu.service.tls import trusting

_MOST_BYTES = 2**18
_CONNECT_SECONDS = 3.0
_TOTAL_SECONDS = 10.0


class Channel:
    """Used on one event loop. Redirects are not followed, no proxy and no password file of the environment is used.

    Args:
        issuer: its address; other hosts are not asked.
        transport: None is the network.

    Raises:
        InvalidRequestError: `invalid_settings`: a CA file that cannot be read.
    """

    def __init__(
        self, issuer: str, ca_file: Path | None = None, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._origin = _origin(issuer)
        self._tls = _ssl_context(ca_file)
        self._transport = transport

    def check(self, url: object) -> str:
        """The address, if it is one of the issuer's host.

        Raises:
            UpstreamError: `oidc_provider_broken`: what the provider says is not to be followed.
        """
        try:
            ours = isinstance(url, str) and _origin(url) == self._origin
        except ValueError:
            ours = False
        if not ours:
            raise error("oidc_provider_broken")
        return str(url)

    async def get(self, url: str) -> dict[str, Any]:
        """A JSON object. Raises as `post`; whatever has not the status 200 is broken."""
        status, body = await self._ask("GET", url, {}, None)
        if status != 200:
            raise error("oidc_unreachable" if status >= 500 else "oidc_provider_broken")
        return _object(body)

    async def post(self, url: str, headers: Mapping[str, str], form: str) -> tuple[int, dict[str, Any]]:
        """(status, JSON object) of what answers a form.

        Raises:
            UpstreamError: `oidc_unreachable`, `oidc_provider_broken`.
        """
        status, body = await self._ask("POST", url, headers, form)
        if status >= 500:
            raise error("oidc_unreachable")
        return status, _object(body)

    async def _ask(self, method: str, url: str, headers: Mapping[str, str], form: str | None) -> tuple[int, bytes]:
        told = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "kantu"}
        try:
            async with (
                asyncio.timeout(_TOTAL_SECONDS),
                httpx.AsyncClient(
                    verify=self._tls,
                    transport=self._transport,
                    timeout=httpx.Timeout(_TOTAL_SECONDS, connect=_CONNECT_SECONDS),
                    trust_env=False,
                ) as client,
                client.stream(method, self.check(url), headers={**headers, **told}, content=form) as response,
            ):
                return response.status_code, await _read(response)
        except (TimeoutError, httpx.TransportError):
            pass
        raise error("oidc_unreachable")


async def _read(response: httpx.Response) -> bytes:
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise error("oidc_provider_broken")
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > _MOST_BYTES:
            raise error("oidc_provider_broken")
    return bytes(body)


def _object(body: bytes) -> dict[str, Any]:
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        read = None
    if not isinstance(read, dict):
        raise error("oidc_provider_broken")
    return read


def _origin(url: str) -> tuple[str, int]:
    """(host, port) of an address of https. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or parts.username is not None or parts.password is not None:
        raise ValueError("not an address of https")
    return parts.hostname, parts.port or 443


def _ssl_context(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return trusting(ca_file)
    except OSError:  # ssl.SSLError is one
        raise error("invalid_settings.value", what="oidc.ca_file") from None
