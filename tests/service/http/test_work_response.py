"""Work is done while its answer is sent; it ends with its client, and what fails is raised as itself."""

from __future__ import annotations

import asyncio

import pytest
from starlette.types import Message

from kantu.errors import InvalidRequestError, KantuError, error
from kantu.service.http.work_response import Work, WorkResponse

pytestmark = pytest.mark.anyio


class Client:
    """Stays until it is told to go.

    Attributes:
        sent: what it has received.
    """

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.gone = asyncio.Event()

    async def receive(self) -> Message:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    async def ask(self, response: WorkResponse) -> None:
        await response({"type": "http"}, self.receive, self.send)


async def test_the_pieces_are_sent_with_their_length() -> None:
    async def work() -> Work:
        return Work([b"{", b"}"], [(b"aigc", b"{}")])

    client = Client()
    await client.ask(WorkResponse(work))
    start, *bodies = client.sent
    assert start["status"] == 200
    assert start["headers"] == [
        (b"content-type", b"application/json"),
        (b"content-length", b"2"),
        (b"aigc", b"{}"),
    ]
    assert b"".join(message["body"] for message in bodies) == b"{}"
    assert [message["more_body"] for message in bodies] == [True, True, False]


async def test_what_fails_is_raised_as_itself_and_nothing_is_sent() -> None:
    async def work() -> Work:
        raise error("empty_question")

    client = Client()
    with pytest.raises(InvalidRequestError, match="empty_question"):
        await client.ask(WorkResponse(work))
    assert client.sent == []


async def test_a_client_that_goes_ends_the_work() -> None:
    ended: list[str] = []

    async def work() -> Work:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("work")
        return Work([])

    client = Client()
    asking = asyncio.create_task(client.ask(WorkResponse(work)))
    await asyncio.sleep(0)
    client.gone.set()
    await asyncio.wait_for(asking, 30)
    assert (ended, client.sent) == (["work"], [])


async def test_a_server_that_waits_no_longer_says_so() -> None:
    begun = asyncio.Event()

    async def work() -> Work:
        begun.set()
        await asyncio.Event().wait()
        return Work([])

    asking = asyncio.create_task(Client().ask(WorkResponse(work)))
    await begun.wait()
    asking.cancel()
    with pytest.raises(KantuError, match="draining"):
        await asking
