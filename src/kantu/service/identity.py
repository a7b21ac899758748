"""Who is asking: the vocabulary between keys, limits and endpoints."""

from __future__ import annotations

from dataclasses import dataclass, field

from kantu.errors import NotFoundError, PermissionDeniedError

ENDPOINTS = ("chat", "models", "files", "batches", "tokenize")
"""What a key can be limited to."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Most that a key may use in one minute or one day (UTC); None is without limit."""

    requests_per_minute: int | None = None
    requests_per_day: int | None = None
    visual_tokens_per_minute: int | None = None
    visual_tokens_per_day: int | None = None
    output_tokens_per_minute: int | None = None
    output_tokens_per_day: int | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever holds a key that was good when this was made.

    Attributes:
        key_id: of the key.
        owner: whose files and batches it sees, and whose caches it shares.
        models, endpoints: what it may use; None is everything.
    """

    key_id: str
    owner: str
    models: tuple[str, ...] | None = None
    endpoints: tuple[str, ...] | None = None
    limits: Limits = field(default_factory=Limits)


def check_endpoint(caller: Caller, endpoint: str) -> None:
    """Raise PermissionDeniedError `endpoint_not_allowed` where the key is not for `endpoint`."""
    if caller.endpoints is not None and endpoint not in caller.endpoints:
        raise PermissionDeniedError(
            "endpoint_not_allowed",
            f"这个密钥不能使用 {endpoint} 接口。",
            f"This key may not use the {endpoint} endpoint.",
        )


def check_model(caller: Caller, asked: str, served: str) -> None:
    """Whether the caller may use the model it asks for, and it is the one that is served.

    Raises:
        NotFoundError: `model_not_served`.
        PermissionDeniedError: `model_not_allowed`.
    """
    if asked != served:
        raise NotFoundError(
            "model_not_served",
            f"没有这个模型；本服务的模型是 {served}。",
            f"There is no such model; this service has {served}.",
            param="model",
        )
    if caller.models is not None and served not in caller.models:
        raise PermissionDeniedError(
            "model_not_allowed",
            f"这个密钥不能使用模型 {served}。",
            f"This key may not use the model {served}.",
            param="model",
        )
