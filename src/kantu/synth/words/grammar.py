"""A small grammar for texts with very many forms: [a|b] is a choice, <slot> a value, {…} what is to be remembered."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kantu.synth.words import wording

_SLOT = re.compile(r"<([a-z0-9]+)>")
_REMEMBERED = re.compile(r"\{([^{}]*)\}")

Slots = Mapping[str, Callable[[random.Random], str]]


@dataclass(frozen=True)
class Said:
    """A text, the parts of it that its pattern holds in braces, and the slots that were filled."""

    text: str
    marked: tuple[str, ...] = ()
    slots: tuple[str, ...] = ()


def expand(rng: random.Random, pattern: str, slots: Slots) -> Said:
    """One of the texts of a pattern. Each slot is drawn where it stands, so the same one twice gives two values."""
    pattern = wording.expand(rng, pattern)
    used = tuple(_SLOT.findall(pattern))
    filled = _SLOT.sub(lambda match: slots[match[1]](rng), pattern)
    marked = tuple(_REMEMBERED.findall(filled))
    return Said(_REMEMBERED.sub(r"\1", filled), marked, used)
