"""Attention in training: packed sequences in pieces, one after the other on a CPU, padded to batches elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import torch
from torch import Tensor

from kantu.training.mini import pieces
from kantu.training.mini.one_by_one import OneByOne
from kantu.training.mini.padded import Padded
from kantu.training.mini.pieces import Piece


class PackedAttention:
    """The decoder's cache in training: sequences whose questions see the picture and themselves only."""

    def __init__(
        self, segments: Tensor, lengths: Sequence[int], dtype: torch.dtype, watched: Collection[int] = ()
    ) -> None:
        """`segments` [tokens] and `lengths` as in `Batch`.

        Queries and keys of `watched` layers are kept in `seen`, what their heads bring back in `brought`.
        """
        self.watched, self.seen, self.brought = watched, dict[int, tuple[Tensor, Tensor]](), dict[int, Tensor]()
        self.way = way(pieces.of_sequences(segments, lengths), segments, dtype, segments.device)

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        output = self.way.attend(q, k, v)
        if layer in self.watched:
            self.seen[layer], self.brought[layer] = (q, k), output
        return output

    def paid(self, layer: int, head: int, pairs: Tensor) -> Tensor:
        """The share of attention that a head pays, from the first token of each pair to the second one.

        `pairs` [2, pairs] stand in the order of first tokens; the layer is a watched one.
        """
        q, k = self.seen[layer]
        return self.way.paid(q[:, head], k[:, head * k.shape[1] // q.shape[1]], pairs)


def frame_attention(q: Tensor, k: Tensor, v: Tensor, lengths: Sequence[int]) -> Tensor:
    """`kantu.model.attention.segment_attention` with gradients."""
    return way(pieces.of_frames(lengths), None, q.dtype, q.device).attend(q, k, v)


def way(cut: Sequence[Piece], segments: Tensor | None, dtype: torch.dtype, device: torch.device) -> OneByOne | Padded:
    """How pieces, which cover all tokens in their order, are computed on a device."""
    if device.type == "cpu":
        return OneByOne(cut, segments, dtype)
    return Padded(cut, segments, dtype, device)
