"""Files and batches with OpenAI's own Python client, against `kantu serve` and the embedded model."""

from __future__ import annotations

import json
import time
from typing import Any

import openai
import pytest
from openai import OpenAI

from tests.service.clients.questions import MODEL, ORDER, STATUS, ask

NOW = "现在是什么状态？"


def by_id(file_id: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"file_id": file_id}}


def test_an_uploaded_picture_is_asked_about_by_its_id(client: OpenAI) -> None:
    file = client.files.create(file=ORDER, purpose="vision")
    assert (file.filename, file.bytes, file.purpose) == ("order.png", ORDER.stat().st_size, "vision")
    answer = client.chat.completions.create(**ask(NOW, by_id(file.id)))
    assert STATUS in (answer.choices[0].message.content or "")
    client.files.delete(file.id)
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(**ask(NOW, by_id(file.id)))
    assert caught.value.code == "file_not_found"


def test_files_are_listed_read_and_deleted(client: OpenAI) -> None:
    made = [client.files.create(file=ORDER, purpose="user_data").id for _ in range(3)]
    assert {file.id for file in client.files.list(purpose="user_data", limit=2)} == set(made)  # page by page
    assert client.files.retrieve(made[0]).id == made[0]
    assert client.files.content(made[0]).read() == ORDER.read_bytes()
    for file_id in made:
        assert client.files.delete(file_id).deleted
    assert list(client.files.list(purpose="user_data")) == []


def test_an_upload_may_expire_early(client: OpenAI) -> None:
    file = client.files.create(file=ORDER, purpose="vision", expires_after={"anchor": "created_at", "seconds": 3600})
    assert file.expires_at == file.created_at + 3600
    client.files.delete(file.id)


def test_what_is_no_picture_is_refused_on_upload(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.files.create(file=("order.png", b"no picture"), purpose="vision")
    assert caught.value.code == "image_unsupported_format"


def test_a_batch_from_upload_to_results(client: OpenAI) -> None:
    file = client.files.create(file=ORDER, purpose="vision")
    bodies = {
        "status": ask(NOW, by_id(file.id)),
        "price": ask("多少钱？", by_id(file.id)),
        "tools": ask("多少钱？", by_id(file.id), tools=[{"type": "function"}]),
    }
    lines = [
        {"custom_id": name, "method": "POST", "url": "/v1/chat/completions", "body": body}
        for name, body in bodies.items()
    ]
    content = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines).encode()
    source = client.files.create(file=("questions.jsonl", content), purpose="batch")
    batch = client.batches.create(
        input_file_id=source.id,
        endpoint="/v1/chat/completions",
        completion_window="24h",
        metadata={"of": "test"},
    )
    end = time.monotonic() + 120
    while batch.status not in ("completed", "failed", "expired", "cancelled"):
        assert time.monotonic() < end, batch
        time.sleep(0.1)
        batch = client.batches.retrieve(batch.id)
    assert (batch.status, batch.metadata) == ("completed", {"of": "test"})
    assert batch.request_counts is not None
    assert batch.request_counts.to_dict() == {"total": 3, "completed": 2, "failed": 1}
    assert [found.id for found in client.batches.list(limit=1).data] == [batch.id]

    assert batch.output_file_id is not None
    results = {line["custom_id"]: line["response"] for line in json_lines(client, batch.output_file_id)}
    assert set(results) == {"status", "price"}
    assert STATUS in results["status"]["body"]["choices"][0]["message"]["content"]
    assert results["price"]["status_code"] == 200
    assert batch.error_file_id is not None
    (failed,) = json_lines(client, batch.error_file_id)
    assert (failed["custom_id"], failed["response"]["status_code"]) == ("tools", 400)
    assert failed["response"]["body"]["error"]["code"] == "unknown_parameter"


def test_a_batch_whose_lines_are_wrong_fails_and_says_where(client: OpenAI) -> None:
    content = json.dumps({"custom_id": "a", "method": "GET", "url": "/v1/chat/completions", "body": {"model": MODEL}})
    source = client.files.create(file=("wrong.jsonl", content.encode()), purpose="batch")
    batch = client.batches.create(input_file_id=source.id, endpoint="/v1/chat/completions", completion_window="24h")
    end = time.monotonic() + 60
    while batch.status == "validating":
        assert time.monotonic() < end
        time.sleep(0.1)
        batch = client.batches.retrieve(batch.id)
    assert batch.status == "failed"
    assert batch.errors is not None
    assert batch.errors.data is not None
    assert [(problem.line, problem.code) for problem in batch.errors.data] == [(1, "invalid_method")]


def json_lines(client: OpenAI, file_id: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in client.files.content(file_id).text.splitlines()]
