"""Attacks by bodies: held, slow, large, or larger once they are read."""

from __future__ import annotations

from collections.abc import Sequence

from kantu.bench.attacks.attack import Attack, Target
from kantu.bench.attacks.wire import ask, drip, hold

_CHAT = "/v1/chat/completions"
_MOST = 64 * 2**20  # bytes of a body, by default


def _keyless(target: Target) -> Sequence[bytes]:
    return [target.request("POST", _CHAT, b" " * _MOST, key=None)]


def _whole(target: Target) -> Sequence[bytes]:
    return [target.request("POST", _CHAT, b" " * _MOST)]


def _spaces(target: Target) -> Sequence[bytes]:
    return [*_whole(target), *_keyless(target)]


def _slow(target: Target) -> Sequence[bytes]:
    return [target.request("POST", _CHAT, b"{" + b" " * 1000, key=None)]


def _wide(target: Target) -> Sequence[bytes]:
    """Few bytes a value: what they become is many times as large."""
    lists = b"[" + b"[]," * (_MOST // 6) + b"0]"
    keys = b"{" + b",".join(b'"%d":0' % i for i in range(3_000_000)) + b"}"
    return [target.request("POST", _CHAT, b'{"model": "a", "messages": %b}' % value) for value in (lists, keys)]


def _parts(target: Target) -> Sequence[bytes]:
    part = b'--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\n\r\n'
    body = part * (_MOST // 4 // len(part)) + b"--b--\r\n"
    return [target.request("POST", "/v1/files", body, headers={"Content-Type": "multipart/form-data; boundary=b"})]


ATTACKS = (
    Attack("held-bodies", "8 个没有密钥的连接，各发 64 MiB 差 1 字节，然后等着", _keyless, hold, 8, 0.2),
    Attack("held-bodies-key", "同上，有密钥", _whole, hold, 8, 0.2),
    Attack("spaces", "64 MiB 空格，有密钥与没有密钥的轮流；2 个连接", _spaces, ask, 2, 0.2),
    Attack("slow-bodies", "64 个没有密钥的连接，每半秒发 1 字节", _slow, drip, 64, 0.2),
    Attack("wide-json", "32 MiB 的 [] 与 300 万个键；1 个连接", _wide, ask, 1, 0.2),
    Attack("multipart", "16 MiB 的 multipart，每段 1 个空字段；2 个连接", _parts, ask, 2, 0.2),
)
