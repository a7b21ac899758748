"""Who can be asked about a picture. Measuring, of accuracy or speed, knows nothing else about whom it measures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from kantu.processing.conversation import ImageSource


@dataclass(frozen=True)
class AskOptions:
    """What a question may want of whoever answers; None leaves it to them."""

    max_tokens: int | None = None
    min_tokens: int = 0
    temperature: float | None = None
    max_pixels: int | None = None


@dataclass(frozen=True)
class Reply:
    """An answer with what it cost; seconds of wall time from the call. Counts are 0 where they are not told."""

    text: str
    ttft_seconds: float
    total_seconds: float
    completion_tokens: int = 0
    visual_tokens: int = 0

    @property
    def tpot_seconds(self) -> float:
        """Mean time of a token after the first; 0 if there was only one."""
        return (self.total_seconds - self.ttft_seconds) / max(1, self.completion_tokens - 1)


class Contender(Protocol):
    """Someone who can be asked."""

    @property
    def name(self) -> str:
        """What reports call it."""
        ...

    def ask(self, pictures: Sequence[ImageSource], question: str, options: AskOptions) -> Reply:
        """Ask one question about any number of pictures; errors are `KantuError`s."""
        ...

    def close(self) -> None:
        """Free what it holds."""
        ...
