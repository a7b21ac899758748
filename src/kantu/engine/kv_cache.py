"""Which blocks of the KV cache hold what: reference counts, a prefix index, LRU eviction. No tensors.

A block holds the keys and values of `block_size` consecutive tokens. A full block is known by a key, a SHA-256 over all
that its content depends on, so that a later request which starts the same way finds it. No hash, no reuse: truncated
hashes, or keys of token ids alone (every picture is the same run of placeholder ids), have answered one user's question
from another user's picture in other engines.
"""

from __future__ import annotations

import hashlib
import struct
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class ImageSpan:
    """Where a picture's placeholder tokens stand in a prompt, and which picture it is.

    Attributes:
        start, length: in tokens.
        sha256: of the clean pixels with their shape, 64 hexadecimal digits.
        grid: (frames, rows, columns) in patches.
    """

    start: int
    length: int
    sha256: str
    grid: tuple[int, int, int]

    @property
    def end(self) -> int:
        return self.start + self.length


def root_key(tenant: str, adapter: str = "") -> bytes:
    """The key before the first block: what separates whole worlds of blocks from each other."""
    digest = hashlib.sha256(b"kantu-kv")
    for part in (tenant.encode(), adapter.encode()):
        digest.update(struct.pack("<q", len(part)) + part)
    return digest.digest()


def block_key(parent: bytes, start: int, token_ids: Sequence[int], images: Sequence[ImageSpan]) -> bytes:
    """The key of the full block of `token_ids` that begins at token `start` and follows the block of key `parent`.

    Every picture that reaches into the block enters with its full hash, its grid and where the block cuts it.
    """
    digest = hashlib.sha256(parent)
    digest.update(np.asarray(token_ids, dtype="<i8").tobytes())
    for image in images:
        if image.start < start + len(token_ids) and image.end > start:
            digest.update(bytes.fromhex(image.sha256))
            digest.update(struct.pack("<5q", *image.grid, start - image.start, image.length))
    return digest.digest()


class PrefixKeys:
    """The keys of one sequence's full blocks, made as its tokens come."""

    def __init__(self, root: bytes, block_size: int, images: Sequence[ImageSpan]) -> None:
        self._root, self._block_size, self._images = root, block_size, tuple(images)
        self._keys: list[bytes] = []

    def upto(self, tokens: Sequence[int], blocks: int) -> list[bytes]:
        """Keys of the first `blocks` blocks of `tokens`, which may only ever have grown since the last call."""
        self._make(tokens, blocks)
        return self._keys[:blocks]

    def key(self, tokens: Sequence[int], number: int) -> bytes:
        """The key of one block of `tokens`, as with `upto`."""
        self._make(tokens, number + 1)
        return self._keys[number]

    def copy(self) -> PrefixKeys:
        """Another one in the same state."""
        other = PrefixKeys(self._root, self._block_size, self._images)
        other._keys = list(self._keys)
        return other

    def _make(self, tokens: Sequence[int], blocks: int) -> None:
        while len(self._keys) < blocks:
            start = len(self._keys) * self._block_size
            parent = self._keys[-1] if self._keys else self._root
            self._keys.append(block_key(parent, start, tokens[start : start + self._block_size], self._images))


class BlockPool:
    """Hands out blocks by number.

    A block is held (by one or more sequences) or free. A free block keeps its content and its key until it is handed
    out again: unkeyed blocks first, then the one freed longest ago.

    Invariant (`check`): held + free = total; the index and the blocks' keys mirror each other.
    """

    def __init__(self, total: int, block_size: int) -> None:
        self.total, self.block_size = total, block_size
        self._holders = [0] * total
        self._keys: list[bytes | None] = [None] * total
        self._index: dict[bytes, int] = {}
        self._free: OrderedDict[int, None] = OrderedDict.fromkeys(range(total))

    @property
    def free(self) -> int:
        return len(self._free)

    def match(self, keys: Sequence[bytes]) -> list[int]:
        """The blocks that hold the longest known beginning of `keys`. They are not held yet; see `hold`."""
        blocks: list[int] = []
        for key in keys:
            block = self._index.get(key)
            if block is None:
                break
            blocks.append(block)
        return blocks

    def holds(self, key: bytes) -> bool:
        """Whether a block is known by this key."""
        return key in self._index

    def hold(self, blocks: Sequence[int]) -> None:
        """Add a holder to each of these blocks."""
        for block in blocks:
            self._free.pop(block, None)
            self._holders[block] += 1

    def allocate(self, count: int) -> list[int] | None:
        """`count` blocks of undefined content, held once, or None if there are not as many."""
        if count > len(self._free):
            return None
        blocks = [self._free.popitem(last=False)[0] for _ in range(count)]
        for block in blocks:
            self._holders[block] = 1
            self._forget(block)
        return blocks

    def release(self, blocks: Sequence[int]) -> None:
        """Take a holder away from each of a sequence's blocks, given in order; its end is evicted before its start."""
        for block in reversed(blocks):
            self._holders[block] -= 1
            if self._holders[block] == 0:
                self._free[block] = None
                if self._keys[block] is None:
                    self._free.move_to_end(block, last=False)

    def register(self, block: int, key: bytes) -> None:
        """Make a held, full block findable. Where another block is already known by that key, that one stays."""
        if self._keys[block] is None and key not in self._index:
            self._keys[block] = key
            self._index[key] = block

    def clear(self) -> None:
        """Forget what all blocks hold."""
        for block in range(self.total):
            self._forget(block)

    def check(self) -> None:
        """Raise AssertionError where the books do not add up."""
        held = sum(holders > 0 for holders in self._holders)
        assert min(self._holders, default=0) >= 0, "a block was released more often than held"
        assert held + len(self._free) == self.total, f"{held} held + {len(self._free)} free != {self.total}"
        assert all(self._holders[block] == 0 for block in self._free), "a free block is held"
        keyed = {key: block for block, key in enumerate(self._keys) if key is not None}
        assert keyed == self._index, "index and blocks disagree"

    def _forget(self, block: int) -> None:
        key = self._keys[block]
        if key is not None:
            del self._index[key]
            self._keys[block] = None
