"""Attacks by connections and by what comes before a body."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from kantu.bench.attacks.attack import Attack, Target, nothing
from kantu.bench.attacks.wire import ask, drip, idle, keep_asking, knock

_HEADS = 100  # requests in one go


def _wrong_keys(target: Target) -> Sequence[bytes]:
    """Some look like keys, some do not."""
    wrong = [f"kt-{secrets.token_urlsafe(32)}" for _ in range(32)] + ["", "a", "kt-"]
    return [
        target.request("GET", "/v1/models", key=None, headers={"Authorization": f"Bearer {key}"}, keep_alive=True)
        for key in wrong
    ]


def _slow_head(target: Target) -> Sequence[bytes]:
    return [b"GET /v1/models HTTP/1.1\r\nHost: a\r\nX-A: " + b"a" * 1000]


def _large_head(target: Target) -> Sequence[bytes]:
    lines = {f"X-{i}": "a" * 600 for i in range(100)}
    return [target.request("GET", "/v1/models", headers={"X-A": "a" * 60_000}), _head(target, lines)]


def _head(target: Target, headers: dict[str, str]) -> bytes:
    return target.request("GET", "/v1/models", headers=headers)


def _pipelined(target: Target) -> Sequence[bytes]:
    more = target.request("GET", "/v1/models", keep_alive=True)
    return [more * (_HEADS - 1) + target.request("GET", "/v1/models")]


def _ranges(target: Target) -> Sequence[bytes]:
    wanted = (f"bytes=0-{'9' * 5000}", f"bytes={'1' * 5000}-", "bytes=" + ",".join(["0-1"] * 1000))
    return [
        target.request("GET", path, headers={"Range": value})
        for path in ("/page/page.css", "/v1/files/file-0/content")
        for value in wanted
    ]


def _visits(target: Target) -> Sequence[bytes]:
    return [target.request("GET", path, key=None) for path in ("/", "/openapi.json", "/metrics", "/readyz")]


ATTACKS = (
    Attack("idle", "1,000 个不说话的连接，服务的软上限 1,024 个描述符", nothing, idle, 1000, 0.5, descriptors=1024),
    Attack("flood", "每秒约 200 个连接，连上就走", nothing, knock, 20, 0.1, descriptors=1024),
    Attack(
        "wrong-keys", "4 个连接，各每秒最多 100 次错误的密钥，与旁人同一地址", _wrong_keys, keep_asking, 4, 0.1, True
    ),
    Attack("slow-heads", "64 个连接，请求头每半秒 1 字节", _slow_head, drip, 64, 0.2),
    Attack("large-heads", "60 KB 的请求头，每秒约 50 次", _large_head, ask, 5, 0.1),
    Attack("pipelined", "一次发 100 个请求，每秒约 2 次", _pipelined, ask, 1, 0.5),
    Attack("ranges", "5,000 位数字的 Range 与 1,000 段，每秒约 50 次", _ranges, ask, 5, 0.1),
    Attack("visits", "没有密钥：页面、/openapi.json、/metrics、/readyz，每秒约 20 次", _visits, ask, 2, 0.1),
)
