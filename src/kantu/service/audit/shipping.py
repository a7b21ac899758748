"""Takes anchors elsewhere: to a file, a syslog server, or an address of HTTP."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import httpx

from kantu.errors import error
from kantu.service.audit.anchors import Anchor
from kantu.service.audit.lines import syslog_message
from kantu.service.tls import trusting

_SECONDS = 10.0
_PORTS = {"udp": 514, "tcp": 601, "tls": 6514}


class Destination(Protocol):
    """Somewhere to keep anchors."""

    name: str

    def send(self, anchor: Anchor) -> None:
        """Blocks, for some seconds at most. Raises OSError or httpx.HTTPError where it was not taken."""
        ...


class AnchorFile:
    """A file that grows by a line, on another disk at best."""

    def __init__(self, path: Path) -> None:
        self.name, self._path = str(path), path

    def send(self, anchor: Anchor) -> None:
        """The line is on the disk when this returns."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, f"{anchor.line()}\n".encode("ascii"))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class Syslog:
    """A server that takes RFC 5424 over UDP (RFC 5426), TCP (RFC 6587, octet counting) or TLS (RFC 5425).

    Args:
        url: `udp://host:514`, `tcp://host:601` or `tls://host:6514`.
        ca_file: of the authorities trusted beside the system's.

    Raises:
        InvalidRequestError: `invalid_settings`.
    """

    def __init__(self, url: str, ca_file: Path | None = None) -> None:
        self._scheme, self._host, self._port = _parts(url)
        self.name = f"{self._scheme}://{self._host}:{self._port}"
        self._tls = _ssl_context(ca_file) if self._scheme == "tls" else None

    def send(self, anchor: Anchor) -> None:
        """Over a connection of its own: it is one message in minutes."""
        data = syslog_message(anchor.line(), "audit.anchor", anchor.recorded_ms).encode("ascii")
        if self._scheme == "udp":
            family, kind, protocol, _, address = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_DGRAM)[0]
            with socket.socket(family, kind, protocol) as sender:
                sender.sendto(data, address)
            return
        with socket.create_connection((self._host, self._port), timeout=_SECONDS) as connection:
            framed = f"{len(data)} ".encode("ascii") + data
            if self._tls is None:
                connection.sendall(framed)
            else:
                with self._tls.wrap_socket(connection, server_hostname=self._host) as secure:
                    secure.sendall(framed)


class HttpAddress:
    """An address that takes the anchor's JSON by POST and answers 2xx.

    Args:
        ca_file: of the authorities trusted beside the system's.

    Raises:
        InvalidRequestError: `invalid_settings`.
    """

    def __init__(self, url: str, ca_file: Path | None = None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise error("invalid_settings.audit_destination", param="audit.anchor_url")
        self.name = f"{parts.scheme}://{parts.hostname}"  # the rest may hold a secret
        self._url = url
        self._tls = _ssl_context(ca_file)

    def send(self, anchor: Anchor) -> None:
        """Redirects are not followed."""
        with httpx.Client(verify=self._tls, timeout=_SECONDS, trust_env=False) as client:
            response = client.post(
                self._url, content=anchor.line().encode("ascii"), headers={"content-type": "application/json"}
            )
        response.raise_for_status()


def destinations(
    file: Path | None, syslog: str | None, url: str | None, ca_file: Path | None = None
) -> Sequence[Destination]:
    """Those that are set. Raises InvalidRequestError (`invalid_settings`)."""
    found: list[Destination] = []
    if file is not None:
        found.append(AnchorFile(file))
    if syslog is not None:
        found.append(Syslog(syslog, ca_file))
    if url is not None:
        found.append(HttpAddress(url, ca_file))
    return found


def _parts(url: str) -> tuple[str, str, int]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.scheme not in _PORTS:
        raise error("invalid_settings.audit_destination", param="audit.anchor_syslog")
    return parts.scheme, host, port or _PORTS[parts.scheme]


def _ssl_context(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return trusting(ca_file)
    except OSError:  # ssl.SSLError is one
        raise error("invalid_settings.audit_destination", param="audit.anchor_ca_file") from None
