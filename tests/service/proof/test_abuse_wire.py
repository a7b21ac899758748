"""Abuse on the wire: what is not HTTP, two readings of one request, injected headers, paths that climb."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.service.proof.live import CHAT, LiveGateway, code_of, question

pytestmark = pytest.mark.whole

END = b"\r\n"
CLOSE = b"Connection: close\r\n"


def get(path: str, *headers: bytes) -> bytes:
    return b"GET " + path.encode() + b" HTTP/1.1\r\nHost: gateway\r\n" + CLOSE + b"".join(headers) + END


def post(live: LiveGateway, *headers: bytes, body: bytes = b"") -> bytes:
    start = f"POST {CHAT} HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer {live.key}\r\n".encode()
    return start + b"Content-Type: application/json\r\n" + b"".join(headers) + END + body


SMUGGLED = b"0\r\n\r\nGET /v1/models HTTP/1.1\r\nHost: gateway\r\n\r\n"
LENGTH, CHUNKED = b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n"


@pytest.mark.parametrize(
    "headers",
    [
        [LENGTH, CHUNKED],
        [CHUNKED, LENGTH],
        [LENGTH, b"Content-Length: 6\r\n"],
        [LENGTH, LENGTH],
        [b"Content-Length: 5, 5\r\n"],
        [b"Content-Length: -5\r\n"],
        [b"Content-Length: +5\r\n"],
        [b"Content-Length: 0x5\r\n"],
        [b"Content-Length: 99999999999999999999\r\n"],
        [b"Transfer-Encoding: xchunked\r\n"],
        [b"Transfer-Encoding: chunked, identity\r\n"],
        [b"Transfer-Encoding : chunked\r\n"],
        [b"Transfer-Encoding:\x0bchunked\r\n"],
        [b"X: a\r\n Transfer-Encoding: chunked\r\n"],
        [b"X: a\rTransfer-Encoding: chunked\r\n"],
        [b"X: a\nTransfer-Encoding: chunked\r\n", LENGTH],
    ],
    ids=lambda headers: b"".join(headers).decode().replace("\r\n", "; "),
)
def test_a_request_with_two_readings_is_refused(live: LiveGateway, headers: list[bytes]) -> None:
    assert live.exchange(post(live, *headers, body=SMUGGLED)) == (400, "invalid_http")


@pytest.mark.parametrize(
    "chunk", [b"zz\r\n", b"-1\r\n\r\n", b"5;\n\nhello\r\n", b"5\r\nhelloX\r\n"], ids=["size", "negative", "LF", "end"]
)
def test_broken_chunks_are_refused(live: LiveGateway, chunk: bytes) -> None:
    assert live.exchange(post(live, CHUNKED, body=chunk)) == (400, "invalid_http")


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"STEAL /v1/models HTTP/1.1\r\nHost: a\r\n\r\n",
        b"CONNECT evil.test:80 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /v1/models HTTP/9.9\r\nHost: a\r\n\r\n",
        b"GET /v1/mo\x00dels HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /v1/m\xc3\xb6dels HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /v1/models HTTP/1.1\nHost: a\n\n",
        bytes(range(256)) * 8,
    ],
    ids=["TLS", "HTTP/2", "method", "CONNECT", "version", "NUL", "not ASCII", "bare LF", "noise"],
)
def test_what_is_not_http_gets_our_envelope(live: LiveGateway, sent: bytes) -> None:
    assert live.exchange(sent) == (400, "invalid_http")


@pytest.mark.parametrize(
    "headers",
    [b"X: " + b"a" * 70_000 + END, b"X: a\r\n" * 20_000, b"X: " + b"a" * 2**20, b"Cookie: a=b\r\n" * 10_000],
    ids=["one", "many", "without end", "cookies"],
)
def test_more_than_64_kib_of_headers_are_refused(live: LiveGateway, headers: bytes) -> None:
    status, code = live.exchange(get("/v1/models", headers))
    assert (status, code) in [(431, "headers_too_large"), (0, None)]  # the refusal may be lost to whoever still sends


def test_a_long_address_is_refused(live: LiveGateway) -> None:
    status, code = live.exchange(get("/" + "a" * 70_000))
    assert (status, code) in [(400, "invalid_http"), (431, "headers_too_large")]


def test_another_protocol_is_not_taken_up(live: LiveGateway) -> None:
    upgrade = b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: a\r\nSec-WebSocket-Version: 13\r\n"
    with live.connect() as connection:
        connection.sendall(b"GET /v1/models HTTP/1.1\r\nHost: a\r\n" + upgrade + END)
        assert connection.recv(2**16).startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize(
    "given",
    [b"a\rb", b"a b", b"a;b", b"<script>", "名字".encode(), b"\x7f", b"a" * 65, b"", b"../../x", b"%0d%0aSet-Cookie:x"],
)
def test_a_request_id_that_is_not_plain_is_replaced(live: LiveGateway, given: bytes) -> None:
    with live.connect() as connection:
        connection.sendall(get("/healthz", b"x-request-id: " + given + END))
        answer = b""
        while piece := connection.recv(2**16):
            answer += piece
    if b"\r" in given or b"\x7f" in given:
        assert answer.startswith(b"HTTP/1.1 400 ")
        return
    headers = answer.partition(b"\r\n\r\n")[0].lower()
    assert b"x-request-id: req_" in headers
    assert b"set-cookie" not in headers


def test_the_host_header_is_never_given_back(live: LiveGateway) -> None:
    for path in ("/v1/models/", "/v1/files/", "/v1/batches/", "/docs", "/", "/v1"):
        answer = httpx.get(live.address + path, headers={"Host": "evil.test"}, trust_env=False)
        assert "evil.test" not in answer.text + str(answer.headers)
        assert not answer.is_redirect


@pytest.mark.parametrize("header", ["x-http-method-override", "x-http-method", "x-method-override"])
def test_a_method_cannot_be_overridden(live: LiveGateway, header: str) -> None:
    with live.client() as client:
        assert client.get("/v1/models", headers={header: "DELETE"}).status_code == 200
        assert code_of(client.get("/v1/batches/batch_" + 24 * "0", headers={header: "POST"}))[0] == 404


@pytest.mark.parametrize("header", ["x-forwarded-for", "x-real-ip", "forwarded", "x-original-url", "x-rewrite-url"])
def test_headers_of_proxies_change_nothing(live: LiveGateway, header: str) -> None:
    answer = httpx.get(f"{live.address}/v1/models", headers={header: "/healthz"}, trust_env=False)
    assert code_of(answer) == (401, "missing_api_key")


def test_unknown_methods_of_an_address_are_refused(live: LiveGateway) -> None:
    with live.client() as client:
        for method in ("GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
            assert code_of(client.request(method, CHAT)) == (405, "method_not_allowed")


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=a", "", None],
)
def test_only_json_is_read_as_json(live: LiveGateway, content_type: str | None) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    with live.client() as client:
        answer = client.post(CHAT, content=json.dumps(question()), headers=headers)
    assert code_of(answer) == (400, "invalid_body")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/files/..%2f..%2fetc%2fpasswd",
        "/v1/files/../../etc/passwd",
        "/v1/files/..%252f..%252fetc%252fpasswd",
        "/v1/files/..%5c..%5cfirst-key",
        "/v1/files/....//....//first-key/content",
        "/v1/files/%2e%2e/first-key/content",
        "/v1/files/file-..%2f..%2ffirst-key/content",
        "/v1/files/%2fetc%2fpasswd/content",
        "/v1/files/file-000000000000000000000000%00.png/content",
        "/v1/files/file-%27%20OR%201=1--",
        "/v1/files/%ff%fe",
        "/v1/files/" + "a" * 3000,
        "/v1/batches/..%2ffiles",
        "/v1/models/..%2f..%2fetc%2fpasswd",
        "/v1/models/%ff",
        "//v1/models",
        "/v1//models",
        "/page/..%2f..%2fmount.py",
        "/page/%2e%2e/mount.py",
        "/static/../../../../etc/passwd",
    ],
)
def test_paths_that_climb_lead_nowhere(live: LiveGateway, path: str) -> None:
    key = f"Authorization: Bearer {live.key}\r\n".encode()
    status, code = live.exchange(get(path, key))
    assert (status, code) in [
        (404, "endpoint_not_found"),
        (404, "file_not_found"),
        (404, "batch_not_found"),
        (404, "model_not_served"),
    ]


@pytest.mark.parametrize(
    "name",
    [
        "../../first-key",
        "..\\..\\first-key",
        "/etc/passwd",
        "C:\\x\\first-key",
        'a"; filename="b.html',
        "a\r\nSet-Cookie: x=y",
        "a\x00b.png",
        "\u202egnp.exe",
        "图" * 300,
        "..",
        "",
        " ",
    ],
)
def test_a_file_s_name_stays_a_name(live: LiveGateway, name: str) -> None:
    form = _form(name, b'{"a": 1}\n')
    with live.client() as client:
        made = client.post("/v1/files", content=form, headers={"Content-Type": "multipart/form-data; boundary=kantu"})
        if made.status_code != 200:
            assert code_of(made) == (400, "invalid_multipart")
            return
        kept: dict[str, Any] = made.json()
        content = client.get(f"/v1/files/{kept['id']}/content")
        assert client.delete(f"/v1/files/{kept['id']}").status_code == 200
    assert 0 < len(kept["filename"]) <= 255
    assert not set(kept["filename"]) & set("/\\\r\n\x00\u202e")
    assert content.content == b'{"a": 1}\n'
    assert content.headers["content-type"] == "application/octet-stream"
    assert content.headers["x-content-type-options"] == "nosniff"
    disposition = content.headers["content-disposition"]
    assert disposition.startswith("attachment; filename")
    assert disposition.count(";") == 1
    assert disposition.count('"') in (0, 2)
    assert "set-cookie" not in content.headers
    stored = {path.name for path in live.home.rglob("*")}
    assert "passwd" not in stored


def _form(name: str, content: bytes) -> bytes:
    """A file to upload, whose name is sent as it is but for the quotes around it."""
    quoted = name.replace("\\", "\\\\").replace('"', '\\"').encode()
    field = b'--kantu\r\nContent-Disposition: form-data; name="'
    purpose = field + b'purpose"\r\n\r\nbatch\r\n'
    return purpose + field + b'file"; filename="' + quoted + b'"\r\n\r\n' + content + b"\r\n--kantu--\r\n"
