"""The certificate is checked against the URL's host, although an address is dialled."""

from __future__ import annotations

from typing import Any

import pytest

from tests.service.fetch.certificates import Authority
from tests.service.fetch.network import PUBLIC, Names, Wire, fetch
from tests.service.fetch.picture_server import redirect, reply, serving
from tests.service.fetch.test_client import refusal

URL = "https://example.com/a.png"
NAMES = Names({"example.com": [PUBLIC], "other.test": [PUBLIC]})


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def test_the_name_goes_into_sni_and_host(authority: Authority) -> None:
    context = authority.context("example.com")
    shown: list[str | None] = []
    context.sni_callback = lambda connection, name, own: shown.append(name)
    with serving({"/a.png": reply(b"sealed")}, tls=context) as server:
        wire = Wire(server.port)
        assert fetch(URL, NAMES, wire, ca_file=authority.file) == b"sealed"
    assert wire.dialled == [(PUBLIC, 443)]
    assert shown == ["example.com"]
    assert "Host: example.com\r\n" in server.requests[0]


@pytest.mark.parametrize("name", ["other.test", "*.example.com", PUBLIC])
def test_a_certificate_of_another_name_is_refused(authority: Authority, name: str) -> None:
    with serving({"/a.png": reply()}, tls=authority.context(name)) as server:
        assert refusal(URL, NAMES, Wire(server.port), ca_file=authority.file).code == "image_url_failed"
    assert server.requests == []


def test_an_expired_certificate_is_refused(authority: Authority) -> None:
    with serving({"/a.png": reply()}, tls=authority.context("example.com", days=-1)) as server:
        assert refusal(URL, NAMES, Wire(server.port), ca_file=authority.file).code == "image_url_failed"
    assert server.requests == []


def test_an_unknown_authority_is_refused(authority: Authority) -> None:
    with serving({"/a.png": reply()}, tls=authority.context("example.com")) as server:
        assert refusal(URL, NAMES, Wire(server.port)).code == "image_url_failed"
    assert server.requests == []


def test_a_listed_address_needs_a_certificate_for_the_address(authority: Authority) -> None:
    settings: dict[str, Any] = {"allowed_domains": (PUBLIC,), "ca_file": authority.file}
    with serving({"/": reply(b"sealed")}, tls=authority.context(PUBLIC)) as server:
        assert fetch(f"https://{PUBLIC}/", NAMES, Wire(server.port), **settings) == b"sealed"
    with serving({"/": reply()}, tls=authority.context("example.com")) as server:
        assert refusal(f"https://{PUBLIC}/", NAMES, Wire(server.port), **settings).code == "image_url_failed"


def test_a_redirect_is_checked_against_its_own_name(authority: Authority) -> None:
    routes = {"/a.png": redirect("https://other.test/b.png"), "/b.png": reply()}
    settings: dict[str, Any] = {"allowed_domains": ("example.com", "other.test"), "ca_file": authority.file}
    with serving(routes, tls=authority.context("example.com")) as server:
        assert refusal(URL, NAMES, Wire(server.port), **settings).code == "image_url_failed"
    assert len(server.requests) == 1


def test_https_may_not_fall_back_to_http(authority: Authority) -> None:
    routes = {"/a.png": redirect("http://example.com/a.png")}
    with serving(routes, tls=authority.context("example.com")) as server:
        wire = Wire(server.port)
        error = refusal(URL, NAMES, wire, ca_file=authority.file, allow_http=False)
    assert error.code == "image_url_not_allowed"
    assert wire.dialled == [(PUBLIC, 443)]


def test_a_server_without_tls_fails() -> None:
    with serving({"/a.png": reply()}) as server:
        assert refusal(URL, NAMES, Wire(server.port)).code == "image_url_failed"
