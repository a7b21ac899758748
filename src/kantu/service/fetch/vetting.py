"""Which IP addresses may be dialled, from IANA's special-purpose registries (RFC 6890) and the clouds' manuals.

The tables are ours and not `ipaddress.is_global`, whose answers change with Python's patch releases.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


# Opened by allow_private. 198.18.0.0/15 is where local proxies put the names they answer for.
_PRIVATE = _networks(
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "::1/128",
    "fc00::/7",
)

# Never dialled. Clouds answer for machines' credentials at link-local addresses, a list that grows; so all of them are
# here, and below those that lie elsewhere.
_NEVER = _networks(
    "0.0.0.0/8",
    "169.254.0.0/16",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",
    "192.175.48.0/24",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "100.96.0.96/32",  # Volcano Engine
    "100.100.100.200/32",  # Alibaba Cloud
    "168.63.129.16/32",  # Azure, a public address
    "fd00:42::42/128",  # Scaleway
    "fd00:ec2::/32",  # AWS
    "fd20:ce::/32",  # Google Cloud
)

# Of IPv6 only global unicast is public, without what IANA keeps for protocols and what holds an IPv4 address inside
# (6to4 2002::/16, Teredo 2001::/32). Mapped (::ffff:0:0/96), NAT64 (64:ff9b::/96, 64:ff9b:1::/48), link-local and
# multicast addresses lie outside 2000::/3.
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NEVER_V6 = _networks("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")


def dialable(address: str, *, allow_private: bool) -> bool:
    """Whether an address (without zone) may be dialled; what is no address may not."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if "%" in address or any(ip in network for network in _NEVER):
        return False
    if any(ip in network for network in _PRIVATE):
        return allow_private
    return ip.version == 4 or (ip in _GLOBAL_UNICAST and not any(ip in network for network in _NEVER_V6))


def vet(addresses: Sequence[str], *, allow_private: bool) -> tuple[str, ...] | None:
    """All addresses of a name, in order and once each; None if one of them may not be dialled or there are none.

    One bad address spoils the rest: a name that points both outside and inside is how a check is raced.
    """
    if not addresses or not all(dialable(address, allow_private=allow_private) for address in addresses):
        return None
    return tuple(dict.fromkeys(addresses))
