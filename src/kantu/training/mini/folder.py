"""The folder `kantu-mini` is written to, in the published layout."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer

from kantu.model.checkpoint import published_name
from kantu.model.config import ARCHITECTURE, ModelConfig
from kantu.model.qwen3vl import Qwen3VL
from kantu.training.mini.tokenizer import token_id

MIN_PIXELS = 256 * 32 * 32  # smaller pictures are enlarged: digits of 12 px are read, those of 9 px guessed
MAX_PIXELS = 640 * 32 * 32  # the model's own limit: 640 visual tokens, a 540 x 1170 screen unshrunk
SHARD_BYTES = 15_500_000

CHAT_TEMPLATE = (
    "{%- for message in messages %}"
    "{{- '<|im_start|>' + message.role + '\\n' }}"
    "{%- if message.content is string %}{{- message.content }}"
    "{%- else %}{%- for part in message.content %}"
    "{%- if part.type == 'image' or 'image' in part or 'image_url' in part %}"
    "{{- '<|vision_start|><|image_pad|><|vision_end|>' }}"
    "{%- elif 'text' in part %}{{- part.text }}{%- endif %}"
    "{%- endfor %}{%- endif %}"
    "{{- '<|im_end|>\\n' }}"
    "{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"
)


def write_companions(folder: Path, config: ModelConfig, tokenizer: Tokenizer) -> None:
    """Everything of a checkpoint folder but its weights, in the published layout."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    end, pad = token_id(tokenizer, "<|im_end|>"), token_id(tokenizer, "<|endoftext|>")
    write_json(folder / "config.json", _config_json(config, end, pad))
    write_json(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "chat_template": CHAT_TEMPLATE,
            "eos_token": "<|im_end|>",
            "pad_token": "<|endoftext|>",
            "model_max_length": config.text.max_position_embeddings,
            "clean_up_tokenization_spaces": False,
        },
    )
    write_json(folder / "chat_template.json", {"chat_template": CHAT_TEMPLATE})
    write_json(
        folder / "preprocessor_config.json",
        {
            "image_processor_type": "Qwen2VLImageProcessorFast",
            "processor_class": "Qwen3VLProcessor",
            "do_resize": True,
            "do_rescale": True,
            "do_normalize": True,
            "do_convert_rgb": True,
            "resample": 3,
            "rescale_factor": 1 / 255,
            "image_mean": [0.5, 0.5, 0.5],
            "image_std": [0.5, 0.5, 0.5],
            "patch_size": config.vision.patch_size,
            "temporal_patch_size": config.vision.temporal_patch_size,
            "merge_size": config.vision.spatial_merge_size,
            "size": {"shortest_edge": MIN_PIXELS, "longest_edge": MAX_PIXELS},
        },
    )
    write_json(
        folder / "generation_config.json",
        {"do_sample": False, "bos_token_id": pad, "eos_token_id": [end, pad], "pad_token_id": pad},
    )


def write_weights(folder: Path, model: Qwen3VL) -> None:
    """BF16 safetensors in shards below 16 MB with their index; the patch embedding as the published Conv3d kernel."""
    vision = model.config.vision
    kernel = (vision.hidden_size, vision.in_channels, vision.temporal_patch_size, vision.patch_size, vision.patch_size)
    shards: list[dict[str, torch.Tensor]] = [{}]
    used = 0
    for name, tensor in model.state_dict().items():
        stored = tensor.detach().to("cpu", torch.bfloat16).contiguous()
        if name == "visual.patch_embed.proj.weight":
            stored = stored.reshape(kernel)
        size = stored.numel() * stored.element_size()
        if used + size > SHARD_BYTES:
            shards.append({})
            used = 0
        shards[-1][published_name(name)] = stored
        used += size
    weight_map = {}
    for number, shard in enumerate(shards, 1):
        file = f"model-{number:05d}-of-{len(shards):05d}.safetensors"
        save_file(shard, folder / f"{file}.part", metadata={"format": "pt"})
        (folder / f"{file}.part").replace(folder / file)  # a process that has the old file mapped keeps it
        weight_map.update(dict.fromkeys(shard, file))
    total = sum(tensor.numel() * tensor.element_size() for shard in shards for tensor in shard.values())
    write_json(folder / "model.safetensors.index.json", {"metadata": {"total_size": total}, "weight_map": weight_map})


def _config_json(config: ModelConfig, end: int, pad: int) -> dict[str, Any]:
    text, vision = config.text, config.vision
    return {
        "architectures": [ARCHITECTURE],
        "model_type": "qwen3_vl",
        "image_token_id": config.image_token_id,
        "video_token_id": config.video_token_id,
        "vision_start_token_id": config.vision_start_token_id,
        "vision_end_token_id": config.vision_end_token_id,
        "tie_word_embeddings": config.tie_word_embeddings,
        "torch_dtype": "bfloat16",
        **({"kantu_reading_head": asdict(config.reading_head)} if config.reading_head else {}),
        "text_config": {
            "model_type": "qwen3_vl_text",
            "vocab_size": text.vocab_size,
            "hidden_size": text.hidden_size,
            "intermediate_size": text.intermediate_size,
            "num_hidden_layers": text.num_hidden_layers,
            "num_attention_heads": text.num_attention_heads,
            "num_key_value_heads": text.num_key_value_heads,
            "head_dim": text.head_dim,
            "hidden_act": "silu",
            "rms_norm_eps": text.rms_norm_eps,
            "attention_bias": False,
            "attention_dropout": 0.0,
            "max_position_embeddings": text.max_position_embeddings,
            "rope_theta": text.rope_theta,
            "rope_scaling": {
                "rope_type": "default",
                "mrope_interleaved": True,
                "mrope_section": list(text.mrope_section),
            },
            "tie_word_embeddings": config.tie_word_embeddings,
            "bos_token_id": pad,
            "eos_token_id": end,
            "dtype": "bfloat16",
        },
        "vision_config": {
            "model_type": "qwen3_vl",
            "depth": vision.depth,
            "hidden_size": vision.hidden_size,
            "intermediate_size": vision.intermediate_size,
            "num_heads": vision.num_heads,
            "in_channels": vision.in_channels,
            "patch_size": vision.patch_size,
            "temporal_patch_size": vision.temporal_patch_size,
            "spatial_merge_size": vision.spatial_merge_size,
            "out_hidden_size": vision.out_hidden_size,
            "num_position_embeddings": vision.num_position_embeddings,
            "deepstack_visual_indexes": list(vision.deepstack_visual_indexes),
            "hidden_act": "gelu_pytorch_tanh",
            "initializer_range": 0.02,
        },
    }


def write_json(path: Path, content: dict[str, Any]) -> None:
    """As the files of a checkpoint folder are written."""
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", "utf-8")
