"""Addresses: which are known, and what counts as one client."""

from __future__ import annotations

import pytest

from kantu.service.http.addresses import Networks, client_of

KNOWN = Networks(["10.0.0.7", "192.168.0.0/16", "2001:db8::/32"])


@pytest.mark.parametrize("address", ["10.0.0.7", "192.168.3.4", "2001:db8:1::9", "::ffff:10.0.0.7", "2001:db8::1%eth0"])
def test_an_address_is_known_alone_or_by_its_network(address: str) -> None:
    assert address in KNOWN


@pytest.mark.parametrize("address", ["10.0.0.8", "192.169.0.1", "2001:db9::1", "::ffff:10.0.0.8", "", "localhost", "x"])
def test_all_others_are_not(address: str) -> None:
    assert address not in KNOWN


def test_without_any_given_nobody_is_known() -> None:
    assert "127.0.0.1" not in Networks()


@pytest.mark.parametrize("text", ["nginx", "10.0.0.0/33", "10.0.0.7/8", ""])
def test_what_is_no_network_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"network|bits"):
        Networks([text])


def test_one_client_is_an_ipv4_address_or_a_64_of_ipv6() -> None:
    assert client_of("192.0.2.1") == "192.0.2.1" != client_of("192.0.2.2")
    assert client_of("::ffff:192.0.2.1") == "192.0.2.1"
    assert client_of("2001:db8:0:1::1") == client_of("2001:db8:0:1:ffff::2") == "2001:db8:0:1::/64"
    assert client_of("2001:db8:0:2::1") == "2001:db8:0:2::/64"
    assert client_of("unix") == "unix"
