"""TTFT and total of the demo's question, beside transformers running the same weights in the same run.

    python benchmarks/demo.py [--model NAME] [--runs 7]

The two take turns. Both start from the picture's file and end with text; both greedy, in the same dtype. Each round has
a picture of its own, different in one pixel: nothing of an earlier round can be reused.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from PIL import Image
from transformers import AutoTokenizer, GenerationConfig, Qwen3VLForConditionalGeneration
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

import kantu

PICTURE = Path(__file__).parent.parent / "examples/order.png"
QUESTION = "为什么这个还没发货？"

Ask = Callable[[Path], tuple[str, float, float]]
"""A picture's file -> the answer, TTFT and total."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model")
    parser.add_argument("--runs", type=int, default=7)
    arguments = parser.parse_args()
    vlm = kantu.load(arguments.model)
    rivals = {"kantu": _ours(vlm), "transformers": _theirs(vlm.folder, vlm.dtype)}
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in rivals}
    texts = {}
    with TemporaryDirectory() as folder:
        for run in range(arguments.runs + 1):
            picture = _picture(Path(folder), run)
            for name, ask in rivals.items():
                texts[name], ttft, total = ask(picture)
                if run:  # the first round warms both up
                    seconds[name].append((ttft, total))
    print(f"{vlm.name}, {vlm.dtype}, median of {arguments.runs}\n| | TTFT s | total s | answer |\n|---|---|---|---|")
    medians = {
        name: [statistics.median(column) for column in zip(*rows, strict=True)] for name, rows in seconds.items()
    }
    for name, (ttft, total) in medians.items():
        print(f"| {name} | {ttft:.3f} | {total:.3f} | {texts[name]} |")
    ratios = [ours / theirs for ours, theirs in zip(medians["kantu"], medians["transformers"], strict=True)]
    print(f"| ratio | {ratios[0]:.2f} | {ratios[1]:.2f} | {'same' if len(set(texts.values())) == 1 else 'differs'} |")


def _picture(folder: Path, run: int) -> Path:
    picture = Image.open(PICTURE).convert("RGB")
    picture.putpixel((0, 0), (255, 255, run))
    path = folder / f"{run}.png"
    picture.save(path)
    return path


def _ours(vlm: kantu.VLM) -> Ask:
    def ask(path: Path) -> tuple[str, float, float]:
        started = time.perf_counter()
        stream = vlm.stream(path, QUESTION)
        first = next(stream)
        ttft = time.perf_counter() - started
        text = first + "".join(stream)
        return text, ttft, time.perf_counter() - started

    return ask


def _theirs(folder: Path, dtype: torch.dtype) -> Ask:
    model = Qwen3VLForConditionalGeneration.from_pretrained(folder, dtype=dtype).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    processor = Qwen2VLImageProcessorPil.from_pretrained(folder)
    messages = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": QUESTION}]}]
    template = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    config = GenerationConfig.from_pretrained(folder)

    def generate(path: Path, tokens: int) -> str:
        pixels = processor(Image.open(path).convert("RGB"), return_tensors="pt")
        merged = int(pixels["image_grid_thw"].prod()) // processor.merge_size**2
        text = template.replace("<|image_pad|>", "<|image_pad|>" * merged)
        inputs = tokenizer(text, return_tensors="pt", add_special_tokens=False, return_token_type_ids=False)
        picture = (inputs["input_ids"] == model.config.image_token_id).long()
        output = model.generate(
            **inputs,
            **pixels,
            mm_token_type_ids=picture,
            generation_config=config,
            max_new_tokens=tokens,
        )
        return str(tokenizer.decode(output[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True))

    def ask(path: Path) -> tuple[str, float, float]:
        started = time.perf_counter()
        generate(path, 1)
        ttft = time.perf_counter() - started
        started = time.perf_counter()
        text = generate(path, 512)
        return text, ttft, time.perf_counter() - started

    return ask


if __name__ == "__main__":
    main()
