"""A question is answered by its deadline, whatever does not answer: the engine, a picture, a slow reader's backlog."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from kantu.engine.protocol import Listener
from kantu.engine.request import Delta, End, Request, TokenLogprob, Usage
from kantu.errors import DeadlineExceededError
from kantu.service.actor import Limits
from kantu.service.chat.deltas import MOST_AT_ONCE, Deltas
from kantu.service.chat.schemas import ChatRequest
from kantu.service.chat.writer import ChatWording
from kantu.service.gateway import Gateway
from kantu.service.settings import Settings
from tests.service.gateways import TIMINGS, ScriptedEngine, client_of, png, question, settings_with
from tests.service.time_left import TimeLeft

pytestmark = [pytest.mark.whole, pytest.mark.anyio]

PATH = "/v1/chat/completions"
Make = Callable[..., Gateway]
TOP = tuple((id_, "选项".encode(), -1.0) for id_ in range(20))


def settings(seconds: float = 3600.0, **request: Any) -> Settings:
    return settings_with(request={"timeout_seconds": seconds, **request})


class Hanging(ScriptedEngine):
    """Says nothing, and the time is over."""

    def __init__(self, time_left: TimeLeft) -> None:
        super().__init__((None,))
        self._time_left = time_left

    def submit(self, request: Request, listener: Listener) -> ScriptedEngine:
        self._time_left.end()
        return super().submit(request, listener)


async def test_an_engine_that_hangs_costs_a_client_its_deadline_and_no_more(
    make_gateway: Make, time_left: TimeLeft
) -> None:
    engine = Hanging(time_left)
    gateway = make_gateway(engine, settings())
    async with client_of(gateway) as client:
        response = await client.post(PATH, json=question())
    assert response.status_code == 504
    assert response.json()["error"]["code"] == "deadline_exceeded"
    assert response.headers["x-should-retry"] == "false"
    assert engine.cancelled == 1
    assert gateway.admission.requests == 0
    assert b'code="deadline_exceeded"' in gateway.watch.metrics.text()


async def test_a_stream_that_has_begun_ends_with_an_event(make_gateway: Make, time_left: TimeLeft) -> None:
    time_left.end_with_the_first_bytes()
    engine = ScriptedEngine(("你", None))
    async with client_of(make_gateway(engine, settings())) as client:
        response = await client.post(PATH, json=question(stream=True))
    assert response.status_code == 200
    *_, name, data = [line for line in response.text.splitlines() if line]
    assert name == "event: error"
    assert json.loads(data.removeprefix("data: "))["error"]["code"] == "deadline_exceeded"
    assert engine.cancelled == 1


async def test_reading_pictures_is_part_of_the_time_and_the_engine_gets_what_is_left(
    make_gateway: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = ScriptedEngine()
    gateway = make_gateway(engine, settings(60.0))
    fetch = gateway.pictures._bytes

    async def slow(*arguments: Any) -> bytes:
        await asyncio.sleep(0.1)
        return await fetch(*arguments)

    monkeypatch.setattr(gateway.pictures, "_bytes", slow)
    async with client_of(gateway) as client:
        assert (await client.post(PATH, json=question("?", png()))).status_code == 200
    assert engine.requests[0].timeout_seconds is not None
    assert 0 < engine.requests[0].timeout_seconds <= 59.9


async def test_a_picture_that_is_never_decoded_costs_no_more_than_the_time(
    make_gateway: Make, monkeypatch: pytest.MonkeyPatch, time_left: TimeLeft
) -> None:
    gateway = make_gateway(ScriptedEngine(), settings())

    async def never(*_: Any) -> None:
        time_left.end()
        await asyncio.Event().wait()

    monkeypatch.setattr(gateway.pictures, "_decode", never)
    async with client_of(gateway) as client:
        response = await client.post(PATH, json=question("?", png()))
        assert response.json()["error"]["code"] == "deadline_exceeded"
    assert (gateway.admission.requests, gateway.admission.pixels) == (0, 0)


async def test_the_pictures_of_what_never_began_are_not_counted(make_gateway: Make, time_left: TimeLeft) -> None:
    engine = Hanging(time_left)
    limits = Limits(visual_tokens_per_minute=8)
    async with client_of(make_gateway(engine, settings()), limits=limits) as client:
        for _ in range(3):  # 4 tokens each
            assert (await client.post(PATH, json=question("?", png()))).status_code == 504


async def test_a_line_of_a_batch_has_a_time_of_its_own(make_gateway: Make, time_left: TimeLeft) -> None:
    gateway = make_gateway(Hanging(time_left), settings())
    key, _ = gateway.keys.create("test", limits=Limits())
    actor = await gateway.keys.actor(key.id)
    with pytest.raises(DeadlineExceededError):
        await gateway.chat.complete(actor, ChatWording(ChatRequest.model_validate(question())))


# Much at once


class Burst(ScriptedEngine):
    """Says everything before anybody can read it: as for a client that was away."""

    def __init__(self, tokens: int) -> None:
        super().__init__()
        self._tokens = tokens

    def _answer(self, index: int, request: Request, listener: Listener) -> None:
        logprobs = () if request.sampling.logprobs is None else (TokenLogprob(1, "图".encode(), -0.5, TOP),)
        for _ in range(self._tokens - 1):
            listener(Delta("图", (1,), index=index, logprobs=logprobs))
        listener(Delta("图", (1,), End("stop", Usage(10, 0, self._tokens), TIMINGS), index, logprobs))


class Ticker:
    """Counts how often the loop gets round to others."""

    def __init__(self) -> None:
        self.turns = 0

    async def __aenter__(self) -> Ticker:
        self._task = asyncio.create_task(self._run())
        await asyncio.sleep(0)
        self.turns = 0
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()

    async def _run(self) -> None:
        while True:
            self.turns += 1
            await asyncio.sleep(0)


async def test_whoever_reads_a_backlog_lets_others_have_the_loop() -> None:
    request = Request(())
    async with Deltas(Burst(32 * MOST_AT_ONCE), request) as deltas, Ticker() as ticker:
        count = 0
        async for _ in deltas:
            count += 1
        assert count == 32 * MOST_AT_ONCE
        assert ticker.turns >= 31


@pytest.mark.parametrize("stream", [False, True])
async def test_a_large_answer_is_sent_in_pieces_and_others_have_the_loop_between_them(
    make_gateway: Make, stream: bool
) -> None:
    tokens = 2000
    async with client_of(make_gateway(Burst(tokens))) as client, Ticker() as ticker:
        body = question(logprobs=True, top_logprobs=20, max_tokens=tokens, stream=stream)
        response = await client.post(PATH, json=body)
        turns = ticker.turns
    assert response.status_code == 200
    assert len(response.content) > 2_000_000
    assert turns > tokens / MOST_AT_ONCE
    if not stream:
        assert int(response.headers["content-length"]) == len(response.content)
        (choice,) = response.json()["choices"]
        assert len(choice["message"]["content"]) == len(choice["logprobs"]["content"]) == tokens


async def test_who_left_hears_and_holds_nothing_more() -> None:
    heard: list[Listener] = []

    class Deaf(ScriptedEngine):
        def submit(self, request: Request, listener: Listener) -> ScriptedEngine:
            heard.append(listener)
            return self

    async with Deltas(Deaf(), Request(())) as deltas:
        heard[0](Delta("a"))
    heard[0](Delta("b"))
    assert not deltas._items


# Bounds


async def test_answers_that_could_be_too_large_are_refused_at_the_door(make_gateway: Make) -> None:
    engine = ScriptedEngine()
    async with client_of(make_gateway(engine)) as client:
        body = question(n=8, max_tokens=4096, logprobs=True, top_logprobs=20)
        refused = await client.post(PATH, json=body)
        assert refused.status_code == 400
        assert (refused.json()["error"]["code"], refused.json()["error"]["param"]) == (
            "answer_too_large",
            "top_logprobs",
        )
        assert not engine.requests
        for smaller in ({"n": 1}, {"max_tokens": 500}, {"top_logprobs": 0}):
            assert (await client.post(PATH, json={**body, **smaller})).status_code == 200
        assert (await client.post(PATH, json=question(n=8, max_tokens=4096))).status_code == 200


async def test_tokens_longer_than_usual_do_not_get_round_the_bound(make_gateway: Make) -> None:
    engine = ScriptedEngine(("空" * 10_000,) * 200)  # 200 tokens of 30 KB
    async with client_of(make_gateway(engine)) as client:
        response = await client.post(PATH, json=question(max_tokens=200))
    assert response.json()["error"]["code"] == "answer_too_large"


class Keeping(ScriptedEngine):
    """Answers what asks for logprobs when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.listeners: list[Listener] = []

    def _answer(self, index: int, request: Request, listener: Listener) -> None:
        if request.sampling.logprobs is None:
            super()._answer(index, request, listener)
        else:
            self.listeners.append(listener)

    def finish(self, number: int) -> None:
        self.listeners[number](Delta("好", (1,), End("stop", Usage(10, 0, 1), TIMINGS)))


async def test_long_answers_of_one_owner_wait_for_each_other_and_short_ones_for_nobody(make_gateway: Make) -> None:
    engine = Keeping()
    gateway = make_gateway(engine, settings(60.0, max_answer_bytes=2**20, owner_share=0.5))
    long = question(max_tokens=690, logprobs=True, top_logprobs=20)  # a little less than 1 MiB; 2 are half of all
    async with client_of(gateway) as client:
        asking = [asyncio.create_task(client.post(PATH, json=long)) for _ in range(3)]
        while len(engine.listeners) < 2 or gateway.admission.requests < 3:
            await asyncio.sleep(0.01)
        assert (await client.post(PATH, json=question())).status_code == 200
        assert len(engine.listeners) == 2
        engine.finish(0)
        while len(engine.listeners) < 3:
            await asyncio.sleep(0.01)
        for number in range(1, 3):
            engine.finish(number)
        assert [response.status_code for response in await asyncio.gather(*asking)] == [200] * 3


async def test_a_key_that_cannot_be_looked_up_costs_no_more_than_the_time(
    make_gateway: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = make_gateway(ScriptedEngine(), settings(0.1))

    async def never(*_: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(gateway.keys, "authenticate", never)
    async with client_of(gateway) as client:
        response = await client.get("/v1/models")
    assert (response.status_code, response.json()["error"]["code"]) == (504, "deadline_exceeded")
