"""Which tokens run in a step: running answers first, then chunks of waiting prompts, within a budget of tokens."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from kantu.engine.kv_cache import BlockPool
from kantu.engine.sequence import Sequence


@dataclass(frozen=True, eq=False, slots=True)
class Work:
    """The next `count` tokens of a sequence, to be run in this step."""

    sequence: Sequence
    count: int

    @property
    def start(self) -> int:
        return self.sequence.computed

    @property
    def samples(self) -> bool:
        """Whether the sequence's last known token is among them, so that the next can be chosen."""
        return self.start + self.count == len(self.sequence.tokens)


class Scheduler:
    """Holds the sequences and gives each the blocks it needs.

    The oldest running sequence is never preempted, and no sequence is admitted that could not run alone: so there is
    always progress.
    """

    def __init__(self, pool: BlockPool, *, step_tokens: int, max_running: int) -> None:
        self.pool = pool
        self.waiting: deque[Sequence] = deque()
        self.running: list[Sequence] = []  # in order of arrival
        self.preemptions = 0
        self.prefix_queries = 0
        self.prefix_hits = 0
        self._step_tokens, self._max_running = step_tokens, max_running

    def add(self, sequence: Sequence) -> None:
        self.waiting.append(sequence)

    def remove(self, sequence: Sequence) -> None:
        """Forget a sequence, wherever it is, and free its blocks."""
        if sequence in self.running:
            self.running.remove(sequence)
        elif sequence in self.waiting:
            self.waiting.remove(sequence)
        self._release(sequence)

    def schedule(self) -> list[Work]:
        """The work of the next step, with blocks for all of it; empty when there is nothing to do."""
        works: dict[Sequence, Work] = {}
        preemptions = self.preemptions
        for sequence in sorted(self.running, key=lambda sequence: not sequence.decoding):
            if sequence in self.running:  # it may have been preempted meanwhile
                self._give(sequence, works)
        if self.preemptions == preemptions:
            self._admit(works)
        return list(works.values())

    def commit(self, work: Work) -> None:
        """Record that a work has run: its tokens are held, and its full blocks can be found."""
        sequence, size = work.sequence, self.pool.block_size
        before, sequence.computed = sequence.computed // size, sequence.computed + work.count
        full = sequence.computed // size
        keys = sequence.keys.upto(sequence.tokens, full)
        for block, key in zip(sequence.blocks[before:full], keys[before:], strict=True):
            self.pool.register(block, key)

    def _give(self, sequence: Sequence, works: dict[Sequence, Work]) -> None:
        count = min(sequence.remaining, self._step_tokens - sum(work.count for work in works.values()))
        if count < 1:
            return
        while not self._grow(sequence, count):
            victim = self.running[-1]
            works.pop(victim, None)
            self._preempt(victim)
            if victim is sequence:
                return
        works[sequence] = Work(sequence, count)

    def _admit(self, works: dict[Sequence, Work]) -> None:
        budget = self._step_tokens - sum(work.count for work in works.values())
        for sequence in list(self.waiting):
            if budget < 1 or len(self.running) >= self._max_running:
                return
            if self._being_computed(sequence):  # by another one that started the same way: wait, and reuse it
                continue
            matched = self.pool.match(self._reusable_keys(sequence))
            self.pool.hold(matched)
            sequence.blocks, sequence.computed = matched, len(matched) * self.pool.block_size
            count = min(sequence.remaining, budget)
            if not self._grow(sequence, count):
                self._release(sequence)
                return
            self.prefix_queries += len(sequence.tokens) // self.pool.block_size
            self.prefix_hits += sequence.computed // self.pool.block_size
            if sequence.cached_tokens is None:
                sequence.cached_tokens = min(sequence.computed, sequence.prompt_length)
            self.waiting.remove(sequence)
            self.running.append(sequence)
            works[sequence] = Work(sequence, count)
            budget -= count

    def _reusable_keys(self, sequence: Sequence) -> list[bytes]:
        """Keys of the full blocks before the last token, which must be run to know what follows it."""
        return sequence.keys.upto(sequence.tokens, (len(sequence.tokens) - 1) // self.pool.block_size)

    def _being_computed(self, sequence: Sequence) -> bool:
        keys = self._reusable_keys(sequence)
        known = len(self.pool.match(keys))
        if known == len(keys):
            return False
        return any(
            keys[known : known + 1] == self._reusable_keys(other)[known : known + 1]
            for other in self.running
            if not other.decoding
        )

    def _grow(self, sequence: Sequence, count: int) -> bool:
        """Give it blocks for `count` more tokens; False, and nothing changed, where there are not enough."""
        size = self.pool.block_size
        missing = -(-(sequence.computed + count) // size) - len(sequence.blocks)
        if missing > 0:
            blocks = self.pool.allocate(missing)
            if blocks is None:
                return False
            sequence.blocks += blocks
        return True

    def _preempt(self, sequence: Sequence) -> None:
        """Take all its blocks; it starts again from its tokens, ahead of all that wait."""
        self.preemptions += 1
        self.running.remove(sequence)
        self._release(sequence)
        self.waiting.appendleft(sequence)

    def _release(self, sequence: Sequence) -> None:
        self.pool.release(sequence.blocks)
        sequence.blocks, sequence.computed = [], 0
