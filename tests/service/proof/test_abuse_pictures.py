"""Abuse by pictures: addresses inside the network, files that claim or hold too much, files that are none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpcore
import httpx
import pytest

from kantu.service.gateway import Gateway
from tests.processing.pictures import bombs, foreign_files
from tests.service.fetch.network import PUBLIC, Names, Wire
from tests.service.fetch.picture_server import PictureServer, redirect, reply, serving
from tests.service.gateways import client_of, data_url, png, settings_with
from tests.service.gateways import question as scripted_question
from tests.service.proof.live import CHAT, MODEL, LiveGateway, code_of

pytestmark = [pytest.mark.whole, pytest.mark.anyio]

Make = Callable[..., Gateway]
REFUSALS = {"image_url_not_allowed", "image_url_invalid", "image_url_private_address"}


def about(url: str) -> dict[str, Any]:
    parts = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": "问"}]
    return {"model": MODEL, "messages": [{"role": "user", "content": parts}], "max_tokens": 2}


def asked(live: LiveGateway, url: str) -> httpx.Response:
    with live.client() as client:
        return client.post(CHAT, json=about(url))


# Addresses


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "http://LOCALHOST:{port}/",
        "http://localhost.:{port}/",
        "http://127.1:{port}/",
        "http://2130706433:{port}/",
        "http://0x7f000001:{port}/",
        "http://0x7f.0.0.1:{port}/",
        "http://0177.0.0.1:{port}/",
        "http://0:{port}/",
        "http://0.0.0.0:{port}/",
        "http://127.0.0.1.:{port}/",
        "http://①②⑦.⓪.⓪.①:{port}/",
        "http://127。0。0。1:{port}/",
        "http://[::1]:{port}/",
        "http://[::]:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://[::ffff:7f00:1]:{port}/",
        "http://[64:ff9b::7f00:1]:{port}/",
        "http://[::1%25lo]:{port}/",
        "http://pictures.example@127.0.0.1:{port}/",
        "http://pictures.example:80@localhost:{port}/",
        "http://localhost:{port}#@pictures.example/",
        "http://localhost:{port}\\@pictures.example/",
        "http://pictures.example\\@localhost:{port}/",
        "http:\\\\localhost:{port}/",
        "http:/localhost:{port}/",
        "//localhost:{port}/",
        "http://localhost:{port}/\r\nX-Injected: a",
        "http://localhost:{port} HTTP/1.1\r\nX: /",
        "https://localhost:{port}/",
        "http://pictures.example.evil.test:{port}/",
        "http://169.254.169.254/latest/meta-data/",
        "http://metadata.google.internal/",
        "http://[fd00:ec2::254]/latest/",
        "http://10.0.0.1/",
        "file:///etc/passwd",
        "file://localhost/etc/passwd",
        "/etc/passwd",
        "first-key",
        "ftp://localhost:{port}/",
        "gopher://localhost:{port}/_x",
        "dict://localhost:{port}/x",
        "jar:http://localhost:{port}/!/",
        "javascript:alert(1)",
        "blob:http://localhost:{port}/",
    ],
)
def test_an_address_inside_is_refused_and_not_dialled(live: LiveGateway, inside: PictureServer, url: str) -> None:
    answer = asked(live, url.format(port=inside.port))
    status, code = code_of(answer)
    assert status == 400
    assert code in REFUSALS
    assert answer.json()["error"]["param"] == "messages.0.content.0.image_url"
    assert inside.dialled == []


async def test_the_same_server_is_reached_where_it_is_allowed(make_gateway: Make) -> None:
    """Else the test above would prove nothing."""
    with serving({"/a.png": reply(png())}) as server:
        fetch = {"allowed_domains": ("localhost",), "allow_http": True, "allow_private": True}
        gateway = make_gateway(settings=settings_with(fetch=fetch | {"allowed_ports": (server.port,)}))
        async with client_of(gateway) as client:
            body = scripted_question("问", {"url": f"http://localhost:{server.port}/a.png"})
            assert (await client.post(CHAT, json=body)).status_code == 200
        assert len(server.requests) == 1


class Network:
    """A pretended internet for a gateway: names as told, and every address is one local server."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, port: int, names: dict[str, Any]) -> None:
        self.wire, self.names = Wire(port), Names(names)
        self.names.close = lambda: None  # type: ignore[attr-defined]
        monkeypatch.setattr("kantu.service.fetch.client.SystemResolver", lambda: self.names)
        monkeypatch.setattr(httpcore, "AnyIOBackend", lambda: self.wire)


FETCH = {"allowed_domains": ("pictures.example", "inside.example", "127.0.0.1", "169.254.169.254"), "allow_http": True}
URL = {"url": "http://pictures.example/1"}


@pytest.mark.parametrize(
    "location",
    [
        "http://inside.example/",
        "http://127.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:127.0.0.1]/",
        "http://2130706433/",
        "http://evil.test/",
        "//evil.test/",
        "http://pictures.example:22/",
        "http://pictures.example@evil.test/",
        "file:///etc/passwd",
        "data:image/png;base64,AAAA",
    ],
)
async def test_a_redirect_inside_is_not_followed(
    make_gateway: Make, monkeypatch: pytest.MonkeyPatch, location: str
) -> None:
    with serving({"/1": redirect(location)}) as server:
        network = Network(monkeypatch, server.port, {"pictures.example": [PUBLIC], "inside.example": ["10.0.0.1"]})
        async with client_of(make_gateway(settings=settings_with(fetch=FETCH))) as client:
            answer = await client.post(CHAT, json=scripted_question("问", URL))
    status, code = code_of(answer)
    assert status == 400
    assert code in REFUSALS
    assert network.wire.dialled == [(PUBLIC, 80)]
    for word in ("evil", "169.254", "passwd", "inside", "127.0"):
        assert word not in answer.text


async def test_a_name_that_changes_its_address_is_dialled_where_it_was_vetted(
    make_gateway: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving({"/1": reply(png())}) as server:
        answers = [[PUBLIC], ["127.0.0.1"], [PUBLIC, "10.0.0.1"]]
        network = Network(monkeypatch, server.port, {"pictures.example": answers})
        async with client_of(make_gateway(settings=settings_with(fetch=FETCH))) as client:
            codes = [code_of(await client.post(CHAT, json=scripted_question("问", URL))) for _ in answers]
    assert codes == [(200, None), (400, "image_url_private_address"), (400, "image_url_private_address")]
    assert network.names.asked == ["pictures.example"] * 3  # once for each request: there is no second answer to dial
    assert network.wire.dialled == [(PUBLIC, 80)]


# Files

CODES = dict.fromkeys(("png_second_header", "avif_box", "avif_frame"), "image_damaged")


@pytest.mark.parametrize("name", bombs())
def test_a_file_that_claims_900_megapixels_is_refused_by_its_header(live: LiveGateway, name: str) -> None:
    code = CODES.get(name, "image_too_many_pixels")
    assert code_of(asked(live, data_url(bombs()[name]))) == (400, code)
    assert code_of(uploaded(live, bombs()[name])) == (400, code)


@pytest.mark.parametrize("name", foreign_files())
def test_a_file_that_is_no_picture_of_ours_is_refused(live: LiveGateway, name: str) -> None:
    data = foreign_files()[name]
    assert code_of(asked(live, data_url(data))) == (400, "image_unsupported_format")
    assert code_of(uploaded(live, data)) == (400, "image_unsupported_format")


def test_half_a_picture_is_refused(live: LiveGateway) -> None:
    half = png(640, 640)[:200]
    assert code_of(asked(live, data_url(half))) == (400, "image_damaged")
    assert code_of(uploaded(live, half)) == (400, "image_damaged")


def test_more_than_20_mib_are_refused(live: LiveGateway) -> None:
    large = png() + bytes(20 * 2**20)
    assert code_of(asked(live, data_url(large))) == (400, "image_too_many_bytes")
    assert code_of(uploaded(live, large)) == (400, "image_too_many_bytes")


@pytest.mark.parametrize("width", [1, 7, 20_000])
def test_a_picture_that_is_a_line_is_refused(live: LiveGateway, width: int) -> None:
    status, code = code_of(asked(live, data_url(png(width, 8))))
    assert (status, code) in [(400, "image_too_small"), (400, "image_too_thin")]


@pytest.mark.parametrize(
    "url",
    [
        "data:",
        "data:,",
        "data:text/html;base64,PGI+",
        "data:image/png,abc",
        "data:image/png;base64,",
        "data:image/png;base64,????",
        "data:image/png;base64,AAA",
        "data:image/png;base64," + "A" * 100,
        "DATA:image/svg+xml;base64,PHN2Zy8+",
        "data:image/png;base64,\n\n",
        "data:image/png;charset=\r\nX: y;base64,AAAA",
    ],
)
def test_a_data_url_without_a_picture_is_refused(live: LiveGateway, url: str) -> None:
    status, code = code_of(asked(live, url))
    assert status == 400
    assert code is not None
    assert code.startswith(("image_", "invalid_data_url"))


def uploaded(live: LiveGateway, data: bytes) -> httpx.Response:
    with live.client(live.new_key()) as client:
        answer = client.post("/v1/files", data={"purpose": "vision"}, files={"file": ("a.png", data)})
        assert client.get("/v1/files").json()["data"] == []
    return answer
