"""What BF16 costs: our logits beside those of transformers, each in BF16 and in float32, on one picture and question.

    python benchmarks/bf16_parity.py FOLDER

Weights may be random; the shapes and the folder's tokenizer are real. The four models run one after another, each in a
process of its own, so the float32 model of the largest size must fit the memory once. Exits with 1 unless

- our BF16 logits differ from our float32 logits by no more than transformers' BF16 logits differ from its own, and
- BF16's top token is float32's wherever float32's top two are further apart than that difference.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

if TYPE_CHECKING:
    import torch

    from kantu.processing.chat import Prompt

Logits = npt.NDArray[np.float32]  # [tokens, vocabulary]

QUESTION = "图里的圆形是什么颜色？它的右边写着什么？"
IMPLEMENTATIONS = ("kantu", "transformers")
DTYPES = ("float32", "bfloat16")


def main() -> None:
    arguments = _arguments()
    if arguments.implementation:
        np.save(arguments.output, run(arguments.implementation, arguments.dtype, arguments.folder))
        return
    with tempfile.TemporaryDirectory() as scratch:
        logits = {
            (implementation, dtype): _in_a_process(implementation, dtype, arguments.folder, Path(scratch))
            for implementation in IMPLEMENTATIONS
            for dtype in DTYPES
        }
    sys.exit(0 if report(logits) else 1)


def report(logits: dict[tuple[str, str], Logits]) -> bool:
    """Print the figures; whether both conditions hold."""
    exact = logits["kantu", "float32"]
    print(f"{exact.shape[0]} tokens x {exact.shape[1]} logits, standard deviation {exact.std():.4f}")
    print(f"kantu float32 - transformers float32: max {_difference(logits, 'float32').max():.2e}")
    print(f"kantu BF16 - transformers BF16: max {_difference(logits, 'bfloat16').max():.2e}")
    errors: dict[str, Logits] = {}
    for name in IMPLEMENTATIONS:
        errors[name] = error = np.abs(logits[name, "bfloat16"] - logits[name, "float32"])
        print(f"{name + ' BF16 - float32:':<29}max {error.max():.5f}  mean {error.mean():.6f}  rms {_rms(error):.6f}")
    bound = float(errors["transformers"].max())
    top_two = np.partition(exact, -2, axis=-1)[:, -2:]
    clear = top_two[:, 1] - top_two[:, 0] > bound
    same = logits["kantu", "bfloat16"].argmax(-1) == exact.argmax(-1)
    print(f"top two further apart than {bound:.5f}: {clear.sum()} of {clear.size} tokens, top token agrees at", end=" ")
    print(f"{(same & clear).sum()} of them and at {same.sum()} of all")
    small = errors["kantu"].max() <= errors["transformers"].max() and _rms(errors["kantu"]) <= _rms(
        errors["transformers"]
    )
    print("BF16 error no larger than transformers':", "yes" if small else "NO")
    print("top tokens agree where they must:", "yes" if same[clear].all() else "NO")
    return bool(small and same[clear].all())


def run(implementation: str, dtype_name: str, folder: Path) -> Logits:
    """Float32 logits of every token of the prompt, [tokens, vocabulary]."""
    import torch

    prompt, patches, grid = question(folder)
    forward = _kantu if implementation == "kantu" else _transformers
    with torch.inference_mode():
        return forward(folder, getattr(torch, dtype_name), prompt, torch.from_numpy(patches), grid).float().numpy()


def question(folder: Path) -> tuple[Prompt, npt.NDArray[np.float32], tuple[int, int, int]]:
    """The prompt, the patches of its picture and their grid, by our processing (its parity is tested elsewhere)."""
    from kantu.model.folder import ModelFolder
    from kantu.processing.chat import ChatProcessor
    from kantu.processing.conversation import Turn
    from kantu.processing.image import patchify, prepare
    from kantu.processing.image_config import ImageConfig

    picture = Image.linear_gradient("L").resize((384, 256)).convert("RGB")
    draw = ImageDraw.Draw(picture)
    draw.ellipse((40, 60, 170, 190), fill=(200, 30, 40))
    draw.text((220, 110), "KANTU 2026", fill=(20, 60, 200))
    opened = ModelFolder.open(folder)
    config = ImageConfig.from_folder(opened)
    clean = prepare(picture, config)
    grid = clean.grid(config)
    prompt = ChatProcessor.from_folder(opened).prompt([Turn("user", (None, QUESTION))], [grid])
    return prompt, patchify(clean.pixels, config), grid


def _kantu(
    folder: Path, dtype: torch.dtype, prompt: Prompt, patches: torch.Tensor, grid: tuple[int, int, int]
) -> torch.Tensor:
    import torch

    from kantu.model.attention import ContiguousCache
    from kantu.model.checkpoint import load_model
    from kantu.model.folder import ModelFolder

    cpu = torch.device("cpu")
    model = load_model(ModelFolder.open(folder), device=cpu, dtype=dtype)
    ids = torch.from_numpy(prompt.input_ids)
    logits: torch.Tensor = model(
        ids,
        torch.from_numpy(prompt.positions),
        ContiguousCache(model.config.text, len(ids), device=cpu, dtype=dtype),
        visual=model.encode_images(patches, [grid]),
        visual_index=(ids == model.config.image_token_id).nonzero()[:, 0],
    )
    return logits


def _transformers(
    folder: Path, dtype: torch.dtype, prompt: Prompt, patches: torch.Tensor, grid: tuple[int, int, int]
) -> torch.Tensor:
    import torch
    from transformers import Qwen3VLForConditionalGeneration
    from transformers.utils import logging

    logging.disable_progress_bar()
    model = Qwen3VLForConditionalGeneration.from_pretrained(folder, dtype=dtype).eval()
    ids = torch.from_numpy(prompt.input_ids)[None]
    logits: torch.Tensor = model(
        input_ids=ids,
        attention_mask=torch.ones_like(ids),
        mm_token_type_ids=(ids == model.config.image_token_id).long(),
        pixel_values=patches,
        image_grid_thw=torch.tensor([grid]),
    ).logits[0]
    return logits


def _in_a_process(implementation: str, dtype: str, folder: Path, scratch: Path) -> Logits:
    output = scratch / f"{implementation}-{dtype}.npy"
    options = ["--implementation", implementation, "--dtype", dtype, "--output", str(output)]
    subprocess.run([sys.executable, __file__, str(folder), *options], check=True)
    logits: Logits = np.load(output)
    return logits


def _difference(logits: dict[tuple[str, str], Logits], dtype: str) -> Logits:
    ours, theirs = (logits[name, dtype] for name in IMPLEMENTATIONS)
    return np.abs(ours - theirs)


def _rms(values: Logits) -> float:
    return float(np.sqrt(np.square(values, dtype=np.float64).mean()))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--implementation", choices=IMPLEMENTATIONS, help="run one model and save its logits")
    parser.add_argument("--dtype", choices=DTYPES)
    parser.add_argument("--output", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
