"""Attention on a GPU: pieces as the rows of two batches, so that a step starts few kernels."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from kantu.training.mini.pieces import Piece, least


class Padded:
    """Pieces that are computed all at once: the beginnings of sequences in one batch, their questions in another.

    Which token stands where is worked out once for all layers, on the CPU. Queries that only fill a row up stand for
    its last one, keys that do are hidden.
    """

    def __init__(
        self, pieces: Sequence[Piece], segments: Tensor | None, dtype: torch.dtype, device: torch.device
    ) -> None:
        """`segments` [tokens] as in `Batch`; without them the queries of a piece see all of it."""
        groups = [[piece for piece in pieces if bool(piece.shared) is asked] for asked in (False, True)]
        self.rows: list[_Rows] = []
        places: dict[int, Tensor] = {}
        first = 0
        for group in filter(None, groups):
            self.rows.append(_Rows(group, first, segments, dtype, device))
            for number, piece in enumerate(group):
                begins = first + number * self.rows[-1].width
                places[piece.start] = torch.arange(begins, begins + piece.end - piece.start)
            first += len(group) * self.rows[-1].width
        self._places = torch.cat([places[piece.start] for piece in pieces]).to(device)
        """Of each token, in the rows of both batches one after the other."""

    def attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """q [tokens, heads, head_dim], k and v [tokens, kv_heads, head_dim] -> [tokens, heads, head_dim]."""
        shared = q.shape[1] // k.shape[1]
        k, v = k.repeat_interleave(shared, 1), v.repeat_interleave(shared, 1)  # fused kernels with masks want as many
        outputs = []
        for rows in self.rows:
            queries, keys, values = (
                x[at].transpose(1, 2) for x, at in ((q, rows.queries), (k, rows.keys), (v, rows.keys))
            )
            output = F.scaled_dot_product_attention(queries, keys, values, attn_mask=rows.mask)
            outputs.append(output.transpose(1, 2).flatten(0, 1))
        return torch.cat(outputs)[self._places]

    def paid(self, queries: Tensor, keys: Tensor, pairs: Tensor) -> Tensor:
        """As `OneByOne.paid`."""
        places = self._places[pairs[0]]
        paid = torch.zeros(len(places), device=places.device)
        for rows in self.rows:
            scores = (queries[rows.queries] @ keys[rows.keys].transpose(1, 2)).float() * queries.shape[-1] ** -0.5
            if rows.mask is not None:
                scores = scores + rows.mask[:, 0]
            place = places - rows.first
            here = (place >= 0) & (place < rows.queries.numel())
            place = place.where(here, 0)
            row = place // rows.width
            column = rows.columns(row, pairs[1]).where(here, 0)
            paid = paid + torch.softmax(scores, -1)[row, place % rows.width, column].where(here, 0)
        return paid


class _Rows:
    """One batch: a piece a row. Its first query is number `first` of all batches."""

    def __init__(
        self, pieces: Sequence[Piece], first: int, segments: Tensor | None, dtype: torch.dtype, device: torch.device
    ) -> None:
        self.first = first
        bounds = torch.tensor([(piece.start, piece.end, piece.begin, piece.shared) for piece in pieces])
        start, end, begin, shared = bounds.T[:, :, None]
        self.width = int((end - start).max())
        query = torch.arange(self.width)
        key = torch.arange(int((end - start + shared).max())) - shared
        self.queries = torch.minimum(start + query, end - 1).to(device)  # [pieces, queries]: tokens
        self.keys = torch.where(key < 0, begin + shared + key, torch.minimum(start + key, end - 1)).to(device)
        self._bounds = bounds.to(device)
        key, exists = key[:, None, :].to(device), (key < end - start)[:, None, :].to(device)
        self.mask: Tensor | None = None  # [pieces, 1, queries, keys]
        if segments is not None:
            same = segments[self.queries][:, :, None] == segments[self.keys][:, None, :]
            seen = exists & ((key < 0) | same & (key <= query.to(device)[None, :, None]))
        elif bool((end - start == self.width).all()):
            return
        else:
            seen = exists.expand(-1, self.width, -1)
        self.mask = torch.zeros(seen.shape, dtype=dtype, device=device).masked_fill_(~seen, least(dtype))[:, None]

    def columns(self, row: Tensor, tokens: Tensor) -> Tensor:
        """At which key of these rows the tokens stand."""
        start, _, begin, shared = self._bounds[row].T
        return torch.where(tokens < start, tokens - begin, tokens - start + shared)
