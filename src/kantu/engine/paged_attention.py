"""The KV cache in blocks: keys and values of all sequences in one buffer, and attention over a packed batch."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from kantu.engine.looking import Watch
from kantu.model.config import TextConfig
from kantu.native import kernels


def block_bytes(config: TextConfig, block_size: int, dtype: torch.dtype) -> int:
    """Bytes of one block over all layers."""
    per_token = config.num_hidden_layers * 2 * config.num_key_value_heads * config.head_dim
    return per_token * block_size * dtype.itemsize


class KVStore:
    """Keys and values, [layers, 2, kv_heads, slots, head_dim]; block b owns the slots from b * block_size."""

    def __init__(
        self, config: TextConfig, blocks: int, block_size: int, *, device: torch.device, dtype: torch.dtype
    ) -> None:
        self.block_size = block_size
        self.device = device
        shape = (config.num_hidden_layers, 2, config.num_key_value_heads, blocks * block_size, config.head_dim)
        # Pages that were never written cost no memory on the CPU.
        self.buffer = torch.empty(shape, device=device, dtype=dtype)

    def segment(self, blocks: Sequence[int], context: int, count: int) -> Segment:
        """The part of a packed batch that adds `count` tokens to the `context` tokens held in `blocks`."""
        end = context + count
        used = blocks[: -(-end // self.block_size)]
        if all(after == before + 1 for before, after in itertools.pairwise(used)):
            start = used[0] * self.block_size
            slots: slice | Tensor = slice(start, start + end)
            new = torch.arange(start + context, start + end, device=self.device)
        else:
            first = torch.tensor(used, device=self.device)[:, None] * self.block_size
            slots = (first + torch.arange(self.block_size, device=self.device)).flatten()[:end]
            new = slots[context:]
        mask = None
        if count > 1 and context > 0:  # new tokens see all of the past and their own past
            mask = torch.ones(count, end, dtype=torch.bool, device=self.device).tril(diagonal=context)
        return Segment(context, count, slots, new, mask)


@dataclass(frozen=True)
class Segment:
    """One sequence's tokens in a packed batch.

    Attributes:
        context, count: tokens already held, and tokens of this batch.
        slots: where the keys of all context + count tokens are; a slice if they are contiguous.
        new_slots: where the keys of this batch's tokens go, [count].
        mask: [count, context + count], True where a token is seen; None if causality or a single token needs none.
    """

    context: int
    count: int
    slots: slice | Tensor
    new_slots: Tensor
    mask: Tensor | None


class PagedAttention:
    """`KVCache` of one forward over a packed batch of segments, in their order.

    Args:
        watch: sees the queries and keys of every layer.
    """

    def __init__(self, store: KVStore, segments: Sequence[Segment], watch: Watch | None = None) -> None:
        self._buffer = store.buffer
        self._watch = watch
        self._segments = segments
        self._new_slots = torch.cat([segment.new_slots for segment in segments])
        native = kernels.can(store.buffer)
        self._singles = list(itertools.takewhile(lambda segment: segment.count == 1, segments)) if native else []
        self._single_slots, self._single_ends = _together(self._singles)
        self._attend = _attend_natively if kernels.can_attend_many(store.buffer) else _attend

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        keys, values = self._buffer[layer]  # [kv_heads, slots, head_dim]
        keys.index_copy_(1, self._new_slots, k.transpose(0, 1))
        values.index_copy_(1, self._new_slots, v.transpose(0, 1))
        if self._watch is not None:
            self._watch.see(layer, q, keys)
        outputs, start = [], len(self._singles)
        if self._singles:
            outputs.append(kernels.attend(q[:start], keys, values, self._single_slots, self._single_ends))
        for segment in self._segments[start:]:
            outputs.append(self._attend(q[start : start + segment.count], keys, values, segment))
            start += segment.count
        return outputs[0] if len(outputs) == 1 else torch.cat(outputs)


def _attend(q: Tensor, keys: Tensor, values: Tensor, segment: Segment) -> Tensor:
    output = F.scaled_dot_product_attention(
        q.transpose(0, 1)[None],
        _rows(keys, segment.slots)[None],
        _rows(values, segment.slots)[None],
        attn_mask=segment.mask,
        is_causal=segment.context == 0 and segment.count > 1,
        enable_gqa=q.shape[1] != keys.shape[0],
    )
    return output[0].transpose(0, 1)


def _attend_natively(q: Tensor, keys: Tensor, values: Tensor, segment: Segment) -> Tensor:
    slots = segment.slots
    if isinstance(slots, slice):
        return kernels.attend_many(q, keys[:, slots], values[:, slots], causal=True)
    return kernels.attend_many(q, keys, values, slots=slots, causal=True)


def _together(segments: Sequence[Segment]) -> tuple[Tensor, Tensor]:
    """The slots of all segments, one after the other, and where each segment ends among them; on the CPU."""
    slots = [
        torch.arange(segment.slots.start, segment.slots.stop) if isinstance(segment.slots, slice) else segment.slots
        for segment in segments
    ]
    ends = torch.tensor([segment.context + segment.count for segment in segments], dtype=torch.long).cumsum(0)
    return torch.cat([torch.empty(0, dtype=torch.long), *slots]), ends


def _rows(buffer: Tensor, slots: slice | Tensor) -> Tensor:
    return buffer[:, slots] if isinstance(slots, slice) else buffer.index_select(1, slots)
