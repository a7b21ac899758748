"""Metrics, probes and the OpenAPI document: for everybody, for keys, or on a port of their own."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest

from kantu.errors import InvalidRequestError
from kantu.service.gateway import Gateway
from kantu.service.server import Server
from kantu.service.settings import Settings
from kantu.service.start import listen_all
from tests.service.gateways import client_of, settings_with

pytestmark = pytest.mark.anyio

Make = Callable[..., Gateway]


@pytest.mark.parametrize(
    ("path", "section", "setting"),
    [("/metrics", "watch", "metrics_public"), ("/openapi.json", "server", "docs_public")],
)
async def test_a_key_can_be_asked_for(make_gateway: Make, path: str, section: str, setting: str) -> None:
    async with client_of(make_gateway(settings=settings_with(**{section: {setting: False}}))) as client:
        assert (await client.get(path)).status_code == 200
        refused = await client.get(path, headers={"authorization": ""})
        assert (refused.status_code, refused.json()["error"]["code"]) == (401, "missing_api_key")


async def test_by_default_none_is_needed(make_gateway: Make) -> None:
    async with client_of(make_gateway()) as client:
        for path in ("/metrics", "/openapi.json"):
            assert (await client.get(path, headers={"authorization": ""})).status_code == 200
        document = (await client.get("/openapi.json")).json()
    assert document["info"]["title"] == "看图 Kantu"
    assert "/openapi.json" not in document["paths"]


async def test_the_document_can_be_left_out(make_gateway: Make) -> None:
    async with client_of(make_gateway(settings=settings_with(server={"docs": False}))) as client:
        assert (await client.get("/openapi.json")).status_code == 404


@contextmanager
def two_ports(gateway: Gateway, settings: Settings) -> Iterator[tuple[str, str]]:
    """The addresses of the API and of the metrics."""
    listeners = listen_all(settings)
    server = Server(gateway)
    thread = threading.Thread(target=server.run, kwargs={"sockets": listeners})
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        first, second = (f"http://127.0.0.1:{listener.getsockname()[1]}" for listener in listeners)
        yield first, second
    finally:
        server.should_exit = server.force_exit = True
        thread.join(30)


def test_metrics_can_have_a_port_of_their_own(make_gateway: Make, capsys: pytest.CaptureFixture[str]) -> None:
    server = {"port": 0, "max_connections": 1}
    settings = settings_with(server=server, watch={"metrics_port": 0, "metrics_public": False})
    with (
        two_ports(make_gateway(settings=settings), settings) as (api, operations),
        httpx.Client(trust_env=False) as client,
    ):
        assert f"指标在 {operations}/metrics\n" in capsys.readouterr().err
        assert "kantu_ready 1.0" in client.get(f"{operations}/metrics").text
        for path in ("/healthz", "/health", "/readyz"):
            assert client.get(operations + path).json()["status"] == client.get(api + path).json()["status"] == "ok"
        for missing in (f"{api}/metrics", f"{operations}/v1/models", f"{operations}/openapi.json", f"{operations}/"):
            refused = client.get(missing)
            assert (refused.status_code, refused.json()["error"]["code"]) == (404, "endpoint_not_found")
            assert refused.headers["x-content-type-options"] == "nosniff"
        with socket.create_connection(("127.0.0.1", int(api.rpartition(":")[2]))) as connection:
            connection.sendall(b"POST /v1/models HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n")  # all there are
            assert client.get(f"{operations}/metrics").status_code == 200


def test_a_port_of_metrics_that_is_taken_is_an_error_of_ours() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = settings_with(server={"port": 0}, watch={"metrics_port": taken.getsockname()[1]})
        with pytest.raises(InvalidRequestError) as caught:
            listen_all(settings)
    assert (caught.value.code, caught.value.param) == ("cannot_listen", "watch.metrics_port")
