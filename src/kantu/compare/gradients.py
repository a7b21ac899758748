"""Whether a contender can be learned as a whole: how far the gradient of a right answer reaches, measured.

One answer to one question about one picture, its loss, and one pass back. Of Kantu the pass goes from the answer
through the decoder and the vision tower to the pixels. Of the pipeline it goes from the answer through the text model
to the token ids of its prompt, which are whole numbers: PyTorch refuses a gradient of those, and what the reader,
classical vision and the description did lies on the other side.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from kantu.model.checkpoint import load_model
from kantu.model.folder import ModelFolder
from kantu.model.qwen3vl import Qwen3VL
from kantu.processing.chat import ChatProcessor
from kantu.processing.conversation import ImageSource, Turn
from kantu.processing.image import ImageConfig, patchify, prepare

_CPU = torch.device("cpu")


@dataclass(frozen=True)
class Reach:
    """What a pass back has reached.

    Attributes:
        reached: parameters whose gradient is there and not all zero, of `parameters` in all.
        outside_bytes: weights of networks that the pass cannot enter at all, such as a reader's.
        pixels: whether it reached the picture.
        stopped_by: what stopped it, in PyTorch's words; "" where nothing did.
    """

    reached: int
    parameters: int
    outside_bytes: int
    pixels: bool
    stopped_by: str


def kantu_reach(folder: Path, picture: ImageSource, question: str, answer: str) -> Reach:
    """Of the whole network of a folder."""
    opened = ModelFolder.open(folder)
    config = ImageConfig.from_folder(opened)
    image = prepare(picture, config)
    patches = torch.from_numpy(patchify(image.pixels, config)).float().requires_grad_()
    model = load_model(opened, device=_CPU, dtype=torch.float32).requires_grad_(True)
    with torch.enable_grad():
        visual = model.encode_images(patches, [image.grid(config)])
        _loss(model, opened, Turn("user", (None, question)), [image.grid(config)], answer, visual).backward()  # type: ignore[no-untyped-call]
    reached, parameters = _counted(model)
    return Reach(reached, parameters, 0, patches.grad is not None and bool(patches.grad.any()), "")


def pipeline_reach(folder: Path, prompt: str, answer: str, reader_bytes: int) -> Reach:
    """Of a pipeline whose text model is the folder's, asked with a prompt that its description stands in.

    Args:
        reader_bytes: of the reader's networks, which are run by another program that knows no gradients.
    """
    opened = ModelFolder.open(folder)
    model = load_model(opened, device=_CPU, dtype=torch.float32).requires_grad_(True)
    with torch.enable_grad():
        _loss(model, opened, Turn("user", (prompt,)), [], answer, None).backward()  # type: ignore[no-untyped-call]
    ids = torch.from_numpy(ChatProcessor.from_folder(opened).prompt([Turn("user", (prompt,))], []).input_ids)
    stopped_by = ""
    try:
        ids.requires_grad_()
    except RuntimeError as refused:
        stopped_by = str(refused).splitlines()[0]
    reached, parameters = _counted(model)
    return Reach(reached, parameters, reader_bytes, ids.requires_grad, stopped_by)


class _WholePrompt:
    """A cache of one call, that gradients pass through."""

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        query, key, value = (x.transpose(0, 1).unsqueeze(0) for x in (q, k, v))
        shared = query.shape[1] != key.shape[1]
        output = F.scaled_dot_product_attention(query, key, value, is_causal=True, enable_gqa=shared)
        return output.squeeze(0).transpose(0, 1)


def _loss(
    model: Qwen3VL,
    folder: ModelFolder,
    turn: Turn,
    grids: list[tuple[int, int, int]],
    answer: str,
    visual: Tensor | None,
) -> Tensor:
    """Of the answer after the prompt, as in training."""
    chat = ChatProcessor.from_folder(folder)
    prompt = chat.prompt([turn], grids)
    told = np.asarray(chat.tokenizer.encode(answer, allow_special=False), dtype=prompt.input_ids.dtype)
    begin = len(prompt.input_ids)
    ids = torch.from_numpy(np.concatenate((prompt.input_ids, told)))
    after = prompt.positions.max() + 1 + np.arange(len(told))
    positions = torch.from_numpy(np.concatenate((prompt.positions, np.broadcast_to(after, (3, len(told)))), axis=1))
    index = [torch.arange(start, start + length) for start, length in prompt.image_spans]
    logits = model(ids, positions, _WholePrompt(), visual=visual, visual_index=torch.cat(index) if index else None)
    return F.cross_entropy(logits[begin - 1 : -1], ids[begin:].long())


def _counted(model: Qwen3VL) -> tuple[int, int]:
    """Parameters with a gradient, and all."""
    named = list(model.parameters())
    reached = sum(each.numel() for each in named if each.grad is not None and bool(each.grad.any()))
    return reached, sum(each.numel() for each in named)
