"""Ids of stored things: a prefix that says of what kind, and 24 random hexadecimal digits."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

_BYTES = 12
_DIGITS = re.compile(rf"[0-9a-f]{{{2 * _BYTES}}}")


@dataclass(frozen=True, slots=True)
class Ids:
    """The ids of one kind."""

    prefix: str

    def new(self) -> str:
        """One that nothing has yet."""
        return f"{self.prefix}{secrets.token_hex(_BYTES)}"

    def fits(self, text: str) -> bool:
        """Whether `text` has the form of one; nothing else comes near the database or the disk."""
        return text.startswith(self.prefix) and _DIGITS.fullmatch(text, len(self.prefix)) is not None
