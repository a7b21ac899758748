"""Which tokens run in a step: first the next token of every running answer, then longer chunks, line by line.

Batching never changes an answer, so the order can be chosen for fairness: between callers, `engine.lines` decides.
"""

from __future__ import annotations

import bisect
import heapq
from collections import Counter
from dataclasses import dataclass

from kantu.engine.kv_cache import BlockPool
from kantu.engine.lines import Lines
from kantu.engine.sequence import Sequence


@dataclass(frozen=True, eq=False, slots=True)
class Chunk:
    """The next `count` tokens of a sequence, to be run in this step."""

    sequence: Sequence
    count: int

    @property
    def start(self) -> int:
        return self.sequence.computed

    @property
    def samples(self) -> bool:
        """Whether it includes the sequence's last token, so that the next one can be chosen."""
        return self.start + self.count == len(self.sequence.tokens)


class _Step:
    """The chunks of one step and what is left of its budget of tokens."""

    def __init__(self, tokens: int) -> None:
        self.chunks: dict[Sequence, Chunk] = {}
        self.left = tokens

    def add(self, sequence: Sequence, count: int) -> None:
        self.chunks[sequence] = Chunk(sequence, count)
        self.left -= count

    def drop(self, sequence: Sequence) -> None:
        chunk = self.chunks.pop(sequence, None)
        self.left += 0 if chunk is None else chunk.count


class Scheduler:
    """Holds the sequences and gives each the blocks it needs.

    There is always progress: the oldest running sequence is never preempted for another one, and every admitted
    sequence fits in memory when it runs alone.
    """

    def __init__(self, pool: BlockPool, *, step_tokens: int, max_running: int) -> None:
        self.pool = pool
        self.waiting = Lines()
        self.running: dict[Sequence, None] = {}  # in order of arrival
        self.preemptions = 0
        self.prefix_queries = 0
        self.prefix_hits = 0
        self._step_tokens, self._max_running = step_tokens, max_running
        self._prefilling: dict[Sequence, list[bytes]] = {}  # in prefill -> keys of the blocks before the last token
        self._prefilling_keys: Counter[bytes] = Counter()  # how many sequences in prefill have each key
        self._awaited: dict[Sequence, bytes] = {}  # waiting -> the last key it shares with one in prefill

    def add(self, sequence: Sequence) -> None:
        self.waiting.add(sequence)

    def remove(self, sequence: Sequence) -> None:
        """Forget a sequence, wherever it is, and free its blocks."""
        if sequence in self.running:
            self._stop(sequence)
        else:
            self.waiting.remove(sequence)
            self._awaited.pop(sequence, None)

    def schedule(self) -> list[Chunk]:
        """The chunks of the next step, with blocks for all of it; empty when there is nothing to do."""
        self._make_room()
        step = _Step(self._step_tokens)
        preemptions = self.preemptions
        for sequence in list(self.running):
            if sequence.decoding and sequence.remaining == 1 and sequence in self.running:  # it may have been preempted
                self._give(sequence, step, chosen=False)
        self._share(step, admit=self.preemptions == preemptions)
        return list(step.chunks.values())

    def _make_room(self) -> None:
        """When every place is taken, preempt a sequence of a line above its share if a waiting line is below its own.

        The places are shared equally among the lines. Without this, a line with long answers would keep all others
        waiting until one of its answers ends. The preempted sequence finds its blocks again unless they were needed.
        """
        if len(self.running) < self._max_running or not self.waiting:
            return
        share = max(1, self._max_running // len(self.waiting.places()))
        victim = self._victim()
        if self.waiting.running(victim.job.line) > share > self.waiting.fewest_running():
            self._preempt(victim)

    def _share(self, step: _Step, *, admit: bool) -> None:
        """Share out the rest of a step's budget, to the line with the fewest tokens so far first.

        Within a line, running sequences come before waiting ones.

        Args:
            admit: whether waiting sequences may start.
        """
        candidates: dict[str, list[Sequence]] = {}
        for sequence in self.running:
            if sequence.remaining and sequence not in step.chunks:
                candidates.setdefault(sequence.job.line, []).append(sequence)
        if admit and len(self.running) < self._max_running:
            for name, waiting in self.waiting.waiting().items():
                candidates.setdefault(name, []).extend(waiting)
        lines, places, preemptions = self.waiting, self.waiting.places(), self.preemptions
        order = [(lines.tokens(name), lines.running(name), places[name], name) for name in candidates]
        heapq.heapify(order)
        following = {name: iter(line) for name, line in candidates.items()}
        while order and step.left > 0:
            *_, name = heapq.heappop(order)
            for sequence in following[name]:
                given = False
                if sequence in self.running:
                    given = self._give(sequence, step, chosen=True)
                elif admit and self.preemptions == preemptions and len(self.running) < self._max_running:
                    admit, given = self._admit(sequence, step)
                if given:
                    heapq.heappush(order, (lines.tokens(name), lines.running(name), places[name], name))
                    break

    def commit(self, chunk: Chunk) -> None:
        """Record that a chunk has run: its tokens are held, and its full blocks can be found."""
        sequence, size = chunk.sequence, self.pool.block_size
        before, sequence.computed = sequence.computed // size, sequence.computed + chunk.count
        for number in range(before, sequence.computed // size):
            self.pool.register(sequence.blocks[number], sequence.keys.key(sequence.tokens, number))
        if sequence.decoding:
            self._end_prefill(sequence)

    def _give(self, sequence: Sequence, step: _Step, *, chosen: bool) -> bool:
        """Give a running sequence a chunk of the rest of a step. Returns whether it got one."""
        count = min(sequence.remaining, step.left)
        if count < 1:
            return False
        while not self._grow(sequence, count):
            victim = self._victim()
            step.drop(victim)
            self._preempt(victim)
            if victim is sequence:
                return False
        self.waiting.charge(sequence.job.line, count, chosen=chosen)
        step.add(sequence, count)
        return True

    def _victim(self) -> Sequence:
        """The youngest sequence of the line with most running; the oldest of all only when it runs alone."""
        return max(reversed(self.running), key=lambda sequence: self.waiting.running(sequence.job.line))

    def _admit(self, sequence: Sequence, step: _Step) -> tuple[bool, bool]:
        """Start a waiting sequence in the rest of a step. Returns whether to try others, and whether it started."""
        if self._prefix_in_prefill(sequence):  # wait for the other sequence, and reuse its blocks
            return True, False
        keys = self._reusable_keys(sequence)
        matched = self.pool.match(keys)
        self.pool.hold(matched)
        sequence.blocks, sequence.computed = matched, len(matched) * self.pool.block_size
        count = min(sequence.remaining, step.left)
        if not self._grow(sequence, count):
            self._release(sequence)
            return False, False
        self.prefix_queries += len(sequence.tokens) // self.pool.block_size
        self.prefix_hits += sequence.computed // self.pool.block_size
        if sequence.cached_tokens is None:
            sequence.cached_tokens = min(sequence.computed, sequence.prompt_length)
        self.waiting.charge(sequence.job.line, count, chosen=True)
        self.waiting.started(sequence)
        self.running[sequence] = None
        if not sequence.decoding:
            self._prefilling[sequence] = keys
            self._prefilling_keys.update(keys)
        step.add(sequence, count)
        return True, True

    def _reusable_keys(self, sequence: Sequence) -> list[bytes]:
        """Keys of the full blocks before the last token, which must be run to know what follows it."""
        return sequence.keys.upto(sequence.tokens, (len(sequence.tokens) - 1) // self.pool.block_size)

    def _prefix_in_prefill(self, sequence: Sequence) -> bool:
        """Whether a sequence in prefill will hold more of this one's prefix than the cache holds now.

        A request sharing a prefix that is still in prefill waits for it. A key stands for all tokens up to its block,
        so two sequences share their first keys. The last shared key is remembered: until it is held, or the prefill of
        its sequence ends, asking again costs nothing.
        """
        awaited = self._awaited.get(sequence)
        if awaited is not None and awaited in self._prefilling_keys and not self.pool.holds(awaited):
            return True
        self._awaited.pop(sequence, None)
        keys = self._reusable_keys(sequence)
        known = len(self.pool.match(keys))
        shared = bisect.bisect_left(keys, True, lo=known, key=lambda key: key not in self._prefilling_keys)
        if shared == known:
            return False
        self._awaited[sequence] = keys[shared - 1]
        return True

    def _end_prefill(self, sequence: Sequence) -> None:
        for key in self._prefilling.pop(sequence, ()):
            self._prefilling_keys[key] -= 1
            if not self._prefilling_keys[key]:
                del self._prefilling_keys[key]

    def _grow(self, sequence: Sequence, count: int) -> bool:
        """Give it blocks for `count` more tokens. False if there are not enough; nothing changes then."""
        size = self.pool.block_size
        missing = -(-(sequence.computed + count) // size) - len(sequence.blocks)
        if missing > 0:
            blocks = self.pool.allocate(missing)
            if blocks is None:
                return False
            sequence.blocks += blocks
        return True

    def _preempt(self, sequence: Sequence) -> None:
        """Take all its blocks. It waits at the head of its line, and is computed again from its tokens."""
        self.preemptions += 1
        self.waiting.add_first(sequence)
        self._stop(sequence)

    def _stop(self, sequence: Sequence) -> None:
        del self.running[sequence]
        self.waiting.stopped(sequence)
        self._end_prefill(sequence)
        self._release(sequence)

    def _release(self, sequence: Sequence) -> None:
        self.pool.release(sequence.blocks)
        sequence.blocks, sequence.computed = [], 0
