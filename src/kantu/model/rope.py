"""Rotary positions: 2-D for the vision tower, interleaved 3-axis (MRoPE) for the decoder. Pure functions."""

from __future__ import annotations

import torch
from torch import Tensor

VISION_THETA = 10_000.0  # fixed in every Qwen-VL vision tower; the published config has no field for it


def inverse_frequencies(dim: int, theta: float, device: torch.device) -> Tensor:
    """theta^(-2i/dim) for i in [0, dim/2), float32. `dim` is the number of rotated channels."""
    return 1.0 / theta ** (torch.arange(0, dim, 2, dtype=torch.float32, device=device) / dim)


def vision_rotary(rows: Tensor, columns: Tensor, head_dim: int) -> tuple[Tensor, Tensor]:
    """Cos and sin, float32 [patches, head_dim], from each patch's row and column (in patch units)."""
    frequencies = inverse_frequencies(head_dim // 2, VISION_THETA, rows.device)
    angles = torch.cat((rows[:, None] * frequencies, columns[:, None] * frequencies), dim=-1)
    angles = torch.cat((angles, angles), dim=-1)
    return angles.cos(), angles.sin()


def text_rotary(
    positions: Tensor, head_dim: int, theta: float, section: tuple[int, int, int], dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    """Cos and sin, `dtype` [tokens, head_dim], from 3-axis positions [3, tokens].

    The axes are interleaved: channel i belongs to H if i % 3 == 1 and i < 3 * section[1], to W if i % 3 == 2 and
    i < 3 * section[2], else to T (Qwen3-VL technical report, 2025, "interleaved MRoPE").
    """
    frequencies = inverse_frequencies(head_dim, theta, positions.device)
    angles = positions[:, :, None].float() * frequencies  # [3, tokens, head_dim / 2]
    merged = angles[0].clone()
    for axis in (1, 2):
        channels = slice(axis, 3 * section[axis], 3)
        merged[:, channels] = angles[axis, :, channels]
    merged = torch.cat((merged, merged), dim=-1)
    return merged.cos().to(dtype), merged.sin().to(dtype)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotate channel pairs (i, i + head_dim/2) of x [tokens, heads, head_dim] by cos, sin [tokens, head_dim]."""
    first, second = x.chunk(2, dim=-1)
    return x * cos[:, None] + torch.cat((-second, first), dim=-1) * sin[:, None]
