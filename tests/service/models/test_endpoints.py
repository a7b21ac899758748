"""GET /v1/models."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kantu.service.gateway import Gateway
from tests.service.gateways import MODEL, client_of

pytestmark = pytest.mark.anyio
Make = Callable[..., Gateway]


async def test_the_served_model_is_listed_and_told(make_gateway: Make) -> None:
    model = {"id": MODEL, "object": "model", "created": 1_700_000_000, "owned_by": "kantu"}
    async with client_of(make_gateway()) as client:
        assert (await client.get("/v1/models")).json() == {"object": "list", "data": [model]}
        assert (await client.get(f"/v1/models/{MODEL}")).json() == model


async def test_others_are_not_found_whatever_their_name(make_gateway: Make) -> None:
    async with client_of(make_gateway()) as client:
        for name in ("gpt-4o", "Qwen/Qwen3-VL-8B-Instruct", "..%2fetc"):
            response = await client.get(f"/v1/models/{name}")
            assert (response.status_code, response.json()["error"]["code"]) == (404, "model_not_served")


async def test_a_key_for_other_models_sees_none(make_gateway: Make) -> None:
    async with client_of(make_gateway(), models=["other"]) as client:
        assert (await client.get("/v1/models")).json()["data"] == []
        assert (await client.get(f"/v1/models/{MODEL}")).status_code == 403
