"""FP8 weights as Qwen publishes them: e4m3, and one scale for each block of 128 x 128, in `weight_scale_inv`.

The layout is that of DeepSeek-V3 (2024, section 3.3, https://arxiv.org/abs/2412.19437), which transformers calls
fine-grained FP8. Weights are widened as they are loaded: no kernel for FP8 is needed, and INT8 and INT4 are made of
them as of any others.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from kantu.model.config import Block

BLOCK: Block = (128, 128)  # of every published folder
DTYPE = torch.float8_e4m3fn
_SUFFIX = "_scale_inv"


def scale_name(weight: str) -> str:
    """The name of the tensor that holds a weight's scales."""
    return weight + _SUFFIX


def is_scale(name: str) -> bool:
    """Whether a tensor holds scales."""
    return name.endswith(_SUFFIX)


def scale_shape(weight: tuple[int, ...], block: Block) -> tuple[int, ...]:
    """Shape of the scales of a weight [N, K]; the last blocks of a side may be cut."""
    return tuple(-(-side // step) for side, step in zip(weight, block, strict=True))


def widen(weight: Tensor, scale: Tensor, block: Block) -> Tensor:
    """FP8 weight [N, K] and scales [⌈N / rows⌉, ⌈K / columns⌉] -> float32 [N, K]."""
    (rows, columns), (height, width) = block, weight.shape
    scales = scale.float().repeat_interleave(rows, 0)[:height].repeat_interleave(columns, 1)[:, :width]
    return weight.float().mul_(scales)


def narrow(weight: Tensor, block: Block = BLOCK) -> tuple[Tensor, Tensor]:
    """Weight [N, K] -> FP8 [N, K] and float32 scales: the largest weight of a block is the largest e4m3."""
    (rows, columns), (height, width) = block, weight.shape
    whole = functional.pad(weight.float(), (0, -width % columns, 0, -height % rows))
    down, across = scale_shape((height, width), block)
    blocks = whole.view(down, rows, across, columns)
    scale = blocks.abs().amax((1, 3)).div_(torch.finfo(DTYPE).max)
    scale[scale == 0] = 1
    steps = blocks.div(scale[:, None, :, None]).view_as(whole)
    return steps[:height, :width].to(DTYPE).contiguous(), scale
