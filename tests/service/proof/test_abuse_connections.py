"""Abuse of the door: connections that hold room, and keys that are tried, while others are served beside them."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import httpx
import pytest

from kantu.service.gateway import Gateway
from tests.service.gateways import ScriptedEngine, question, settings_with
from tests.service.listening import Listening, listening
from tests.service.proof.live import CHAT, code_of, wait_until

pytestmark = pytest.mark.whole

Make = Callable[..., Gateway]
ATTACKER, OTHER = "127.0.0.66", "127.0.0.2"
WRONG = "kt-" + "x" * 43


@contextmanager
def client(served: Listening, address: str, key: str | None = None, **headers: str) -> Iterator[httpx.Client]:
    """A client of another address of this machine."""
    transport = httpx.HTTPTransport(local_address=address)
    headers |= {"Authorization": f"Bearer {key or served.key}"}
    base_url = f"http://127.0.0.1:{served.port}"
    with httpx.Client(base_url=base_url, transport=transport, headers=headers, timeout=60) as made:
        yield made


@contextmanager
def idle(served: Listening, count: int, address: str = ATTACKER) -> Iterator[list[socket.socket]]:
    """So many connections on which nothing is said."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(socket.create_connection(("127.0.0.1", served.port), 60, (address, 0)))
            for _ in range(count)
        ]


def asked(served: Listening, address: str, times: int) -> Counter[int]:
    """The statuses of questions, each on a connection of its own."""
    found: Counter[int] = Counter()
    for _ in range(times):
        with client(served, address) as one:
            found[one.post(CHAT, json=question()).status_code] += 1
    return found


def test_300_idle_connections_of_one_address_cost_another_nothing(make_gateway: Make) -> None:
    settings = settings_with(server={"port": 0, "max_connections": 40, "max_connections_per_address": 10})
    gateway = make_gateway(settings=settings)
    with listening(gateway) as served, idle(served, 300) as held:
        assert asked(served, OTHER, 20) == {200: 20}
        assert asked(served, ATTACKER, 5) == {200: 5}  # at the cost of its own idle ones
        wait_until(lambda: gateway.connections.count <= 11)
        assert gateway.connections.refused == {}
        assert held[0].recv(1) == b""  # the oldest ones were closed


def test_idle_connections_of_many_addresses_make_room_for_whoever_asks(make_gateway: Make) -> None:
    settings = settings_with(server={"port": 0, "max_connections": 40, "max_connections_per_address": 10})
    gateway = make_gateway(settings=settings)
    with listening(gateway) as served, ExitStack() as stack:
        for number in range(30):
            stack.enter_context(idle(served, 10, f"127.0.1.{number + 1}"))
        assert asked(served, OTHER, 20) == {200: 20}
        wait_until(lambda: gateway.connections.count <= 41)


def test_where_all_of_an_addresss_connections_are_busy_only_it_is_told_so(make_gateway: Make) -> None:
    engine = ScriptedEngine(["你", None])
    settings = settings_with(server={"port": 0, "max_connections": 40, "max_connections_per_address": 10})
    gateway = make_gateway(engine, settings)
    with listening(gateway) as served, ExitStack() as stack:
        for _ in range(10):
            one = stack.enter_context(client(served, ATTACKER))
            stack.enter_context(one.stream("POST", CHAT, json=question(stream=True)))
        with client(served, ATTACKER) as refused, client(served, OTHER) as other:
            assert code_of(refused.get("/v1/models")) == (503, "too_many_connections")
            assert other.get("/v1/models").status_code == 200
            metrics = other.get("/metrics").text
        assert 'kantu_connections_refused_total{reason="address"} 1.0' in metrics
        assert "kantu_connections 11.0" in metrics


def test_a_proxy_of_ours_may_have_as_many_as_there_are_in_all(make_gateway: Make) -> None:
    engine = ScriptedEngine(["你", None])
    server = {"port": 0, "max_connections": 40, "max_connections_per_address": 10, "trusted_proxies": [ATTACKER]}
    with listening(make_gateway(engine, settings_with(server=server))) as served, ExitStack() as stack:
        for _ in range(20):
            one = stack.enter_context(client(served, ATTACKER))
            response = stack.enter_context(one.stream("POST", CHAT, json=question(stream=True)))
            assert response.status_code == 200


async def tried(port: int, ended: threading.Event) -> list[bytes]:
    """The status lines that 200 clients of one address get for a wrong key, each time on a new connection."""

    async def tries() -> list[bytes]:
        lines = []
        while not ended.is_set():
            reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(ATTACKER, 0))
            writer.write(f"GET /v1/models HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {WRONG}\r\n\r\n".encode())
            lines.append(await reader.readline())
            writer.close()
        return lines

    found = await asyncio.gather(*(tries() for _ in range(200)))
    return [line for lines in found for line in lines]


def test_200_wrong_keys_at_once_keep_a_good_key_of_the_same_address_waiting_for_nothing(make_gateway: Make) -> None:
    gateway, ended = make_gateway(settings=settings_with(server={"port": 0})), threading.Event()
    with listening(gateway) as served, ThreadPoolExecutor(1) as pool:
        attack = pool.submit(lambda: asyncio.run(tried(served.port, ended)))
        try:
            wait_until(lambda: gateway.wrong_keys.total > 200)
            with client(served, ATTACKER) as good:
                before = gateway.wrong_keys.total
                assert Counter(good.post(CHAT, json=question()).status_code for _ in range(20)) == {200: 20}
            assert gateway.wrong_keys.waiting <= 8
            wait_until(lambda: gateway.wrong_keys.total > before)  # it was under attack
        finally:
            ended.set()
        lines = Counter(attack.result(60))
    assert set(lines) == {b"HTTP/1.1 401 Unauthorized\r\n", b"HTTP/1.1 429 Too Many Requests\r\n"}
    assert lines[b"HTTP/1.1 429 Too Many Requests\r\n"] > lines[b"HTTP/1.1 401 Unauthorized\r\n"]


def test_one_connection_s_tries_become_few_and_are_counted(make_gateway: Make) -> None:
    with listening(make_gateway(settings=settings_with(server={"port": 0}))) as served:
        with client(served, ATTACKER, WRONG) as one:
            seconds = [one.get("/v1/models").elapsed.total_seconds() for _ in range(9)]
        assert seconds[-1] >= 0.4  # the fourth that is not free; while it waits, some is forgotten
        with client(served, OTHER, WRONG.replace("x", "y")) as other:
            assert code_of(other.get("/v1/models")) == (401, "invalid_api_key")
            assert "kantu_wrong_keys_total 10.0" in other.get("/metrics").text


def test_behind_a_proxy_of_ours_wrong_keys_count_for_the_client_that_it_names(make_gateway: Make) -> None:
    server = {"port": 0, "trusted_proxies": [ATTACKER]}
    gateway = make_gateway(settings=settings_with(server=server))
    with listening(gateway) as served:
        for number in range(30):
            with client(
                served, ATTACKER, f"kt-{number:04}{'x' * 39}", **{"X-Forwarded-For": f"192.0.2.{number}"}
            ) as one:
                answer = one.get("/v1/models")
                assert code_of(answer) == (401, "invalid_api_key")


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_closes_its_half_gets_its_answer(make_gateway: Make, stream: bool) -> None:
    with listening(make_gateway(settings=settings_with(server={"port": 0}))) as served:
        body = httpx.Request("POST", f"http://a{CHAT}", json=question(stream=stream)).read()
        head = f"POST {CHAT} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {served.key}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        with socket.create_connection(("127.0.0.1", served.port), 60) as connection:
            connection.sendall(head.encode() + body)
            connection.shutdown(socket.SHUT_WR)
            received = b""
            while piece := connection.recv(2**16):
                received += piece
    assert b"HTTP/1.1 200 OK" in received
    assert (b"data: [DONE]" if stream else '"content":"你好"'.encode()) in received
