"""What is wrong with a value of a result, found without a model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Problem:
    """A value that fails its form, or values that contradict each other. Values are flagged, never corrected.

    Attributes:
        code: stable English identifier.
        message: what is wrong, in Chinese, for who reviews it.
        field: path of the field at fault (see `kantu.solve.fields`), or "" for the whole result.
    """

    code: str
    message: str
    field: str = ""


Check = Callable[[Any, Mapping[str, str]], Iterable[Problem]]
"""typed result, what was given for the instruction's variables -> what is wrong"""
