"""From a model's name to a running model."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import torch

from kantu import hub
from kantu.engine.constraint import ConstraintCompiler
from kantu.engine.failures import typed_out_of_memory
from kantu.engine.generation_config import GenerationConfig
from kantu.engine.local import EngineSettings, LocalEngine
from kantu.engine.preparation import Preparation
from kantu.errors import error
from kantu.model.checkpoint import load_model
from kantu.model.config import VisionConfig
from kantu.model.folder import ModelFolder
from kantu.model.quantize import Quantize
from kantu.model.qwen3vl import Qwen3VL
from kantu.processing.chat import ChatProcessor
from kantu.processing.image import ImageConfig
from kantu.solve.calibration import Calibration
from kantu.vlm.device import device_of, dtype_of
from kantu.vlm.model import VLM


def load(
    name_or_path: str | Path | None = None,
    *,
    device: str | torch.device | None = None,
    dtype: str | torch.dtype | None = None,
    quantize: str | None = None,
    settings: EngineSettings | None = None,
) -> VLM:
    """Load a model.

    Args:
        name_or_path: None for the embedded `kantu-mini`, a short name (`qwen3-vl-8b`), `owner/name`, or a folder.
        device: None takes CUDA if there is a usable device, else the CPU.
        dtype: None takes bfloat16 if the device computes in it, else float32.
        quantize: "int8" or "int4" keeps the decoder's weights in that many bits; the vision tower stays as it is.
        settings: sizes of the engine: caches, queue, batch.

    Raises:
        ModelNotFoundError: the name is unknown, or the model has not been pulled.
        CheckpointError: the folder is damaged or of an unsupported kind.
        OutOfMemoryError: the weights do not fit.
        InvalidRequestError: an unknown device, dtype or `quantize`.
    """
    if quantize not in (None, "int8", "int4"):
        raise error("invalid_quantize")
    target = device_of(device)
    precision = dtype_of(dtype, target)
    settings = settings or EngineSettings()
    folder = ModelFolder.open(hub.locate(name_or_path))
    config = folder.config  # first: an unsupported model is reported before missing files
    generation_config = GenerationConfig.from_folder(folder)
    image_config = ImageConfig.from_folder(folder)
    chat = ChatProcessor.from_folder(folder)
    calibration = Calibration.from_folder(folder)
    if max(generation_config.end_ids) >= config.text.vocab_size:
        raise error("end_token_out_of_range")
    _check_patches(image_config, config.vision)
    constraints = ConstraintCompiler(folder, config.text.vocab_size, generation_config.end_ids)
    preparation = Preparation(chat, image_config, generation_config, constraints, settings.block_size)

    def weights() -> Qwen3VL:
        return load_model(
            folder, device=target, dtype=precision, quantize=cast(Quantize | None, quantize), prepack=True
        )

    with typed_out_of_memory():
        engine = LocalEngine(weights, preparation, device=target, dtype=precision, settings=settings)
    return VLM(
        str(name_or_path or hub.EMBEDDED),
        folder.path,
        engine,
        image_config,
        calibration,
        device=target,
        dtype=precision,
        context_tokens=engine.context_tokens,
    )


def _check_patches(image: ImageConfig, vision: VisionConfig) -> None:
    """Raise CheckpointError if the folder's patches do not match its vision tower."""
    pairs = (
        ("patch_size", image.patch_size, vision.patch_size),
        ("temporal_patch_size", image.temporal_patch_size, vision.temporal_patch_size),
        ("merge_size", image.merge_size, vision.spatial_merge_size),
    )
    for name, cut, read in pairs:
        if cut != read:
            raise error("processor_mismatch", name=name, cut=cut, read=read)
