"""FP8 folders: each block has a scale, and a folder is refused where weights and scales do not fit."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from kantu.errors import CheckpointError
from kantu.model import fp8
from kantu.model.checkpoint import check_tensors, load_model, published_name, stored_shapes
from kantu.model.folder import ModelFolder
from kantu.model.qwen3vl import Qwen3VL
from kantu.training.fp8_folder import store_as_fp8
from tests.tiny_checkpoint import write_tiny_checkpoint

PROJECTION = "model.language_model.layers.0.mlp.gate_proj.weight"
SCALE = PROJECTION + "_scale_inv"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_checkpoint(tmp_path_factory.mktemp("original"), shards=2)


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    """The same model with FP8 weights, free to be damaged."""
    folder = shutil.copytree(original, tmp_path / "fp8")
    store_as_fp8(folder)
    return folder


def load(folder: Path, dtype: torch.dtype = torch.float32) -> Qwen3VL:
    return load_model(ModelFolder.open(folder), device=torch.device("cpu"), dtype=dtype)


def rewrite(folder: Path, **changes: Tensor | None) -> None:
    """Replace tensors wherever they stand; None removes one."""
    for path in ModelFolder.open(folder).weights:
        tensors = load_file(path)
        held = {name: tensor for name, tensor in changes.items() if name in tensors}
        tensors |= {name: tensor for name, tensor in held.items() if tensor is not None}
        save_file({name: tensor for name, tensor in tensors.items() if held.get(name, tensor) is not None}, path)


def refused(folder: Path) -> CheckpointError:
    with pytest.raises(CheckpointError) as caught:
        load(folder)
    return caught.value


@pytest.mark.parametrize("shape", [(128, 128), (256, 384), (5, 300), (1, 1)])
def test_each_element_is_its_step_times_the_scale_of_its_block(shape: tuple[int, int]) -> None:
    weight = torch.randn(shape).to(fp8.DTYPE)
    scale = torch.rand(fp8.scale_shape(shape, (128, 128)))
    wide = fp8.widen(weight, scale, (128, 128))
    assert wide.dtype == torch.float32
    for row, column in ((0, 0), (shape[0] - 1, shape[1] - 1), (shape[0] // 2, shape[1] // 3)):
        assert wide[row, column] == weight[row, column].float() * scale[row // 128, column // 128]


@pytest.mark.parametrize("shape", [(256, 384), (5, 300)])
def test_narrowing_loses_at_most_half_a_step(shape: tuple[int, int]) -> None:
    weight = torch.randn(shape) * torch.logspace(-4, 2, shape[1])
    narrow, scale = fp8.narrow(weight)
    assert (narrow.shape, scale.shape) == (shape, fp8.scale_shape(shape, fp8.BLOCK))
    lost = (fp8.widen(narrow, scale, fp8.BLOCK) - weight).abs()
    smallest = scale.repeat_interleave(128, 0)[: shape[0]].repeat_interleave(128, 1)[:, : shape[1]] * 2**-10
    assert (lost <= torch.maximum(weight.abs() / 16, smallest) * 1.0001).all()


def test_a_block_of_zeros_stays_zeros() -> None:
    narrow, scale = fp8.narrow(torch.zeros(3, 5))
    assert torch.equal(fp8.widen(narrow, scale, fp8.BLOCK), torch.zeros(3, 5))


def test_a_folder_has_the_weights_that_its_steps_and_scales_stand_for(original: Path, folder: Path) -> None:
    exact, state = load(original).state_dict(), load(folder).state_dict()
    assert state.keys() == exact.keys()
    narrowed = {
        name for name in state if fp8.scale_name(published_name(name)) in stored_shapes(ModelFolder.open(folder))
    }
    assert len(narrowed) == 7 * len(load(folder).language_model.layers)
    for name, tensor in exact.items():
        expected = fp8.widen(*fp8.narrow(tensor), fp8.BLOCK) if name in narrowed else tensor
        assert torch.equal(state[name], expected), name


def test_it_is_computed_with_in_any_dtype(folder: Path) -> None:
    wide, half = load(folder).state_dict(), load(folder, torch.bfloat16).state_dict()
    assert all(torch.equal(half[name], tensor.bfloat16()) for name, tensor in wide.items())


def test_scales_may_stand_in_another_file_than_their_weights(folder: Path) -> None:
    before = load(folder).state_dict()
    first, second = ModelFolder.open(folder).weights
    tensors, others = load_file(first), load_file(second)
    moved = {name: tensors.pop(name) for name in list(tensors) if fp8.is_scale(name)}
    assert moved
    save_file(tensors, first)
    save_file(others | moved, second)
    assert all(torch.equal(tensor, before[name]) for name, tensor in load(folder).state_dict().items())


def test_linears_have_half_the_size_and_the_index_says_how_much(original: Path, folder: Path) -> None:
    def size(folder: Path) -> int:
        return sum(tensor.nbytes for path in ModelFolder.open(folder).weights for tensor in load_file(path).values())

    assert size(folder) < size(original)
    index = ModelFolder.open(folder).json("model.safetensors.index.json")
    assert index["metadata"]["total_size"] == size(folder)
    assert index["weight_map"].keys() == stored_shapes(ModelFolder.open(folder)).keys()


def test_a_weight_without_its_scales_is_refused(folder: Path) -> None:
    rewrite(folder, **{SCALE: None})
    error = refused(folder)
    assert error.code == "tensors_mismatch"
    assert PROJECTION in error.message


def test_scales_of_a_weight_that_is_not_fp8_are_refused(folder: Path) -> None:
    rewrite(folder, **{PROJECTION: load(folder).state_dict()[PROJECTION.removeprefix("model.")]})
    assert PROJECTION in refused(folder).message


def test_scales_of_another_block_are_refused_before_weights_are_read(folder: Path) -> None:
    rewrite(folder, **{SCALE: torch.ones(7, 7)})
    opened = ModelFolder.open(folder)
    with pytest.raises(CheckpointError) as caught:
        check_tensors(opened, stored_shapes(opened))
    assert f"{SCALE} [7, 7]" in caught.value.message
