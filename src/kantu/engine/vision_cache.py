"""Visual tokens by the image's content, bounded in bytes: a second question does not encode the image again."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, slots=True)
class ImageKey:
    """Everything an image's visual tokens depend on, and the tenant they belong to."""

    tenant: str
    sha256: str
    grid: tuple[int, int, int]


class VisionCache:
    """Evicts the least recently used entry first. An entry is one tensor [1 + levels, visual tokens, hidden]."""

    def __init__(self, capacity_bytes: int) -> None:
        self.capacity_bytes = capacity_bytes
        self.bytes = 0
        self._entries: OrderedDict[ImageKey, Tensor] = OrderedDict()

    def __contains__(self, key: ImageKey) -> bool:
        return key in self._entries

    def get(self, key: ImageKey) -> Tensor | None:
        """The visual tokens, which become the most recently used; None if they are not in the cache."""
        visual = self._entries.get(key)
        if visual is not None:
            self._entries.move_to_end(key)
        return visual

    def put(self, key: ImageKey, visual: Tensor) -> None:
        """Keep them and evict older ones; a tensor larger than the whole cache is not kept."""
        if key in self._entries or visual.nbytes > self.capacity_bytes:
            return
        self._entries[key] = visual
        self.bytes += visual.nbytes
        while self.bytes > self.capacity_bytes:
            self.bytes -= self._entries.popitem(last=False)[1].nbytes

    def clear(self) -> None:
        self._entries.clear()
        self.bytes = 0

    def check(self) -> None:
        """Raise AssertionError if the bytes are miscounted or over the bound."""
        assert self.bytes == sum(visual.nbytes for visual in self._entries.values()), "bytes are miscounted"
        assert self.bytes <= self.capacity_bytes, "the bound is exceeded"
