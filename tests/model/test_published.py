"""The released sizes: their published configuration, the tensors they must have, and what the reference makes of it.

The configurations state the published values; the name lists are those of transformers' state dict and the parameter
totals those of the released folders (the 8B index, for one, says 17,534,247,392 bytes of BF16).
"""

from __future__ import annotations

from math import prod
from pathlib import Path

import pytest
import torch
from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

from kantu.model.checkpoint import expected_shapes
from kantu.model.folder import ModelFolder

PUBLISHED = Path(__file__).parent / "published"
PARAMETERS = {"2b": 2_127_532_032, "4b": 4_437_815_808, "8b": 8_767_123_696, "32b": 33_357_390_064}
# layers, hidden, heads, kv heads, head_dim, intermediate, tied
TEXT = {
    "2b": (28, 2048, 16, 8, 128, 6144, True),
    "4b": (36, 2560, 32, 8, 128, 9728, True),
    "8b": (36, 4096, 32, 8, 128, 12288, False),
    "32b": (64, 5120, 64, 8, 128, 25600, False),
}
# depth, hidden, intermediate, heads, DeepStack after blocks
SMALL_TOWER, LARGE_TOWER = (24, 1024, 4096, 16, (5, 11, 17)), (27, 1152, 4304, 16, (8, 16, 24))
VISION = {"2b": SMALL_TOWER, "4b": SMALL_TOWER, "8b": LARGE_TOWER, "32b": LARGE_TOWER}

sizes = pytest.mark.parametrize("size", PARAMETERS)


@sizes
def test_the_configuration_is_that_of_the_released_model(size: str) -> None:
    config = ModelFolder.open(PUBLISHED / size).config
    text, vision = config.text, config.vision
    assert TEXT[size] == (
        text.num_hidden_layers,
        text.hidden_size,
        text.num_attention_heads,
        text.num_key_value_heads,
        text.head_dim,
        text.intermediate_size,
        config.tie_word_embeddings,
    )
    assert VISION[size] == (
        vision.depth,
        vision.hidden_size,
        vision.intermediate_size,
        vision.num_heads,
        vision.deepstack_visual_indexes,
    )
    assert (text.vocab_size, text.rope_theta, text.mrope_section) == (151_936, 5_000_000, (24, 20, 20))


@sizes
def test_expected_tensors_are_exactly_the_listed_ones(size: str) -> None:
    listed = (PUBLISHED / size / "tensor_names.txt").read_text("utf-8").splitlines()
    assert sorted(expected_shapes(ModelFolder.open(PUBLISHED / size).config)) == listed


@sizes
def test_the_number_of_parameters(size: str) -> None:
    shapes = expected_shapes(ModelFolder.open(PUBLISHED / size).config)
    assert sum(prod(shape) for shape in shapes.values()) == PARAMETERS[size]


@sizes
def test_names_and_shapes_are_those_of_the_reference(size: str) -> None:
    with torch.device("meta"):
        reference = Qwen3VLForConditionalGeneration(Qwen3VLConfig.from_pretrained(PUBLISHED / size))
    shapes = {name: tuple(tensor.shape) for name, tensor in reference.state_dict().items()}
    if reference.config.tie_word_embeddings:
        assert shapes.pop("lm_head.weight") == shapes["model.language_model.embed_tokens.weight"]
    assert expected_shapes(ModelFolder.open(PUBLISHED / size).config) == shapes
