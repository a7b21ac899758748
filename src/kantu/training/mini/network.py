"""The sizes of `kantu-mini`, and where its weights start."""

from __future__ import annotations

import torch
from tokenizers import Tokenizer

from kantu.model.config import AttentionHead, ModelConfig, TextConfig, VisionConfig
from kantu.model.qwen3vl import Qwen3VL
from kantu.training.mini.tokenizer import token_id

VOCAB_MULTIPLE = 64
MAX_POSITIONS = 32_768
READING_HEAD = AttentionHead(4, 2)  # it read on its own, before anything taught it to


def mini_config(tokenizer: Tokenizer) -> ModelConfig:
    """15.5 M parameters: a vision tower and a decoder of six layers of 256 each."""
    size = tokenizer.get_vocab_size()
    return ModelConfig(
        text=TextConfig(
            vocab_size=-(-size // VOCAB_MULTIPLE) * VOCAB_MULTIPLE,
            hidden_size=256,
            intermediate_size=768,
            num_hidden_layers=6,
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=64,
            rms_norm_eps=1e-6,
            max_position_embeddings=MAX_POSITIONS,
            rope_theta=5_000_000.0,  # as published: channels that hardly turn are what content is matched by
            mrope_section=(12, 10, 10),
        ),
        vision=VisionConfig(
            depth=6,
            hidden_size=256,
            intermediate_size=1024,
            num_heads=4,
            in_channels=3,
            patch_size=16,
            temporal_patch_size=2,
            spatial_merge_size=2,
            out_hidden_size=256,
            num_position_embeddings=2304,
            deepstack_visual_indexes=(2, 4),
        ),
        tie_word_embeddings=True,
        image_token_id=token_id(tokenizer, "<|image_pad|>"),
        video_token_id=token_id(tokenizer, "<|video_pad|>"),
        vision_start_token_id=token_id(tokenizer, "<|vision_start|>"),
        vision_end_token_id=token_id(tokenizer, "<|vision_end|>"),
        reading_head=READING_HEAD,
    )


def initialize(model: Qwen3VL, seed: int) -> None:
    """Normal(0, 0.02) matrices and tables, unit norms, zero biases."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim > 1:
                parameter.normal_(0.0, 0.02, generator=generator)
            else:
                parameter.fill_(1.0 if name.endswith("weight") else 0.0)
