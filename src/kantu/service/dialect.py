"""Whose API an address speaks: the header of its key and the shape of its errors are asked for before any route."""

from __future__ import annotations

from typing import Literal

Dialect = Literal["openai", "anthropic"]

MESSAGES = "/v1/messages"
"""Anthropic's; everything else is OpenAI's or our own."""


def dialect_of(path: str) -> Dialect:
    """That of an address, whether it exists or not."""
    return "anthropic" if path == MESSAGES or path.startswith(f"{MESSAGES}/") else "openai"
