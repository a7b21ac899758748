"""The losses of the recipe: answers, glyphs under the eye, and visual tokens that look like the text they carry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kantu.model.config import ModelConfig
from kantu.model.qwen3vl import Qwen3VL
from kantu.training.mini.batch import GLYPH_SLOTS, IGNORED, Batch

_EMPTY_WEIGHT = 0.1  # most patches hold no character
_ALIGN_WEIGHT = 0.5
_ANSWER_MULTIPLE = 256  # few shapes, as in `compose`


class GlyphHead(nn.Module):
    """Names the characters whose centres lie in a patch, in order. Exists in training only."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        hidden = config.vision.hidden_size
        self.norm = nn.LayerNorm(hidden)
        self.count = nn.Linear(hidden, GLYPH_SLOTS + 1)
        self.slots = nn.Linear(hidden, GLYPH_SLOTS * hidden, bias=False)
        self.classifier = nn.Linear(hidden, config.text.vocab_size, bias=False)

    def forward(self, hidden: Tensor, glyphs: Tensor) -> tuple[Tensor, Tensor]:
        """Vision hidden states [patches, hidden] -> counts [patches, slots + 1], characters [characters, vocab]."""
        hidden = self.norm(hidden)
        asked = hidden[glyphs[:, 0]]
        by_slot = F.linear(asked, self.slots.weight).view(len(asked), GLYPH_SLOTS, -1)
        chosen = by_slot[torch.arange(len(asked), device=asked.device), glyphs[:, 1]]
        return self.count(hidden), self.classifier(chosen)


def dense_attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
    """Attention by plain batched products, [batch, heads, tokens, head_dim].

    On CPUs without AMX, forward and backward together take two thirds of the time of PyTorch's flash kernel in BF16.
    """
    scores = torch.matmul(q * q.shape[-1] ** -0.5, k.transpose(-1, -2))
    if mask is not None:
        scores = scores + mask
    return torch.matmul(torch.softmax(scores, -1), v)


def frame_attention(q: Tensor, k: Tensor, v: Tensor, lengths: Sequence[int]) -> Tensor:
    """`kantu.model.attention.segment_attention` for the equal frames of a batch."""
    batch = (len(lengths), lengths[0], *q.shape[1:])
    q, k, v = (x.reshape(batch).transpose(1, 2) for x in (q, k, v))
    attend = F.scaled_dot_product_attention if q.is_cuda else dense_attention
    return attend(q, k, v).transpose(1, 2).flatten(0, 1)


class TrainingAttention:
    """The decoder's cache in training: padded sequences whose questions see the picture and themselves only."""

    def __init__(self, segments: Tensor, dtype: torch.dtype) -> None:
        """`segments` [batch, length] as in `Batch`."""
        self.batch, length = segments.shape
        causal = torch.ones(length, length, dtype=torch.bool, device=segments.device).tril()
        visible = (segments[:, None, :] == 0) | (segments[:, None, :] == segments[:, :, None])
        mask = torch.zeros(self.batch, 1, length, length, dtype=dtype, device=segments.device)
        self.mask = mask.masked_fill_(~(causal & visible)[:, None], torch.finfo(dtype).min)

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        groups = q.shape[1] // k.shape[1]
        q, k, v = (x.view(self.batch, -1, *x.shape[1:]).transpose(1, 2) for x in (q, k, v))
        if groups > 1:
            k, v = (x.repeat_interleave(groups, dim=1) for x in (k, v))
        attend = F.scaled_dot_product_attention if q.is_cuda else dense_attention
        return attend(q, k, v, self.mask).transpose(1, 2).flatten(0, 1)


@dataclass(frozen=True)
class Losses:
    """One step's losses (tensors with gradient) and what was right (plain numbers)."""

    total: Tensor
    parts: dict[str, float]


def compute(model: Qwen3VL, head: GlyphHead, batch: Batch) -> Losses:
    """lm + glyph + 0.5 * align (the weights of the recipe); lm is absent when the batch has no text."""
    hidden, visual = model.visual.features(batch.patches, [batch.grid] * batch.pictures, frame_attention)
    parts: dict[str, Tensor] = {}
    counts, characters = head(hidden, batch.glyphs)
    weights = torch.ones(GLYPH_SLOTS + 1, device=hidden.device)
    weights[0] = _EMPTY_WEIGHT
    parts["count"] = F.cross_entropy(counts.float(), batch.glyph_counts, weight=weights)
    parts["glyph"] = F.cross_entropy(characters.float(), batch.glyphs[:, 2], ignore_index=IGNORED)
    parts["align"] = _align(model, visual[0], batch)
    total = parts["count"] + parts["glyph"] + _ALIGN_WEIGHT * parts["align"]
    metrics = {
        "count_accuracy": (counts.argmax(-1) == batch.glyph_counts)[batch.glyph_counts > 0],
        **_glyph_accuracy(characters, batch),
    }
    if batch.input_ids.numel():
        logits, labels = _answer_logits(model, visual, batch)
        parts["lm"] = F.cross_entropy(logits.float(), labels, ignore_index=IGNORED)
        metrics["answer_accuracy"] = (logits.argmax(-1) == labels)[labels != IGNORED]
        total = total + parts["lm"]
    numbers = {name: value.item() for name, value in parts.items()}
    numbers |= {name: right.float().mean().item() for name, right in metrics.items() if right.numel()}
    return Losses(total, numbers)


def _align(model: Qwen3VL, tokens: Tensor, batch: Batch) -> Tensor:
    """Minus the mean log-probability a visual token, normed, gives to the characters in its cell."""
    known = batch.glyphs[:, 2] != IGNORED
    cells = batch.glyphs[:, 0] // model.config.vision.merge_unit
    in_cell = torch.bincount(cells[known], minlength=tokens.shape[0])
    share = known / in_cell[cells].clamp(min=1)
    normed = F.layer_norm(tokens[cells], tokens.shape[-1:])
    logits = F.linear(normed, model.language_model.embed_tokens.weight).float()
    per_character = F.cross_entropy(logits, batch.glyphs[:, 2], ignore_index=IGNORED, reduction="none")
    return (per_character * share).sum() / (in_cell > 0).sum().clamp(min=1)


def _answer_logits(model: Qwen3VL, visual: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    input_ids, labels = batch.input_ids.flatten(), batch.labels.flatten()
    decoder = model.language_model
    attention = TrainingAttention(batch.segments, visual.dtype)
    where = (input_ids == model.config.image_token_id).nonzero().squeeze(1)
    hidden = decoder(input_ids, batch.positions.flatten(1), attention, visual, where)
    learned = (labels != IGNORED).nonzero().squeeze(1)
    padding = learned.new_zeros(-len(learned) % _ANSWER_MULTIPLE)
    targets = F.pad(labels[learned], (0, len(padding)), value=IGNORED)
    return F.linear(hidden[torch.cat((learned, padding))], model.output_weight), targets


def _glyph_accuracy(characters: Tensor, batch: Batch) -> dict[str, Tensor]:
    known = batch.glyphs[:, 2] != IGNORED
    right = (characters.argmax(-1) == batch.glyphs[:, 2])[known]
    size = batch.glyph_sizes[known]
    bands = {"12": size <= 12.5, "16": (size > 12.5) & (size <= 16.5), "22": (size > 16.5) & (size <= 22.5)}
    accuracy = {f"glyph_accuracy_to_{name}px": right[band] for name, band in bands.items()}
    return {"glyph_accuracy": right, **accuracy, "glyph_accuracy_over_22px": right[size > 22.5]}
