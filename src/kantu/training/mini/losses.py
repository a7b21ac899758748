"""The losses of the recipe: answers, glyphs under the eye, and visual tokens that tell what they carry and where."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kantu.model.config import AttentionHead, ModelConfig
from kantu.model.qwen3vl import Qwen3VL
from kantu.training.mini.attention import PackedAttention, frame_attention
from kantu.training.mini.batch import GLYPH_SLOTS, IGNORED, Batch, TextBatch
from kantu.training.mini.network import READING_HEAD
from kantu.training.mini.pointing import Look

_PLACE_WEIGHT = 1.0
_OCTAVES = 6  # of the waves that tell a place: the shortest is a sixteenth of a side long
_EMPTY_WEIGHT = 0.1  # most patches hold no character
_ALIGN_WEIGHT = 0.5
_POINTING_WEIGHT = 0.3
_BROUGHT_WEIGHT = 0.3
_BEGINNING_WEIGHT = 4.0  # of a value's first character, for which it has to be looked up: the others are read on
_LEAST_SHARE = 1e-30  # of attention, whose logarithm is taken
_ANSWER_MULTIPLE = 256  # few shapes, as in `compose`


HEADS = {
    Look.FINDS: AttentionHead(1, 1),
    Look.ASKED_FIRST: AttentionHead(2, 0),
    Look.ASKED_LAST: AttentionHead(2, 2),
    Look.LEFT: AttentionHead(3, 0),
    Look.ABOVE: AttentionHead(3, 2),
    Look.READS: READING_HEAD,
}


_BRINGING = (Look.FINDS, Look.ASKED_FIRST, Look.ASKED_LAST, Look.LEFT, Look.ABOVE)
"""Looks that bring back where what they look at stands, so that `READS` can compare."""


class GlyphHead(nn.Module):
    """Names the characters whose centres lie in a patch, in order, and tells places. Training only.

    `place` tells where a visual token is, `brought` where that is what a head of the decoder looks at.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        hidden = config.vision.hidden_size
        self.norm = nn.LayerNorm(hidden)
        self.count = nn.Linear(hidden, GLYPH_SLOTS + 1)
        self.slots = nn.Linear(hidden, GLYPH_SLOTS * hidden, bias=False)
        self.classifier = nn.Linear(hidden, config.text.vocab_size, bias=False)
        self.place = nn.Linear(config.text.hidden_size, 4 * _OCTAVES)
        self.extent = nn.Linear(config.text.hidden_size, 4)
        self.brought = nn.ModuleDict({look.name: nn.Linear(config.text.head_dim, 4 * _OCTAVES) for look in _BRINGING})

    def forward(self, hidden: Tensor, glyphs: Tensor) -> tuple[Tensor, Tensor]:
        """Vision hidden states [patches, hidden] -> counts [patches, slots + 1], characters [characters, vocab]."""
        hidden = self.norm(hidden)
        asked = hidden[glyphs[:, 0]]
        by_slot = F.linear(asked, self.slots.weight).view(len(asked), GLYPH_SLOTS, -1)
        chosen = by_slot[torch.arange(len(asked), device=asked.device), glyphs[:, 1]]
        return self.count(hidden), self.classifier(chosen)


@dataclass(frozen=True)
class Losses:
    """One step's losses (tensors with gradient) and what was right (plain numbers)."""

    total: Tensor
    parts: dict[str, float]


@dataclass(frozen=True)
class Accuracy:
    """Where it was right, among the cases that count."""

    right: Tensor
    counts: Tensor


def compute(model: Qwen3VL, head: GlyphHead, batch: Batch) -> Losses:
    """Everything that is learned, with its weight.

    Answers and pointers are absent when the batch has no text, what visual tokens tell when the eye is frozen.
    """
    hidden, visual = model.visual.features(batch.patches, [batch.grid] * batch.pictures, frame_attention)
    places = places_of(batch, model.config.vision.spatial_merge_size)
    total = hidden.new_zeros((), dtype=torch.float32)
    parts: dict[str, Tensor] = {}
    accuracies: dict[str, Accuracy] = {}
    if visual.requires_grad:
        total, parts, accuracies = _told(model, head, hidden, visual, places, batch)
    if batch.lengths:
        learned = learned_tokens(batch)
        attention = watching(batch, visual.dtype)
        cost, answers, right = answered(_logits(model, visual, batch, attention, learned), attention, learned, batch)
        carried = brought(head, attention, batch, places, model.config.image_token_id)
        parts |= answers | carried
        accuracies |= right
        total = total + cost + _BROUGHT_WEIGHT * sum(carried.values())
    return Losses(total, numbers(parts, accuracies))


def _told(
    model: Qwen3VL, head: GlyphHead, hidden: Tensor, visual: Tensor, places: Tensor, batch: Batch
) -> tuple[Tensor, dict[str, Tensor], dict[str, Accuracy]]:
    """The loss of what patches and visual tokens tell of characters and places, its parts, and what was right."""
    parts: dict[str, Tensor] = {}
    counts, characters = head(hidden, batch.glyphs)
    weights = torch.ones(GLYPH_SLOTS + 1, device=hidden.device)
    weights[0] = _EMPTY_WEIGHT
    parts["count"] = F.cross_entropy(counts.float(), batch.glyph_counts, weight=weights)
    parts["glyph"] = F.cross_entropy(characters.float(), batch.glyphs[:, 2], ignore_index=IGNORED)
    normed = F.layer_norm(visual[0], visual.shape[-1:])
    parts["align"] = _align(model, normed, batch)
    parts["place"] = F.mse_loss(head.place(normed).float(), places.repeat(batch.pictures, 1))
    total = parts["count"] + parts["glyph"] + _ALIGN_WEIGHT * parts["align"] + _PLACE_WEIGHT * parts["place"]
    if len(batch.extents):
        parts["extent"] = F.smooth_l1_loss(head.extent(normed[batch.extent_cells]).float(), batch.extents, beta=0.1)
        total = total + parts["extent"]
    accuracies = {
        "count_accuracy": Accuracy(counts.max(-1).indices == batch.glyph_counts, batch.glyph_counts > 0),
        **_glyph_accuracies(characters, batch),
    }
    return total, parts, accuracies


def learned_tokens(batch: TextBatch) -> Tensor:
    """The tokens whose next one belongs to an answer, and the last one as often as makes their number round."""
    learned = (batch.labels != IGNORED).nonzero().squeeze(1)
    return F.pad(learned, (0, -len(learned) % _ANSWER_MULTIPLE), value=len(batch.labels) - 1)


def watching(batch: TextBatch, dtype: torch.dtype) -> PackedAttention:
    """The attention of a batch, in which can be seen where the heads look that are taught it."""
    return PackedAttention(batch.segments, batch.lengths, dtype, {head.layer for head in HEADS.values()})


def answered(
    logits: Tensor, attention: PackedAttention, learned: Tensor, batch: TextBatch
) -> tuple[Tensor, dict[str, Tensor], dict[str, Accuracy]]:
    """The loss of answers and pointers together, its parts, and what was right. `logits` are those of `learned`."""
    labels = batch.labels[learned]
    pointers = {look: batch.pointers[1:, batch.pointers[0] == look] for look in Look}
    weights = torch.ones(len(batch.labels), device=logits.device)
    weights[_beginnings(pointers[Look.READS][0])] = _BEGINNING_WEIGHT
    per_token = F.cross_entropy(logits.float(), labels, ignore_index=IGNORED, reduction="none")
    shares = weights[learned] * (labels != IGNORED)
    parts = {"lm": (per_token * shares).sum() / shares.sum()}
    total = parts["lm"]
    for look, pairs in pointers.items():
        if pairs.shape[1]:
            name = look.name.lower()
            parts[name] = pointing(attention, HEADS[look], pairs, weights)
            total = total + _POINTING_WEIGHT * parts[name]
    return total, parts, _answer_accuracies(logits.max(-1).indices == labels, learned, batch, weights[learned] > 1)


def places_of(batch: Batch, merge: int) -> Tensor:
    """Where each visual token of a picture stands in it, [rows * columns, 4 * octaves]: waves along both sides.

    Without this the tower lets go of where things are: its rotary positions are relative, and nothing of a place could
    be read from a visual token after 185,000 pictures (error of a linear probe: as large as of a guess).
    """
    rows, columns = batch.grid[1] // merge, batch.grid[2] // merge
    device = batch.patches.device
    y = (torch.arange(rows, device=device) + 0.5) / rows
    x = (torch.arange(columns, device=device) + 0.5) / columns
    sides = torch.stack((y.repeat_interleave(columns), x.repeat(rows)), 1)
    angles = (sides[:, :, None] * (math.pi * 2.0 ** torch.arange(_OCTAVES, device=device))).flatten(1)
    return torch.cat((angles.sin(), angles.cos()), 1)


def _align(model: Qwen3VL, normed: Tensor, batch: Batch) -> Tensor:
    """Minus the mean log-probability that normed visual tokens give to the characters in their cells.

    Where something is drawn that is not text, its name's characters count as in the cell.
    """
    cells = torch.cat((batch.glyphs[:, 0] // model.config.vision.merge_unit, batch.named[0]))
    characters = torch.cat((batch.glyphs[:, 2], batch.named[1]))
    known = characters != IGNORED
    in_cell = torch.bincount(cells[known], minlength=normed.shape[0])
    share = known / in_cell[cells].clamp(min=1)
    logits = F.linear(normed[cells], model.language_model.embed_tokens.weight).float()
    per_character = F.cross_entropy(logits, characters, ignore_index=IGNORED, reduction="none")
    return (per_character * share).sum() / (in_cell > 0).sum().clamp(min=1)


def _beginnings(tokens: Tensor) -> Tensor:
    """Of tokens in order, with repetitions, those that do not follow another one directly."""
    follows = torch.isin(tokens - 1, tokens)
    return tokens[~follows]


def pointing(attention: PackedAttention, head: AttentionHead, pointers: Tensor, weights: Tensor) -> Tensor:
    """Minus the mean log of the attention that tokens pay to what they should look at.

    `pointers` is [2, pairs], a token and a target, in the order of tokens; `weights` [tokens] says how much a token
    counts in the mean.
    """
    tokens, of_pair = torch.unique_consecutive(pointers[0], return_inverse=True)
    paid = attention.paid(head.layer, head.number, pointers)
    shares = torch.zeros(len(tokens), device=paid.device).index_add(0, of_pair, paid)
    return -(shares.clamp(min=_LEAST_SHARE).log() * weights[tokens]).sum() / weights[tokens].sum()


def brought(
    head: GlyphHead, attention: PackedAttention, batch: Batch, places: Tensor, image_token_id: int
) -> dict[str, Tensor]:
    """How far from the place of what they look at is what heads bring back, by look.

    `places` [cells, waves] are those of one picture. Tokens that may choose what they look at are left out.
    """
    known = torch.full((len(batch.input_ids), places.shape[1]), math.nan, device=places.device)
    known[batch.input_ids == image_token_id] = places.repeat(len(batch.shown), 1)
    errors: dict[str, Tensor] = {}
    for look in _BRINGING:
        pairs = batch.pointers[1:, batch.pointers[0] == look]
        _, of_pair, counts = torch.unique_consecutive(pairs[0], return_inverse=True, return_counts=True)
        tokens, targets = pairs[:, counts[of_pair] == 1]
        wanted = known[targets]
        told = wanted.isfinite().all(1)
        tokens, wanted = tokens[told], wanted[told]
        if len(tokens):
            if look == Look.FINDS:
                known[tokens] = wanted  # a question's words stand where they were found
            layer, number = HEADS[look].layer, HEADS[look].number
            guess = head.brought[look.name](attention.brought[layer][tokens, number])
            errors[f"brought_{look.name.lower()}"] = F.mse_loss(guess.float(), wanted)
    return errors


def _logits(model: Qwen3VL, visual: Tensor, batch: Batch, attention: PackedAttention, learned: Tensor) -> Tensor:
    """Logits of the tokens `learned` points to, [learned, vocab]."""
    where = (batch.input_ids == model.config.image_token_id).nonzero().squeeze(1)
    by_picture = visual.view(visual.shape[0], batch.pictures, -1, visual.shape[-1])
    shown = by_picture[:, batch.shown].flatten(1, 2)
    hidden = model.language_model(batch.input_ids, batch.positions, attention, shown, where)
    return F.linear(hidden[learned], model.output_weight)


def _answer_accuracies(right: Tensor, learned: Tensor, batch: TextBatch, looked_up: Tensor) -> dict[str, Accuracy]:
    """Next-token accuracy, in all, of values' first characters, and by family."""
    names = sorted(set(batch.families))
    numbers = torch.tensor([names.index(family) for family in batch.families], device=right.device)
    lengths = torch.tensor(batch.lengths, device=right.device)
    families = numbers.repeat_interleave(lengths, output_size=len(batch.labels))[learned]
    known = batch.labels[learned] != IGNORED
    by_family = {
        f"answer_accuracy_{name}": Accuracy(right, known & (families == number)) for number, name in enumerate(names)
    }
    return {
        "answer_accuracy": Accuracy(right, known),
        "looked_up_accuracy": Accuracy(right, known & looked_up),
        **by_family,
    }


def _glyph_accuracies(characters: Tensor, batch: Batch) -> dict[str, Accuracy]:
    known = batch.glyphs[:, 2] != IGNORED
    right = characters.max(-1).indices == batch.glyphs[:, 2]
    size = batch.glyph_sizes
    bands = {"12": size <= 12.5, "16": (size > 12.5) & (size <= 16.5), "22": (size > 16.5) & (size <= 22.5)}
    by_size = {f"glyph_accuracy_to_{name}px": Accuracy(right, known & band) for name, band in bands.items()}
    over = Accuracy(right, known & (size > 22.5))
    return {"glyph_accuracy": Accuracy(right, known), **by_size, "glyph_accuracy_over_22px": over}


def numbers(parts: dict[str, Tensor], accuracies: dict[str, Accuracy]) -> dict[str, float]:
    """All figures in one copy from the device; accuracies of nothing are left out."""
    counted = [(rate.right & rate.counts).sum().float() for rate in accuracies.values()]
    totals = [rate.counts.sum().float() for rate in accuracies.values()]
    values = torch.stack([*(part.detach().float() for part in parts.values()), *counted, *totals]).tolist()
    losses, hits, cases = values[: len(parts)], values[len(parts) : -len(totals)], values[-len(totals) :]
    numbers = dict(zip(parts, losses, strict=True))
    return numbers | {name: hit / of for name, hit, of in zip(accuracies, hits, cases, strict=True) if of}
