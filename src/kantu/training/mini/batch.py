"""The tensors of one training step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor

GLYPH_SLOTS = 3  # digits of 14 px are 8 px wide: a patch of 16 px may begin two or three characters
IGNORED = -100


@dataclass(frozen=True)
class TextBatch:
    """The text of one step: questions about `pictures` pictures. The tokens of all sequences stand in one row.

    `segments` is 0 in the beginning that a sequence's questions share, n in its n-th question, -1 in padding. `labels`
    holds the next token where it is to be learned, else IGNORED.
    """

    index: int
    pictures: int
    input_ids: Tensor  # [tokens]
    positions: Tensor  # [3, tokens]
    segments: Tensor
    labels: Tensor
    pointers: Tensor  # [3, pairs]: a `Look`, a token, and a token it should look at; in this order
    lengths: tuple[int, ...]  # tokens of each sequence, padding included
    families: tuple[str, ...]  # of each sequence

    def to(self, device: torch.device) -> Self:
        """The same on a device; copies from pinned memory do not wait."""
        return self._each(lambda tensor: tensor.to(device, non_blocking=True))

    def pin_memory(self) -> Self:
        """The same in memory that a GPU copies from without the processor (`DataLoader` calls this)."""
        return self._each(Tensor.pin_memory)

    def _each(self, change: Callable[[Tensor], Tensor]) -> Self:
        return replace(self, **{name: change(value) for name, value in vars(self).items() if torch.is_tensor(value)})  # type: ignore[arg-type]


@dataclass(frozen=True)
class Batch(TextBatch):
    """The text and the pictures, all of one grid."""

    grid: tuple[int, int, int]
    patches: Tensor  # [pictures * patches, patch_dim]
    glyph_counts: Tensor  # [pictures * patches], 0..GLYPH_SLOTS
    glyphs: Tensor  # [characters, 3]: patch, slot, token id (IGNORED in padding)
    glyph_sizes: Tensor  # [characters], em size in pixels
    extent_cells: Tensor  # [cells], visual tokens with characters
    extents: Tensor  # [cells, 4]: the box around these characters in cells, from the upper left corner of the cell
    named: Tensor  # [2, pairs]: a visual token of something that is not text, and a token of its name
    shown: Tensor  # [pictures in sequences], which of the pictures they are, in the order of the tokens
