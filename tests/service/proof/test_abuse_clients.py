"""Abuse by patience: clients that send slowly, do not read, or go away in the middle."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from kantu.service.gateway import Gateway
from tests.service.gateways import ScriptedEngine, settings_with
from tests.service.gateways import question as scripted_question
from tests.service.listening import listening
from tests.service.proof.live import CHAT, LiveGateway, long_question, question, wait_until

pytestmark = pytest.mark.whole


def head(key: str, *headers: str) -> bytes:
    lines = [f"POST {CHAT} HTTP/1.1", "Host: a", f"Authorization: Bearer {key}", *headers]
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n"


def whole(key: str, body: dict[str, object]) -> bytes:
    content = json.dumps(body).encode()
    return head(key, "Content-Type: application/json", f"Content-Length: {len(content)}") + content


def answer_of(connection: socket.socket) -> bytes:
    received = b""
    while piece := connection.recv(2**16):
        received += piece
    return received


@pytest.mark.parametrize(
    ("path", "content_type", "begun"),
    [
        (CHAT, "application/json", b"{"),
        (
            "/v1/files",
            "multipart/form-data; boundary=a",
            b'--a\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n',
        ),
    ],
    ids=["json", "upload"],
)
def test_a_body_that_drips_is_cut_off(live: LiveGateway, path: str, content_type: str, begun: bytes) -> None:
    start = head(live.key, f"Content-Type: {content_type}", "Content-Length: 100000").replace(
        CHAT.encode(), path.encode()
    )
    with live.connect() as connection:
        connection.sendall(start + begun)
        connection.settimeout(0.1)
        received = b""
        while not received:
            connection.sendall(b" ")
            try:
                received = connection.recv(2**16)
            except TimeoutError:
                continue
        connection.settimeout(60)
        received += answer_of(connection)
    assert received.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"body_too_slow"' in received
    assert not any((live.home / "files" / "drafts").glob("*"))


def test_many_clients_that_say_nothing_keep_nobody_waiting(live: LiveGateway) -> None:
    silent = [live.connect() for _ in range(200)]
    try:
        for number, connection in enumerate(silent):
            connection.sendall(b"GET / HT" if number % 2 else head(live.key, "Content-Length: 100")[:60])
        with live.client() as client:
            assert client.get("/v1/models").status_code == 200
            assert client.post(CHAT, json=question()).status_code == 200
    finally:
        for connection in silent:
            connection.close()


@contextmanager
def gone(live: LiveGateway) -> Iterator[None]:
    """What is asked in this block is given up at its end, and leaves nothing behind."""
    before = live.metric("kantu_requests_total", code="client_closed")
    cancelled = live.metric("kantu_engine_requests_total", outcome="cancelled")
    yield
    wait_until(lambda: live.metric("kantu_requests_total", code="client_closed") == before + 1)
    wait_until(lambda: live.running() == 0)
    assert live.metric("kantu_engine_requests_total", outcome="cancelled") == cancelled + 1
    assert live.metric("kantu_engine_waiting") == 0
    assert live.metric("kantu_in_flight_requests") == 0
    assert live.metric("kantu_in_flight_pixels") == 0
    assert live.metric("kantu_cache_bytes", cache="kv") == 0
    with live.client() as client:
        assert client.post(CHAT, json=question()).status_code == 200


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
def test_a_client_that_goes_while_its_prompt_is_read_is_cancelled(live: LiveGateway, stream: bool) -> None:
    prompt = f"{time.monotonic_ns()}" + "数" * 20_000  # seconds of work
    with gone(live), live.connect() as connection:
        connection.sendall(whole(live.key, question(prompt, stream=stream)))
        wait_until(lambda: live.running() > 0)


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
def test_a_client_that_goes_in_the_middle_of_its_answer_is_cancelled(live: LiveGateway, stream: bool) -> None:
    with gone(live), live.connect() as connection:
        before = live.metric("kantu_engine_steps_total")
        connection.sendall(whole(live.key, long_question(stream=stream)))
        if stream:
            received = b""
            while received.count(b"data: ") < 3:
                received += connection.recv(2**16)
        else:
            wait_until(lambda: live.metric("kantu_engine_steps_total") > before + 3)


def test_a_client_that_resets_its_connection_is_cancelled(live: LiveGateway) -> None:
    with gone(live), live.connect() as connection:
        connection.sendall(whole(live.key, long_question(stream=True)))
        connection.recv(2**10)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


def test_a_client_that_goes_before_its_body_is_complete_costs_nothing(live: LiveGateway) -> None:
    before = live.metric("kantu_requests_total", code="client_closed")
    with live.connect() as connection:
        connection.sendall(whole(live.key, question())[:-10])
    wait_until(lambda: live.metric("kantu_requests_total", code="client_closed") == before + 1)


def test_a_client_that_does_not_read_is_cancelled(make_gateway: Callable[..., Gateway]) -> None:
    engine = ScriptedEngine(["x" * 2**20] * 20 + [None])
    settings = settings_with(server={"port": 0, "send_seconds": 0.5})
    with listening(make_gateway(engine, settings)) as served, socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect((served.host, served.port))
        connection.sendall(whole(served.key, scripted_question(stream=True)))
        wait_until(lambda: engine.cancelled == 1)


def test_a_client_may_read_slowly(make_gateway: Callable[..., Gateway]) -> None:
    engine = ScriptedEngine(["x" * 2**18] * 8)
    settings = settings_with(server={"port": 0, "send_seconds": 5})
    with listening(make_gateway(engine, settings)) as served, socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect((served.host, served.port))
        connection.sendall(whole(served.key, scripted_question(stream=True)))
        received = b""
        while not received.endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n"):
            received += connection.recv(2**14)
    assert received.count(b"x") >= 8 * 2**18
