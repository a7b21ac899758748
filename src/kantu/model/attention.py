"""Attention over packed tokens: segments that see only themselves, and the protocol of the decoder's cache."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from kantu.model.config import TextConfig
from kantu.native import kernels


def segment_attention(q: Tensor, k: Tensor, v: Tensor, lengths: Sequence[int]) -> Tensor:
    """Full attention inside each segment of packed tokens, none across.

    q, k, v and the result are [tokens, heads, head_dim]; `lengths` adds up to tokens. Segments of equal length run as
    one batch.
    """
    if kernels.can_attend_many(q):
        parts = zip(*(torch.split(x, list(lengths)) for x in (q, k, v)), strict=True)
        outputs = [
            kernels.attend_many(query, key.transpose(0, 1), value.transpose(0, 1)) for query, key, value in parts
        ]
        return outputs[0] if len(outputs) == 1 else torch.cat(outputs)
    if len(set(lengths)) == 1:
        batch = (len(lengths), lengths[0], *q.shape[1:])
        q, k, v = (x.reshape(batch).transpose(1, 2) for x in (q, k, v))
        return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(0, 1)
    q, k, v = (x.transpose(0, 1).unsqueeze(0) for x in (q, k, v))  # [1, heads, tokens, head_dim]
    outputs, start = [], 0
    for length in lengths:
        query, key, value = (x.narrow(2, start, length) for x in (q, k, v))
        outputs.append(F.scaled_dot_product_attention(query, key, value).squeeze(0).transpose(0, 1))
        start += length
    return torch.cat(outputs)


class KVCache(Protocol):
    """What the decoder needs of its cache: store this call's keys and values, and attend.

    One call of the decoder calls `attend` once per layer, in order, with the tokens of that call. The cache decides how
    keys and values are stored, which sequence a token belongs to and what it may see.
    """

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """q [tokens, heads, head_dim], k and v [tokens, kv_heads, head_dim] -> [tokens, heads, head_dim]."""
        ...


class ContiguousCache:
    """Keys and values of one sequence, in one buffer of fixed capacity per layer."""

    def __init__(self, config: TextConfig, capacity: int, *, device: torch.device, dtype: torch.dtype) -> None:
        shape = (config.num_hidden_layers, 2, config.num_key_value_heads, capacity, config.head_dim)
        self._buffer = torch.empty(shape, device=device, dtype=dtype)
        self._lengths = [0] * config.num_hidden_layers

    @property
    def capacity(self) -> int:
        return self._buffer.shape[3]

    @property
    def length(self) -> int:
        """Tokens stored in every layer."""
        return self._lengths[-1]

    def truncate(self, length: int) -> None:
        """Forget everything from token `length` on."""
        self._lengths = [min(length, known) for known in self._lengths]

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        start, tokens = self._lengths[layer], q.shape[0]
        end = start + tokens
        if end > self.capacity:
            raise ValueError(f"cache of {self.capacity} tokens cannot hold {end}")
        keys, values = self._buffer[layer]
        keys[:, start:end] = k.transpose(0, 1)
        values[:, start:end] = v.transpose(0, 1)
        self._lengths[layer] = end
        mask = None
        if tokens > 1 and start > 0:  # new tokens see all of the past and their own past
            mask = torch.ones(tokens, end, dtype=torch.bool, device=q.device).tril(diagonal=start)
        output = F.scaled_dot_product_attention(
            q.transpose(0, 1).unsqueeze(0),
            keys[:, :end].unsqueeze(0),
            values[:, :end].unsqueeze(0),
            attn_mask=mask,
            is_causal=tokens > 1 and start == 0,
            enable_gqa=q.shape[1] != k.shape[1],
        )
        return output.squeeze(0).transpose(0, 1)
