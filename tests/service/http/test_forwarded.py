"""What proxies say of the client counts only from those that are ours."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from kantu.service.http.addresses import Networks
from kantu.service.http.forwarded import ForwardedMiddleware

pytestmark = pytest.mark.anyio

PROXY, STRANGER = "10.0.0.7", "203.0.113.9"
TRUSTED = Networks([PROXY, "10.1.0.0/16", "2001:db8::7"])


async def seen(peer: str, *headers: tuple[str, str]) -> dict[str, Any]:
    """The scope behind the middleware; `headers` are a dictionary there."""
    found: dict[str, Any] = {}

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        found.update(scope, headers={name.decode(): value.decode() for name, value in scope["headers"]})

    scope = {
        "type": "http",
        "scheme": "http",
        "client": (peer, 1234),
        "headers": [(name.encode(), value.encode()) for name, value in (("host", "a"), *headers)],
    }
    await ForwardedMiddleware(application, trusted=TRUSTED)(scope, None, None)  # type: ignore[arg-type]
    return found


ALL = (
    ("x-forwarded-for", "192.0.2.1"),
    ("x-forwarded-proto", "https"),
    ("x-forwarded-prefix", "/kantu"),
    ("x-forwarded-host", "evil.example"),
    ("forwarded", "for=192.0.2.1"),
    ("x-real-ip", "192.0.2.1"),
)


async def test_from_a_proxy_of_ours_they_tell_the_client_and_its_scheme() -> None:
    scope = await seen(PROXY, *ALL)
    assert (scope["client"], scope["scheme"]) == (("192.0.2.1", 0), "https")
    assert scope["headers"] == {"host": "a"}


async def test_from_anybody_else_they_are_as_if_not_sent() -> None:
    scope = await seen(STRANGER, *ALL)
    assert (scope["client"], scope["scheme"], scope["headers"]) == ((STRANGER, 1234), "http", {"host": "a"})


@pytest.mark.parametrize(
    ("hops", "client"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("1.2.3.4, 192.0.2.1", "192.0.2.1"),  # the client wrote the first one itself
        ("192.0.2.1, 10.1.2.3", "192.0.2.1"),
        ("1.2.3.4, 192.0.2.1, 10.1.2.3, 10.1.2.4", "192.0.2.1"),
        ("10.1.2.3", "10.1.2.3"),  # a proxy's own request
        ("192.0.2.1:4711", "192.0.2.1"),
        ("[2001:db8:9::1]:4711", "2001:db8:9::1"),
        ("2001:db8:9::1, 2001:db8::7", "2001:db8:9::1"),
        ("1.2.3.4, unknown", PROXY),
        ("1.2.3.4, unknown, 10.1.2.3", "10.1.2.3"),
        ("", PROXY),
        (",,,", PROXY),
        ("1.2.3.4, " + "10.1.2.3," * 10_000 + "10.1.2.3", "10.1.2.3"),  # no walk without end
    ],
)
async def test_the_client_is_the_right_most_hop_that_is_no_proxy_of_ours(hops: str, client: str) -> None:
    assert (await seen(PROXY, ("x-forwarded-for", hops)))["client"][0] == client


async def test_several_headers_are_one_list() -> None:
    given = [("x-forwarded-for", "1.2.3.4"), ("x-forwarded-for", "192.0.2.1"), ("x-forwarded-for", "10.1.2.3")]
    assert (await seen(PROXY, *given))["client"][0] == "192.0.2.1"


@pytest.mark.parametrize("scheme", ["gopher", "", "https, http"])
async def test_the_scheme_is_the_nearest_proxys_or_the_connections(scheme: str) -> None:
    assert (await seen(PROXY, ("x-forwarded-proto", scheme)))["scheme"] == "http"
