"""Whether an ID token is good, and what it says (OpenID Connect Core 1.0, 3.1.3.7)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, KeySet

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""Signatures with a private key. Never `none`, and never HMAC, whose key would be what everybody may read."""

_KEY_TYPES = ("RSA", "EC")
_LEEWAY_SECONDS = 60
_MOST_CHARACTERS = 255
_MOST_GROUPS = 10_000


@dataclass(frozen=True, slots=True)
class IdToken:
    """What the provider says of somebody who has just logged in there.

    Attributes:
        subject: that the provider knows them by, for good.
        name, display_name: as they are called there now.
        authenticated_at: when they last proved who they are; None is not told.
    """

    issuer: str
    subject: str
    name: str | None
    display_name: str | None
    groups: tuple[str, ...]
    authenticated_at: int | None


@dataclass(frozen=True, slots=True)
class Expected:
    """What a good token says."""

    issuer: str
    client_id: str
    nonce: str
    access_token: str | None


def key_set(keys: object) -> KeySet:
    """The keys for signatures in a provider's JWK set; what else is in it is left out."""
    found: list[Any] = []
    for key in keys if isinstance(keys, list) else []:
        if isinstance(key, dict) and key.get("kty") in _KEY_TYPES and key.get("use", "sig") == "sig":
            with suppress(JoseError, ValueError, TypeError, KeyError):  # one that is broken verifies nothing
                found.append(JWKRegistry.import_key(key))
    return KeySet(found)


def verify(
    text: str, keys: KeySet, expected: Expected, now: float, *, groups_claim: str, name_claim: str
) -> IdToken | None:
    """What a token says; None where it is not good, whatever the reason.

    Args:
        now: seconds since 1970.
    """
    try:
        token = jwt.decode(text, keys, algorithms=ALGORITHMS)
        claims = CodeIDToken(
            token.claims,
            token.header,
            {
                "iss": {"essential": True, "value": expected.issuer},
                "aud": {"essential": True, "value": expected.client_id},
                "sub": {"essential": True},
            },
            {"nonce": expected.nonce, "client_id": expected.client_id, "access_token": expected.access_token},
        )
        claims.validate(int(now), _LEEWAY_SECONDS)
        since = None if claims.get("auth_time") is None else int(claims["auth_time"])
    except (JoseError, ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None
    subject = claims["sub"]
    if len(subject) > _MOST_CHARACTERS:
        return None
    return IdToken(
        expected.issuer,
        subject,
        _text(claims.get(name_claim)),
        _text(claims.get("name")),
        _texts(_claim(claims, groups_claim)),
        since,
    )


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    """A claim, or one inside another: `realm_access.roles`."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= _MOST_CHARACTERS else None


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list) or len(value) > _MOST_GROUPS:
        return ()
    return tuple(one for one in value if isinstance(one, str))
