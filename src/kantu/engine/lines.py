"""Whose turn it is: every caller has a line, and the line that has had the fewest tokens goes first.

This is the virtual token counter of Sheng et al., "Fairness in Serving Large Language Models" (OSDI 2024). Every token
given to a line counts. A line that comes back starts no lower than the waiting lines, so staying away saves up nothing.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterator

from kantu.engine.sequence import Sequence


class Lines:
    """The waiting sequences, each in its job's line, and the tokens every line has had.

    A line is known while any of its sequences waits or runs. Adding a line costs O(lines), everything else O(1).
    """

    def __init__(self) -> None:
        self._waiting: dict[str, OrderedDict[Sequence, None]] = {}  # no line is empty
        self._running: Counter[str] = Counter()
        self._tokens: dict[str, int] = {}  # in the order the lines were last chosen
        self._latest = 0  # tokens of the last chosen line before it was chosen

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def __iter__(self) -> Iterator[Sequence]:
        for line in self._waiting.values():
            yield from line

    def add(self, sequence: Sequence) -> None:
        """Put it at the end of its line."""
        name = sequence.job.line
        if name not in self._waiting:
            least = min((self._tokens[other] for other in self._waiting), default=self._latest)
            self._tokens[name] = max(self._tokens.get(name, 0), least)
            self._waiting[name] = OrderedDict()
        self._waiting[name][sequence] = None

    def add_first(self, sequence: Sequence) -> None:
        """Put it at the head of its line."""
        self.add(sequence)
        self._waiting[sequence.job.line].move_to_end(sequence, last=False)

    def remove(self, sequence: Sequence) -> None:
        """Take it out of its line, if it waits."""
        name = sequence.job.line
        line = self._waiting.get(name)
        if line is not None and sequence in line:
            del line[sequence]
            if not line:
                del self._waiting[name]
                self._forget(name)

    def started(self, sequence: Sequence) -> None:
        """Record that it runs, and take it out of its line."""
        self._running[sequence.job.line] += 1
        self.remove(sequence)

    def stopped(self, sequence: Sequence) -> None:
        """Record that it no longer runs."""
        self._running[sequence.job.line] -= 1
        self._forget(sequence.job.line)

    def running(self, name: str) -> int:
        """How many sequences of this line are running."""
        return self._running[name]

    def fewest_running(self) -> int:
        """The fewest running sequences of any waiting line. At least one line must be waiting."""
        return min(self._running[name] for name in self._waiting)

    def charge(self, name: str, tokens: int, *, chosen: bool) -> None:
        """Count tokens given to a line. `chosen`: they came by its rank, not because an answer is decoding."""
        if chosen:
            had = self._tokens.pop(name)
            self._latest = max(self._latest, had)
            self._tokens[name] = had
        self._tokens[name] += tokens

    def waiting(self) -> dict[str, list[Sequence]]:
        """The waiting sequences by line."""
        return {name: list(line) for name, line in self._waiting.items()}

    def places(self) -> dict[str, int]:
        """Rank of each known line; the one chosen longest ago comes first."""
        return {name: place for place, name in enumerate(self._tokens)}

    def tokens(self, name: str) -> int:
        """How many tokens this line has had."""
        return self._tokens[name]

    def _forget(self, name: str) -> None:
        if not self._running[name]:
            del self._running[name]
            if name not in self._waiting:
                self._tokens.pop(name, None)
