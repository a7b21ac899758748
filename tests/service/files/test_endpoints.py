"""/v1/files over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from kantu.service.actor import Limits
from kantu.service.gateway import Gateway
from tests.service.files.conftest import contents
from tests.service.gateways import ScriptedEngine, client_of, png, question, settings_with

pytestmark = [pytest.mark.whole, pytest.mark.anyio]

PATH = "/v1/files"
Make = Callable[..., Gateway]


async def _upload(
    client: httpx.AsyncClient, data: bytes, name: str = "a.png", purpose: str = "vision", **fields: Any
) -> httpx.Response:
    return await client.post(PATH, data={"purpose": purpose, **fields}, files={"file": (name, data)})


def _code(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def _other_owner(gateway: Gateway) -> dict[str, str]:
    _, text = gateway.keys.create("other", limits=Limits())
    return {"Authorization": f"Bearer {text}"}


async def test_an_upload_is_a_file_object_of_openais(make_gateway: Make) -> None:
    async with client_of(make_gateway()) as client:
        response = await _upload(client, png(), "订单.png")
        uploaded = response.json()
        assert response.status_code == 200
        assert uploaded["expires_at"] - uploaded["created_at"] == 30 * 86_400
        assert {key: uploaded[key] for key in ("object", "bytes", "filename", "purpose", "status")} == {
            "object": "file",
            "bytes": len(png()),
            "filename": "订单.png",
            "purpose": "vision",
            "status": "processed",
        }
        assert (await client.get(f"{PATH}/{uploaded['id']}")).json() == uploaded
        listed = (await client.get(PATH)).json()
        assert listed == {
            "object": "list",
            "data": [uploaded],
            "first_id": uploaded["id"],
            "last_id": uploaded["id"],
            "has_more": False,
        }


async def test_content_is_handed_out_as_nothing_a_browser_would_run(make_gateway: Make) -> None:
    async with client_of(make_gateway()) as client:
        page = b"<script>alert(1)</script>"
        uploaded = (await _upload(client, page, 'x"; filename=y\r\nSet-Cookie: a=b.html', "batch")).json()
        response = await client.get(f"{PATH}/{uploaded['id']}/content")
    assert response.content == page
    assert response.headers["content-type"] == "application/octet-stream"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["content-disposition"].startswith("attachment;")
    assert "set-cookie" not in response.headers


async def test_deleting_is_for_good(make_gateway: Make, tmp_path: Path) -> None:
    async with client_of(make_gateway()) as client:
        file_id = (await _upload(client, png())).json()["id"]
        deleted = await client.delete(f"{PATH}/{file_id}")
        assert deleted.json() == {"id": file_id, "object": "file", "deleted": True}
        for method, path in (("GET", ""), ("GET", "/content"), ("DELETE", "")):
            assert _code(await client.request(method, f"{PATH}/{file_id}{path}")) == (404, "file_not_found")
    assert contents(tmp_path / "files") == []


async def test_an_uploaded_picture_can_be_asked_about(make_gateway: Make) -> None:
    engine = ScriptedEngine()
    async with client_of(make_gateway(engine)) as client:
        file_id = (await _upload(client, png(320, 160))).json()["id"]
        response = await client.post("/v1/chat/completions", json=question("这是什么？", {"file_id": file_id}))
    assert response.status_code == 200
    assert engine.requests[0].images[0].pixels.shape == (160, 320, 3)


async def test_another_owners_file_is_not_found_on_any_route(make_gateway: Make) -> None:
    gateway = make_gateway()
    async with client_of(gateway) as client:
        file_id = (await _upload(client, png())).json()["id"]
        headers = _other_owner(gateway)
        for method, path in (("GET", ""), ("GET", "/content"), ("DELETE", "")):
            response = await client.request(method, f"{PATH}/{file_id}{path}", headers=headers)
            assert _code(response) == (404, "file_not_found")
        assert _code(await client.get(PATH, params={"after": file_id}, headers=headers)) == (404, "file_not_found")
        assert (await client.get(PATH, headers=headers)).json()["data"] == []
        chat = await client.post("/v1/chat/completions", json=question("?", {"file_id": file_id}), headers=headers)
        assert _code(chat) == (404, "file_not_found")
        assert (await client.get(f"{PATH}/{file_id}")).status_code == 200


@pytest.mark.parametrize("file_id", ["..%2f..%2fkantu.db", "file-%00", "file-%ff", "x' OR 1=1 --", "file-" + "0" * 500])
async def test_ids_are_only_looked_up(make_gateway: Make, file_id: str) -> None:
    async with client_of(make_gateway()) as client:
        for path in ("", "/content"):
            assert (await client.get(f"{PATH}/{file_id}{path}")).status_code == 404


async def test_a_picture_that_the_guard_refuses_is_not_kept(make_gateway: Make, tmp_path: Path) -> None:
    async with client_of(make_gateway()) as client:
        assert _code(await _upload(client, b"<svg/>")) == (400, "image_unsupported_format")
        assert _code(await _upload(client, png()[:-20])) == (400, "image_damaged")
        assert (await client.get(PATH)).json()["data"] == []
    assert contents(tmp_path / "files") == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"purpose": "assistants"}, "unsupported_purpose"),
        ({"purpose": "batch_output"}, "unsupported_purpose"),
        ({"colour": "red"}, "unknown_parameter"),
        ({"expires_after[seconds]": "60"}, "invalid_expires_after"),
        ({"expires_after[anchor]": "created_at"}, "invalid_expires_after"),
        ({"expires_after[anchor]": "now", "expires_after[seconds]": "60"}, "invalid_expires_after"),
        ({"expires_after[anchor]": "created_at", "expires_after[seconds]": "-1"}, "invalid_expires_after"),
        ({"expires_after[anchor]": "created_at", "expires_after[seconds]": "9" * 30}, "invalid_expires_after"),
    ],
)
async def test_a_form_that_cannot_be_served_keeps_nothing(
    make_gateway: Make, tmp_path: Path, fields: dict[str, str], code: str
) -> None:
    async with client_of(make_gateway()) as client:
        assert _code(await _upload(client, png(), **fields)) == (400, code)
    assert contents(tmp_path / "files") == []


async def test_a_file_may_be_kept_for_less_time(make_gateway: Make) -> None:
    fields = {"expires_after[anchor]": "created_at", "expires_after[seconds]": "3600"}
    async with client_of(make_gateway()) as client:
        uploaded = (await _upload(client, png(), **fields)).json()
    assert uploaded["expires_at"] - uploaded["created_at"] == 3600


async def test_what_is_too_large_keeps_nothing(make_gateway: Make, tmp_path: Path) -> None:
    gateway = make_gateway(settings=settings_with(store={"max_file_bytes": 2000}))
    async with client_of(gateway) as client:
        status, code = _code(await _upload(client, b"x" * 2001, purpose="batch"))
        assert (status, code) == (413, "file_too_large")
        assert _code(await _upload(client, b"x" * 200_000, purpose="batch")) == (413, "body_too_large")
    assert contents(tmp_path / "files") == []


async def test_pages_can_be_asked_for(make_gateway: Make) -> None:
    async with client_of(make_gateway()) as client:
        ids = {(await _upload(client, png())).json()["id"] for _ in range(3)}
        await _upload(client, b"{}", purpose="batch")
        query: dict[str, Any] = {"limit": 2, "order": "asc", "purpose": "vision"}
        first = (await client.get(PATH, params=query)).json()
        assert first["has_more"] is True
        second = (await client.get(PATH, params={**query, "after": first["last_id"]})).json()
        assert second["has_more"] is False
        assert {file["id"] for file in first["data"] + second["data"]} == ids
        for wrong in ({"limit": 0}, {"limit": 10_001}, {"order": "up"}, {"purpose": "x"}):
            assert _code(await client.get(PATH, params=wrong)) == (400, "invalid_parameter")


async def test_a_key_that_is_not_for_files_is_turned_away(make_gateway: Make) -> None:
    async with client_of(make_gateway(), endpoints=["chat"]) as client:
        for response in (await client.get(PATH), await _upload(client, png())):
            assert _code(response) == (403, "endpoint_not_allowed")
        without = await client.get(PATH, headers={"Authorization": ""})
        assert _code(without) == (401, "missing_api_key")


DIGITS = "9" * 5000


@pytest.mark.parametrize(
    ("asked", "status", "part"),
    [
        ("bytes=0-3", 206, b"0123"),
        ("bytes=-3", 206, b"789"),
        ("bytes=7-", 206, b"789"),
        (f"bytes=7-{DIGITS}", 206, b"789"),
        (f"bytes=-{DIGITS}", 206, b"0123456789"),
        ("bytes=0-1,5-6", 206, None),
    ],
)
async def test_a_part_of_a_file_can_be_read(make_gateway: Make, asked: str, status: int, part: bytes | None) -> None:
    async with client_of(make_gateway()) as client:
        uploaded = (await _upload(client, b"0123456789", purpose="batch")).json()
        response = await client.get(f"{PATH}/{uploaded['id']}/content", headers={"range": asked})
    assert response.status_code == status
    assert part is None or response.content == part


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        (f"bytes={DIGITS}-", 416, "range_not_satisfiable"),
        (f"bytes={DIGITS}-{DIGITS}", 416, "range_not_satisfiable"),
        ("bytes=10-", 416, "range_not_satisfiable"),
        ("bytes=5-2", 400, "invalid_range"),
        ("bytes=x", 400, "invalid_range"),
        ("lines=1-2", 400, "invalid_range"),
        ("x", 400, "invalid_range"),
    ],
)
async def test_a_part_that_cannot_be_is_refused_in_our_envelope(
    make_gateway: Make, asked: str, status: int, code: str
) -> None:
    async with client_of(make_gateway()) as client:
        uploaded = (await _upload(client, b"0123456789", purpose="batch")).json()
        response = await client.get(f"{PATH}/{uploaded['id']}/content", headers={"range": asked})
        assert (await client.get(f"{PATH}/{uploaded['id']}/content")).content == b"0123456789"
    assert _code(response) == (status, code)
    assert response.headers.get("content-range") == ("bytes */10" if status == 416 else None)
