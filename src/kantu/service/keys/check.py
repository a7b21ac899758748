"""What a key must look like to be kept."""

from __future__ import annotations

from dataclasses import asdict

from kantu.errors import InvalidRequestError
from kantu.service.actor import ENDPOINTS
from kantu.service.keys.api_key import ApiKey

_MOST_CHARACTERS = 100
_LARGEST_LIMIT = 2**53  # what JSON carries exactly


def check(key: ApiKey) -> None:
    """Raises InvalidRequestError: `invalid_key_name`, `_owner`, `_models`, `_endpoints`, `_limits` or `_expiry`."""
    if not _is_label(key.name):
        raise InvalidRequestError(
            "invalid_key_name",
            f"密钥的名字要有 1 到 {_MOST_CHARACTERS} 个可见字符。",
            f"A key's name has 1 to {_MOST_CHARACTERS} printable characters.",
            param="name",
        )
    if not _is_label(key.owner):
        raise InvalidRequestError(
            "invalid_key_owner",
            f"所有者的名字要有 1 到 {_MOST_CHARACTERS} 个可见字符。",
            f"An owner's name has 1 to {_MOST_CHARACTERS} printable characters.",
            param="owner",
        )
    if key.models is not None and not (key.models and all(map(_is_label, key.models))):
        raise InvalidRequestError(
            "invalid_key_models",
            "至少写一个模型名；不限制模型时不要写。",
            "Name at least one model, or leave models out to allow all.",
            param="models",
        )
    if key.endpoints is not None and not (key.endpoints and set(key.endpoints) <= set(ENDPOINTS)):
        raise InvalidRequestError(
            "invalid_key_endpoints",
            f"接口只能是 {'、'.join(ENDPOINTS)} 中的一个或几个；不限制接口时不要写。",
            f"Endpoints are some of {', '.join(ENDPOINTS)}; leave them out to allow all.",
            param="endpoints",
        )
    for name, limit in asdict(key.limits).items():
        if limit is not None and not 1 <= limit <= _LARGEST_LIMIT:
            raise InvalidRequestError(
                "invalid_key_limits",
                f"限额 {name} 必须是正整数；不限制时不要写。",
                f"The limit {name} is a positive number; leave it out for no limit.",
                param=name,
            )
    if key.expires_at is not None and key.expires_at <= key.created_at:
        raise InvalidRequestError(
            "invalid_key_expiry", "到期时间必须在将来。", "The expiry must be in the future.", param="expires_at"
        )


def _is_label(text: str) -> bool:
    return bool(text.strip()) and text.isprintable() and len(text) <= _MOST_CHARACTERS
