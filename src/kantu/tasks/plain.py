"""The form in which texts are compared."""

from __future__ import annotations

import re
import unicodedata


def plain(text: str) -> str:
    """The text without spaces, in compatibility form (NFKC): full-width and half-width are the same."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))
