"""What one client does, with a key or without, is not felt by another: counted on a real server, under attack."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import pytest

from kantu.service.gateway import Gateway
from tests.service.gateways import ScriptedEngine, question, settings_with
from tests.service.listening import Listening, listening

pytestmark = pytest.mark.whole

Make = Callable[..., Gateway]
CHAT = "/v1/chat/completions"
MIB = 2**20


@contextmanager
def serving(
    make_gateway: Make, engine: ScriptedEngine | None = None, **sections: dict[str, Any]
) -> Iterator[Listening]:
    sections.setdefault("server", {})["port"] = 0
    with listening(make_gateway(engine, settings_with(**sections))) as live:
        yield live


def head(live: Listening, *, key: str | None, length: int, **headers: str) -> bytes:
    given = {"Host": "a", "Content-Type": "application/json", "Content-Length": str(length), **headers}
    if key is not None:
        given["Authorization"] = f"Bearer {key}"
    lines = [f"POST {CHAT} HTTP/1.1", *(f"{name.replace('_', '-')}: {value}" for name, value in given.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def connect(live: Listening) -> socket.socket:
    return socket.create_connection((live.host, live.port), timeout=30)


def asked(live: Listening, key: str, times: int = 5) -> list[int]:
    """The statuses of what a quiet client is answered."""
    with client(live, key) as quiet:
        return [quiet.post(CHAT, json=question()).status_code for _ in range(times)]


def client(live: Listening, key: str) -> httpx.Client:
    return httpx.Client(
        base_url=f"http://{live.host}:{live.port}",
        headers={"Authorization": f"Bearer {key}"},
        timeout=30,
        trust_env=False,
    )


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_keyless_connections_that_hold_bodies_back_hold_nothing(make_gateway: Make) -> None:
    """Eight of them once gave every other request 503 for a minute."""
    with serving(make_gateway) as live, ExitStack() as stack:
        gateway = live.server._gateway
        for _ in range(8):
            connection = stack.enter_context(connect(live))
            connection.sendall(head(live, key=None, length=64 * MIB) + b" " * 1000)
            assert connection.recv(1000).startswith(b"HTTP/1.1 401")  # while its body has yet to come
        assert asked(live, live.key) == [200] * 5
        until(lambda: (gateway.admission.body_bytes, gateway.lifecycle.in_flight) == (0, 0))


@pytest.mark.parametrize("size", [MIB, 32 * MIB])
def test_who_is_refused_hears_why_even_if_it_only_sends(make_gateway: Make, size: int) -> None:
    with serving(make_gateway) as live, client(live, "kt-wrong") as sending:
        for _ in range(3):
            answer = sending.post(CHAT, content=b" " * size, headers={"Content-Type": "application/json"})
            assert (answer.status_code, answer.headers["connection"]) == (401, "close")
    with serving(make_gateway) as live, client(live, live.key) as sending:
        answer = sending.post(CHAT, content=b" " * 32 * MIB, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "json_too_much_padding")


def test_a_keyless_client_is_not_told_to_continue(make_gateway: Make) -> None:
    with serving(make_gateway) as live:
        with connect(live) as refused:
            refused.sendall(head(live, key="kt-wrong", length=64 * MIB, Expect="100-continue"))
            assert refused.recv(1000).startswith(b"HTTP/1.1 401")
        with connect(live) as welcome:
            welcome.sendall(head(live, key=live.key, length=2, Expect="100-continue"))
            assert welcome.recv(1000).startswith(b"HTTP/1.1 100 Continue")


def test_a_slow_body_without_a_key_holds_no_stop(make_gateway: Make) -> None:
    with serving(make_gateway, server={"drain_seconds": 600.0}) as live, connect(live) as slow:
        slow.sendall(head(live, key=None, length=1000) + b"{")
        assert slow.recv(1000).startswith(b"HTTP/1.1 401")
        live.server.handle_exit(15, None)
        live.thread.join(30)
        assert not live.thread.is_alive()


def test_one_owner_s_bodies_fill_its_own_share_only(make_gateway: Make) -> None:
    limits = {"max_total_body_bytes": 4 * MIB, "max_body_bytes": MIB}
    with serving(make_gateway, server=limits) as live, ExitStack() as stack:
        gateway = live.server._gateway
        for _ in range(6):  # four times what is there in all, were it not for the share
            connection = stack.enter_context(connect(live))
            connection.sendall(head(live, key=live.key, length=MIB) + b" " * 1000)
        until(lambda: gateway.admission.body_bytes == MIB)
        _, other = gateway.keys.create("other")
        assert asked(live, other) == [200] * 5
        until(lambda: gateway.admission.body_bytes == MIB)


def test_streams_of_one_owner_wait_in_its_own_line_and_others_are_served(make_gateway: Make) -> None:
    """256 streams of one key once were a 503 for everybody."""

    class Hanging(ScriptedEngine):
        def submit(self, request: Any, listener: Any) -> ScriptedEngine:
            self.pieces = ("你", None) if request.tenant == owner else ("你", "好")
            return super().submit(request, listener)

    engine = Hanging()
    with serving(make_gateway, engine, request={"max_in_flight": 16}) as live, ExitStack() as stack:
        gateway = live.server._gateway
        owner = gateway.keys.list()[0].owner
        keys = [live.key, *(gateway.keys.create(f"more {n}", owner=owner)[1] for n in range(3))]  # more keys: no more
        body = httpx.Request("POST", "http://a", json=question(stream=True)).content
        for number in range(40):
            connection = stack.enter_context(connect(live))
            connection.sendall(head(live, key=keys[number % 4], length=len(body)) + body)
        until(lambda: gateway.admission._requests.waiting(owner) == 36)
        assert gateway.admission.requests == 4
        _, other = gateway.keys.create("other")
        assert asked(live, other, times=20) == [200] * 20
        assert gateway.admission._requests.waiting(owner) == 36  # none was turned away meanwhile
    assert engine.cancelled >= 4


def test_who_leaves_the_line_makes_room_in_it(make_gateway: Make) -> None:
    with serving(make_gateway, ScriptedEngine(("你", None)), request={"max_in_flight": 4}) as live:
        gateway = live.server._gateway
        owner = gateway.keys.list()[0].owner
        body = httpx.Request("POST", "http://a", json=question()).content
        first, second = connect(live), connect(live)
        first.sendall(head(live, key=live.key, length=len(body)) + body)
        until(lambda: gateway.admission.requests == 1)
        second.sendall(head(live, key=live.key, length=len(body)) + body)
        until(lambda: gateway.admission._requests.waiting(owner) == 1)
        second.close()
        until(lambda: gateway.admission._requests.waiting(owner) == 0)
        first.close()
        until(lambda: gateway.admission.requests == 0)


@pytest.mark.parametrize(
    "body",
    [b" " * 8 * MIB, b'{"messages": [' + b'"",' * 40_000 + b'""]}', b'"' + b"A" * 16 * MIB + b'"'],
    ids=["blanks", "crumbs", "one string"],
)
def test_others_are_answered_while_large_bodies_are_read(make_gateway: Make, body: bytes) -> None:
    with serving(make_gateway) as live:
        gateway = live.server._gateway
        _, attacker = gateway.keys.create("attacker")
        stop = threading.Event()
        answered: list[int] = []

        def attack() -> None:
            while not stop.is_set():
                with client(live, attacker) as hostile:
                    answer = hostile.post(CHAT, content=body, headers={"Content-Type": "application/json"})
                    answered.append(answer.status_code)

        threads = [threading.Thread(target=attack) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            assert asked(live, live.key, times=10) == [200] * 10
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        assert set(answered) == {400}
