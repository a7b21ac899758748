"""The system's resolver gives every address of a name, on threads of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import Any

import pytest

from kantu.service.fetch import SystemResolver


def look_up(monkeypatch: pytest.MonkeyPatch, answer: Any) -> tuple[str, ...]:
    monkeypatch.setattr(socket, "getaddrinfo", answer)
    resolver = SystemResolver()
    try:
        return tuple(asyncio.run(resolver("example.com", 443)))  # type: ignore[arg-type]
    finally:
        resolver.close()


def test_all_addresses_in_the_systems_order(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[str] = []

    def answer(host: str, port: int, **options: Any) -> list[Any]:
        threads.append(threading.current_thread().name)
        assert (host, port, options) == ("example.com", 443, {"type": socket.SOCK_STREAM})
        stream = (socket.SOCK_STREAM, 6, "")
        return [
            (socket.AF_INET6, *stream, ("2606:2800:220::1", 443, 0, 0)),
            (socket.AF_INET, *stream, ("93.184.216.34", 443)),
        ]

    assert look_up(monkeypatch, answer) == ("2606:2800:220::1", "93.184.216.34")
    assert threads[0].startswith("kantu-resolve")


def test_an_unknown_name_is_an_os_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(*_: Any, **__: Any) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(OSError, match="not known"):
        look_up(monkeypatch, answer)
