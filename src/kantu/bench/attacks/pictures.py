"""Attacks by pictures: small files that are huge once decoded."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Any

from PIL import Image

from kantu.bench.attacks.attack import Attack, Key, Target, image, text
from kantu.bench.attacks.wire import ask

_SIDE = 8000  # 64 million pixels: the most that a picture may have
_SCANS = 100  # of a progressive JPEG, the most that are read
_SCANNED_SIDE = 3800  # such a picture, within the bound of pixels times scans


def _webp() -> bytes:
    return _saved(Image.new("RGB", (_SIDE, _SIDE), (10, 20, 30)), "WEBP", lossless=True, method=0, quality=0)


def _png() -> bytes:
    return _saved(Image.new("RGB", (_SIDE, _SIDE), (10, 20, 30)), "PNG", compress_level=1)


def _jpeg() -> bytes:
    """A progressive JPEG whose last scan comes again and again."""
    data = _saved(Image.new("L", (_SCANNED_SIDE, _SCANNED_SIDE), 3), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    scans = len(re.findall(rb"\xff\xda", data))
    return data[:last] + data[last:-2] * (_SCANS - scans + 1) + data[-2:]


def _gif() -> bytes:
    frames = [Image.new("P", (1000, 1000), color) for color in range(100)]
    return _saved(frames[0], "GIF", save_all=True, append_images=frames[1:])


def _avif() -> bytes:
    return _saved(Image.new("RGB", (4000, 4000)), "AVIF", speed=10)


def _saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def _webp_asked(target: Target) -> Sequence[bytes]:
    return [_about(target, _webp(), "webp"), target.upload(_webp(), "a.webp", "vision")]


def _others(target: Target) -> Sequence[bytes]:
    found = []
    for data, kind in ((_png(), "png"), (_jpeg(), "jpeg"), (_gif(), "gif"), (_avif(), "avif")):
        found += [_about(target, data, kind), target.upload(data, f"a.{kind}", "vision")]
    return found


def _many(target: Target) -> Sequence[bytes]:
    """As many pictures in a request as may be."""
    part = image(_saved(Image.new("L", (2000, 2000)), "PNG"), "png")
    return [target.chat([part] * 32 + [text("问")], max_completion_tokens=2)]


def _limited(target: Target) -> Sequence[bytes]:
    return [_about(target, data, kind, "limited") for data, kind in ((_webp(), "webp"), (_png(), "png"))]


def _about(target: Target, data: bytes, kind: str, key: Key = "attacker") -> bytes:
    return target.chat([image(data, kind), text("问")], key=key, max_completion_tokens=2)


ATTACKS = (
    Attack("webp", "38 字节的无损 WebP，8,000 × 8,000，提问与上传；4 个连接", _webp_asked, ask, 4),
    Attack("pictures", "PNG 6,400 万像素、100 遍扫描的 JPEG、动图、AVIF，提问与上传；4 个连接", _others, ask, 4),
    Attack("many-pictures", "一个请求 32 张 2,000 × 2,000；2 个连接", _many, ask, 2),
    Attack("limited-key", "每分钟 100 个视觉词元的密钥发 8,000 × 8,000 的图；4 个连接", _limited, ask, 4),
)
