"""In which language a client wants to read its errors."""

from __future__ import annotations

from typing import Literal

Language = Literal["zh", "en"]

_MOST_BYTES = 256


def language_of(accept_language: str | None) -> Language:
    """English where `Accept-Language` (RFC 9110) prefers it to Chinese, else Chinese."""
    best: tuple[float, Language] = (0.0, "zh")
    for item in (accept_language or "")[:_MOST_BYTES].split(","):
        tag, _, parameters = item.partition(";")
        language: Language | None = {"zh": "zh", "en": "en"}.get(tag.strip().lower().split("-")[0])  # type: ignore[assignment]
        if language is not None and (weight := _weight(parameters)) > best[0]:
            best = weight, language
    return best[1]


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    try:
        return float(value) if name.strip().lower() == "q" else 1.0
    except ValueError:
        return 0.0
