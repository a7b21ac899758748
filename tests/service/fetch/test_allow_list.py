"""A listed domain is that host alone; a star in front means the hosts below it."""

from __future__ import annotations

import pytest

from kantu.errors import InvalidRequestError
from kantu.service.fetch.allow_list import read_allow_list


@pytest.mark.parametrize(
    ("domain", "admitted", "refused"),
    [
        ("example.com", ["example.com"], ["a.example.com", "notexample.com", "com", "example.com.evil.test"]),
        ("*.example.com", ["a.example.com", "a.b.example.com"], ["example.com", "notexample.com", ".example.com.x"]),
        ("Example.COM", ["example.com"], []),
        ("*.例子.中国", ["a.xn--fsqu00a.xn--fiqs8s"], ["xn--fsqu00a.xn--fiqs8s"]),
        ("192.0.2.7", ["192.0.2.7"], ["192.0.2.70", "1.192.0.2.7"]),
        ("[2001:db8:0::7]", ["2001:db8::7"], ["2001:db8::8"]),
    ],
)
def test_which_hosts_a_domain_admits(domain: str, admitted: list[str], refused: list[str]) -> None:
    allowed = read_allow_list([domain])
    assert all(allowed.admits(host) for host in admitted)
    assert not any(allowed.admits(host) for host in refused)


def test_an_empty_list_admits_nothing() -> None:
    allowed = read_allow_list([])
    assert not allowed.admits("example.com")
    assert not allowed.admits("")


@pytest.mark.parametrize(
    "domain",
    [
        "",
        "*",
        "*.",
        "*example.com",
        "a.*.com",
        "**.com",
        "https://example.com",
        "example.com/",
        "example.com:443",
        "example.com.",
        ".example.com",
        "*.2.7",
        "*.192.0.2.7",
        "*.[::1]",
        "127.1",
        "::1",
        "[fe80::1%eth0]",
        "a b",
    ],
)
def test_what_is_no_domain_is_refused_without_repeating_it(domain: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        read_allow_list(["example.com", domain])
    assert (caught.value.code, caught.value.param) == ("invalid_settings", "fetch.allowed_domains")
