"""Our numbers beside those of `transformers`, on the user's own weights.

Both read the same two synthetic pictures and the same Chinese question. Token ids, positions and pixels must be equal;
visual tokens, every DeepStack level and the logits of every prompt token within the precision's rounding. The two
models are loaded one after the other, so memory for one is enough.
"""

from __future__ import annotations

import gc
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from kantu.contenders.transformers import Outputs
from kantu.doctor.forward import ours, theirs
from kantu.doctor.machine import available_memory_bytes
from kantu.model.folder import ModelFolder

QUESTION = "图里有什么？请用中文回答，并说明 2 个细节。"
_SIZES = ((250, 190), (333, 120))  # pixels, width x height; odd on purpose: both must be resized
# Of the largest magnitude of the reference: rounding accumulates over layers in proportion to the numbers themselves.
_TOLERANCE = {torch.float32: 1e-4, torch.bfloat16: 5e-2}
_PIXEL_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Difference:
    """One quantity of ours beside the reference.

    Attributes:
        max_abs: largest absolute difference; infinite if the shapes differ.
        allowed: largest that passes.
        first: index of the first number that differs by more, None if none does.
    """

    name: str
    shape: tuple[int, ...]
    max_abs: float
    allowed: float
    first: tuple[int, ...] | None

    @property
    def passed(self) -> bool:
        return self.first is None and self.max_abs <= self.allowed


@dataclass(frozen=True, slots=True)
class Parity:
    """The whole comparison; `top_token_agreement` is over all prompt positions and informs only."""

    dtype: torch.dtype
    differences: tuple[Difference, ...]
    top_token_agreement: float

    @property
    def passed(self) -> bool:
        return all(difference.passed for difference in self.differences)


def compare(folder: ModelFolder) -> Parity:
    """Run both on `folder`, in float32 if the memory allows, else in bfloat16.

    Raises:
        MissingDependencyError: transformers is not installed or too old to know the model.
        CheckpointError: the folder is damaged.
    """
    dtype = _affordable_dtype(folder)
    pictures = [_picture(width, height) for width, height in _SIZES]
    reference = _named(theirs(folder, pictures, QUESTION, dtype))
    gc.collect()
    mine = _named(ours(folder, pictures, QUESTION, dtype))
    allowed = {name: _PIXEL_TOLERANCE if name == "像素" else 0.0 for name in ("词元编号", "三轴位置", "像素")}
    differences = []
    for name, expected in reference.items():
        bound = allowed.get(name)
        if bound is None:
            bound = _TOLERANCE[dtype] * max(1.0, expected.abs().max().item())
        differences.append(difference(name, mine[name], expected, bound))
    tops = [outputs["输出分数"].argmax(-1) for outputs in (mine, reference)]
    agreement = float((tops[0] == tops[1]).double().mean()) if tops[0].shape == tops[1].shape else 0.0
    return Parity(dtype, tuple(differences), agreement)


def difference(name: str, ours: Tensor, reference: Tensor, allowed: float) -> Difference:
    """Where two tensors differ by more than `allowed`; NaN counts as different."""
    if ours.shape != reference.shape:
        return Difference(name, tuple(ours.shape), float("inf"), allowed, (0,) * reference.ndim)
    gap = (ours.double() - reference.double()).abs().nan_to_num(nan=float("inf"))
    wrong = (gap > allowed).nonzero()
    first = tuple(int(i) for i in wrong[0]) if len(wrong) else None
    return Difference(name, tuple(ours.shape), gap.max().item() if gap.numel() else 0.0, allowed, first)


def _picture(width: int, height: int) -> Image.Image:
    """A gradient under noise: every patch is different, edges and flat parts included."""
    rows, columns = np.mgrid[0:height, 0:width]
    noise = np.random.default_rng(width).integers(0, 64, (height, width, 3))
    base = np.stack([columns * 255 // width, rows * 255 // height, (rows + columns) % 256], axis=-1)
    return Image.fromarray(np.clip(base + noise - 32, 0, 255).astype(np.uint8))


def _affordable_dtype(folder: ModelFolder) -> torch.dtype:
    """float32 shows the most; bfloat16 where two bytes a parameter is all there is room for."""
    weights = sum(path.stat().st_size for path in folder.weights)
    return torch.float32 if 2.5 * weights < available_memory_bytes() else torch.bfloat16


def _named(outputs: Outputs) -> dict[str, Tensor]:
    first, *deeper = outputs.levels
    named = {"词元编号": outputs.ids, "三轴位置": outputs.positions, "像素": outputs.pixels, "视觉词元": first}
    named |= {f"DeepStack 第 {i} 层": level for i, level in enumerate(deeper, 1)}
    named["输出分数"] = outputs.logits
    return {name: tensor if name in ("词元编号", "三轴位置") else tensor.float() for name, tensor in named.items()}
