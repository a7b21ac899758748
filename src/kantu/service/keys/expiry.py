"""When a key expires, as people write it."""

from __future__ import annotations

import re
from datetime import datetime

from kantu.errors import error

_SPAN = re.compile(r"([1-9][0-9]{0,4})([hdw])")
_SECONDS = {"h": 3600, "d": 86_400, "w": 7 * 86_400}


def read_expiry(text: str, now: float) -> int:
    """`12h`, `30d` or `8w` from now, or a date or time in ISO 8601, of this machine's time zone unless it says one.

    Returns:
        Seconds since 1970.

    Raises:
        InvalidRequestError: `invalid_key_expiry`.
    """
    if match := _SPAN.fullmatch(text):
        return int(now) + int(match[1]) * _SECONDS[match[2]]
    try:
        return int(datetime.fromisoformat(text).timestamp())
    except (ValueError, OverflowError, OSError):
        raise error("invalid_key_expiry.form") from None
