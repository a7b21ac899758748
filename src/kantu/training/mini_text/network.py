"""The sizes of `kantu-mini-text`: the decoder of `kantu-mini`, and the smallest vision tower that the format allows."""

from __future__ import annotations

from dataclasses import replace

from tokenizers import Tokenizer

from kantu.model.config import ModelConfig, VisionConfig
from kantu.training.mini.network import mini_config

_HIDDEN = 64


def mini_text_config(tokenizer: Tokenizer) -> ModelConfig:
    """6.1 M parameters, of which 0.3 M are a vision tower that nothing is ever shown to."""
    mini = mini_config(tokenizer)
    vision = VisionConfig(
        depth=1,
        hidden_size=_HIDDEN,
        intermediate_size=_HIDDEN,
        num_heads=1,
        in_channels=mini.vision.in_channels,
        patch_size=mini.vision.patch_size,
        temporal_patch_size=mini.vision.temporal_patch_size,
        spatial_merge_size=mini.vision.spatial_merge_size,
        out_hidden_size=mini.text.hidden_size,
        num_position_embeddings=4,
        deepstack_visual_indexes=(),
    )
    return replace(mini, vision=vision)
