"""A relay passes everything on, until it is told to misbehave."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from kantu.compare.relay import Relay
from tests.compare.fakes import EchoService
from tests.fake_upstream import say, serve


@pytest.fixture
def relay() -> Iterator[Relay]:
    service = EchoService("echo")
    with closing(Relay(service.url, slow_seconds=0.2)) as found:
        yield found
    service.kill()


def ask(relay: Relay, *, timeout: float = 5.0) -> tuple[int, bytes, http.client.HTTPMessage]:
    parts = urlsplit(relay.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
    with closing(connection):
        connection.request("POST", "/echo", json.dumps("问"))
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.headers


def test_it_passes_on(relay: Relay) -> None:
    assert ask(relay)[:2] == (200, '"echo:问"'.encode())
    assert relay.requests == 1


def test_garbage_is_no_json_and_comes_as_if_it_were(relay: Relay) -> None:
    with relay.failing("garbage"):
        status, body, headers = ask(relay)
    assert (status, headers["Content-Type"]) == (200, "application/json")
    with pytest.raises(json.JSONDecodeError):
        json.loads(body.decode("utf-8", "replace"))
    assert ask(relay)[0] == 200


def test_a_rate_limit_says_when_to_come_back(relay: Relay) -> None:
    with relay.failing("rate_limited"):
        status, _, headers = ask(relay)
    assert (status, headers["Retry-After"]) == (429, "1")


def test_slow_is_slow_and_right(relay: Relay) -> None:
    started = time.monotonic()
    with relay.failing("slow"):
        assert ask(relay)[0] == 200
    assert time.monotonic() - started >= 0.2


def test_silence_lasts_as_long_as_the_fault(relay: Relay) -> None:
    with relay.failing("silent"):
        with pytest.raises(TimeoutError):
            ask(relay, timeout=0.2)
        waiting: list[type[BaseException]] = []

        def wait() -> None:
            try:
                ask(relay, timeout=30)
            except (OSError, http.client.HTTPException) as failure:
                waiting.append(type(failure))

        thread = threading.Thread(target=wait)
        thread.start()
        time.sleep(0.1)
        assert thread.is_alive()
    thread.join(10)
    assert waiting  # hung up on, now that it is over
    assert ask(relay)[0] == 200


def test_a_service_that_is_gone_hangs_up() -> None:
    service = EchoService("echo")
    with closing(Relay(service.url, slow_seconds=0)) as relay:
        service.kill()
        with pytest.raises((OSError, http.client.HTTPException)):
            ask(relay)
        service.revive()
        assert ask(relay)[0] == 200
    service.kill()


def test_streams_and_headers_of_a_chat_server_come_through() -> None:
    with serve(say("已", "发货")) as fake, closing(Relay(fake.url, slow_seconds=0)) as relay:
        parts = urlsplit(relay.url)
        assert parts.path == "/v1"
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
        with closing(connection):
            connection.request("POST", "/v1/chat/completions", b"{}", {"Authorization": "Bearer k"})
            answer = connection.getresponse()
            assert "发货" in answer.read().decode()
            assert (answer.headers["Content-Type"] or "").startswith("text/event-stream")
        assert fake.keys == ["Bearer k"]
