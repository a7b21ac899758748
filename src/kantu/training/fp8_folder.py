"""A folder with BF16 weights -> the same with the decoder's linears in FP8, as Qwen publishes them: half their size."""

from __future__ import annotations

import json
import re
from pathlib import Path

from safetensors.torch import load_file, save_file
from torch import Tensor

from kantu.model import fp8
from kantu.training.mini.folder import write_json

_INDEX = "model.safetensors.index.json"
_NARROWED = re.compile(r"model\.language_model\.layers\.\d+\.(self_attn|mlp)\.\w+_proj\.weight")
_QUANTIZATION = {
    "quant_method": "fp8",
    "activation_scheme": "dynamic",
    "fmt": "e4m3",
    "weight_block_size": list(fp8.BLOCK),
    "modules_to_not_convert": ["lm_head", "model.visual"],
}


def store_as_fp8(folder: Path) -> None:
    """Rewrite sharded weights, index and `config.json` in place; the vision tower and the tables stay BF16."""
    index = json.loads((folder / _INDEX).read_text("utf-8"))
    weight_map: dict[str, str] = {}
    size = 0
    for file in sorted(set(index["weight_map"].values())):
        tensors = _narrowed(load_file(folder / file))
        save_file(tensors, folder / file, metadata={"format": "pt"})
        weight_map |= dict.fromkeys(tensors, file)
        size += sum(tensor.nbytes for tensor in tensors.values())
    write_json(folder / _INDEX, {"metadata": {"total_size": size}, "weight_map": weight_map})
    config = json.loads((folder / "config.json").read_text("utf-8"))
    write_json(folder / "config.json", config | {"quantization_config": _QUANTIZATION})


def _narrowed(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    stored = {}
    for name, tensor in tensors.items():
        if _NARROWED.fullmatch(name):
            stored[name], stored[fp8.scale_name(name)] = fp8.narrow(tensor)
        else:
            stored[name] = tensor
    return stored
