"""POST /v1/tokenize: what a conversation costs, before it is asked."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from anyio import to_thread

from kantu import hub
from kantu.model.folder import ModelFolder
from kantu.processing.chat import ChatProcessor, Prompt
from kantu.processing.conversation import Turn
from kantu.service.actor import Limits
from kantu.service.gateway import Gateway
from kantu.service.models.registry import ModelRegistry
from kantu.service.tokenize.service import TokenizeService
from tests.service.gateways import MODEL, ScriptedEngine, client_of, png, question, settings_with

pytestmark = pytest.mark.anyio

PATH = "/v1/tokenize"
Make = Callable[..., Gateway]


async def test_each_picture_s_visual_tokens_are_told_and_nothing_is_asked(make_gateway: Make) -> None:
    engine = ScriptedEngine()
    async with client_of(make_gateway(engine)) as client:
        response = await client.post(PATH, json=question("问", png(320, 160), png(64, 64)))
    told = response.json()
    assert told["model"] == MODEL
    assert told["visual_tokens"] == 50 + 4
    assert told["images"][0] == {
        "width": 320,
        "height": 160,
        "resized_width": 320,
        "resized_height": 160,
        "visual_tokens": 50,
    }
    assert told["prompt_tokens"] is None  # a scripted engine, like an upstream, keeps its tokenizer to itself
    assert engine.requests == []


async def test_the_budget_counts_and_a_picture_that_shrinks_is_warned_about(make_gateway: Make) -> None:
    body = question("问", png(640, 640), mm_processor_kwargs={"max_pixels": 65_536})
    async with client_of(make_gateway()) as client:
        told = (await client.post(PATH, json=body)).json()
    assert told["visual_tokens"] == 64
    assert told["warnings"][0].startswith("第 1 张图片从 640×640 缩小到 256×256")


async def test_the_server_s_own_limit_holds(make_gateway: Make) -> None:
    settings = settings_with(request={"max_pixels": 65_536})
    async with client_of(make_gateway(settings=settings)) as client:
        assert (await client.post(PATH, json=question("问", png(640, 640)))).json()["visual_tokens"] == 64
        refused = await client.post(PATH, json=question(mm_processor_kwargs={"max_pixels": 65_537}))
    assert refused.json()["error"]["code"] == "invalid_max_pixels"


async def test_only_what_is_counted_is_accepted(make_gateway: Make) -> None:
    async with client_of(make_gateway()) as client:
        refused = await client.post(PATH, json=question(temperature=1))
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "unknown_parameter")


async def test_a_picture_alone_has_its_price_too(make_gateway: Make) -> None:
    async with client_of(make_gateway()) as client:
        assert (await client.post(PATH, json=question("", png()))).json()["visual_tokens"] == 4


def with_chat(gateway: Gateway, chat: Any, context_tokens: int | None) -> Gateway:
    """With a model whose tokenizer is at hand."""
    models = ModelRegistry(replace(model, chat=chat, context_tokens=context_tokens) for model in gateway.models)
    service = TokenizeService(gateway.settings.request, models, gateway.pictures, gateway.admission)
    return replace(gateway, tokenize=service)


async def test_what_does_not_fit_the_context_is_refused_as_a_chat_would_be(make_gateway: Make) -> None:
    chat = ChatProcessor.from_folder(ModelFolder.open(hub.locate(None)))
    async with client_of(with_chat(make_gateway(), chat, 64)) as client:
        fits = await client.post(PATH, json=question("这个为什么还没发货？", png()))
        refused = [await client.post(PATH, json=question(text)) for text in ("货" * 64, "😀" * 1_000_000)]
    same = chat.prompt([Turn("user", (None, "这个为什么还没发货？"))], [(1, 4, 4)])
    assert fits.json()["prompt_tokens"] == len(same.input_ids)
    assert [each.status_code for each in refused] == [400, 400]
    assert {each.json()["error"]["code"] for each in refused} == {"prompt_too_long"}


class SlowChat:
    """Counts how many texts are read at once, and reads none to its end before it is told to."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self._lock = threading.Lock()
        self.now = self.most = self.begun = 0

    def prompt(self, *_: object, **__: object) -> Prompt:
        with self._lock:
            self.now, self.begun = self.now + 1, self.begun + 1
            self.most = max(self.most, self.now)
        self.go_on.wait(30)
        with self._lock:
            self.now -= 1
        return Prompt(np.zeros(7, np.int64), np.zeros((3, 7), np.int64), 0, ())


async def test_an_owner_s_texts_are_read_one_after_another_and_take_no_thread_of_others(make_gateway: Make) -> None:
    chat = SlowChat()
    gateway = with_chat(make_gateway(), chat, None)
    _, text = gateway.keys.create("other", owner="other", limits=Limits())
    other = {"Authorization": f"Bearer {text}"}
    async with client_of(gateway) as client, asyncio.TaskGroup() as group:
        flood = [group.create_task(client.post(PATH, json=question())) for _ in range(8)]
        while not chat.begun:
            await asyncio.sleep(0.01)
        quiet = group.create_task(client.post(PATH, json=question(), headers=other))
        while chat.begun < 2:
            await asyncio.sleep(0.01)
        async with asyncio.timeout(30):  # the others' keys are looked up on threads as well
            while to_thread.current_default_thread_limiter().borrowed_tokens:
                await asyncio.sleep(0.01)
        assert (chat.now, chat.begun) == (2, 2)  # one of each owner
        chat.go_on.set()
    assert {task.result().json()["prompt_tokens"] for task in (*flood, quiet)} == {7}
    assert chat.most == 2
