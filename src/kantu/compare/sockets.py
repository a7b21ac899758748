"""What a contender sends and to whom, counted at its sockets by the kernel (Linux).

Every TCP connection that Python opens is noticed by an audit hook, which keeps a second descriptor of it; at the end
the kernel is asked how many bytes it has carried. A hook cannot be taken away again: counting is for processes that end
with it.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import struct
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

# Of struct tcp_info (linux/tcp.h): 8 bytes, 24 numbers of 32 bits, then numbers of 64 bits among others.
_RECEIVED_AT, _SENT_AT = 128, 200
_INFO_BYTES = 256


@dataclass(frozen=True)
class Place:
    """An address that was connected to, and the bytes that went there and came from there.

    Attributes:
        service: what stands there, "" where that is not known.
        outside: it is on another machine.
    """

    host: str
    port: int
    service: str
    outside: bool
    connections: int
    sent_bytes: int
    received_bytes: int


@dataclass(frozen=True)
class Traffic:
    """What answering so many questions took."""

    questions: int
    places: tuple[Place, ...]

    @property
    def outside_bytes(self) -> int:
        """What left the machine."""
        return sum(place.sent_bytes for place in self.places if place.outside)

    @property
    def sent_bytes(self) -> int:
        """What left the process, to whatever machine: it leaves the machine where that place is on another."""
        return sum(place.sent_bytes for place in self.places)


def can_count() -> bool:
    """Whether the kernel tells the bytes of a connection."""
    return sys.platform == "linux" and hasattr(socket, "TCP_INFO")


@contextmanager
def counting(services: Mapping[int, str], traffic: list[Place]) -> Iterator[None]:
    """Count what this process sends in the context; the places stand in `traffic` afterwards.

    Args:
        services: what stands at the ports of this machine.
    """
    opened: list[tuple[tuple[str, int], socket.socket]] = []

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.connect" and arguments[0].family in (socket.AF_INET, socket.AF_INET6):
            connection, address = arguments
            opened.append(((str(address[0]), int(address[1])), _second(connection)))

    sys.addaudithook(hook)
    yield
    found: dict[tuple[str, int], list[tuple[int, int]]] = {}
    for address, connection in opened:
        found.setdefault(address, []).append(_carried(connection))
        connection.close()
    traffic += sorted((_place(*each, services) for each in found.items()), key=lambda place: -place.sent_bytes)


def _place(address: tuple[str, int], carried: Sequence[tuple[int, int]], services: Mapping[int, str]) -> Place:
    host, port = address
    outside = not _is_here(host)
    service = "" if outside else services.get(port, "")
    sent, received = map(sum, zip(*carried, strict=True))
    return Place(host, port, service, outside, len(carried), sent, received)


def _second(connection: socket.socket) -> socket.socket:
    """The same connection once more, which stays open when the first is closed."""
    return socket.socket(connection.family, connection.type, connection.proto, os.dup(connection.fileno()))


def _carried(connection: socket.socket) -> tuple[int, int]:
    """Bytes sent and received, by the kernel's count, headers of TCP not among them."""
    told = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO_BYTES)
    if len(told) < _SENT_AT + 16:  # an older kernel
        return 0, 0
    (received,) = struct.unpack_from("=Q", told, _RECEIVED_AT)
    sent, again = struct.unpack_from("=QQ", told, _SENT_AT)
    return sent - again, received


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:  # a name, which is looked up later
        return host == "localhost"
