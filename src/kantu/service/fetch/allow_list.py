"""The domains an operator has listed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kantu.errors import error
from kantu.service.fetch.address import normalise_host


@dataclass(frozen=True, slots=True)
class AllowList:
    """Hosts as `normalise_host` spells them.

    Attributes:
        hosts: admitted as they are.
        parents: with a dot in front; what ends in one is admitted.
    """

    hosts: frozenset[str]
    parents: tuple[str, ...]

    def admits(self, host: str) -> bool:
        return host in self.hosts or host.endswith(self.parents)


def read_allow_list(domains: Iterable[str]) -> AllowList:
    """`example.com`, `*.example.com`, `192.0.2.7` or `[2001:db8::7]` each.

    Raises:
        InvalidRequestError: `invalid_settings`: one of them is not a domain; also `*` alone.
    """
    hosts: set[str] = set()
    parents: list[str] = []
    for domain in domains:
        below = domain.startswith("*.")
        host = normalise_host(f"a{domain[1:]}" if below else domain)
        if host is None:
            raise error("invalid_settings.fetch", name="allowed_domains")
        if below:
            parents.append(host[1:])
        else:
            hosts.add(host)
    return AllowList(frozenset(hosts), tuple(parents))
