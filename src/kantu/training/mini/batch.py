"""The tensors of one training step."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

GLYPH_SLOTS = 3  # digits of 14 px are 8 px wide: a patch of 16 px may begin two or three characters
IGNORED = -100


@dataclass(frozen=True)
class Batch:
    """Tensors of one step. `pictures` pictures of one grid; sequences are padded to one length.

    Text tensors are [pictures, length]; `segments` is 0 in a picture's shared beginning, n in its n-th question, -1 in
    padding. `labels` holds the next token where it is to be learned, else IGNORED.
    """

    index: int
    pictures: int
    grid: tuple[int, int, int]
    patches: Tensor  # [pictures * patches, patch_dim]
    glyph_counts: Tensor  # [pictures * patches], 0..GLYPH_SLOTS
    glyphs: Tensor  # [characters, 3]: patch, slot, token id (IGNORED in padding)
    glyph_sizes: Tensor  # [characters], em size in pixels
    input_ids: Tensor
    positions: Tensor  # [3, pictures, length]
    segments: Tensor
    labels: Tensor
