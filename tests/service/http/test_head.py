"""HEAD: what GET would be answered, without a body."""

from __future__ import annotations

import http.client
import logging
from collections.abc import Callable

import pytest

from kantu.service.app import create_app
from kantu.service.gateway import Gateway
from tests.service.gateways import MODEL, client_of, settings_with
from tests.service.listening import listening
from tests.service.watch.scrape import samples

pytestmark = pytest.mark.anyio

Make = Callable[..., Gateway]
LINE = b'{"a": 1}\n'


async def test_every_address_that_takes_get_takes_head(make_gateway: Make) -> None:
    gateway = make_gateway()
    document = create_app(gateway).openapi()
    addresses = [path for path, methods in document["paths"].items() if "get" in methods]
    assert {"/v1/models", "/v1/files/{file_id}/content", "/health", "/readyz", "/metrics"} <= set(addresses)
    async with client_of(gateway) as client:
        form = {"data": {"purpose": "batch"}, "files": {"file": ("图.jsonl", LINE)}}
        file_id = (await client.post("/v1/files", **form)).json()["id"]  # type: ignore[arg-type]
        for address in [*addresses, "/openapi.json", "/v1/nothing"]:
            unknown = dict.fromkeys(("batch_id", "history_id", "person_id", "group_id"), f"x_{24 * '0'}")
            path = address.format(name=MODEL, file_id=file_id, number=0, **unknown)
            got, asked = await client.get(path), await client.head(path)
            assert (asked.status_code, asked.content) == (got.status_code, b""), path
            changing = {"x-request-id", *(["content-length"] if path == "/metrics" else [])}
            heads = [{k: v for k, v in answer.headers.items() if k not in changing} for answer in (got, asked)]
            assert heads[0] == heads[1], path
        assert (await client.head("/v1/chat/completions")).status_code == 405


async def test_head_needs_a_key_and_is_counted_and_logged_as_what_it_is(
    make_gateway: Make, caplog: pytest.LogCaptureFixture
) -> None:
    gateway = make_gateway()
    with caplog.at_level(logging.INFO, "kantu.access"):
        await _head_models(gateway)
    counted = samples(gateway.watch.metrics.text())
    assert counted['kantu_requests_total{code="ok",endpoint="/v1/models",model="none",status="200"}'] == 1
    seen = [(record.method, record.endpoint) for record in caplog.records if record.name == "kantu.access"]  # type: ignore[attr-defined]
    assert seen == [("HEAD", "/v1/models")] * 2


async def _head_models(gateway: Gateway) -> None:
    async with client_of(gateway) as client:
        assert (await client.head("/v1/models", headers={"Authorization": "Bearer wrong"})).status_code == 401
        assert (await client.head("/v1/models")).status_code == 200


async def test_a_range_counts_for_get_alone(make_gateway: Make) -> None:
    async with client_of(make_gateway()) as client:
        form = {"data": {"purpose": "batch"}, "files": {"file": ("a.jsonl", LINE)}}
        file_id = (await client.post("/v1/files", **form)).json()["id"]  # type: ignore[arg-type]
        some = {"Range": "bytes=0-1"}
        assert (await client.get(f"/v1/files/{file_id}/content", headers=some)).status_code == 206
        asked = await client.head(f"/v1/files/{file_id}/content", headers=some)
    assert (asked.status_code, asked.headers["content-length"]) == (200, str(len(LINE)))


def test_the_connection_goes_on_after_it(make_gateway: Make) -> None:
    with listening(make_gateway(settings=settings_with(server={"port": 0, "page": True}))) as served:
        connection = http.client.HTTPConnection(served.host, served.port)
        for method, path in (("HEAD", "/"), ("GET", "/"), ("HEAD", "/page/main.js"), ("HEAD", "/metrics")):
            connection.request(method, path)
            answer = connection.getresponse()
            assert (answer.status, answer.read() == b"") == (200, method == "HEAD")
            assert int(answer.headers["content-length"]) > 0
        connection.close()


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("/v1/chat/completions", "POST"),
        ("/v1/models", "GET, HEAD"),
        ("/v1/files", "GET, HEAD, POST"),
        ("/v1/files/file-a", "DELETE, GET, HEAD"),
    ],
)
async def test_a_method_that_is_not_taken_is_answered_with_those_that_are(
    make_gateway: Make, address: str, allowed: str
) -> None:
    async with client_of(make_gateway()) as client:
        refused = await client.request("PATCH", address)
    assert (refused.status_code, refused.headers["allow"]) == (405, allowed)
