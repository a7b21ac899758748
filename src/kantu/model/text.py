"""The decoder: tokens + visual tokens -> hidden states, over a given KV cache. Tokens are packed [tokens, hidden]."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kantu.model import fused, rope
from kantu.model.attention import KVCache
from kantu.model.config import TextConfig


class RMSNorm(nn.Module):
    """See `fused.rms_norm`."""

    def __init__(self, size: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        return fused.rms_norm(x, self.weight, self.eps)


class TextAttention(nn.Module):
    """Grouped-query attention with RMSNorm on each head's query and key, no biases.

    `qkv_proj`, if set, computes q, k and v at once instead of their three linears (see `model.quantize`).
    """

    def __init__(self, config: TextConfig, layer: int) -> None:
        super().__init__()
        self.layer = layer
        self.head_dim = config.head_dim
        self.heads = (config.num_attention_heads, config.num_key_value_heads, config.num_key_value_heads)
        query_size = config.num_attention_heads * config.head_dim
        key_size = config.num_key_value_heads * config.head_dim
        self.q_proj = nn.Linear(config.hidden_size, query_size, bias=False)
        self.k_proj = nn.Linear(config.hidden_size, key_size, bias=False)
        self.v_proj = nn.Linear(config.hidden_size, key_size, bias=False)
        self.o_proj = nn.Linear(query_size, config.hidden_size, bias=False)
        self.qkv_proj: nn.Module | None = None
        self.q_norm = RMSNorm(config.head_dim, config.rms_norm_eps)
        self.k_norm = RMSNorm(config.head_dim, config.rms_norm_eps)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, cache: KVCache) -> Tensor:
        q, k, v = self._project(x)
        q = fused.norm_rotate(q, self.q_norm.weight, self.q_norm.eps, cos, sin)
        k = fused.norm_rotate(k, self.k_norm.weight, self.k_norm.eps, cos, sin)
        output: Tensor = self.o_proj(cache.attend(self.layer, q, k, v).flatten(1))
        return output

    def _project(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """q [tokens, heads, head_dim], k and v [tokens, kv_heads, head_dim]."""
        shape = (x.shape[0], -1, self.head_dim)
        if self.qkv_proj is None:
            return self.q_proj(x).view(shape), self.k_proj(x).view(shape), self.v_proj(x).view(shape)
        q, k, v = self.qkv_proj(x).view(shape).split(self.heads, dim=1)
        return q, k, v


class TextMLP(nn.Module):
    """SiLU-gated feed-forward. `gate_up_proj`, if set, computes gate and up at once instead of the two linears."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.up_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.down_proj = nn.Linear(config.intermediate_size, config.hidden_size, bias=False)
        self.gate_up_proj: nn.Module | None = None

    def forward(self, x: Tensor) -> Tensor:
        if self.gate_up_proj is None:
            gated = F.silu(self.gate_proj(x)) * self.up_proj(x)
        else:
            gated = fused.silu_mul(self.gate_up_proj(x))
        output: Tensor = self.down_proj(gated)
        return output


class TextLayer(nn.Module):
    def __init__(self, config: TextConfig, layer: int) -> None:
        super().__init__()
        self.self_attn = TextAttention(config, layer)
        self.mlp = TextMLP(config)
        self.input_layernorm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.post_attention_layernorm = RMSNorm(config.hidden_size, config.rms_norm_eps)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, cache: KVCache) -> Tensor:
        attended: Tensor = x + self.self_attn(self.input_layernorm(x), cos, sin, cache)
        output: Tensor = attended + self.mlp(self.post_attention_layernorm(attended))
        return output


class TextDecoder(nn.Module):
    """Qwen3 dense decoder with interleaved 3-axis rotary and DeepStack injection."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.config = config
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(TextLayer(config, layer) for layer in range(config.num_hidden_layers))
        self.norm = RMSNorm(config.hidden_size, config.rms_norm_eps)

    def forward(
        self,
        input_ids: Tensor,
        positions: Tensor,
        cache: KVCache,
        visual: Tensor | None = None,
        visual_index: Tensor | None = None,
    ) -> Tensor:
        """Hidden states after the last norm, [tokens, hidden].

        Args:
            input_ids: [tokens]; ids at visual positions are placeholders.
            positions: [3, tokens], the T, H and W axes.
            cache: stores keys and values, and attends.
            visual: [1 + levels, visual tokens, hidden] from the vision tower; level i is added after layer i.
            visual_index: [visual tokens], their places among these tokens.
        """
        config = self.config
        x: Tensor = self.embed_tokens(input_ids)
        if visual is not None and visual_index is not None:
            x = x.index_copy(0, visual_index, visual[0].to(x.dtype))
        cos, sin = rope.text_rotary(positions, config.head_dim, config.rope_theta, config.mrope_section, x.dtype)
        for index, layer in enumerate(self.layers):
            x = layer(x, cos, sin, cache)
            if visual is not None and visual_index is not None and index + 1 < visual.shape[0]:
                x = x.index_add(0, visual_index, visual[index + 1].to(x.dtype))
        output: Tensor = self.norm(x)
        return output
