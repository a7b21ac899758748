"""Attention in training: packed sequences in pieces, one after the other on a CPU, padded to one batch elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

_PIECE_TOKENS = 256  # of questions that are asked together


@dataclass(frozen=True)
class Piece:
    """The queries `start:end`. They see the `shared` tokens from `begin` on, and one another.

    `mask` is what to add to their scores, [queries, shared + queries]; None where each sees all of them.
    """

    start: int
    end: int
    begin: int = 0
    shared: int = 0
    mask: Tensor | None = None

    def of(self, tokens: Tensor) -> Tensor:
        """The queries' own rows."""
        return tokens[self.start : self.end]

    def seen(self, tokens: Tensor) -> Tensor:
        """The rows that are seen: the shared ones, then their own."""
        own = self.of(tokens)
        return torch.cat((tokens[self.begin : self.begin + self.shared], own)) if self.shared else own

    def add_seen(self, tokens: Tensor, change: Tensor) -> None:
        """Add `change` to the rows that are seen."""
        tokens[self.begin : self.begin + self.shared] += change[: self.shared]
        tokens[self.start : self.end] += change[self.shared :]


class PackedAttention:
    """The decoder's cache in training: sequences whose questions see the picture and themselves only.

    Since questions do not see each other, a sequence is cut into its beginning and pieces of some questions each: many
    questions about one picture then cost in proportion to their number, not to its square.
    """

    def __init__(
        self, segments: Tensor, lengths: Sequence[int], dtype: torch.dtype, watched: Collection[int] = ()
    ) -> None:
        """`segments` [tokens] and `lengths` as in `Batch`.

        Queries and keys of `watched` layers are kept in `seen`, what their heads bring back in `brought`.
        """
        self.watched, self.seen, self.brought = watched, dict[int, tuple[Tensor, Tensor]](), dict[int, Tensor]()
        starts = [sum(lengths[:number]) for number in range(len(lengths))]
        told = segments.tolist()
        self.pieces: list[Piece] = []
        for begin, length in zip(starts, lengths, strict=True):
            (_, shared), *questions = _cuts(told, begin, begin + length)
            self.pieces.append(_piece(segments, begin, shared, begin, 0, dtype))
            self.pieces += [_piece(segments, *cut, begin, shared - begin, dtype) for cut in questions]

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        output: Tensor = attend(q, k, v, self.pieces)
        if layer in self.watched:
            self.seen[layer], self.brought[layer] = (q, k), output
        return output


def frame_attention(q: Tensor, k: Tensor, v: Tensor, lengths: Sequence[int]) -> Tensor:
    """`kantu.model.attention.segment_attention` with gradients."""
    ends = [sum(lengths[: number + 1]) for number in range(len(lengths))]
    pieces = [Piece(end - length, end) for end, length in zip(ends, lengths, strict=True)]
    output: Tensor = attend(q, k, v, pieces)
    return output


def _cuts(segments: Sequence[int], begin: int, end: int) -> Iterator[tuple[int, int]]:
    """The beginning of one sequence, then its questions, as many at a time as find room in a piece."""
    first = begin
    for place in range(begin + 1, end):
        if segments[place] == segments[place - 1]:
            continue
        following = next((at for at in range(place, end) if segments[at] != segments[place]), end)
        if segments[first] == 0 or following - first > _PIECE_TOKENS:
            yield first, place
            first = place
    yield first, end


def _piece(segments: Tensor, start: int, end: int, begin: int, shared: int, dtype: torch.dtype) -> Piece:
    own = segments[start:end]
    visible = (own[None, :] == own[:, None]).tril()
    nothing = torch.zeros(len(own), shared + len(own), dtype=dtype, device=segments.device)
    return Piece(
        start, end, begin, shared, nothing.masked_fill_(~F.pad(visible, (shared, 0), value=True), _least(dtype))
    )


def _least(dtype: torch.dtype) -> float:
    return torch.finfo(dtype).min


@torch.compiler.disable  # type: ignore[untyped-decorator]
def attend(q: Tensor, k: Tensor, v: Tensor, pieces: Sequence[Piece]) -> Tensor:
    """q [tokens, heads, head_dim], k and v [tokens, kv_heads, head_dim] -> [tokens, heads, head_dim].

    The pieces cover all tokens in their order.
    """
    if q.device.type != "cpu":
        return padded_attention(q, k, v, pieces)
    by_head = (x.transpose(0, 1).contiguous() for x in (q, k, v))
    output: Tensor = _OneByOne.apply(*by_head, pieces)  # type: ignore[no-untyped-call]
    return output.transpose(0, 1)


def padded_attention(q: Tensor, k: Tensor, v: Tensor, pieces: Sequence[Piece]) -> Tensor:
    """All pieces as one batch of the largest one's size, by PyTorch's fused attention. Shapes as in `attend`.

    Padding comes last and the masks hide it: without masks, all pieces must have one length.
    """
    queries = pad_sequence([piece.of(q) for piece in pieces], batch_first=True).transpose(1, 2)
    keys, values = (pad_sequence([piece.seen(x) for piece in pieces], batch_first=True).transpose(1, 2) for x in (k, v))
    masks = [piece.mask for piece in pieces if piece.mask is not None]
    if not masks and len({piece.end - piece.start for piece in pieces}) > 1:
        raise ValueError("pieces without masks must have one length")
    shape = queries.shape[2], keys.shape[2]
    mask = torch.stack([_padded(mask, *shape) for mask in masks])[:, None] if masks else None
    output = F.scaled_dot_product_attention(queries, keys, values, attn_mask=mask, enable_gqa=q.shape[1] != k.shape[1])
    rows = zip(pieces, output.transpose(1, 2), strict=True)
    return torch.cat([row[: piece.end - piece.start] for piece, row in rows])


def _padded(mask: Tensor, queries: int, keys: int) -> Tensor:
    """The mask with more keys, which nobody sees, and more queries."""
    wide = F.pad(mask, (0, keys - mask.shape[1]), value=_least(mask.dtype))
    return F.pad(wide, (0, 0, 0, queries - mask.shape[0]))


class _OneByOne(torch.autograd.Function):
    """Plain products of one head of one piece at a time, whose scores stay in the processor's cache.

    On CPUs without AMX this takes a third of the time of PyTorch's flash kernel in BF16, and half of that of plain
    products of the whole batch. All tensors are [heads, tokens, size], contiguous.
    """

    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor, pieces: Sequence[Piece]) -> Tensor:
        q = q * q.shape[-1] ** -0.5
        output = torch.empty_like(q)
        probabilities = []
        for kv_head, heads in _shared_heads(q, k):
            for piece in pieces:
                key, value = piece.seen(k[kv_head]), piece.seen(v[kv_head])
                for head in heads:
                    scores = torch.mm(piece.of(q[head]), key.T)
                    if piece.mask is not None:
                        scores += piece.mask
                    probabilities.append(torch.softmax(scores, -1, out=scores))
                    torch.mm(scores, value, out=piece.of(output[head]))
        ctx.save_for_backward(q, k, v, *probabilities)
        ctx.pieces = pieces
        return output

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        q, k, v, *probabilities = ctx.saved_tensors
        gradient = gradient.contiguous()
        dq, dk, dv = torch.empty_like(q), torch.zeros_like(k), torch.zeros_like(v)
        remaining = iter(probabilities)
        for kv_head, heads in _shared_heads(q, k):
            for piece in ctx.pieces:
                key, value = piece.seen(k[kv_head]), piece.seen(v[kv_head])
                for head in heads:
                    attended, grad = next(remaining), piece.of(gradient[head])
                    piece.add_seen(dv[kv_head], torch.mm(attended.T, grad))
                    d_scores = torch.mm(grad, value.T)
                    torch._softmax_backward_data(d_scores, attended, -1, attended.dtype, grad_input=d_scores)
                    piece.add_seen(dk[kv_head], torch.mm(d_scores.T, piece.of(q[head])))
                    torch.mm(d_scores, key, out=piece.of(dq[head]))
        return dq.mul_(q.shape[-1] ** -0.5), dk, dv, None


def _shared_heads(q: Tensor, k: Tensor) -> Iterator[tuple[int, range]]:
    """Each head of keys and values, and the heads of queries that share it."""
    group = len(q) // len(k)
    return ((kv_head, range(kv_head * group, (kv_head + 1) * group)) for kv_head in range(len(k)))
