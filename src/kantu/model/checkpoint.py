"""safetensors -> modules: memory-mapped, sharded, strict, without a second copy of the weights in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from kantu.errors import Words, error
from kantu.model import fp8
from kantu.model.config import ModelConfig
from kantu.model.folder import ModelFolder
from kantu.model.quantize import Preparation, Quantize
from kantu.model.qwen3vl import Qwen3VL

_PATCH_EMBEDDING = "visual.patch_embed.proj.weight"
_NAMED_IN_ERRORS = 8
_MAPPED_BYTES = 1 << 28  # most of a file kept mapped during conversion: its pages count as this process's memory
_COPIED_BYTES = 1 << 24  # when linears are packed, smaller kept tensors are copied, so that the file can be unmapped


def load_model(
    folder: ModelFolder,
    *,
    device: torch.device,
    dtype: torch.dtype,
    quantize: Quantize | None = None,
    prepack: bool = False,
) -> Qwen3VL:
    """The network of `folder` with its weights, ready for inference.

    Tensors whose dtype already fits stay memory-mapped on the CPU. Others (FP8 among them, see `kantu.model.fp8`) are
    converted one at a time, and their file is unmapped as it is used up. With `quantize` or `prepack` the linears are
    packed in the same way as they arrive. Such a model is for inference only: its linears have other names and no
    gradients.

    Args:
        quantize: "int8" or "int4" weights in the decoder; the vision tower is INT8 where it runs on our own kernels.
        prepack: keep the remaining BF16 linears in the CPU's own layout, if it has one.

    Raises:
        CheckpointError: files missing or damaged, or tensors missing, unexpected or misshapen (all named in one error).
        InvalidRequestError: this dtype or CPU does not support `quantize`.
        UnsupportedModelError: see `ModelFolder.config`.
    """
    config = folder.config
    check_tensors(folder, stored_shapes(folder))
    model = _skeleton(config)
    scales = _scales(folder)
    preparation = Preparation(model, device=device, dtype=dtype, quantize=quantize, prepack=prepack)
    for shard in folder.weights:
        for published, stored in _tensors(shard):
            if published in scales or _is_tied_copy(published, config):
                continue
            name = module_name(published)
            stored = _widened(published, stored, scales, folder)
            copied = preparation.is_needed and preparation.keeps(name) and stored.nbytes <= _COPIED_BYTES
            tensor = _fitted(name, stored, config).to(device=device, dtype=dtype, copy=copied)
            _place(model, name, tensor)
            del stored, tensor  # packed by now, so free it before the next tensor is read
            preparation.arrived(name)
    preparation.finish()
    return model.eval().requires_grad_(False)


def stored_shapes(folder: ModelFolder) -> dict[str, tuple[int, ...]]:
    """Name and shape of every tensor in a folder's files, from their headers alone.

    Raises:
        CheckpointError: a file is missing or damaged.
    """
    return {name: shape for shard in folder.weights for name, shape in _shapes(shard)}


def expected_shapes(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """Every tensor a checkpoint of this configuration has, by its published name, with its stored shape."""
    state = _skeleton(config).state_dict()
    shapes = {published_name(name): tuple(tensor.shape) for name, tensor in state.items()}
    vision = config.vision
    kernel = (vision.in_channels, vision.temporal_patch_size, vision.patch_size, vision.patch_size)
    shapes[published_name(_PATCH_EMBEDDING)] = (vision.hidden_size, *kernel)
    return shapes


def check_tensors(folder: ModelFolder, found: dict[str, tuple[int, ...]]) -> None:
    """Compare a folder's tensors with what its configuration asks for; one CheckpointError names all differences."""
    config = folder.config
    expected = expected_shapes(config)
    if folder.fp8_block is not None:
        scaled = {name: shape for name, shape in expected.items() if fp8.scale_name(name) in found and len(shape) == 2}
        expected |= {fp8.scale_name(name): fp8.scale_shape(shape, folder.fp8_block) for name, shape in scaled.items()}
    actual = {name: shape for name, shape in found.items() if not _is_tied_copy(name, config)}
    missing = sorted(expected.keys() - actual.keys())
    unexpected = sorted(actual.keys() - expected.keys())
    misshapen = [
        f"{name} {list(actual[name])} ≠ {list(shape)}"
        for name, shape in sorted(expected.items())
        if name in actual and actual[name] != shape
    ]
    if missing or unexpected or misshapen:
        kinds = (
            ("缺少", "missing", missing),
            ("多余", "unexpected", unexpected),
            ("形状不符", "misshapen", misshapen),
        )
        differences = Words(
            "；".join(f"{zh} {len(names)} 个：{_some(names)}" for zh, _, names in kinds if names),
            "; ".join(f"{len(names)} {en}: {_some(names)}" for _, en, names in kinds if names),
        )
        raise error("tensors_mismatch", path=folder.path, differences=differences)


def published_name(name: str) -> str:
    """The name a published checkpoint gives to the tensor our module calls `name`."""
    return name if name.startswith("lm_head.") else f"model.{name}"


def module_name(name: str) -> str:
    """Inverse of `published_name`."""
    return name.removeprefix("model.")


def _place(model: Qwen3VL, name: str, tensor: Tensor) -> None:
    path, _, leaf = name.rpartition(".")
    setattr(model.get_submodule(path), leaf, nn.Parameter(tensor, requires_grad=False))


class _NoInitialisation(TorchFunctionMode):
    """Skips the initialisation of new parameters: on the meta device it does nothing, and costs a second."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__module__", None) == "torch.nn.init":
            return kwargs["tensor"] if "tensor" in kwargs else args[0]
        return func(*args, **kwargs)


def _skeleton(config: ModelConfig) -> Qwen3VL:
    """The network with shapes and without weights."""
    with torch.device("meta"), _NoInitialisation():
        return Qwen3VL(config)


def _is_tied_copy(name: str, config: ModelConfig) -> bool:
    """Some tools store the tied output projection a second time."""
    return config.tie_word_embeddings and name == "lm_head.weight"


def _fitted(name: str, tensor: Tensor, config: ModelConfig) -> Tensor:
    if name == _PATCH_EMBEDDING:  # Conv3d kernel [hidden, C, T, H, W] -> Linear [hidden, C * T * H * W]
        return tensor.reshape(config.vision.hidden_size, config.vision.patch_dim)
    return tensor


def _scales(folder: ModelFolder) -> dict[str, Tensor]:
    """The scales of FP8 weights by name; they may stand in another file than their weights."""
    if folder.fp8_block is None:
        return {}
    return {name: tensor.clone() for shard in folder.weights for name, tensor in _tensors(shard) if fp8.is_scale(name)}


def _widened(name: str, stored: Tensor, scales: Mapping[str, Tensor], folder: ModelFolder) -> Tensor:
    """A weight as a number for each element, whichever way it is stored."""
    scale = scales.get(fp8.scale_name(name))
    if (stored.dtype == fp8.DTYPE) != (scale is not None):
        differences = Words(f"{name} 与它的 FP8 比例不成对", f"{name} does not fit with its FP8 scales")
        raise error("tensors_mismatch", path=folder.path, differences=differences)
    return stored if scale is None or folder.fp8_block is None else fp8.widen(stored, scale, folder.fp8_block)


def _shapes(shard: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
    try:
        with safe_open(shard, framework="pt") as file:
            for name in file.keys():  # noqa: SIM118 - not a dict
                yield name, tuple(file.get_slice(name).get_shape())
    except (SafetensorError, OSError) as failure:
        raise error("weights_damaged", shard=shard, param=shard.name) from failure


def _tensors(shard: Path) -> Iterator[tuple[str, Tensor]]:
    """Every tensor of a file, mapped. The file is reopened now and then, so that used pages are unmapped."""
    try:
        with safe_open(shard, framework="pt") as file:
            names = list(file.keys())
        while names:
            mapped = 0
            with safe_open(shard, framework="pt") as file:
                while names and mapped < _MAPPED_BYTES:
                    tensor = file.get_tensor(names[0])
                    mapped += tensor.nbytes
                    yield names.pop(0), tensor
                    del tensor
    except (SafetensorError, OSError) as failure:
        raise error("weights_damaged", shard=shard, param=shard.name) from failure


def _some(names: list[str]) -> str:
    tail = " …" if len(names) > _NAMED_IN_ERRORS else ""
    return ", ".join(names[:_NAMED_IN_ERRORS]) + tail
