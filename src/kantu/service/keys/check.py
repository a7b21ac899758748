"""What a key must look like to be kept."""

from __future__ import annotations

from dataclasses import asdict

from kantu.errors import error, listed
from kantu.service.actor import ENDPOINTS
from kantu.service.keys.api_key import ApiKey

_MOST_CHARACTERS = 100
_LARGEST_LIMIT = 2**53  # what JSON carries exactly


def check(key: ApiKey) -> None:
    """Raises InvalidRequestError: `invalid_key_name`, `_owner`, `_models`, `_endpoints`, `_limits` or `_expiry`."""
    if not _is_label(key.name):
        raise error("invalid_key_name", most=_MOST_CHARACTERS)
    if not _is_label(key.owner):
        raise error("invalid_key_owner", most=_MOST_CHARACTERS)
    if key.models is not None and not (key.models and all(map(_is_label, key.models))):
        raise error("invalid_key_models")
    if key.endpoints is not None and not (key.endpoints and set(key.endpoints) <= set(ENDPOINTS)):
        raise error("invalid_key_endpoints", endpoints=listed(ENDPOINTS))
    for name, limit in asdict(key.limits).items():
        if limit is not None and not 1 <= limit <= _LARGEST_LIMIT:
            raise error("invalid_key_limits", name=name)
    if key.expires_at is not None and key.expires_at <= key.created_at:
        raise error("invalid_key_expiry")


def _is_label(text: str) -> bool:
    return bool(text.strip()) and text.isprintable() and len(text) <= _MOST_CHARACTERS
