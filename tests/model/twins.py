"""One tiny checkpoint loaded twice, by us and by transformers, and the prompts both are asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from transformers import GenerationConfig, Qwen3VLForConditionalGeneration

from kantu.model.attention import ContiguousCache
from kantu.model.checkpoint import load_model
from kantu.model.config import ModelConfig
from kantu.model.folder import ModelFolder
from kantu.model.qwen3vl import Qwen3VL
from kantu.model.vision import Grid
from kantu.processing.chat import mrope_positions
from tests.tiny_checkpoint import write_tiny_checkpoint

CPU = torch.device("cpu")
_PLAIN_TOKENS = 256  # the byte alphabet, the first ids of every byte-level tokenizer

VARIANTS = {
    "tied, 3 DeepStack levels": {"tied": True, "deepstack": (0, 1, 2)},
    "untied, 1 DeepStack level": {"tied": False, "deepstack": (2,), "seed": 1},
    "untied, a level for every layer": {"tied": False, "deepstack": (1, 3), "layers": 2, "seed": 2},
    "tied, grouped 4 to 1, rope_parameters": {"kv_heads": 1, "rope_layout": "parameters", "seed": 3},
}

# A conversation is a list of turns; a turn is the pictures in it, as (frames, rows, columns) in patches.
CONVERSATIONS: dict[str, list[list[Grid]]] = {
    "no picture": [[]],
    "one picture of 3 x 5 visual tokens": [[(1, 6, 10)]],
    "two pictures in one turn, a strip and a single token": [[(1, 2, 30), (1, 2, 2)]],
    "three turns, three pictures, one larger than the position table": [[(1, 26, 14)], [], [(1, 10, 6), (1, 4, 22)]],
}


@dataclass(frozen=True)
class Prompt:
    """A prompt as both models want it: ids [tokens], patches [patches, patch_dim] and their grids, positions."""

    input_ids: Tensor
    patches: Tensor
    grids: tuple[Grid, ...]
    positions: Tensor
    delta: int
    visual_index: Tensor

    @property
    def length(self) -> int:
        return self.input_ids.shape[0]


@dataclass(frozen=True)
class Twins:
    """The same weights in our network and in the reference."""

    ours: Qwen3VL
    reference: Qwen3VLForConditionalGeneration

    @classmethod
    def load(cls, folder: Path) -> Twins:
        reference = Qwen3VLForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).eval()
        reference.generation_config = GenerationConfig()  # greedy, and no end token cuts a continuation short
        return cls(load_model(ModelFolder.open(folder), device=CPU, dtype=torch.float32), reference)

    @classmethod
    def make(cls, folder: Path, variant: str) -> Twins:
        return cls.load(write_tiny_checkpoint(folder, **VARIANTS[variant]))

    @property
    def config(self) -> ModelConfig:
        return self.ours.config

    def reference_inputs(self, prompt: Prompt) -> dict[str, Tensor]:
        ids = prompt.input_ids[None]
        inputs = {
            "input_ids": ids,
            "attention_mask": torch.ones_like(ids),
            "mm_token_type_ids": (ids == self.config.image_token_id).long(),
        }
        if prompt.grids:
            inputs |= {"pixel_values": prompt.patches, "image_grid_thw": torch.tensor(prompt.grids)}
        return inputs

    def reference_logits(self, prompt: Prompt) -> Tensor:
        with torch.inference_mode():
            return self.reference(**self.reference_inputs(prompt)).logits[0]

    def logits(self, prompt: Prompt, *, chunk: int | None = None, cache: ContiguousCache | None = None) -> Tensor:
        """Our logits of every token, the prompt cut into chunks of `chunk` tokens."""
        cache = cache or new_cache(self.ours, prompt.length)
        chunk = chunk or prompt.length
        with torch.inference_mode():
            visual = self.ours.encode_images(prompt.patches, prompt.grids) if prompt.grids else None
            parts = [self._chunk(prompt, visual, start, chunk, cache) for start in range(0, prompt.length, chunk)]
        return torch.cat(parts)

    def _chunk(self, prompt: Prompt, visual: Tensor | None, start: int, size: int, cache: ContiguousCache) -> Tensor:
        ids = prompt.input_ids[start : start + size]
        positions = prompt.positions[:, start : start + size]
        if visual is None:
            return self.ours(ids, positions, cache)
        here = (prompt.visual_index >= start) & (prompt.visual_index < start + size)
        index = prompt.visual_index[here] - start
        return self.ours(ids, positions, cache, visual=visual[:, here], visual_index=index)


def new_cache(model: Qwen3VL, capacity: int) -> ContiguousCache:
    return ContiguousCache(model.config.text, capacity, device=CPU, dtype=torch.float32)


def make_prompt(config: ModelConfig, turns: Sequence[Sequence[Grid]], *, seed: int = 0) -> Prompt:
    """Random text and random pictures in the order of `turns`, each turn with words before and after its pictures."""
    generator = torch.Generator().manual_seed(seed)
    ids: list[int] = []

    def words(count: int) -> None:
        ids.extend(torch.randint(0, _PLAIN_TOKENS, (count,), generator=generator).tolist())

    merge_unit = config.vision.merge_unit
    for turn in turns:
        words(4)
        for frames, rows, columns in turn:
            tokens = frames * rows * columns // merge_unit
            ids.extend([config.vision_start_token_id, *[config.image_token_id] * tokens, config.vision_end_token_id])
        words(7)
    grids = tuple(grid for turn in turns for grid in turn)
    patches = sum(frames * rows * columns for frames, rows, columns in grids)
    input_ids = torch.tensor(ids)
    positions, delta = mrope_positions(
        input_ids.numpy(),
        grids,
        image_token_id=config.image_token_id,
        merge_size=config.vision.spatial_merge_size,
    )
    return Prompt(
        input_ids=input_ids,
        patches=torch.rand(patches, config.vision.patch_dim, generator=generator) * 2 - 1,
        grids=grids,
        positions=torch.from_numpy(positions),
        delta=delta,
        visual_index=(input_ids == config.image_token_id).nonzero()[:, 0],
    )
