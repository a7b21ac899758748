"""How much memory the HTTP process takes at most: the sum of what each of its parts may hold.

The engine, the decoders and the readers of printed lines are processes of their own, each with its own bound.
"""

from __future__ import annotations

from dataclasses import dataclass

from kantu.errors import Words, error
from kantu.processing.guard import DEFAULT_LIMITS
from kantu.service.people.passwords import AT_ONCE
from kantu.service.retention.service import KEPT_AT_ONCE
from kantu.service.settings import Settings

LONG_ANSWERS = 4
"""Answers of the largest size that may be under way at once."""

SHORT_ANSWER_BYTES = 2**19
"""As all answers without logprobs are, by their estimate; they are bounded by the number of requests."""

ESTIMATE_FACTOR = 2
"""An answer is given up where it holds so many times its estimate: some tokens are longer than usual."""

_MIB = 2**20
# Measured: 150 MiB at rest. 10,000 events of the audit that wait to be written are 20 MiB; the rest is for what the
# allocator does not give back.
_BASE_BYTES = 280 * _MIB
_MODEL_BYTES = 96 * _MIB  # measured: a tokenizer of 150,000 tokens beside another one, 31 to 75 MiB
_CONNECTION_BYTES = 64 * 1024  # headers of one request, or the part of a body that nobody has read yet
_BODY_FACTOR = 2  # measured: its strings once, and once more the files that are decoded from base64 in them
_PIXEL_BYTES = 3  # RGB


@dataclass(frozen=True, slots=True)
class Part:
    """Something that holds memory, for people in both languages, and how much at most."""

    name: str
    name_en: str
    most_bytes: int


def parts(settings: Settings) -> tuple[Part, ...]:
    """Everything that grows with what clients do. Whatever is added to the process is added here."""
    server, request = settings.server, settings.request
    answers = ESTIMATE_FACTOR * (LONG_ANSWERS * request.max_answer_bytes + request.max_in_flight * SHORT_ANSWER_BYTES)
    more = [
        Part(f"模型 {model.name}", f"the model {model.name}", _MODEL_BYTES)
        for model in settings.more_models
        if not model.is_upstream
    ]
    if settings.retention.days is not None:
        kept = KEPT_AT_ONCE * 2 * DEFAULT_LIMITS.max_bytes + request.max_in_flight * SHORT_ANSWER_BYTES
        more.append(Part("保存提问 retention.days", "retention.days", kept))
    return (
        Part("进程本身", "the process itself", _BASE_BYTES),
        Part("连接 server.max_connections", "server.max_connections", server.max_connections * _CONNECTION_BYTES),
        Part(
            "请求体 server.max_total_body_bytes",
            "server.max_total_body_bytes",
            _BODY_FACTOR * server.max_total_body_bytes,
        ),
        Part("引用的图片文件（与请求体同样多）", "files of pictures (as much again)", server.max_total_body_bytes),
        Part(
            "图片像素 request.max_in_flight_pixels",
            "request.max_in_flight_pixels",
            _PIXEL_BYTES * request.max_in_flight_pixels,
        ),
        Part("回答 request.max_answer_bytes、max_in_flight", "request.max_answer_bytes and max_in_flight", answers),
        Part("密码 people.hash_memory_kib", "people.hash_memory_kib", AT_ONCE * settings.people.hash_memory_kib * 1024),
        *more,
    )


def check_memory(settings: Settings) -> None:
    """Whether all parts at once stay within `server.max_memory_bytes`.

    Raises:
        InvalidRequestError: `invalid_settings`; it names the parts, the largest first.
    """
    by_size = sorted(parts(settings), key=lambda part: -part.most_bytes)
    total, most = sum(part.most_bytes for part in by_size), settings.server.max_memory_bytes
    if total <= most:
        return
    told = Words(
        "、".join(f"{part.name} {part.most_bytes // _MIB} MiB" for part in by_size),
        ", ".join(f"{part.name_en} {part.most_bytes // _MIB} MiB" for part in by_size),
    )
    raise error("invalid_settings.memory", most_mib=most // _MIB, total_mib=total // _MIB, parts=told)
