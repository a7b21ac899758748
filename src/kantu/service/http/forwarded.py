"""What proxies say of the client (X-Forwarded-*), believed only where the proxy is one of ours."""

from __future__ import annotations

import re

from starlette.types import ASGIApp, Receive, Scope, Send

from kantu.service.http.addresses import Networks, is_address

_FOR, _PROTO = b"x-forwarded-for", b"x-forwarded-proto"
_FORWARDED = re.compile(rb"x-forwarded-.*|forwarded|x-real-ip")
_MOST_HOPS = 32


class ForwardedMiddleware:
    """The outermost. Sets the scope's client and scheme, and leaves none of such headers.

    So everything behind it may read `scope["client"]` without asking who sent it.

    Args:
        trusted: addresses of the proxies in front.
    """

    def __init__(self, app: ASGIApp, *, trusted: Networks) -> None:
        self._app, self._trusted = app, trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = self._as_seen_by_the_client(scope)
        await self._app(scope, receive, send)

    def _as_seen_by_the_client(self, scope: Scope) -> Scope:
        given = [(name, value) for name, value in scope["headers"] if _FORWARDED.fullmatch(name)]
        if not given:
            return scope
        headers = [(name, value) for name, value in scope["headers"] if not _FORWARDED.fullmatch(name)]
        client = scope.get("client")
        if client is None or client[0] not in self._trusted:
            return {**scope, "headers": headers}
        scheme = _last(given, _PROTO).strip().lower()
        return {
            **scope,
            "headers": headers,
            "client": (self._client_in(given, client[0]), 0),
            "scheme": scheme if scheme in ("http", "https") else scope["scheme"],
        }

    def _client_in(self, given: list[tuple[bytes, bytes]], peer: str) -> str:
        """The right-most address that is none of our proxies': what stands left of it, the client itself may have sent.

        A hop that is no address ends the walk: the last one that was is all that is known.
        """
        hops = ",".join(value.decode("latin-1") for name, value in given if name == _FOR).split(",")
        client = peer
        for hop in reversed(hops[-_MOST_HOPS:]):
            address = _address_in(hop)
            if address is None:
                break
            client = address
            if client not in self._trusted:
                break
        return client


def _address_in(hop: str) -> str | None:
    """`192.0.2.1`, `192.0.2.1:80`, `2001:db8::1` or `[2001:db8::1]:80` -> the address."""
    text = hop.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    return text if is_address(text) else None


def _last(given: list[tuple[bytes, bytes]], name: bytes) -> str:
    """The value that the nearest proxy wrote."""
    values = [value.decode("latin-1") for found, value in given if found == name]
    return values[-1].rpartition(",")[2] if values else ""
