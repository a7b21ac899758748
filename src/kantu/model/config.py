"""A Qwen3-VL folder's `config.json` as frozen dataclasses. Nothing has a default: the folder decides."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kantu.errors import error

ARCHITECTURE = "Qwen3VLForConditionalGeneration"

Block = tuple[int, int]


@dataclass(frozen=True)
class VisionConfig:
    """The vision tower (a ViT with 2-D rotary, a merger and DeepStack mergers)."""

    depth: int
    hidden_size: int
    intermediate_size: int
    num_heads: int
    in_channels: int
    patch_size: int
    temporal_patch_size: int
    spatial_merge_size: int
    out_hidden_size: int
    num_position_embeddings: int
    deepstack_visual_indexes: tuple[int, ...]

    @property
    def head_dim(self) -> int:
        return self.hidden_size // self.num_heads

    @property
    def patch_dim(self) -> int:
        """Numbers in one flattened patch, ordered C, T, H, W."""
        return self.in_channels * self.temporal_patch_size * self.patch_size**2

    @property
    def merge_unit(self) -> int:
        """Patches that become one visual token."""
        return self.spatial_merge_size**2

    @property
    def position_side(self) -> int:
        """Side of the square table of learned positions."""
        return math.isqrt(self.num_position_embeddings)


@dataclass(frozen=True)
class TextConfig:
    """The decoder (Qwen3 dense with interleaved 3-axis rotary)."""

    vocab_size: int
    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    rms_norm_eps: float
    max_position_embeddings: int
    rope_theta: float
    mrope_section: tuple[int, int, int]


@dataclass(frozen=True)
class AttentionHead:
    """One head of queries of one of the decoder's layers."""

    layer: int
    number: int


@dataclass(frozen=True)
class ModelConfig:
    """The whole model, with the token ids that mark images in a prompt.

    Attributes:
        reading_head: the head that looks at a character in the picture when the model is about to write it; None where
            none was taught to. Folders of ours have it under `kantu_reading_head`.
    """

    text: TextConfig
    vision: VisionConfig
    tie_word_embeddings: bool
    image_token_id: int
    video_token_id: int
    vision_start_token_id: int
    vision_end_token_id: int
    reading_head: AttentionHead | None = None


def parse_config(raw: Mapping[str, Any], path: Path, templates: Iterable[str]) -> ModelConfig:
    """Check what a folder's `config.json` says.

    Args:
        raw: its content.
        path: where it is, for messages.
        templates: the raw text of the files that may hold a chat template, by which Thinking models are recognised.

    Raises:
        CheckpointError: it lacks or contradicts something the network needs.
        UnsupportedModelError: the folder's kind is recognised but not supported.
    """
    try:
        _refuse_unsupported(raw, path.parent, templates)
        return _parse(raw)
    except KeyError as failure:
        raise error("config_incomplete", name=failure.args[0]) from None
    except (TypeError, ValueError, AttributeError, ArithmeticError) as failure:
        raise error("config_invalid", path=path) from failure


def parse_fp8_block(quantization: Any) -> Block | None:
    """Rows and columns that share a scale; None without `quantization_config`, or where it describes another layout."""
    if not isinstance(quantization, Mapping):
        return None
    block = quantization.get("weight_block_size")
    described = quantization.get("quant_method") == "fp8" and quantization.get("fmt", "e4m3") == "e4m3"
    if not described or not isinstance(block, list) or len(block) != 2:
        return None
    rows, columns = block
    whole = all(isinstance(side, int) and side > 0 for side in block)
    return (rows, columns) if whole else None


def _refuse_unsupported(raw: Mapping[str, Any], folder: Path, templates: Iterable[str]) -> None:
    architectures = [str(name) for name in raw.get("architectures") or []]
    quantization = raw.get("quantization_config")
    kind = None
    if any("Qwen3VLMoe" in name for name in architectures):
        kind = "MoE"
    elif ARCHITECTURE not in architectures:
        kind = ", ".join(architectures) or "unknown"
    elif quantization is not None and parse_fp8_block(quantization) is None:
        method = quantization.get("quant_method") if isinstance(quantization, Mapping) else None
        kind = str(method or "quantized")
    elif any(map(_is_thinking, templates)):
        kind = "Thinking"
    if kind:
        raise error("model_unsupported", kind=kind, folder=folder)


def _is_thinking(template: str) -> bool:
    """Thinking folders differ only in their chat template: it opens the answer with a <think> tag.

    The line break is written as such, escaped in a Jinja string, or escaped once more in JSON.
    """
    return "assistant\n<think>" in template.replace("\\\\n", "\n").replace("\\n", "\n")


def _parse(raw: Mapping[str, Any]) -> ModelConfig:
    text, vision = raw["text_config"], raw["vision_config"]
    config = ModelConfig(
        text=_parse_text(text),
        vision=_parse_vision(vision),
        tie_word_embeddings=_tied(raw, text),
        image_token_id=int(raw["image_token_id"]),
        video_token_id=int(raw["video_token_id"]),
        vision_start_token_id=int(raw["vision_start_token_id"]),
        vision_end_token_id=int(raw["vision_end_token_id"]),
        reading_head=_parse_head(raw.get("kantu_reading_head")),
    )
    if config.vision.out_hidden_size != config.text.hidden_size:
        raise error("config_contradiction", first="vision_config.out_hidden_size", second="text_config.hidden_size")
    if sum(config.text.mrope_section) * 2 != config.text.head_dim:
        raise error("config_contradiction", first="mrope_section", second="head_dim")
    if config.text.num_attention_heads % config.text.num_key_value_heads:
        raise error("config_contradiction", first="num_attention_heads", second="num_key_value_heads")
    if config.vision.position_side**2 != config.vision.num_position_embeddings:
        raise error("config_contradiction", first="num_position_embeddings", second="position_side")
    if len(config.vision.deepstack_visual_indexes) > config.text.num_hidden_layers:
        raise error("config_contradiction", first="deepstack_visual_indexes", second="num_hidden_layers")
    if (head := config.reading_head) is not None and not (
        0 <= head.layer < config.text.num_hidden_layers and 0 <= head.number < config.text.num_attention_heads
    ):
        raise error("config_contradiction", first="kantu_reading_head", second="text_config")
    if not set(config.vision.deepstack_visual_indexes) <= set(range(config.vision.depth)):
        raise error("config_contradiction", first="deepstack_visual_indexes", second="vision_config.depth")
    return config


def _parse_head(raw: Mapping[str, Any] | None) -> AttentionHead | None:
    return None if raw is None else AttentionHead(int(raw["layer"]), int(raw["number"]))


def _tied(raw: Mapping[str, Any], text: Mapping[str, Any]) -> bool:
    """Published folders write `tie_word_embeddings` at the top; some tools repeat it under `text_config`."""
    if "tie_word_embeddings" in raw:
        return bool(raw["tie_word_embeddings"])
    return bool(text["tie_word_embeddings"])


def _parse_text(raw: Mapping[str, Any]) -> TextConfig:
    if raw.get("attention_bias"):
        raise error("config_value_unsupported", name="attention_bias", value=True)
    if raw["hidden_act"] != "silu":
        raise error("config_value_unsupported", name="text_config.hidden_act", value=raw["hidden_act"])
    theta, section = _rope(raw)
    return TextConfig(
        vocab_size=_positive(raw, "vocab_size"),
        hidden_size=_positive(raw, "hidden_size"),
        intermediate_size=_positive(raw, "intermediate_size"),
        num_hidden_layers=_positive(raw, "num_hidden_layers"),
        num_attention_heads=_positive(raw, "num_attention_heads"),
        num_key_value_heads=_positive(raw, "num_key_value_heads"),
        head_dim=_positive(raw, "head_dim"),
        rms_norm_eps=float(raw["rms_norm_eps"]),
        max_position_embeddings=_positive(raw, "max_position_embeddings"),
        rope_theta=theta,
        mrope_section=section,
    )


def _rope(raw: Mapping[str, Any]) -> tuple[float, tuple[int, int, int]]:
    """Theta and the three sections, from the newer `rope_parameters` or the published `rope_theta` + `rope_scaling`."""
    if raw.get("rope_parameters") is not None:
        scaling = raw["rope_parameters"]
        theta = scaling["rope_theta"]
    elif raw.get("rope_scaling") is not None:
        scaling = raw["rope_scaling"]
        theta = raw["rope_theta"]
    else:
        raise KeyError("rope_parameters | rope_theta + rope_scaling")
    if scaling["rope_type"] != "default":
        raise error("config_value_unsupported", name="rope_type", value=scaling["rope_type"])
    if scaling["mrope_interleaved"] is not True:
        raise error("config_value_unsupported", name="mrope_interleaved", value=scaling["mrope_interleaved"])
    t, h, w = (int(axis) for axis in scaling["mrope_section"])
    return float(theta), (t, h, w)


def _parse_vision(raw: Mapping[str, Any]) -> VisionConfig:
    if raw["hidden_act"] != "gelu_pytorch_tanh":
        raise error("config_value_unsupported", name="vision_config.hidden_act", value=raw["hidden_act"])
    return VisionConfig(
        depth=_positive(raw, "depth"),
        hidden_size=_positive(raw, "hidden_size"),
        intermediate_size=_positive(raw, "intermediate_size"),
        num_heads=_positive(raw, "num_heads"),
        in_channels=_positive(raw, "in_channels"),
        patch_size=_positive(raw, "patch_size"),
        temporal_patch_size=_positive(raw, "temporal_patch_size"),
        spatial_merge_size=_positive(raw, "spatial_merge_size"),
        out_hidden_size=_positive(raw, "out_hidden_size"),
        num_position_embeddings=_positive(raw, "num_position_embeddings"),
        deepstack_visual_indexes=tuple(int(index) for index in raw["deepstack_visual_indexes"]),
    )


def _positive(raw: Mapping[str, Any], name: str) -> int:
    value = int(raw[name])
    if value < 1:
        raise ValueError(name)
    return value
