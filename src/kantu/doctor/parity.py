"""Our numbers beside those of `transformers`, on the user's own weights.

Both read the same two synthetic pictures and the same Chinese question. Token ids, positions and pixels must be equal;
visual tokens, every DeepStack level and the logits of every prompt token within the precision's rounding. The two
models are loaded one after the other, so memory for one is enough.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from kantu.contenders.transformers import Outputs, Transformers
from kantu.doctor.machine import available_memory_bytes
from kantu.model.attention import ContiguousCache
from kantu.model.checkpoint import load_model
from kantu.model.folder import ModelFolder
from kantu.processing.chat import ChatProcessor
from kantu.processing.conversation import Turn
from kantu.processing.image import ImageConfig, patchify, prepare

QUESTION = "图里有什么？请用中文回答，并说明 2 个细节。"
_SIZES = ((250, 190), (333, 120))  # pixels, width x height; odd on purpose: both must be resized
_MAX_PIXELS = 200 * 1024
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
    config = ImageConfig.from_folder(folder)
    pictures = [_picture(width, height) for width, height in _SIZES]
    theirs = _named(_theirs(folder, config, pictures, dtype))
    gc.collect()
    ours = _named(_ours(folder, config, pictures, dtype))
    allowed = {name: _PIXEL_TOLERANCE if name == "像素" else 0.0 for name in ("词元编号", "三轴位置", "像素")}
    differences = []
    for name, reference in theirs.items():
        bound = allowed.get(name)
        if bound is None:
            bound = _TOLERANCE[dtype] * max(1.0, reference.abs().max().item())
        differences.append(difference(name, ours[name], reference, bound))
    tops = [outputs["输出分数"].argmax(-1) for outputs in (ours, theirs)]
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


@torch.inference_mode()
def _ours(folder: ModelFolder, config: ImageConfig, pictures: Sequence[Image.Image], dtype: torch.dtype) -> Outputs:
    images = [prepare(picture, config, max_pixels=min(_MAX_PIXELS, config.max_pixels)) for picture in pictures]
    grids = [image.grid(config) for image in images]
    prompt = ChatProcessor.from_folder(folder).prompt([Turn("user", (*[None] * len(images), QUESTION))], grids)
    pixels = torch.from_numpy(np.concatenate([patchify(image.pixels, config) for image in images]))
    cpu = torch.device("cpu")
    model = load_model(folder, device=cpu, dtype=dtype)
    visual = model.encode_images(pixels.to(dtype), grids)
    cache = ContiguousCache(folder.config.text, len(prompt.input_ids), device=cpu, dtype=dtype)
    index = torch.cat([torch.arange(start, start + length) for start, length in prompt.image_spans])
    ids, positions = torch.from_numpy(prompt.input_ids), torch.from_numpy(prompt.positions)
    logits = model(ids, positions, cache, visual=visual, visual_index=index)
    return Outputs(ids, positions, pixels, tuple(visual), logits)


def _theirs(folder: ModelFolder, config: ImageConfig, pictures: Sequence[Image.Image], dtype: torch.dtype) -> Outputs:
    reference = Transformers(folder.path, dtype=dtype, device=torch.device("cpu"))
    with contextlib.closing(reference):
        return reference.forward(pictures, QUESTION, max_pixels=min(_MAX_PIXELS, config.max_pixels))


def _named(outputs: Outputs) -> dict[str, Tensor]:
    first, *deeper = outputs.levels
    named = {"词元编号": outputs.ids, "三轴位置": outputs.positions, "像素": outputs.pixels, "视觉词元": first}
    named |= {f"DeepStack 第 {i} 层": level for i, level in enumerate(deeper, 1)}
    named["输出分数"] = outputs.logits
    return {name: tensor if name in ("词元编号", "三轴位置") else tensor.float() for name, tensor in named.items()}
