"""The generation loop continues exactly as transformers' `generate`, and ends where it should."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import Qwen3VLForConditionalGeneration

from kantu.engine.generate import Generator
from kantu.engine.generation_config import read_generation_config
from kantu.engine.request import Delta, Request, SamplingParams
from kantu.errors import PromptTooLongError
from kantu.model.checkpoint import load_model
from kantu.processing.chat import ChatProcessor
from kantu.processing.image import CleanImage, patchify, prepare, read_image_config
from tests.tiny_checkpoint import write_tiny_checkpoint

CPU = torch.device("cpu")


def generator_of(folder: Path, dtype: torch.dtype = torch.float32) -> Generator:
    return Generator(
        load_model(folder, device=CPU, dtype=dtype),
        ChatProcessor.from_folder(folder),
        read_image_config(folder),
        read_generation_config(folder),
        CPU,
        dtype,
    )


@pytest.fixture(scope="module")
def generator(tiny_folder: Path) -> Generator:
    return generator_of(tiny_folder)


@pytest.fixture(scope="module")
def oracle(tiny_folder: Path) -> Qwen3VLForConditionalGeneration:
    return Qwen3VLForConditionalGeneration.from_pretrained(tiny_folder, dtype=torch.float32).eval()


def picture(generator: Generator, width: int, height: int, seed: int = 0) -> CleanImage:
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return prepare(Image.fromarray(noise), generator.image_config)


def request(images: Sequence[CleanImage] = (), text: str = "这是什么？", **sampling: Any) -> Request:
    parts = [*({"type": "image"} for _ in images), {"type": "text", "text": text}]
    return Request(({"role": "user", "content": parts},), tuple(images), SamplingParams(**sampling))


def run(generator: Generator, asked: Request) -> list[Delta]:
    return list(generator.start(asked))


def tokens(deltas: list[Delta]) -> list[int]:
    return [token for delta in deltas for token in delta.token_ids]


@pytest.mark.parametrize("sizes", [[], [(96, 128)], [(64, 64), (160, 96), (224, 64)]])
@pytest.mark.parametrize(("tied", "penalty"), [(True, 1.0), (True, 2.0), (False, 1.0)])
def test_64_greedy_tokens_equal_transformers(
    generator: Generator,
    oracle: Qwen3VLForConditionalGeneration,
    sizes: list[tuple[int, int]],
    tied: bool,
    penalty: float,
    tmp_path: Path,
) -> None:
    if not tied:
        write_tiny_checkpoint(tmp_path, tied=False, seed=7)
        generator = generator_of(tmp_path)
        oracle = Qwen3VLForConditionalGeneration.from_pretrained(tmp_path, dtype=torch.float32).eval()
    images = [picture(generator, w, h, seed) for seed, (w, h) in enumerate(sizes)]
    asked = request(images, max_tokens=64, min_tokens=64, temperature=0, repetition_penalty=penalty)
    ours = tokens(run(generator, asked))

    grids = [image.grid(generator.image_config) for image in images]
    ids = torch.from_numpy(generator.chat.prompt(asked.messages, grids).input_ids)[None]
    given: dict[str, Any] = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    if images:
        patches = np.concatenate([patchify(image.pixels, generator.image_config) for image in images])
        given |= {
            "pixel_values": torch.from_numpy(patches),
            "image_grid_thw": torch.tensor(grids),
            "mm_token_type_ids": (ids == generator.chat.image_token_id).int(),
        }
    greedy = {"do_sample": False, "temperature": None, "top_p": None, "top_k": None, "repetition_penalty": penalty}
    theirs = oracle.generate(**given, **greedy, min_new_tokens=64, max_new_tokens=64)
    assert ours == theirs[0, ids.shape[1] :].tolist()
    if penalty > 1 or not tied:
        assert len(set(ours)) > 8  # not one token over and over, which would prove little


def test_pieces_join_to_the_decoded_tokens(generator: Generator) -> None:
    deltas = run(generator, request([picture(generator, 96, 96)], max_tokens=40, min_tokens=40, seed=1))
    assert "".join(d.text for d in deltas) == generator.chat.tokenizer.decode(tokens(deltas))
    assert [d.finish_reason for d in deltas] == [None] * 39 + ["length"]


def test_usage_and_timings_come_with_the_last_piece_only(generator: Generator) -> None:
    image = picture(generator, 96, 128)
    deltas = run(generator, request([image], max_tokens=5, min_tokens=5))
    assert all(d.usage is None and d.timings is None for d in deltas[:-1])
    usage, timings = deltas[-1].usage, deltas[-1].timings
    assert usage is not None
    assert timings is not None
    assert (usage.visual_tokens, usage.completion_tokens) == (12, 5)
    assert usage.prompt_tokens > 12
    assert 0 < timings.preprocess_seconds < timings.ttft_seconds < timings.total_seconds
    assert 0 < timings.encode_seconds < timings.ttft_seconds
    assert timings.tpot_seconds == pytest.approx((timings.total_seconds - timings.ttft_seconds) / 4)


def test_an_end_token_ends_the_answer_and_is_not_shown(generator: Generator) -> None:
    free = tokens(run(generator, request(max_tokens=12, min_tokens=12, temperature=0)))
    ending = replace(generator, generation_config=replace(generator.generation_config, end_ids=frozenset({free[5]})))
    first = free.index(free[5])
    deltas = run(ending, request(max_tokens=12, temperature=0))
    assert tokens(deltas) == free[: first + 1]
    assert deltas[-1].finish_reason == "stop"
    assert "".join(d.text for d in deltas) == generator.chat.tokenizer.decode(free[:first])


def test_min_tokens_keeps_the_answer_going(generator: Generator) -> None:
    free = tokens(run(generator, request(max_tokens=12, min_tokens=12, temperature=0)))
    ending = replace(generator, generation_config=replace(generator.generation_config, end_ids=frozenset({free[0]})))
    assert len(tokens(run(ending, request(max_tokens=12, temperature=0)))) == 1
    assert len(tokens(run(ending, request(max_tokens=12, min_tokens=6, temperature=0)))) >= 6


def test_a_stop_string_ends_the_answer_before_itself(generator: Generator) -> None:
    asked = request(max_tokens=40, min_tokens=0, temperature=1.5, seed=5)
    whole = "".join(d.text for d in run(generator, asked))
    stop = whole[10:13]
    deltas = run(generator, replace(asked, sampling=replace(asked.sampling, stop=(stop,))))
    assert "".join(d.text for d in deltas) == whole[: whole.index(stop)]
    assert deltas[-1].finish_reason == "stop"


def test_a_stop_string_is_ignored_before_min_tokens(generator: Generator) -> None:
    asked = request(max_tokens=20, min_tokens=20, temperature=1.5, seed=5)
    whole = "".join(d.text for d in run(generator, asked))
    deltas = run(generator, replace(asked, sampling=replace(asked.sampling, stop=(whole[1:3],))))
    assert len(tokens(deltas)) == 20


def test_a_seed_repeats_the_answer(generator: Generator) -> None:
    def answer(seed: int) -> list[int]:
        return tokens(
            run(generator, request(max_tokens=16, min_tokens=16, temperature=1.0, top_k=0, top_p=1.0, seed=seed))
        )

    assert answer(3) == answer(3)
    assert answer(3) != answer(4)


def test_a_prompt_too_long_is_refused_before_the_network_runs(generator: Generator) -> None:
    context = generator.model.config.text.max_position_embeddings
    unable = replace(generator, model=_Unable(generator))  # type: ignore[arg-type]
    with pytest.raises(PromptTooLongError):
        unable.start(request(text="字 " * context))
    with pytest.raises(PromptTooLongError):
        unable.start(request(max_tokens=context))


class _Unable:
    """A network that must not be run."""

    def __init__(self, generator: Generator) -> None:
        self.config = generator.model.config


def test_the_default_length_is_what_the_context_leaves(tiny_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_folder, tmp_path / "short")
    config = json.loads((folder / "config.json").read_text())
    config["text_config"]["max_position_embeddings"] = 40
    (folder / "config.json").write_text(json.dumps(config))
    short = generator_of(folder)
    short = replace(short, generation_config=replace(short.generation_config, end_ids=frozenset({0})))
    deltas = run(short, request(min_tokens=3, temperature=0))
    usage = deltas[-1].usage
    assert usage is not None
    assert deltas[-1].finish_reason in ("length", "stop")
    assert usage.total_tokens <= 40
    with pytest.raises(PromptTooLongError):
        short.start(request(max_tokens=40))


def test_two_requests_interleaved_answer_as_alone(generator: Generator) -> None:
    first, second = (request([picture(generator, 96, 96, s)], max_tokens=12, min_tokens=12, seed=s) for s in (1, 2))
    alone = [tokens(run(generator, first)), tokens(run(generator, second))]
    together: list[list[int]] = [[], []]
    for pair in zip(generator.start(first), generator.start(second), strict=True):
        for out, delta in zip(together, pair, strict=True):
            out += delta.token_ids
    assert together == alone
