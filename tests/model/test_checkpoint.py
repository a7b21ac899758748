"""Loading: strict, sharded, memory-mapped, with errors that name what is wrong."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from kantu.errors import CheckpointError, UnsupportedModelError
from kantu.model.checkpoint import (
    check_tensors,
    expected_shapes,
    load_model,
    module_name,
    published_name,
    stored_shapes,
)
from kantu.model.folder import ModelFolder
from kantu.model.qwen3vl import Qwen3VL
from tests.tiny_checkpoint import write_tiny_checkpoint

CPU = torch.device("cpu")
EMBEDDING = "model.language_model.embed_tokens.weight"
NORM = "model.language_model.norm.weight"


@pytest.fixture
def folder(tiny_folder: Path, tmp_path: Path) -> Path:
    """A tiny tied checkpoint in one file, free to be damaged."""
    return shutil.copytree(tiny_folder, tmp_path, dirs_exist_ok=True)


@pytest.fixture(scope="module")
def sharded_original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_checkpoint(tmp_path_factory.mktemp("sharded"), shards=3)


@pytest.fixture
def sharded(sharded_original: Path, tmp_path: Path) -> Path:
    """The same weights in three files with an index, free to be damaged."""
    return shutil.copytree(sharded_original, tmp_path / "sharded")


def load(folder: Path, dtype: torch.dtype = torch.float32) -> Qwen3VL:
    return load_model(ModelFolder.open(folder), device=CPU, dtype=dtype)


def refused(folder: Path) -> CheckpointError:
    with pytest.raises(CheckpointError) as caught:
        load(folder)
    return caught.value


def rewrite(folder: Path, **changes: Tensor | None) -> None:
    """Add or replace tensors of the single file; None removes one."""
    path = folder / "model.safetensors"
    tensors = {**load_file(path), **changes}
    save_file({name: tensor for name, tensor in tensors.items() if tensor is not None}, path)


class TestLoading:
    def test_every_weight_arrives_under_its_name(self, folder: Path) -> None:
        stored = load_file(folder / "model.safetensors")
        state = load(folder).state_dict()
        assert {published_name(name) for name in state} == stored.keys()
        for name, tensor in state.items():
            assert torch.equal(tensor.flatten(), stored[published_name(name)].flatten()), name

    def test_shards_give_the_same_model_as_one_file(self, folder: Path, sharded: Path) -> None:
        assert len(ModelFolder.open(sharded).weights) == 3
        one, many = load(folder).state_dict(), load(sharded).state_dict()
        assert one.keys() == many.keys()
        assert all(torch.equal(one[name], many[name]) for name in one)

    def test_the_conv3d_patch_kernel_becomes_a_linear_with_the_same_answer(self, folder: Path) -> None:
        kernel = load_file(folder / "model.safetensors")["model.visual.patch_embed.proj.weight"]
        assert kernel.shape == (64, 3, 2, 16, 16)
        embedding = load(folder).visual.patch_embed
        patches = torch.randn(5, 3 * 2 * 16 * 16)
        expected = torch.nn.functional.conv3d(
            patches.view(5, 3, 2, 16, 16), kernel, embedding.proj.bias, stride=(2, 16, 16)
        )
        torch.testing.assert_close(embedding(patches), expected.view(5, 64), rtol=1e-4, atol=1e-4)

    def test_the_model_is_ready_for_inference(self, folder: Path) -> None:
        model = load(folder)
        assert not model.training
        assert not any(weight.requires_grad or weight.is_meta for weight in model.parameters())

    def test_another_dtype_is_converted(self, folder: Path) -> None:
        model = load(folder, torch.bfloat16)
        stored = load_file(folder / "model.safetensors")
        assert {weight.dtype for weight in model.parameters()} == {torch.bfloat16}
        assert torch.equal(model.language_model.norm.weight, stored[NORM].bfloat16())

    def test_files_larger_than_the_mapped_window_load_the_same(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        expected = load(folder, torch.bfloat16).state_dict()
        monkeypatch.setattr("kantu.model.checkpoint._MAPPED_BYTES", 1000)
        state = load(folder, torch.bfloat16).state_dict()
        assert all(torch.equal(state[name], tensor) for name, tensor in expected.items())

    def test_weights_of_the_right_dtype_stay_in_the_file(self, folder: Path) -> None:
        """No second copy: the bytes on disk are the bytes in memory."""
        if not Path("/proc/self/maps").exists():
            pytest.skip("needs /proc to see mappings")
        weight = load(folder).language_model.embed_tokens.weight
        maps = [line.split() for line in Path("/proc/self/maps").read_text("utf-8").splitlines()]
        ranges = [tuple(int(end, 16) for end in m[0].split("-")) for m in maps if str(folder) in m[-1]]
        assert any(low <= weight.data_ptr() < high for low, high in ranges)

    def test_changing_a_weight_in_memory_does_not_reach_the_file(self, folder: Path) -> None:
        before = (folder / "model.safetensors").read_bytes()
        load(folder).language_model.embed_tokens.weight.data.zero_()
        assert (folder / "model.safetensors").read_bytes() == before

    def test_building_the_skeleton_leaves_the_random_state_alone(self, folder: Path) -> None:
        before = torch.get_rng_state()
        load(folder)
        assert torch.equal(torch.get_rng_state(), before)

    def test_a_second_copy_of_a_tied_output_projection_is_ignored(self, folder: Path) -> None:
        rewrite(folder, **{"lm_head.weight": torch.zeros(3)})
        model = load(folder)
        assert model.output_weight is model.language_model.embed_tokens.weight


class TestStrictness:
    def test_missing_unexpected_and_misshapen_tensors_are_all_named_in_one_error(self, folder: Path) -> None:
        rewrite(
            folder,
            **{
                NORM: None,
                "model.visual.merger.norm.bias": None,
                EMBEDDING: torch.zeros(5, 64),
                "model.visual.patch_embed.proj.weight": torch.zeros(64, 1536),
                "model.extra.weight": torch.zeros(1),
            },
        )
        error = refused(folder)
        assert error.code == "tensors_mismatch"
        for text in (error.message, error.message_en):
            for name in (NORM, "model.visual.merger.norm.bias", "model.extra.weight"):
                assert name in text
            assert f"{EMBEDDING} [5, 64]" in text
            assert "model.visual.patch_embed.proj.weight [64, 1536] ≠ [64, 3, 2, 16, 16]" in text
        assert "2 missing" in error.message_en
        assert "1 unexpected" in error.message_en
        assert "2 misshapen" in error.message_en

    def test_an_untied_model_must_have_its_output_projection(self, tmp_path: Path) -> None:
        folder = write_tiny_checkpoint(tmp_path, tied=False)
        rewrite(folder, **{"lm_head.weight": None})
        assert "1 missing: lm_head.weight" in refused(folder).message_en

    def test_a_long_list_is_counted_and_cut(self, folder: Path) -> None:
        opened = ModelFolder.open(folder)
        with pytest.raises(CheckpointError) as caught:
            check_tensors(opened, {})
        assert f"{len(expected_shapes(opened.config))} missing" in caught.value.message_en
        assert caught.value.message_en.endswith("…")
        assert len(caught.value.message_en) < 1000

    def test_shapes_are_compared_before_any_weight_is_read(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        rewrite(folder, **{NORM: None})

        def never(shard: Path) -> None:
            raise AssertionError(f"{shard} was read")

        monkeypatch.setattr("kantu.model.checkpoint._tensors", never)
        assert refused(folder).code == "tensors_mismatch"

    def test_the_stored_shapes_are_the_expected_ones(self, folder: Path) -> None:
        opened = ModelFolder.open(folder)
        assert stored_shapes(opened) == expected_shapes(opened.config)

    @pytest.mark.parametrize("name", [EMBEDDING, "lm_head.weight", "model.visual.pos_embed.weight"])
    def test_published_names_and_module_names_are_inverse(self, name: str) -> None:
        assert published_name(module_name(name)) == name


class TestDamagedFolders:
    @pytest.mark.parametrize("kept", [0, 4, 100, -1])
    def test_a_truncated_file(self, folder: Path, kept: int) -> None:
        path = folder / "model.safetensors"
        path.write_bytes(path.read_bytes()[:kept])
        error = refused(folder)
        assert (error.code, error.param) == ("weights_damaged", "model.safetensors")

    def test_a_file_that_is_no_safetensors(self, folder: Path) -> None:
        (folder / "model.safetensors").write_bytes(b"PK\x03\x04" + b"pickle" * 1000)
        assert refused(folder).code == "weights_damaged"

    def test_one_truncated_shard_is_named(self, sharded: Path) -> None:
        path = sharded / "model-00003-of-00003.safetensors"
        path.write_bytes(path.read_bytes()[:-10])
        assert refused(sharded).param == path.name

    def test_a_shard_of_another_model_is_noticed(self, sharded: Path) -> None:
        first, second = (sharded / f"model-0000{i}-of-00003.safetensors" for i in (1, 2))
        second.write_bytes(first.read_bytes())
        assert refused(sharded).code == "tensors_mismatch"

    def test_an_unsupported_model_is_refused_before_its_weights_are_looked_at(self, folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text("utf-8"))
        config["quantization_config"] = {"quant_method": "fp8"}
        (folder / "config.json").write_text(json.dumps(config), "utf-8")
        (folder / "model.safetensors").unlink()
        assert isinstance(refused(folder), UnsupportedModelError)
