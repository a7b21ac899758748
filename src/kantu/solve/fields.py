"""Where each field of a record stands in the JSON that the model wrote, how probable the model found it, and where it
looked.

Paths are written like `amount`, `rows[2][1]` and `[0].label`; the path of prose, or of the whole record, is "".
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

from kantu.engine.request import Look, TokenLogprob

_SPACE = re.compile(r"[ \t\n\r]*")
_SCALAR = re.compile(r"[^,\]\}\s]+")


@dataclass(frozen=True, slots=True)
class Node:
    """A value in the JSON of a record.

    Attributes:
        start, end: where it stands, in characters.
    """

    path: str
    value: Any
    start: int
    end: int


def nodes(text: str) -> tuple[Node, ...]:
    """Every value in `text`, which is valid JSON, outermost first; the root's path is "".

    Raises ValueError where it is none, as of a server that does not keep to schemas, or is nested too deeply.
    """
    try:
        return tuple(_walk(text, _skip(text, 0), ""))
    except (IndexError, AttributeError, RecursionError) as failure:
        raise ValueError("no JSON") from failure


def probabilities(nodes: Sequence[Node], text: str, logprobs: Sequence[TokenLogprob]) -> Mapping[str, float]:
    """How probable the model found each value, by path: the product over the tokens that touch it.

    Tokens that a constraint forced have logprob 0, so the quotes and keys of the JSON count nothing. A token that
    reaches into a value counts for it: the one that closes a string has decided that nothing follows.
    """
    spans = tuple(_token_spans(text, logprobs))
    return {
        node.path: math.exp(sum(token.logprob for start, end, token in spans if start < node.end and end > node.start))
        for node in nodes
    }


def looks(nodes: Sequence[Node], text: str, logprobs: Sequence[TokenLogprob]) -> Mapping[str, tuple[Look | None, ...]]:
    """Where the model looked while it wrote each text, token by token, by path; nothing of models that do not tell."""
    if not any(token.look for token in logprobs):
        return {}
    spans = tuple(_token_spans(text, logprobs))
    return {
        node.path: tuple(token.look for start, end, token in spans if start > node.start and end < node.end)
        for node in nodes
        if isinstance(node.value, str)  # within its quotes
    }


def _token_spans(text: str, logprobs: Sequence[TokenLogprob]) -> Iterator[tuple[int, int, TokenLogprob]]:
    """(start, end, token) of each token, in characters of `text`; the end token has none."""
    starts = _character_at(text)
    at = 0
    for token in logprobs:
        end = min(at + len(token.token), len(starts) - 1)
        if end > at:
            yield starts[at], max(starts[end], starts[at] + 1), token
        at = end


def _character_at(text: str) -> list[int]:
    """For each byte of the text's UTF-8, the character it belongs to; one more for the end."""
    found: list[int] = []
    for place, character in enumerate(text):
        found += [place] * len(character.encode("utf-8", "surrogatepass"))
    return [*found, len(text)]


def _walk(text: str, start: int, path: str) -> Iterator[Node]:
    """The node at `start`, then those inside it."""
    inside: list[Node] = []
    at = start
    if text[start] in "{[":
        at = _skip(text, start + 1)
        place = 0
        while text[at] not in "}]":
            if text[start] == "{":
                key, at = scanstring(text, at + 1)
                at = _skip(text, _skip(text, at) + 1)  # the colon
                member = f"{path}.{key}" if path else key
            else:
                member, place = f"{path}[{place}]", place + 1
            found = tuple(_walk(text, at, member))
            inside += found
            at = _skip(text, found[0].end)
            at = _skip(text, at + 1) if text[at] == "," else at
        at += 1
    elif text[start] == '"':
        _, at = scanstring(text, start + 1)
    else:
        at = _SCALAR.match(text, start).end()  # type: ignore[union-attr]
    yield Node(path, json.loads(text[start:at]), start, at)
    yield from inside


def _skip(text: str, at: int) -> int:
    return _SPACE.match(text, at).end()  # type: ignore[union-attr]
