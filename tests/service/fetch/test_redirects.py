"""Every hop is checked as if it were the first; what a server points to is not told."""

from __future__ import annotations

from typing import Any

import pytest

from tests.service.fetch.network import PUBLIC, Names, Wire, fetch
from tests.service.fetch.picture_server import redirect, reply, serving
from tests.service.fetch.test_client import refusal

URL = "http://example.com/1"
ADDRESSES = {"example.com": [PUBLIC], "pictures.test": ["8.8.8.8"], "inside.test": ["10.0.0.1"]}
LISTED = {"allowed_domains": ("example.com", "pictures.test", "inside.test", "127.0.0.1", "169.254.169.254")}


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_redirects_are_followed(status: str) -> None:
    routes = {"/1": redirect("http://pictures.test/2?a=b", status), "/2?a=b": redirect("3"), "/3": reply(b"there")}
    resolver = Names(ADDRESSES)
    with serving(routes) as server:
        wire = Wire(server.port)
        assert fetch(URL, resolver, wire, **LISTED) == b"there"
    assert resolver.asked == ["example.com", "pictures.test", "pictures.test"]
    assert wire.dialled == [(PUBLIC, 80), ("8.8.8.8", 80), ("8.8.8.8", 80)]
    assert [head.split("\r\n")[1] for head in server.requests] == [
        "Host: example.com",
        "Host: pictures.test",
        "Host: pictures.test",
    ]


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("http://inside.test/hunter2", "image_url_private_address"),
        ("http://127.0.0.1/hunter2", "image_url_private_address"),
        ("http://169.254.169.254/latest/meta-data/", "image_url_private_address"),
        ("http://[::1]/", "image_url_not_allowed"),
        ("http://evil.test/hunter2", "image_url_not_allowed"),
        ("//evil.test/hunter2", "image_url_not_allowed"),
        ("http://example.com:22/", "image_url_not_allowed"),
        ("file:///etc/passwd", "image_url_not_allowed"),
        ("data:image/png;base64,AAAA", "image_url_not_allowed"),
        ("gopher://example.com/", "image_url_not_allowed"),
        ("http://example.com@evil.test/", "image_url_invalid"),
        ("http://2130706433/", "image_url_invalid"),
        ("http://0x7f.1/", "image_url_invalid"),
        ("/\\evil.test/", "image_url_invalid"),
        ("http://example.com./", "image_url_invalid"),
    ],
)
def test_a_hop_that_is_not_allowed_is_not_taken(location: str, code: str) -> None:
    with serving({"/1": redirect(location)}) as server:
        wire = Wire(server.port)
        error = refusal(URL, Names(ADDRESSES), wire, **LISTED)
    assert error.code == code
    assert wire.dialled == [(PUBLIC, 80)]
    assert len(server.requests) == 1
    for word in ("inside", "evil", "169.254", "127.0", "passwd", ":22"):
        assert word not in error.message + error.message_en
    assert "example.com" in error.message


def test_loops_and_long_chains_end() -> None:
    with serving({"/1": redirect("/1")}) as server:
        assert refusal(URL, Names(ADDRESSES), Wire(server.port)).code == "image_url_too_many_redirects"
    assert len(server.requests) == 4  # the first and three redirects
    chain = {"/1": redirect("/2"), "/2": redirect("/3"), "/3": redirect("/4"), "/4": reply(b"there")}
    with serving(chain) as server:
        assert fetch(URL, Names(ADDRESSES), Wire(server.port)) == b"there"
        error = refusal(URL, Names(ADDRESSES), Wire(server.port), max_redirects=2)
        assert error.code == "image_url_too_many_redirects"
        error = refusal(URL, Names(ADDRESSES), Wire(server.port), max_redirects=0)
        assert error.code == "image_url_too_many_redirects"


@pytest.mark.parametrize(
    "answer",
    [
        reply(b"", status="302 Found"),
        reply(b"", "Location: /2", "Location: http://evil.test/", status="302 Found"),
        b"HTTP/1.1 302 Found\r\nLocation: /\xff\r\n\r\n",
    ],
    ids=["none", "two", "not UTF-8"],
)
def test_a_redirect_has_one_readable_location(answer: Any) -> None:
    with serving({"/1": answer, "/2": reply()}) as server:
        assert refusal(URL, Names(ADDRESSES), Wire(server.port)).code == "image_url_failed"


def test_a_failure_behind_a_redirect_names_the_host_that_was_asked_for() -> None:
    with serving({"/1": redirect("http://pictures.test/2"), "/2": reply(status="404 Not Found")}) as server:
        error = refusal(URL, Names(ADDRESSES), Wire(server.port), **LISTED)
    assert error.code == "image_url_failed"
    assert "example.com" in error.message
    assert "pictures.test" not in error.message
