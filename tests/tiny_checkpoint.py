"""A complete, tiny, random Qwen3-VL checkpoint folder in the published layout, made without network in under a second.

The tensor names and shapes are those of transformers' Qwen3VLForConditionalGeneration; `config.json` is written the way
the published folders write it (`rope_theta` and `rope_scaling`), not the way newer tools do.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

# The added tokens of the published Qwen3-VL tokenizer, in the order of their ids.
SPECIAL_TOKENS = (
    *("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>"),
    *("<|box_start|>", "<|box_end|>", "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>"),
    *("<|vision_pad|>", "<|image_pad|>", "<|video_pad|>"),
)
PLAIN_ADDED_TOKENS = (
    *("<tool_call>", "</tool_call>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>"),
    *("<|repo_name|>", "<|file_sep|>", "<tool_response>", "</tool_response>", "<think>", "</think>"),
)
QWEN_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
CHAT_TEMPLATE = """\
{%- set images = namespace(seen=0) %}
{%- macro body(content) %}
    {%- if content is string %}
        {{- content }}
    {%- else %}
        {%- for part in content %}
            {%- if part.type == 'image' or 'image' in part or 'image_url' in part %}
                {%- set images.seen = images.seen + 1 %}
                {%- if add_vision_id %}Picture {{ images.seen }}: {% endif -%}
                <|vision_start|><|image_pad|><|vision_end|>
            {%- elif 'text' in part %}
                {{- part.text }}
            {%- endif %}
        {%- endfor %}
    {%- endif %}
{%- endmacro %}
{%- for message in messages %}
    {%- if message.role == 'tool' %}
        {{- '<|im_start|>user\\n<tool_response>\\n' }}
        {{- body(message.content) }}
        {{- '\\n</tool_response><|im_end|>\\n' }}
    {%- else %}
        {{- '<|im_start|>' + message.role + '\\n' }}
        {{- body(message.content) }}
        {{- '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""
_BPE_SIZE = 1200
_CORPUS = (
    "为什么这个还没发货？订单状态：待商家发货。商家正在备货，预计今天二十四点前发出，请耐心等待。",
    "请问图片里的订单编号是多少？下单时间二〇二五年三月八日，实付款三十九元九角，共两件商品。",
    "这张截图显示了收货地址、联系电话、物流信息和退款按钮；图中没有写明快递公司。",
    "请把页面上的文字逐行抄写出来，并用记录的形式回答价格、数量、店铺和日期。",
    "红色的按钮在哪里？左上角的数字比右下角的大吗？表格第一行第二列写的是什么？",
    "You are a helpful assistant. Describe the picture, then answer the question about the order in Chinese.",
    'def main(order): return {"status": order.status, "price": 39.90, "items": [1, 2, 3]}  # the answer',
    "The quick brown fox jumps over the lazy dog; user, system and assistant tokens aren't the user's text.",
    "import json; print(json.dumps({'bbox_2d': [10, 20, 300, 400], 'label': 'button'}, ensure_ascii=False))",
    "😀👍🎉 naïve café Ⅳ １２３ — “引号”、《书名》……",
)


def write_tiny_tokenizer(folder: Path, *, template: str = CHAT_TEMPLATE) -> dict[str, int]:
    """Write tokenizer.json, tokenizer_config.json and chat_template.json; return token -> id with added tokens."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(QWEN_SPLIT), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=_BPE_SIZE,
        min_frequency=1,
        show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
    )
    tokenizer.train_from_iterator(_CORPUS, trainer)
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in SPECIAL_TOKENS])
    tokenizer.add_tokens([AddedToken(t, special=False, normalized=False) for t in PLAIN_ADDED_TOKENS])
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "Qwen2Tokenizer",
        "add_prefix_space": False,
        "added_tokens_decoder": {
            str(tokenizer.token_to_id(t)): {
                "content": t,
                "lstrip": False,
                "normalized": False,
                "rstrip": False,
                "single_word": False,
                "special": t in SPECIAL_TOKENS,
            }
            for t in SPECIAL_TOKENS + PLAIN_ADDED_TOKENS
        },
        "bos_token": None,
        "chat_template": template,
        "clean_up_tokenization_spaces": False,
        "eos_token": "<|im_end|>",
        "errors": "replace",
        "model_max_length": 4096,
        "pad_token": "<|endoftext|>",
        "split_special_tokens": False,
        "unk_token": None,
    }
    _write_json(folder / "tokenizer_config.json", settings)
    _write_json(folder / "chat_template.json", {"chat_template": template})
    return tokenizer.get_vocab(with_added_tokens=True)


def write_tiny_checkpoint(
    folder: Path,
    *,
    tied: bool = True,
    seed: int = 0,
    deepstack: Sequence[int] = (0, 1, 2),
    hidden: int = 64,
    layers: int = 3,
    heads: int = 4,
    kv_heads: int = 2,
    head_dim: int = 32,
    intermediate: int = 128,
    vision_hidden: int = 64,
    vision_depth: int = 4,
    vision_heads: int = 4,
    vision_intermediate: int = 128,
    position_side: int = 12,
    mrope_section: Sequence[int] | None = None,
    rope_layout: str = "published",
    min_pixels: int = 4096,
    max_pixels: int = 262144,
    shards: int = 1,
) -> Path:
    """Write a float32 checkpoint with everything a model folder holds and return the folder.

    Args:
        deepstack: vision blocks whose output feeds the first text layers; at most `layers` of them.
        position_side: side of the square table of vision position embeddings.
        mrope_section: sums to head_dim / 2; None divides it about as the published 24, 20, 20.
        rope_layout: "published" (`rope_theta` + `rope_scaling`) or "parameters" (`rope_parameters`).
        shards: number of safetensors files; more than one adds the index file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ids = write_tiny_tokenizer(folder)
    vocab_size = (len(ids) + 63) // 64 * 64 + 64  # padded beyond the tokenizer's ids, as published checkpoints are
    if mrope_section is None:
        side = head_dim // 2 * 5 // 16
        mrope_section = (head_dim // 2 - 2 * side, side, side)
    if len(deepstack) > layers:
        raise ValueError("more DeepStack levels than text layers")
    text: dict[str, Any] = {
        "attention_bias": False,
        "attention_dropout": 0.0,
        "bos_token_id": ids["<|endoftext|>"],
        "dtype": "float32",
        "eos_token_id": ids["<|im_end|>"],
        "head_dim": head_dim,
        "hidden_act": "silu",
        "hidden_size": hidden,
        "initializer_range": 0.02,
        "intermediate_size": intermediate,
        "max_position_embeddings": 4096,
        "model_type": "qwen3_vl_text",
        "num_attention_heads": heads,
        "num_hidden_layers": layers,
        "num_key_value_heads": kv_heads,
        "rms_norm_eps": 1e-6,
        "tie_word_embeddings": tied,
        "use_cache": True,
        "vocab_size": vocab_size,
    }
    rope = {"mrope_interleaved": True, "mrope_section": list(mrope_section), "rope_type": "default"}
    if rope_layout == "published":
        text |= {"rope_scaling": rope, "rope_theta": 5_000_000}
    elif rope_layout == "parameters":
        text |= {"rope_parameters": {**rope, "rope_theta": 5_000_000}}
    else:
        raise ValueError(f"unknown rope_layout {rope_layout!r}")
    vision = {
        "deepstack_visual_indexes": list(deepstack),
        "depth": vision_depth,
        "hidden_act": "gelu_pytorch_tanh",
        "hidden_size": vision_hidden,
        "in_channels": 3,
        "initializer_range": 0.02,
        "intermediate_size": vision_intermediate,
        "model_type": "qwen3_vl",
        "num_heads": vision_heads,
        "num_position_embeddings": position_side**2,
        "out_hidden_size": hidden,
        "patch_size": 16,
        "spatial_merge_size": 2,
        "temporal_patch_size": 2,
    }
    config = {
        "architectures": ["Qwen3VLForConditionalGeneration"],
        "image_token_id": ids["<|image_pad|>"],
        "model_type": "qwen3_vl",
        "text_config": text,
        "tie_word_embeddings": tied,
        "video_token_id": ids["<|video_pad|>"],
        "vision_config": vision,
        "vision_end_token_id": ids["<|vision_end|>"],
        "vision_start_token_id": ids["<|vision_start|>"],
    }
    _write_json(folder / "config.json", config)
    _write_json(
        folder / "preprocessor_config.json",
        {
            "size": {"longest_edge": max_pixels, "shortest_edge": min_pixels},
            "patch_size": 16,
            "temporal_patch_size": 2,
            "merge_size": 2,
            "image_mean": [0.5, 0.5, 0.5],
            "image_std": [0.5, 0.5, 0.5],
            "processor_class": "Qwen3VLProcessor",
            "image_processor_type": "Qwen2VLImageProcessorFast",
        },
    )
    _write_json(
        folder / "generation_config.json",
        {
            "bos_token_id": ids["<|endoftext|>"],
            "do_sample": True,
            "eos_token_id": [ids["<|im_end|>"], ids["<|endoftext|>"]],
            "pad_token_id": ids["<|endoftext|>"],
            "temperature": 0.7,
            "top_k": 20,
            "top_p": 0.8,
        },
    )
    _write_weights(folder, tensor_shapes(text, vision, tied=tied), seed=seed, shards=shards)
    return folder


def tensor_shapes(text: dict[str, Any], vision: dict[str, Any], *, tied: bool) -> dict[str, tuple[int, ...]]:
    """Return every tensor a checkpoint of this configuration holds: name -> shape."""
    shapes: dict[str, tuple[int, ...]] = {}

    def linear(name: str, rows: int, columns: int) -> None:
        shapes[f"{name}.weight"], shapes[f"{name}.bias"] = (rows, columns), (rows,)

    def layer_norm(name: str, size: int) -> None:
        shapes[f"{name}.weight"], shapes[f"{name}.bias"] = (size,), (size,)

    width, inner, out = vision["hidden_size"], vision["intermediate_size"], vision["out_hidden_size"]
    patch, frames = vision["patch_size"], vision["temporal_patch_size"]
    eye = "model.visual"
    shapes[f"{eye}.patch_embed.proj.weight"] = (width, 3, frames, patch, patch)
    shapes[f"{eye}.patch_embed.proj.bias"] = (width,)
    shapes[f"{eye}.pos_embed.weight"] = (vision["num_position_embeddings"], width)
    for i in range(vision["depth"]):
        block = f"{eye}.blocks.{i}"
        layer_norm(f"{block}.norm1", width)
        layer_norm(f"{block}.norm2", width)
        linear(f"{block}.attn.qkv", 3 * width, width)
        linear(f"{block}.attn.proj", width, width)
        linear(f"{block}.mlp.linear_fc1", inner, width)
        linear(f"{block}.mlp.linear_fc2", width, inner)
    merged = width * vision["spatial_merge_size"] ** 2
    levels = range(len(vision["deepstack_visual_indexes"]))
    for merger in [f"{eye}.merger", *(f"{eye}.deepstack_merger_list.{i}" for i in levels)]:
        layer_norm(f"{merger}.norm", width if merger == f"{eye}.merger" else merged)
        linear(f"{merger}.linear_fc1", merged, merged)
        linear(f"{merger}.linear_fc2", out, merged)

    size, head_dim, inner = text["hidden_size"], text["head_dim"], text["intermediate_size"]
    queries, keys = text["num_attention_heads"] * head_dim, text["num_key_value_heads"] * head_dim
    shapes["model.language_model.embed_tokens.weight"] = (text["vocab_size"], size)
    for i in range(text["num_hidden_layers"]):
        layer = f"model.language_model.layers.{i}"
        shapes |= {
            f"{layer}.self_attn.q_proj.weight": (queries, size),
            f"{layer}.self_attn.k_proj.weight": (keys, size),
            f"{layer}.self_attn.v_proj.weight": (keys, size),
            f"{layer}.self_attn.o_proj.weight": (size, queries),
            f"{layer}.self_attn.q_norm.weight": (head_dim,),
            f"{layer}.self_attn.k_norm.weight": (head_dim,),
            f"{layer}.mlp.gate_proj.weight": (inner, size),
            f"{layer}.mlp.up_proj.weight": (inner, size),
            f"{layer}.mlp.down_proj.weight": (size, inner),
            f"{layer}.input_layernorm.weight": (size,),
            f"{layer}.post_attention_layernorm.weight": (size,),
        }
    shapes["model.language_model.norm.weight"] = (size,)
    if not tied:
        shapes["lm_head.weight"] = (text["vocab_size"], size)
    return shapes


def _write_weights(folder: Path, shapes: dict[str, tuple[int, ...]], *, seed: int, shards: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    tensors: dict[str, torch.Tensor] = {}
    for name, shape in shapes.items():
        noise = torch.randn(shape, generator=generator)
        if "norm" in name and name.endswith("weight"):
            tensors[name] = 1.0 + 0.1 * noise
        elif len(shape) == 1:
            tensors[name] = 0.1 * noise
        else:  # scaled so that activations keep their size and a wrong layer shows in the logits
            fan_in = noise[0].numel()
            tensors[name] = noise * (0.25 if "embed" in name and len(shape) == 2 else fan_in**-0.5)
    if shards == 1:
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
        return
    names = list(tensors)
    weight_map: dict[str, str] = {}
    for i in range(shards):
        file = f"model-{i + 1:05d}-of-{shards:05d}.safetensors"
        part = names[i::shards]
        save_file({n: tensors[n] for n in part}, folder / file, metadata={"format": "pt"})
        weight_map |= dict.fromkeys(part, file)
    total = sum(t.numel() * t.element_size() for t in tensors.values())
    _write_json(folder / "model.safetensors.index.json", {"metadata": {"total_size": total}, "weight_map": weight_map})


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
