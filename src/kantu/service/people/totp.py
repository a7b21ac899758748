"""Codes of six digits that change every half a minute (RFC 6238), and codes to recover with. Pure functions."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from base64 import b32decode, b32encode
from collections.abc import Sequence
from urllib.parse import quote, urlencode

STEP_SECONDS = 30
_DIGITS = 6
_SECRET_BYTES = 20  # as long as SHA-1's output (RFC 4226, 4)
_SKEW_STEPS = 1  # a phone's clock may be wrong by so many, and typing takes its time
_ISSUER = "Kantu"

_RECOVERY_CODES = 10
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_RECOVERY_CHARACTERS = 16  # 79 bits
_CODE = re.compile(r"[0-9]{6}")
_NOT_SAID = re.compile(r"[\s-]+")


def new_secret() -> str:
    """A fresh secret, in base32."""
    return b32encode(secrets.token_bytes(_SECRET_BYTES)).decode("ascii")


def code_at(secret: str, step: int) -> str:
    """The code of a step, the number of half minutes since 1970."""
    digest = hmac.digest(b32decode(secret), step.to_bytes(8, "big"), "sha1")
    start = digest[-1] & 0xF
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**_DIGITS:0{_DIGITS}d}"


def step_of(secret: str, code: str, now: float) -> int | None:
    """The step around `now` whose code it is; None is none of them."""
    current, found = int(now) // STEP_SECONDS, None
    for step in range(current - _SKEW_STEPS, current + _SKEW_STEPS + 1):  # all of them, so that time says nothing
        if hmac.compare_digest(code_at(secret, step).encode(), code.encode("utf-8", "surrogatepass")):
            found = step
    return found


def enrolment_uri(secret: str, name: str) -> str:
    """What an authenticator reads from a QR code."""
    query = urlencode({"secret": secret, "issuer": _ISSUER, "digits": _DIGITS, "period": STEP_SECONDS})
    return f"otpauth://totp/{_ISSUER}:{quote(name, safe='')}?{query}"


def is_code(text: str) -> bool:
    """Whether it has the form of a code, not that of a recovery code."""
    return _CODE.fullmatch(plain(text)) is not None


def new_recovery_codes() -> list[str]:
    """Fresh ones, each good once."""
    codes = ["".join(secrets.choice(_ALPHABET) for _ in range(_RECOVERY_CHARACTERS)) for _ in range(_RECOVERY_CODES)]
    return ["-".join(code[start : start + 4] for start in range(0, _RECOVERY_CHARACTERS, 4)) for code in codes]


def recovery_digest(text: str) -> str:
    """What is kept of a recovery code: nobody can try as many as there are."""
    return hashlib.sha256(plain(text).encode("utf-8", "surrogatepass")).hexdigest()


def recovery_digests(codes: Sequence[str]) -> list[str]:
    """See `recovery_digest`."""
    return [recovery_digest(code) for code in codes]


def plain(text: str) -> str:
    """A code as it is compared: without the blanks and hyphens that make it readable."""
    return _NOT_SAID.sub("", text).lower()
