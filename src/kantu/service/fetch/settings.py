"""What may be fetched, and at what cost at most."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kantu.errors import InvalidRequestError


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """Nothing is fetched until a domain is listed.

    Attributes:
        allowed_domains: `example.com` is that host alone, `*.example.com` any host below it and not itself; IP
            addresses only as themselves. Empty: every URL is refused.
        allowed_ports: ports beside the scheme's own (443, and 80 with `allow_http`).
        allow_http: also plain http.
        allow_private: also private and loopback addresses of the allowed domains, for picture servers on an intranet.
            Link-local, metadata and reserved addresses are never dialled.
        ca_file: PEM file of authorities trusted beside the system's, such as the company's own.
        max_bytes: size of one picture.
        connect_seconds: one attempt to connect, and its TLS handshake.
        total_seconds: the whole fetch: names, redirects and body together.
        max_redirects: redirects followed, each checked like the first URL.

    Raises:
        InvalidRequestError: `invalid_settings`: a number out of range.
    """

    allowed_domains: tuple[str, ...] = ()
    allowed_ports: tuple[int, ...] = ()
    allow_http: bool = False
    allow_private: bool = False
    ca_file: Path | None = None
    max_bytes: int = 20 * 2**20
    connect_seconds: float = 3
    total_seconds: float = 10
    max_redirects: int = 3

    def __post_init__(self) -> None:
        for name, good in (
            ("allowed_ports", all(0 < port < 65536 for port in self.allowed_ports)),
            ("max_bytes", self.max_bytes > 0),
            ("connect_seconds", self.connect_seconds > 0),
            ("total_seconds", self.total_seconds > 0),
            ("max_redirects", self.max_redirects >= 0),
        ):
            if not good:
                raise invalid_settings(name)


def invalid_settings(name: str) -> InvalidRequestError:
    """Says the setting's name, never its value."""
    return InvalidRequestError(
        "invalid_settings",
        f"设置 fetch.{name} 取值无效。",
        f"The setting fetch.{name} is not valid.",
        param=f"fetch.{name}",
    )
