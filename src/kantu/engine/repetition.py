"""Whether an answer has begun to loop."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from kantu.engine.request import RepetitionStop

_NO_TOKEN = -1


class LoopDetector:
    """Reads an answer's tokens and says whether it ends with at least `min_count` repeats of one pattern of an allowed
    size (vLLM's meaning).

    A pattern of size s is repeated k times if each of the last s * (k - 1) tokens equals the token s before it. So for
    every size the detector counts for how many tokens this has held without a break. A token costs two passes over at
    most `MAX_PATTERN_SIZE` counts (4 us), however long the answer is.

    >>> LoopDetector(RepetitionStop(max_pattern_size=4, min_count=3), 100).push([9, 1, 2, 1, 2, 1, 2])
    True

    Args:
        most_tokens: of the answer.
    """

    def __init__(self, rule: RepetitionStop, most_tokens: int) -> None:
        self._least = rule.min_pattern_size
        self._longest = min(rule.max_pattern_size, most_tokens // rule.min_count)
        sizes = np.arange(self._least, self._longest + 1)
        self._needed = sizes * (rule.min_count - 1)
        self._repeated = np.zeros_like(sizes)
        self._latest = np.full(2 * self._longest + 2, _NO_TOKEN)  # from `_start` on, the latest token first
        self._start = self._longest + 1

    def push(self, tokens: Iterable[int]) -> bool:
        """Take the next tokens of the answer. Returns whether it loops after the last of them."""
        for token in tokens:
            if self._start == 0:
                self._start = self._longest + 1
                self._latest[self._start :] = self._latest[: self._longest + 1]
            self._start -= 1
            self._latest[self._start] = token
            before = self._latest[self._start + self._least : self._start + self._longest + 1]
            self._repeated += 1
            self._repeated *= before == token
        return bool((self._repeated >= self._needed).any())
