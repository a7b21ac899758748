"""What a decoder computes between its linears: our own kernels where there are any, otherwise PyTorch's operators.

Both round at the same places, so they differ only by the order of their sums.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from kantu.model import rope
from kantu.native import kernels


def rms_norm(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    """Normalised in float32, cast back, then multiplied by the weight (the order Qwen3 was trained with)."""
    if kernels.can(x) and weight.dtype == x.dtype:
        return kernels.rms_norm(x, weight, eps)
    wide = x.float()
    return weight * (wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + eps)).to(x.dtype)


def norm_rotate(x: Tensor, weight: Tensor, eps: float, cos: Tensor, sin: Tensor) -> Tensor:
    """RMSNorm of each head of x [tokens, heads, head_dim], rotated by cos and sin [tokens, head_dim]."""
    if kernels.can(x) and weight.dtype == cos.dtype == sin.dtype == x.dtype:
        return kernels.norm_rotate(x, weight, eps, cos, sin)
    return rope.rotate(rms_norm(x, weight, eps), cos, sin)


def rotate_wide(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Heads x [tokens, heads, head_dim] rotated in float32 by cos and sin, float32 [tokens, head_dim], then rounded."""
    if kernels.can(x, 2):
        return kernels.rotate(x, cos, sin)
    return rope.rotate(x.float(), cos, sin).to(x.dtype)


def silu_mul(gate_up: Tensor) -> Tensor:
    """Gate and up, concatenated [tokens, 2 * size] -> silu(gate) * up [tokens, size]."""
    if kernels.can(gate_up, 2 * kernels.LANES):
        return kernels.silu_mul(gate_up)
    gate, up = gate_up.chunk(2, dim=1)
    return F.silu(gate) * up
