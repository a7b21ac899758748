"""kantu-mini is a Qwen3-VL checkpoint whose tokenizer never joins two characters."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer, Qwen3VLForConditionalGeneration

from kantu.model.checkpoint import load_model
from kantu.model.folder import ModelFolder
from kantu.model.qwen3vl import Qwen3VL
from kantu.synth.words.vocabulary import HAN
from kantu.training.mini.folder import write_companions, write_weights
from kantu.training.mini.network import initialize, mini_config
from kantu.training.mini.tokenizer import PUNCTUATION, build_tokenizer


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an untrained mini."""
    path = tmp_path_factory.mktemp("mini")
    tokenizer = build_tokenizer()
    config = mini_config(tokenizer)
    model = Qwen3VL(config)
    initialize(model, seed=3)
    write_companions(path, config, tokenizer)
    write_weights(path, model)
    return path


def test_level_one_has_3755_characters() -> None:
    assert len(HAN) == len(set(HAN)) == 3755
    assert HAN[0] == "啊"
    assert HAN[-1] == "座"


def test_every_common_character_is_one_token_and_no_token_spans_two() -> None:
    tokenizer = build_tokenizer()
    for character in (*HAN, *PUNCTUATION):
        assert len(tokenizer.encode(character).ids) == 1, character
    text = "实付￥128.50元，共2件 Kantu 囧😀\n"
    ids = tokenizer.encode(text).ids
    assert tokenizer.decode(ids) == text
    assert len(ids) == sum(len(tokenizer.encode(character).ids) for character in text)


def test_the_folder_says_what_the_configuration_says(folder: Path) -> None:
    assert ModelFolder.open(folder).config == mini_config(build_tokenizer())


def test_it_is_small_enough_to_ship(folder: Path) -> None:
    shards = sorted(folder.glob("*.safetensors"))
    assert all(shard.stat().st_size < 16_000_000 for shard in shards)
    assert sum(shard.stat().st_size for shard in shards) < 44_000_000
    config = ModelFolder.open(folder).config
    with torch.device("meta"):
        assert sum(parameter.numel() for parameter in Qwen3VL(config).parameters()) <= 16_000_000


@pytest.mark.filterwarnings("default")  # transformers warns about its own internals
def test_transformers_loads_it_and_agrees(folder: Path) -> None:
    theirs = Qwen3VLForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).eval()
    ours = load_model(ModelFolder.open(folder), device=torch.device("cpu"), dtype=torch.float32)
    grid = (1, 6, 4)
    patches = torch.randn(24, ours.config.vision.patch_dim, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected = theirs.model.visual(patches, torch.tensor([grid]))
        found = ours.encode_images(patches, [grid])
    assert torch.allclose(found[0], expected.pooler_output, atol=1e-4)
    text = "这个订单发货了吗？"
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert tokenizer(text)["input_ids"] == build_tokenizer().encode(text).ids
