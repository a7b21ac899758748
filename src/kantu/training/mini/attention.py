"""Attention in training: packed sequences, one after the other on a CPU, padded to one batch elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

Masks = Sequence[Tensor | None]
"""What to add to the scores of each sequence, [length, length]; None where every token sees all others."""


class PackedAttention:
    """The decoder's cache in training: sequences whose questions see the picture and themselves only."""

    def __init__(self, segments: Tensor, lengths: Sequence[int], dtype: torch.dtype) -> None:
        """`segments` [tokens] and `lengths` as in `Batch`."""
        self.lengths = lengths
        self.masks = [_mask(part, dtype) for part in torch.split(segments, list(lengths))]

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        output: Tensor = attend(q, k, v, self.lengths, self.masks)
        return output


def frame_attention(q: Tensor, k: Tensor, v: Tensor, lengths: Sequence[int]) -> Tensor:
    """`kantu.model.attention.segment_attention` with gradients."""
    output: Tensor = attend(q, k, v, lengths, [None] * len(lengths))
    return output


def _mask(segments: Tensor, dtype: torch.dtype) -> Tensor:
    causal = torch.ones(len(segments), len(segments), dtype=torch.bool, device=segments.device).tril()
    visible = (segments[None, :] == 0) | (segments[None, :] == segments[:, None])
    nothing = torch.zeros(causal.shape, dtype=dtype, device=segments.device)
    return nothing.masked_fill_(~(causal & visible), torch.finfo(dtype).min)


@torch.compiler.disable  # type: ignore[untyped-decorator]
def attend(q: Tensor, k: Tensor, v: Tensor, lengths: Sequence[int], masks: Masks) -> Tensor:
    """q [tokens, heads, head_dim], k and v [tokens, kv_heads, head_dim] -> [tokens, heads, head_dim]."""
    q, k, v = (x.transpose(0, 1) for x in (q, k, v))
    if q.device.type == "cpu":
        output: Tensor = _OneByOne.apply(q.contiguous(), k.contiguous(), v.contiguous(), lengths, masks)  # type: ignore[no-untyped-call]
    else:
        output = padded_attention(q, k, v, lengths, masks)
    return output.transpose(0, 1)


def padded_attention(q: Tensor, k: Tensor, v: Tensor, lengths: Sequence[int], masks: Masks) -> Tensor:
    """All sequences as one batch of the longest one's length, by PyTorch's fused attention.

    Tensors are [heads, tokens, size]. Padding comes last and the masks hide it: without masks, all sequences must have
    one length.
    """
    longest, gaps = max(lengths), [max(lengths) - length for length in lengths]
    queries, keys, values = (
        pad_sequence(list(torch.split(x.transpose(0, 1), list(lengths))), batch_first=True).transpose(1, 2)
        for x in (q, k, v)
    )
    added = [_padded(mask, gap) for mask, gap in zip(masks, gaps, strict=True) if mask is not None]
    if not added and any(gaps):
        raise ValueError("sequences without masks must have one length")
    mask = torch.stack(added)[:, None] if added else None
    output = F.scaled_dot_product_attention(queries, keys, values, attn_mask=mask, enable_gqa=len(q) != len(k))
    return torch.cat([rows[:, : longest - gap] for rows, gap in zip(output, gaps, strict=True)], 1)


def _padded(mask: Tensor, gap: int) -> Tensor:
    """The mask with `gap` more keys, which nobody sees, and as many more queries."""
    return F.pad(F.pad(mask, (0, gap), value=torch.finfo(mask.dtype).min), (0, 0, 0, gap))


class _OneByOne(torch.autograd.Function):
    """Plain products of one head of one sequence at a time, whose scores stay in the processor's cache.

    On CPUs without AMX this takes a third of the time of PyTorch's flash kernel in BF16, and half of that of plain
    products of the whole batch. All tensors are [heads, tokens, size], contiguous.
    """

    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor, lengths: Sequence[int], masks: Masks) -> Tensor:
        q = q * q.shape[-1] ** -0.5
        output = torch.empty_like(q)
        probabilities = []
        for head, kv_head in _heads(q, k):
            parts = _split(lengths, q[head], k[kv_head], v[kv_head], output[head])
            for mask, (query, key, value, out) in zip(masks, parts, strict=True):
                scores = torch.mm(query, key.T)
                if mask is not None:
                    scores += mask
                probabilities.append(torch.softmax(scores, -1, out=scores))
                torch.mm(scores, value, out=out)
        ctx.save_for_backward(q, k, v, *probabilities)
        ctx.lengths = lengths
        return output

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        q, k, v, *probabilities = ctx.saved_tensors
        gradient = gradient.contiguous()
        dq, dk, dv = torch.empty_like(q), torch.zeros_like(k), torch.zeros_like(v)
        remaining = iter(probabilities)
        for head, kv_head in _heads(q, k):
            tensors = (q[head], k[kv_head], v[kv_head], gradient[head], dq[head], dk[kv_head], dv[kv_head])
            for query, key, value, grad, d_query, d_key, d_value in _split(ctx.lengths, *tensors):
                attended = next(remaining)
                d_value += torch.mm(attended.T, grad)
                d_scores = torch.mm(grad, value.T)
                torch._softmax_backward_data(d_scores, attended, -1, attended.dtype, grad_input=d_scores)
                d_key += torch.mm(d_scores.T, query)
                torch.mm(d_scores, key, out=d_query)
        return dq.mul_(q.shape[-1] ** -0.5), dk, dv, None, None


def _heads(q: Tensor, k: Tensor) -> Iterator[tuple[int, int]]:
    """Each head and the one whose keys and values it shares."""
    return ((head, head * len(k) // len(q)) for head in range(len(q)))


def _split(lengths: Sequence[int], *tensors: Tensor) -> Iterator[tuple[Tensor, ...]]:
    return zip(*(torch.split(tensor, list(lengths)) for tensor in tensors), strict=True)
