"""One writer of a stream's messages, and what it writes where nothing else is."""

from __future__ import annotations

import asyncio

import pytest
from starlette.types import Message

from kantu.service.chat.response import EventStream

pytestmark = pytest.mark.anyio

COMMENT = b": keep-alive\n\n"


class Client:
    """Takes messages, each in `seconds`."""

    def __init__(self, seconds: float = 0) -> None:
        self.messages: list[Message] = []
        self._seconds = seconds

    async def send(self, message: Message) -> None:
        await asyncio.sleep(self._seconds)
        self.messages.append(message)

    @property
    def bodies(self) -> list[bytes]:
        return [message["body"] for message in self.messages if message["type"] == "http.response.body"]


async def test_status_and_headers_go_once_with_what_is_written_first() -> None:
    client = Client()
    events = EventStream(client.send)
    assert not events.begun
    await events.write(b"a")
    assert events.begun
    await events.end(b"b")
    assert [message["type"] for message in client.messages] == ["http.response.start", *["http.response.body"] * 2]
    assert (b"content-type", b"text/event-stream; charset=utf-8") in client.messages[0]["headers"]
    assert [message["more_body"] for message in client.messages[1:]] == [True, False]


async def test_comments_come_only_where_nothing_else_does(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now[0])

    async def later(seconds: float) -> None:
        now[0] += seconds
        for _ in range(10):  # whoever was to wake up by then has its turn
            await asyncio.sleep(0)

    client = Client()
    events = EventStream(client.send)
    alive = asyncio.create_task(events.keep_alive(10))
    for _ in range(6):
        await later(6)
        await events.write(b"a")
    await later(9)
    assert client.bodies == [b"a"] * 6
    for _ in range(2):
        await later(10)
    assert client.bodies[6:] == [COMMENT, COMMENT]
    await events.end(b"b")
    await later(10)
    await alive  # nothing follows the end
    assert client.bodies[8:] == [b"b"]


async def test_a_comment_and_an_event_never_mix() -> None:
    """A client that reads slowly: the status is still being sent when the first word comes."""
    client = Client(0.05)
    events = EventStream(client.send)
    alive = asyncio.create_task(events.keep_alive(0.01))
    await asyncio.sleep(0.02)
    assert events.begun
    await events.write(b"a")
    await events.end(b"b")
    await alive
    assert [message["type"] for message in client.messages][:2] == ["http.response.start", "http.response.body"]
    assert [body for body in client.bodies if body != COMMENT] == [b"a", b"b"]
    assert client.bodies[-1] == b"b"
