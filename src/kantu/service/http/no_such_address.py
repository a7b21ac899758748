"""What is said of an address that does not exist: which one, and what a wrong `base_url` has done to it."""

from __future__ import annotations

import re
from urllib.parse import quote

from kantu.errors import KantuError, Words, error
from kantu.service.dialect import dialect_of
from kantu.service.watch.labels import FIXED_PATHS

_MOST_CHARACTERS = 200
_API = "/v1"
_BASE_URL = "base_url 应该像 http://127.0.0.1:8000/v1 这样，以一个 /v1 结尾，末尾没有斜杠。"
_BASE_URL_EN = " The base_url should look like http://127.0.0.1:8000/v1: one /v1 at its end, and no slash after it."
_ANTHROPIC_BASE_URL = "Anthropic 客户端的 base_url 应该像 http://127.0.0.1:8000 这样，末尾没有 /v1，也没有斜杠。"
_ANTHROPIC_BASE_URL_EN = (
    " The base_url of Anthropic's clients should look like http://127.0.0.1:8000: no /v1 at its end, and no slash."
)


def endpoint_not_found(path: str) -> KantuError:
    """The 404 of a path, which is as the client wrote it, decoded; its query is not told."""
    shown = (path if path.isprintable() else quote(path))[:_MOST_CHARACTERS]
    hints, meant = _hints(path)
    advice = Words("", "")
    if hints:
        is_openai = dialect_of(meant) == "openai"
        advice = Words(
            "".join(f"{hint}。" for hint, _ in hints) + (_BASE_URL if is_openai else _ANTHROPIC_BASE_URL),
            "".join(f" {hint}." for _, hint in hints) + (_BASE_URL_EN if is_openai else _ANTHROPIC_BASE_URL_EN),
        )
    return error("endpoint_not_found", shown=shown, advice=advice)


def _hints(path: str) -> tuple[list[tuple[str, str]], str]:
    """(Chinese, English) of each thing that is wrong, if it would then lead into the API; and what was meant."""
    found = []
    plain = re.sub("//+", "/", path)
    if plain != path:
        found.append(("它有连续的斜杠", "It has slashes in a row"))
    once = re.sub(f"^(?:{_API}(?=/))+", _API, plain)
    if once != plain:
        found.append(("/v1 写了两次", "It has /v1 twice"))
    if not once.startswith(f"{_API}/") and f"{_API}{once.rstrip('/')}" in FIXED_PATHS:
        once = f"{_API}{once}"
        found.append(("它少了 /v1", "It lacks /v1"))
    if once.endswith("/") and once.rstrip("/") in FIXED_PATHS:
        found.append(("它末尾多了斜杠", "It has a slash too many at its end"))
    return (found if once.startswith(f"{_API}/") else []), once.rstrip("/")
