"""By default a request leaves nothing behind: no word and no pixel of it is on the disk afterwards."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from kantu.service.gateway import Gateway
from tests.service.gateways import MODEL, ScriptedEngine, client_of, data_url, question
from tests.service.retention.conftest import Keeping
from tests.service.retention.traces import ANSWER, QUESTION, needles, noise, traces

pytestmark = pytest.mark.anyio

PICTURE = noise()
TASK = {"model": MODEL, "images": [data_url(PICTURE)], "input": {"text": QUESTION}, "evidence": False}
RESPONSES = {
    "model": MODEL,
    "input": [
        {
            "role": "user",
            "content": [
                {"type": "input_image", "image_url": data_url(PICTURE)},
                {"type": "input_text", "text": QUESTION},
            ],
        }
    ],
}
SOURCE = {"type": "base64", "media_type": "image/png", "data": data_url(PICTURE).partition(",")[2]}
MESSAGES = {
    "model": MODEL,
    "max_tokens": 16,
    "messages": [
        {"role": "user", "content": [{"type": "image", "source": SOURCE}, {"type": "text", "text": QUESTION}]},
    ],
}
RECORD = json.dumps({"verdict": "不一致", "conflict": ANSWER, "reasons": [ANSWER]}, ensure_ascii=False)
REQUESTS = [
    ("/v1/chat/completions", question(QUESTION, PICTURE), ANSWER),
    ("/v1/chat/completions", question(QUESTION, PICTURE, stream=True), ANSWER),
    ("/v1/responses", RESPONSES, ANSWER),
    ("/v1/messages", MESSAGES, ANSWER),
    ("/v1/tasks/match", TASK, RECORD),
    ("/v1/tokenize", question(QUESTION, PICTURE), ANSWER),
]


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "words").write_text(f"... {QUESTION} ...", "utf-8")
    (tmp_path / "picture").write_bytes(PICTURE)
    (tmp_path / "url").write_text(data_url(PICTURE))
    found = traces(tmp_path, needles(PICTURE))
    assert {each.rpartition(": ")[2] for each in found} == {"words", "picture", "url"}


@pytest.mark.parametrize(("address", "body", "answer"), REQUESTS)
async def test_nothing_of_a_request_is_on_the_disk(
    make_gateway: Callable[..., Gateway], tmp_path: Path, address: str, body: dict[str, object], answer: str
) -> None:
    gateway = make_gateway(ScriptedEngine((answer,)))
    async with client_of(gateway) as client:
        response = await client.post(address, json=body)
        assert response.status_code == 200, response.text
        assert address == "/v1/tokenize" or ANSWER in response.text
        assert traces(tmp_path, needles(PICTURE)) == []
        assert (await client.get("/v1/history")).json()["data"] == []
    gateway.database.close()
    assert traces(tmp_path, needles(PICTURE)) == []


async def test_nothing_of_a_refused_request_is_on_the_disk(
    make_gateway: Callable[..., Gateway], tmp_path: Path
) -> None:
    async with client_of(make_gateway()) as client:
        for refused in (question(QUESTION, PICTURE, model="none"), question(QUESTION, PICTURE, nothing=QUESTION)):
            assert (await client.post("/v1/chat/completions", json=refused)).status_code in (400, 404)
    assert traces(tmp_path, needles(PICTURE)) == []


async def test_what_is_kept_is_not_readable_on_the_disk(
    keeping: Keeping, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with client_of(keeping()) as client:
        for address, body, _ in REQUESTS[:4]:
            assert (await client.post(address, json=body)).status_code == 200
        assert len((await client.get("/v1/history")).json()["data"]) == 4
        assert traces(tmp_path, needles(PICTURE)) == []
    assert QUESTION not in caplog.text
    assert ANSWER not in caplog.text
