"""What a thousand pictures cost, at prices that the user enters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kantu.errors import error

NAMES = {
    "input": "文本模型，每百万输入词元",
    "output": "文本模型，每百万输出词元",
    "ocr": "OCR 服务，每千张",
    "hour": "一台机器，每小时",
}
_PICTURES = 1_000
_MILLION = 1_000_000
_HOUR_SECONDS = 3_600


@dataclass(frozen=True)
class Prices:
    """In one currency, whichever; None is not entered."""

    input: float | None = None
    output: float | None = None
    ocr: float | None = None
    hour: float | None = None


@dataclass(frozen=True)
class Use:
    """What a question about a new picture uses on average.

    Attributes:
        machine_seconds: of a machine that answers one question after the other.
        stitched: whether it goes through an OCR service and a text model, which may have prices of their own.
    """

    machine_seconds: float
    prompt_tokens: float
    completion_tokens: float
    stitched: bool


def read_prices(told: Iterable[str]) -> Prices:
    """Of `name=number` pairs.

    Raises InvalidRequestError (`invalid_price`).
    """
    found: dict[str, float] = {}
    for each in told:
        name, _, number = each.partition("=")
        try:
            price = float(number)
        except ValueError:
            price = -1.0
        if name not in NAMES or not 0 <= price < float("inf"):
            raise error("invalid_price", told=each, names="、".join(NAMES))
        found[name] = price
    return Prices(**found)


def by_thousand(use: Use, prices: Prices) -> float | None:
    """What a thousand pictures cost, one question each; None where nothing that it uses has a price."""
    parts = []
    if prices.hour is not None:
        parts.append(_PICTURES * use.machine_seconds / _HOUR_SECONDS * prices.hour)
    if use.stitched and prices.input is not None:
        parts.append(_PICTURES * use.prompt_tokens / _MILLION * prices.input)
    if use.stitched and prices.output is not None:
        parts.append(_PICTURES * use.completion_tokens / _MILLION * prices.output)
    if use.stitched and prices.ocr is not None:
        parts.append(prices.ocr)
    return sum(parts) if parts else None
