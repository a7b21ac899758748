"""Who is next: a line for each caller, and the line that has had the fewest tokens goes first.

The virtual token counter of Sheng et al., "Fairness in Serving Large Language Models" (OSDI 2024): every token that a
line is given counts, and a line that comes back starts no lower than those that wait, so that nobody saves up turns by
staying away.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterator

from kantu.engine.sequence import Sequence


class Lines:
    """The sequences that wait, each in its job's line, and what every line has had.

    A line is known as long as something of it waits or runs. To add one costs O(lines), anything else about one O(1).
    """

    def __init__(self) -> None:
        self._waiting: dict[str, OrderedDict[Sequence, None]] = {}  # no line is empty
        self._running: Counter[str] = Counter()
        self._tokens: dict[str, int] = {}  # in the order in which the lines were last chosen
        self._latest = 0  # what the line that was chosen last had had before

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def __iter__(self) -> Iterator[Sequence]:
        for line in self._waiting.values():
            yield from line

    def add(self, sequence: Sequence) -> None:
        """Let it wait behind those of its line."""
        name = sequence.job.line
        if name not in self._waiting:
            least = min((self._tokens[other] for other in self._waiting), default=self._latest)
            self._tokens[name] = max(self._tokens.get(name, 0), least)
            self._waiting[name] = OrderedDict()
        self._waiting[name][sequence] = None

    def add_first(self, sequence: Sequence) -> None:
        """Let it wait before those of its line."""
        self.add(sequence)
        self._waiting[sequence.job.line].move_to_end(sequence, last=False)

    def remove(self, sequence: Sequence) -> None:
        """Let it wait no longer, if it did."""
        name = sequence.job.line
        line = self._waiting.get(name)
        if line is not None and sequence in line:
            del line[sequence]
            if not line:
                del self._waiting[name]
                self._forget(name)

    def started(self, sequence: Sequence) -> None:
        """It runs, and waits no longer."""
        self._running[sequence.job.line] += 1
        self.remove(sequence)

    def stopped(self, sequence: Sequence) -> None:
        """It runs no longer."""
        self._running[sequence.job.line] -= 1
        self._forget(sequence.job.line)

    def running(self, name: str) -> int:
        """How many sequences of a line run."""
        return self._running[name]

    def fewest_running(self) -> int:
        """How many run of the line that has fewest, of those that wait. There is one."""
        return min(self._running[name] for name in self._waiting)

    def charge(self, name: str, tokens: int, *, chosen: bool) -> None:
        """Count tokens that a line is given; `chosen` if for its rank, and not because the answer is under way."""
        if chosen:
            had = self._tokens.pop(name)
            self._latest = max(self._latest, had)
            self._tokens[name] = had
        self._tokens[name] += tokens

    def waiting(self) -> dict[str, list[Sequence]]:
        """Those that wait, by line."""
        return {name: list(line) for name, line in self._waiting.items()}

    def places(self) -> dict[str, int]:
        """The known lines, the one that was chosen longest ago first."""
        return {name: place for place, name in enumerate(self._tokens)}

    def tokens(self, name: str) -> int:
        """What a line has had."""
        return self._tokens[name]

    def _forget(self, name: str) -> None:
        if not self._running[name]:
            del self._running[name]
            if name not in self._waiting:
                self._tokens.pop(name, None)
