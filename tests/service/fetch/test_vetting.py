"""Public addresses may be dialled, private ones where the settings say so, metadata and reserved ones never."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kantu.service.fetch.vetting import dialable, vet

PUBLIC = ["8.8.8.8", "93.184.216.34", "172.15.255.255", "172.32.0.0", "223.5.5.5", "2400:3200::1", "2606:2800:220::1"]
PRIVATE = [
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "127.0.0.1",
    "127.255.255.254",
    "100.64.0.1",
    "198.18.0.1",
    "::1",
    "fc00::1",
    "fd12:3456::1",
]
NEVER = {
    "metadata": "169.254.169.254",
    "metadata of containers": "169.254.170.2",
    "metadata, Tencent": "169.254.0.23",
    "metadata, Alibaba": "100.100.100.200",
    "metadata, Volcano Engine": "100.96.0.96",
    "metadata, Azure": "168.63.129.16",
    "metadata, Oracle": "192.0.0.192",
    "metadata, AWS IPv6": "fd00:ec2::254",
    "metadata, Google IPv6": "fd20:ce::254",
    "metadata, Scaleway IPv6": "fd00:42::42",
    "link-local": "169.254.1.1",
    "link-local IPv6": "fe80::1",
    "link-local with zone": "fe80::1%eth0",
    "global with zone": "2400:3200::1%eth0",
    "this host": "0.0.0.0",
    "this network": "0.1.2.3",
    "unspecified IPv6": "::",
    "documentation": "192.0.2.1",
    "documentation 2": "198.51.100.1",
    "documentation 3": "203.0.113.1",
    "documentation IPv6": "2001:db8::1",
    "documentation IPv6, newer": "3fff::1",
    "6to4 relay": "192.88.99.1",
    "multicast": "224.0.0.1",
    "reserved": "240.0.0.1",
    "broadcast": "255.255.255.255",
    "multicast IPv6": "ff02::1",
    "site-local IPv6": "fec0::1",
    "discard IPv6": "100::1",
    "mapped loopback": "::ffff:127.0.0.1",
    "mapped public": "::ffff:8.8.8.8",
    "mapped metadata": "::ffff:169.254.169.254",
    "compatible": "::127.0.0.1",
    "translated": "::ffff:0:127.0.0.1",
    "6to4": "2002:7f00:1::",
    "6to4 metadata": "2002:a9fe:a9fe::1",
    "NAT64": "64:ff9b::7f00:1",
    "NAT64 local": "64:ff9b:1::a00:1",
    "Teredo": "2001:0:7f00:1::",
    "segment routing": "5f00::1",
    "short": "127.1",
    "octal": "0177.0.0.1",
    "a name": "localhost",
    "nothing": "",
    "brackets": "[::1]",
}


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_may_be_dialled(address: str) -> None:
    assert dialable(address, allow_private=False)
    assert dialable(address, allow_private=True)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_only_where_allowed(address: str) -> None:
    assert not dialable(address, allow_private=False)
    assert dialable(address, allow_private=True)


@pytest.mark.parametrize("address", NEVER.values(), ids=NEVER.keys())
def test_metadata_and_reserved_addresses_never(address: str) -> None:
    assert not dialable(address, allow_private=False)
    assert not dialable(address, allow_private=True)


@given(st.integers(0, 2**32 - 1).map(IPv4Address) | st.integers(0, 2**128 - 1).map(IPv6Address))
def test_nothing_is_public_that_python_thinks_is_not(ip: IPv4Address | IPv6Address) -> None:
    if dialable(str(ip), allow_private=False):
        assert ip.is_global
        assert not ip.is_multicast
        assert not ip.is_reserved


def test_one_bad_address_spoils_the_rest() -> None:
    assert vet(["8.8.8.8", "2400:3200::1", "8.8.8.8"], allow_private=False) == ("8.8.8.8", "2400:3200::1")
    assert vet(["8.8.8.8", "127.0.0.1"], allow_private=False) is None
    assert vet(["8.8.8.8", "127.0.0.1"], allow_private=True) == ("8.8.8.8", "127.0.0.1")
    assert vet(["8.8.8.8", "169.254.169.254"], allow_private=True) is None
    assert vet([], allow_private=True) is None
