"""Our numbers beside those of `transformers`, on the user's own weights.

Both read the same two synthetic pictures and the same Chinese question. Token ids, positions and pixels must be equal;
visual tokens, every DeepStack level and the logits of every prompt token within the precision's rounding. The two
models are loaded one after the other, so memory for one is enough.
"""

from __future__ import annotations

import contextlib
import gc
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from kantu.doctor.machine import available_memory_bytes
from kantu.errors import MissingDependencyError
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
    theirs = _theirs(folder, config, pictures, dtype)
    gc.collect()
    ours = _ours(folder, config, pictures, dtype)
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


def _messages(count: int) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = [{"type": "image"} for _ in range(count)]
    return [{"role": "user", "content": [*parts, {"type": "text", "text": QUESTION}]}]


def _affordable_dtype(folder: ModelFolder) -> torch.dtype:
    """float32 shows the most; bfloat16 where two bytes a parameter is all there is room for."""
    weights = sum(path.stat().st_size for path in folder.weights)
    return torch.float32 if 2.5 * weights < available_memory_bytes() else torch.bfloat16


@torch.inference_mode()
def _ours(
    folder: ModelFolder, config: ImageConfig, pictures: Sequence[Image.Image], dtype: torch.dtype
) -> dict[str, Tensor]:
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
    return _named(ids, positions, pixels, list(visual), logits)


@torch.inference_mode()
def _theirs(
    folder: ModelFolder, config: ImageConfig, pictures: Sequence[Image.Image], dtype: torch.dtype
) -> dict[str, Tensor]:
    transformers, image_processor = _transformers()
    processor = image_processor.from_pretrained(folder.path, local_files_only=True)
    budget = min(_MAX_PIXELS, config.max_pixels)
    size = {"shortest_edge": min(config.min_pixels, budget), "longest_edge": budget}
    batch = processor(images=list(pictures), size=size, return_tensors="pt")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder.path, local_files_only=True)
    with _quiet(transformers):
        model = transformers.Qwen3VLForConditionalGeneration.from_pretrained(
            folder.path, dtype=dtype, local_files_only=True
        ).eval()
    text = tokenizer.apply_chat_template(_messages(len(pictures)), tokenize=False, add_generation_prompt=True)
    placeholder = tokenizer.convert_ids_to_tokens(model.config.image_token_id)
    first, *rest = text.split(placeholder)
    counts = (batch["image_grid_thw"].prod(-1) // processor.merge_size**2).tolist()
    text = first + "".join(placeholder * n + piece for n, piece in zip(counts, rest, strict=True))
    ids = torch.tensor([tokenizer(text, add_special_tokens=False)["input_ids"]])
    kinds = (ids == model.config.image_token_id).int()
    positions, _ = model.model.get_rope_index(ids, mm_token_type_ids=kinds, image_grid_thw=batch["image_grid_thw"])
    pixels = batch["pixel_values"]
    features = model.model.get_image_features(pixels, batch["image_grid_thw"])
    levels = [torch.cat(list(level)) for level in (features.pooler_output, *features.deepstack_features)]
    logits = model(
        input_ids=ids,
        attention_mask=torch.ones_like(ids),
        pixel_values=pixels,
        image_grid_thw=batch["image_grid_thw"],
        mm_token_type_ids=kinds,
        use_cache=False,
    ).logits[0]
    return _named(ids[0], positions[:, 0], pixels, levels, logits)


@contextlib.contextmanager
def _quiet(transformers: Any) -> Iterator[None]:
    """Loading draws a progress bar and warns of things that are none of the user's doing."""
    bars = transformers.utils.logging.is_progress_bar_enabled()
    transformers.utils.logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        if bars:
            transformers.utils.logging.enable_progress_bar()


def _named(ids: Tensor, positions: Tensor, pixels: Tensor, levels: list[Tensor], logits: Tensor) -> dict[str, Tensor]:
    named = {"词元编号": ids, "三轴位置": positions, "像素": pixels.float(), "视觉词元": levels[0].float()}
    named |= {f"DeepStack 第 {i} 层": level.float() for i, level in enumerate(levels[1:], 1)}
    return {**named, "输出分数": logits.float()}


def _transformers() -> tuple[Any, Any]:
    try:
        import transformers
        from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

        _ = transformers.Qwen3VLForConditionalGeneration
    except (ImportError, AttributeError) as error:
        raise MissingDependencyError(
            "transformers_missing",
            "对照需要 transformers（5.0 以上）：pip install 'transformers>=5'",
            "Comparing needs transformers 5 or newer: pip install 'transformers>=5'",
            param="transformers",
        ) from error
    return transformers, Qwen2VLImageProcessorPil
