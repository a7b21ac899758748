"""A request as the JSON body of a chat-completions call: pure functions, no network.

A request that a server's dialect cannot express is refused; nothing is dropped. Two things cannot be ensured from here.
The server renders its own chat template, so it must neutralise special tokens that a user types literally. And a server
that ignores unknown fields (`repetition_detection` needs vLLM 0.17, `structured_outputs` 0.12) does not say so.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from PIL import Image

from kantu.engine.request import DEFAULT_MAX_TOKENS, Constraint, RepetitionStop, Request, SamplingParams
from kantu.errors import error
from kantu.processing.conversation import Turn
from kantu.processing.image import CleanImage

Dialect = Literal["openai", "vllm"]

WRAPPED_CHOICE = "answer"
"""The one property of the JSON object that holds a choice where the dialect has no choice constraint."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """A server that answers chat completions.

    Attributes:
        url: its base, such as ``http://10.0.0.5:8000/v1``, to which ``/chat/completions`` and ``/models`` are added.
        model: the name under which it serves the model.
        api_key: sent as a bearer token; never shown.
        dialect: which fields it understands: "vllm" (OpenAI's and vLLM's own) or "openai" (OpenAI's: Ollama, llama.cpp,
            and SGLang, which names its own fields differently and would ignore vLLM's constraints in silence).

    Raises:
        InvalidRequestError: `invalid_upstream`: not an http(s) URL, or one with a user name, query or fragment.
    """

    url: str
    model: str
    api_key: str | None = field(default=None, repr=False)
    dialect: Dialect = "vllm"

    def __post_init__(self) -> None:
        if not _is_base_url(self.url):
            raise error("invalid_upstream.url", name="url")
        if not self.model or self.dialect not in ("openai", "vllm"):
            raise error("invalid_upstream.model", name="upstream")
        if self.api_key is not None and not (self.api_key.isascii() and self.api_key.isprintable()):
            raise error("invalid_upstream.api_key", name="api_key")

    def endpoint(self, path: str) -> str:
        """The URL of `path` below the base."""
        return f"{self.url.rstrip('/')}/{path}"


def check_request(request: Request, dialect: Dialect) -> None:
    """Refuse a request that this dialect cannot express.

    Raises:
        InvalidRequestError: `not_supported_by_upstream`, `image_count_mismatch`, `invalid_constraint`.
    """
    places = sum(turn.image_count for turn in request.turns)
    if places != len(request.images):
        raise error("image_count_mismatch", images=places, given=len(request.images))
    _sampling_fields(request.sampling, dialect)


def to_body(request: Request, image_urls: Sequence[str], upstream: Upstream, salt: str = "") -> bytes:
    """The body of a streaming call, as ASCII JSON.

    Args:
        image_urls: of the request's images, in order; see `png_data_url`.
        salt: separates tenants in a server's prefix cache (vLLM's `cache_salt`). The plain OpenAI dialect has no such
            field; use it only for a server whose cache the tenants may share.

    Raises:
        InvalidRequestError: as `check_request`.
    """
    urls = iter(image_urls)
    body: dict[str, Any] = {
        "model": upstream.model,
        "messages": [_message(turn, urls) for turn in request.turns],
        "stream": True,
        "stream_options": {"include_usage": True},
        **_sampling_fields(request.sampling, upstream.dialect),
    }
    if upstream.dialect == "vllm":
        # The usage of a chunk is that of its answer; the last chunk's is the sum over all answers.
        body["stream_options"]["continuous_usage_stats"] = True
        body |= {"cache_salt": salt} if salt else {}
    return json.dumps(body).encode("ascii")  # escaped, as lone surrogates have no UTF-8


def png_data_url(image: CleanImage) -> str:
    """The image's exact pixels as a ``data:`` URL. Lightly compressed: the link is faster than the encoder."""
    buffer = io.BytesIO()
    Image.fromarray(image.pixels).save(buffer, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def wraps_choice(request: Request, dialect: Dialect) -> bool:
    """Whether the answer comes as JSON around the choice, see `WRAPPED_CHOICE`."""
    constraint = request.sampling.constraint
    return dialect == "openai" and constraint is not None and constraint.kind == "choice"


def _message(turn: Turn, urls: Iterator[str]) -> dict[str, Any]:
    if isinstance(turn.content, str):
        return {"role": turn.role, "content": turn.content}
    parts: list[dict[str, Any]] = [
        {"type": "image_url", "image_url": {"url": next(urls)}} if part is None else {"type": "text", "text": part}
        for part in turn.content
    ]
    return {"role": turn.role, "content": parts}


def _sampling_fields(sampling: SamplingParams, dialect: Dialect) -> dict[str, Any]:
    """OpenAI's fields, then vLLM's own. Fields that are None are left to the server, which reads the model folder's
    generation_config.json (vLLM's default). The length is always given: without it servers fill the context."""
    fields = {
        "max_tokens": DEFAULT_MAX_TOKENS if sampling.max_tokens is None else sampling.max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "seed": sampling.seed,
        "stop": list(sampling.stop) or None,
        "presence_penalty": sampling.presence_penalty,
        "frequency_penalty": sampling.frequency_penalty,
        "n": sampling.n,
        "logprobs": None if sampling.logprobs is None else True,
        "top_logprobs": sampling.logprobs,
    }
    extras = {
        "min_tokens": sampling.min_tokens or None,
        "top_k": -1 if sampling.top_k == 0 else sampling.top_k,  # older vLLM and SGLang know only -1 for "off"
        "min_p": sampling.min_p or None,
        "repetition_penalty": sampling.repetition_penalty,
        "repetition_detection": None if sampling.repetition is None else _repetition(sampling.repetition),
    }
    extras = {name: value for name, value in extras.items() if value is not None}
    if dialect == "openai" and sampling.repetition is not None and sampling.repetition.where_possible:
        del extras["repetition_detection"]
    if dialect == "openai" and extras:
        raise error(
            "not_supported_by_upstream", name="repetition" if "repetition_detection" in extras else next(iter(extras))
        )
    constraint = {} if sampling.constraint is None else _constraint_fields(sampling.constraint, dialect)
    return {name: value for name, value in fields.items() if value is not None} | extras | constraint


def _repetition(rule: RepetitionStop) -> dict[str, int]:
    """vLLM's `RepetitionDetectionParams` (0.17), which `RepetitionStop` follows."""
    return {
        "max_pattern_size": rule.max_pattern_size,
        "min_pattern_size": rule.min_pattern_size,
        "min_count": rule.min_count,
    }


def _constraint_fields(constraint: Constraint, dialect: Dialect) -> dict[str, Any]:
    """`response_format` if OpenAI has one for it; otherwise vLLM's `structured_outputs`, which replaced `guided_regex`
    and `guided_choice` (removed in 0.12, docs.vllm.ai/en/latest/features/structured_outputs)."""
    if constraint.kind == "json_object":
        return {"response_format": {"type": "json_object"}}
    if constraint.kind == "json_schema":
        return _schema_format(_read_json(constraint, dict))
    if constraint.kind == "choice":
        choices = _read_json(constraint, list)
        return {"structured_outputs": {"choice": choices}} if dialect == "vllm" else _schema_format(_enum(choices))
    if dialect == "openai":
        raise error("not_supported_by_upstream", name="constraint")
    return {"structured_outputs": {"regex": constraint.source}}


def _schema_format(schema: Any) -> dict[str, Any]:
    return {
        "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}}
    }


def _enum(choices: Any) -> dict[str, Any]:
    """OpenAI's strict schemas must be objects that allow no other keys and require all of theirs."""
    return {
        "type": "object",
        "properties": {WRAPPED_CHOICE: {"type": "string", "enum": choices}},
        "required": [WRAPPED_CHOICE],
        "additionalProperties": False,
    }


def _read_json(constraint: Constraint, kind: type) -> Any:
    try:
        value = json.loads(constraint.source)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, kind):
        raise error("invalid_constraint.upstream", name="constraint")
    return value


def _is_base_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises where it is not a number
    except ValueError:
        return False
    plain = not (parts.username or parts.password or parts.query or parts.fragment)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and plain and url.isprintable()
