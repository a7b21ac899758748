"""Addresses of clients and proxies: whom to believe about others, and what counts as one client."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

_IPV6_CLIENT_BITS = 64  # what one subscriber gets at least (RFC 6177), all of whose addresses are at hand to it


class Networks:
    """A set of addresses and networks, `10.0.0.7` or `10.0.0.0/8`.

    Raises:
        ValueError: one of the texts is neither.
    """

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._networks: tuple[IPv4Network | IPv6Network, ...] = tuple(ip_network(text) for text in texts)

    def __contains__(self, address: str) -> bool:
        """Whether `address` is in it; what is no address is not."""
        parsed = _parsed(address)
        return parsed is not None and any(parsed in network for network in self._networks)


def client_of(address: str) -> str:
    """What counts as one client: an IPv4 address, or the /64 of an IPv6 address. Other texts are themselves."""
    parsed = _parsed(address)
    if not isinstance(parsed, IPv6Address):
        return address if parsed is None else str(parsed)
    return str(IPv6Network((int(parsed) >> _IPV6_CLIENT_BITS << _IPV6_CLIENT_BITS, _IPV6_CLIENT_BITS)))


def is_address(text: str) -> bool:
    """Whether it is an IPv4 or IPv6 address."""
    return _parsed(text) is not None


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    """IPv4 written as IPv6 (`::ffff:192.0.2.1`, as a listener on `::` sees it) is IPv4; a scope (`%eth0`) goes."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return parsed if mapped is None else mapped
