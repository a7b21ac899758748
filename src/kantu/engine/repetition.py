"""Whether an answer has begun to loop."""

from __future__ import annotations

from collections.abc import Sequence

from kantu.engine.request import RepetitionStop


def repeats(tokens: Sequence[int], rule: RepetitionStop) -> bool:
    """Whether the last tokens are at least `min_count` times one pattern of an allowed size (vLLM's meaning).

    Called at every step: sizes whose last token does not recur cost one comparison, and sizes that do not fit yet none.

    >>> repeats([9, 1, 2, 1, 2, 1, 2], RepetitionStop(max_pattern_size=4, min_count=3))
    True
    """
    longest = min(rule.max_pattern_size, len(tokens) // rule.min_count)
    return any(
        tokens[-1] == tokens[-1 - size] and _has_period(tokens[-size * rule.min_count :], size)
        for size in range(rule.min_pattern_size, longest + 1)
    )


def _has_period(tokens: Sequence[int], size: int) -> bool:
    return tokens[size:] == tokens[:-size]
