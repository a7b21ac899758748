"""POST /v1/tokenize: what a conversation costs, before it is asked."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kantu.service.gateway import Gateway
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
