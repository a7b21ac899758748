"""One forward of a question about pictures, on the CPU: by our network, and by the reference."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image

from kantu.contenders.transformers import Outputs, Transformers
from kantu.model.attention import ContiguousCache
from kantu.model.checkpoint import load_model
from kantu.model.folder import ModelFolder
from kantu.processing.chat import ChatProcessor
from kantu.processing.conversation import Turn
from kantu.processing.image import ImageConfig, patchify, prepare

_MAX_PIXELS = 200 * 1024  # or the folder's least, where that is more
_CPU = torch.device("cpu")


@torch.inference_mode()
def ours(folder: ModelFolder, pictures: Sequence[Image.Image], question: str, dtype: torch.dtype) -> Outputs:
    """Loads the weights and lets them go.

    Raises:
        CheckpointError: the folder is damaged.
    """
    config = ImageConfig.from_folder(folder)
    images = [prepare(picture, config, max_pixels=_budget(config)) for picture in pictures]
    grids = [image.grid(config) for image in images]
    prompt = ChatProcessor.from_folder(folder).prompt([Turn("user", (*[None] * len(images), question))], grids)
    pixels = torch.from_numpy(np.concatenate([patchify(image.pixels, config) for image in images]))
    model = load_model(folder, device=_CPU, dtype=dtype)
    visual = model.encode_images(pixels.to(dtype), grids)
    cache = ContiguousCache(folder.config.text, len(prompt.input_ids), device=_CPU, dtype=dtype)
    index = torch.cat([torch.arange(start, start + length) for start, length in prompt.image_spans])
    ids, positions = torch.from_numpy(prompt.input_ids), torch.from_numpy(prompt.positions)
    logits = model(ids, positions, cache, visual=visual, visual_index=index)
    return Outputs(ids, positions, pixels, tuple(visual), logits)


def theirs(folder: ModelFolder, pictures: Sequence[Image.Image], question: str, dtype: torch.dtype) -> Outputs:
    """The same by transformers.

    Raises:
        MissingDependencyError: transformers is not installed or too old to know the model.
    """
    with contextlib.closing(Transformers(folder.path, dtype=dtype, device=_CPU)) as reference:
        return reference.forward(pictures, question, max_pixels=_budget(ImageConfig.from_folder(folder)))


def _budget(config: ImageConfig) -> int:
    return max(config.min_pixels, min(_MAX_PIXELS, config.max_pixels))
