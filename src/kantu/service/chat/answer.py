"""What all wordings tell of the answers to one request: what they carry, and what is counted while they come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from kantu.aigc import ContentLabel
from kantu.engine.request import Delta, End, FinishReason, Timings, Usage


@dataclass(slots=True)
class _Choice:
    tokens: int = 0
    end: End | None = None


@dataclass(slots=True)
class Answer:
    """Keeps no text and no logprobs.

    Attributes:
        id: unique; a wording puts its own prefix before it.
        created: unix seconds.
        model: its name.
        count: how many answers.
        most_bytes: that may be held of all of them.
        warnings: for the user, beside the answer; known once the pictures have been read.
        label: that it is generated; None where it has none.
    """

    id: str
    created: int
    model: str
    count: int
    most_bytes: int
    warnings: Sequence[str] = ()
    label: ContentLabel | None = None
    _choices: list[_Choice] = field(init=False)

    def __post_init__(self) -> None:
        self._choices = [_Choice() for _ in range(self.count)]

    def add(self, delta: Delta) -> None:
        """Count one delta."""
        choice = self._choices[delta.index]
        choice.tokens += len(delta.token_ids)
        choice.end = delta.end or choice.end

    @property
    def _ends(self) -> list[End]:
        """Of the answers that have ended."""
        return [choice.end for choice in self._choices if choice.end is not None]

    @property
    def usage(self) -> Usage:
        """Of all answers that have ended together; they share one prompt."""
        usages = [end.usage for end in self._ends]
        if not usages:
            return Usage(0, 0, 0)
        first = usages[0]
        completion = sum(usage.completion_tokens for usage in usages)
        return Usage(first.prompt_tokens, first.visual_tokens, completion, first.cached_tokens)

    @property
    def generated_tokens(self) -> int:
        """Of all answers, so far: what a cancelled request has used up, too."""
        return sum(choice.end.usage.completion_tokens if choice.end else choice.tokens for choice in self._choices)

    @property
    def timings(self) -> Timings | None:
        """Of the answer that took longest."""
        return max((end.timings for end in self._ends), key=lambda timings: timings.total_seconds, default=None)

    @property
    def finish_reasons(self) -> tuple[FinishReason, ...]:
        """Of the answers that have ended."""
        return tuple(end.finish_reason for end in self._ends)
