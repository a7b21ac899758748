"""A model folder: which files it has, how each is read, and what is said of a file that is missing or damaged."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kantu.engine.constraint import ConstraintCompiler
from kantu.engine.generation_config import GenerationConfig
from kantu.engine.request import Constraint
from kantu.errors import CheckpointError, KantuError, ModelNotFoundError, UnsupportedModelError
from kantu.model import folder as module
from kantu.model.checkpoint import stored_shapes
from kantu.model.folder import ModelFolder
from kantu.processing.chat import ChatProcessor
from kantu.processing.conversation import Turn
from kantu.processing.image_config import ImageConfig
from tests.tiny_checkpoint import write_tiny_checkpoint

INDEX = "model.safetensors.index.json"
SHARDS = [f"model-0000{i}-of-00003.safetensors" for i in (1, 2, 3)]


@pytest.fixture
def folder(tiny_folder: Path, tmp_path: Path) -> Path:
    """A complete folder with its weights in one file, free to be damaged."""
    return shutil.copytree(tiny_folder, tmp_path / "model")


@pytest.fixture(scope="module")
def sharded_original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_checkpoint(tmp_path_factory.mktemp("sharded"), shards=3)


@pytest.fixture
def sharded(sharded_original: Path, tmp_path: Path) -> Path:
    """The same with its weights in three files and an index."""
    return shutil.copytree(sharded_original, tmp_path / "sharded")


def parts(opened: ModelFolder) -> tuple[Any, ...]:
    """Everything that is read from a folder, from the weights no more than their headers."""
    generation_config = GenerationConfig.from_folder(opened)
    ConstraintCompiler(opened, opened.config.text.vocab_size, generation_config.end_ids).compile(
        Constraint("json_object")
    )
    prompt = ChatProcessor.from_folder(opened).prompt([Turn("user", "这是什么？")], [])
    ids = prompt.input_ids.tolist()
    return opened.config, ImageConfig.from_folder(opened), generation_config, ids, stored_shapes(opened)


def refused(read: Callable[[], object]) -> tuple[str, str | None]:
    with pytest.raises(KantuError) as caught:
        read()
    return caught.value.code, caught.value.param


class TestACompleteFolder:
    def test_opening_lists_the_files_and_reads_none(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (folder / "assets").mkdir()
        monkeypatch.setattr(Path, "open", lambda *_: pytest.fail("a file was opened"))
        opened = ModelFolder.open(folder)
        assert opened.path == folder
        assert {"config.json", "tokenizer.json", "model.safetensors"} <= opened.files
        assert "assets" not in opened.files

    def test_every_layer_has_its_part_from_it(self, folder: Path) -> None:
        config, image_config, generation_config, ids, shapes = parts(ModelFolder.open(folder))
        assert config.vision.patch_size == image_config.patch_size == 16
        assert generation_config.temperature == 0.7
        assert ids
        assert "model.visual.patch_embed.proj.weight" in shapes

    def test_no_file_is_read_twice(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        read: list[str] = []
        path_open = Path.open
        monkeypatch.setattr(Path, "open", lambda path, mode: read.append(path.name) or path_open(path, mode))
        parts(ModelFolder.open(folder))
        assert "tokenizer.json" in read
        assert len(read) == len(set(read))

    def test_what_was_read_does_not_change_with_the_file(self, folder: Path) -> None:
        opened = ModelFolder.open(folder)
        before = opened.json("config.json")
        (folder / "config.json").write_text("{}")
        assert opened.json("config.json") is before

    def test_threads_may_share_it(self, folder: Path) -> None:
        opened, found = ModelFolder.open(folder), []
        threads = [threading.Thread(target=lambda: found.append(parts(opened))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [parts(ModelFolder.open(folder))] * 4


class TestAFolderThatIsNone:
    def test_a_path_that_leads_nowhere(self, tmp_path: Path) -> None:
        with pytest.raises(ModelNotFoundError) as caught:
            ModelFolder.open(tmp_path / "nowhere")
        assert caught.value.code == "model_folder_not_found"
        assert str(tmp_path / "nowhere") in caught.value.message

    def test_a_file(self, folder: Path) -> None:
        with pytest.raises(ModelNotFoundError) as caught:
            ModelFolder.open(folder / "config.json")
        assert caught.value.code == "model_folder_not_found"

    def test_one_that_may_not_be_listed(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def deny(path: Path) -> None:
            raise PermissionError(13, "Permission denied", path)

        monkeypatch.setattr(Path, "iterdir", deny)
        assert refused(lambda: ModelFolder.open(folder)) == ("checkpoint_file_damaged", "model")


class TestAMissingFile:
    """One code for whichever file it is; the message names the file and the folder in both languages."""

    @pytest.mark.parametrize(
        "name",
        ["config.json", "generation_config.json", "preprocessor_config.json", "tokenizer.json", "model.safetensors"],
    )
    def test_a_needed_one_is_named(self, folder: Path, name: str) -> None:
        (folder / name).unlink()
        with pytest.raises(CheckpointError) as caught:
            parts(ModelFolder.open(folder))
        error = caught.value
        assert (error.code, error.param) == ("checkpoint_file_missing", name)
        for message in (error.message, error.message_en):
            assert name in message
            assert str(folder) in message

    def test_tokenizer_config_may_be_missing(self, folder: Path) -> None:
        complete = parts(ModelFolder.open(folder))
        (folder / "tokenizer_config.json").unlink()
        assert parts(ModelFolder.open(folder)) == complete
        assert ModelFolder.open(folder).json("tokenizer_config.json", missing_ok=True) == {}

    def test_one_that_vanishes_after_the_folder_was_opened(self, folder: Path) -> None:
        opened = ModelFolder.open(folder)
        (folder / "config.json").unlink()
        assert refused(lambda: opened.config) == ("checkpoint_file_missing", "config.json")

    def test_a_folder_of_that_name_is_no_file(self, folder: Path) -> None:
        (folder / "config.json").unlink()
        (folder / "config.json").mkdir()
        assert refused(lambda: ModelFolder.open(folder).config) == ("checkpoint_file_missing", "config.json")

    def test_a_named_pipe_is_no_file(self, folder: Path) -> None:
        (folder / "config.json").unlink()
        os.mkfifo(folder / "config.json")
        assert refused(lambda: ModelFolder.open(folder).config) == ("checkpoint_file_missing", "config.json")


class TestADamagedFile:
    """One code as well; the message says what is wrong with it."""

    @pytest.mark.parametrize(
        "name", ["config.json", "generation_config.json", "preprocessor_config.json", "tokenizer_config.json"]
    )
    @pytest.mark.parametrize(
        ("content", "reason", "reason_en"),
        [
            (b"", "不是有效的 JSON", "is not valid JSON"),
            (b'{"a": ', "不是有效的 JSON", "is not valid JSON"),
            (b'{"a":' * 100_000, "不是有效的 JSON", "is not valid JSON"),
            (b"\xff\xfe\x00", "不是 UTF-8 文本", "is not UTF-8 text"),
            (b"[]", "不是 JSON 对象", "is not a JSON object"),
            (b"null", "不是 JSON 对象", "is not a JSON object"),
        ],
        ids=["empty", "cut", "too deep", "not UTF-8", "a list", "null"],
    )
    def test_json(self, folder: Path, name: str, content: bytes, reason: str, reason_en: str) -> None:
        (folder / name).write_bytes(content)
        with pytest.raises(CheckpointError) as caught:
            parts(ModelFolder.open(folder))
        error = caught.value
        assert (error.code, error.param) == ("checkpoint_file_damaged", name)
        assert error.message == f"模型目录里的 {name} 已损坏（{reason}）：{folder}"
        assert error.message_en == f"{name} in the model folder {reason_en}: {folder}"

    def test_a_chat_template_that_is_not_text_is_said_by_who_needs_it(self, folder: Path) -> None:
        (folder / "chat_template.jinja").write_bytes(b"\xff{{ messages }}")
        opened = ModelFolder.open(folder)
        assert opened.config
        damaged = ("checkpoint_file_damaged", "chat_template.jinja")
        assert refused(lambda: ChatProcessor.from_folder(opened)) == damaged

    def test_one_that_is_too_large(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "MAX_FILE_BYTES", 1 << 20)
        (folder / "config.json").write_bytes(b" " * (1 << 20) + b"{}")
        assert refused(lambda: ModelFolder.open(folder).config) == ("checkpoint_file_damaged", "config.json")
        (folder / "config.json").write_bytes(b" " * ((1 << 20) - 2) + b"{}")
        assert ModelFolder.open(folder).json("config.json") == {}

    def test_no_more_than_the_bound_is_read_of_a_file_without_end(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "MAX_FILE_BYTES", 1 << 20)
        with (folder / "config.json").open("wb") as file:
            file.truncate(1 << 40)  # holes: a terabyte that takes no disk
        assert refused(lambda: ModelFolder.open(folder).config) == ("checkpoint_file_damaged", "config.json")

    def test_one_that_may_not_be_read(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def deny(path: Path, _mode: str) -> None:
            raise PermissionError(13, "Permission denied", path)

        monkeypatch.setattr(Path, "open", deny)
        assert refused(lambda: ModelFolder.open(folder).config) == ("checkpoint_file_damaged", "config.json")


class TestSymbolicLinks:
    """The cache of Hugging Face: `snapshots/COMMIT/NAME` is a link to `blobs/HASH`."""

    @pytest.fixture
    def cache(self, sharded: Path, tmp_path: Path) -> Path:
        blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshots" / ("0" * 40)
        blobs.mkdir()
        snapshot.mkdir(parents=True)
        for number, path in enumerate(sorted(sharded.iterdir())):
            path.rename(blobs / f"{number:064x}")
            (snapshot / path.name).symlink_to(f"../../blobs/{number:064x}")
        return snapshot

    def test_a_folder_of_links_is_as_good(self, cache: Path, sharded_original: Path) -> None:
        assert parts(ModelFolder.open(cache)) == parts(ModelFolder.open(sharded_original))

    def test_so_is_a_link_to_a_folder(self, folder: Path, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to(folder)
        assert parts(ModelFolder.open(tmp_path / "link")) == parts(ModelFolder.open(folder))

    @pytest.mark.parametrize("name", ["tokenizer.json", SHARDS[1]])
    def test_a_link_that_leads_nowhere_is_a_missing_file(self, cache: Path, name: str) -> None:
        (cache / name).resolve().unlink()
        assert refused(lambda: parts(ModelFolder.open(cache))) == ("checkpoint_file_missing", name)

    def test_links_in_a_circle_are_a_missing_file(self, folder: Path) -> None:
        (folder / "tokenizer.json").unlink()
        (folder / "tokenizer.json").symlink_to("tokenizer.json")
        assert refused(lambda: parts(ModelFolder.open(folder))) == ("checkpoint_file_missing", "tokenizer.json")


class TestConfig:
    """What of it is accepted is in test_config.py."""

    def test_both_layouts_of_the_rotary_settings(self, folder: Path) -> None:
        older = json.loads((folder / "config.json").read_text("utf-8"))
        text = dict(older["text_config"])
        text["rope_parameters"] = {**text.pop("rope_scaling"), "rope_theta": text.pop("rope_theta")}
        published = ModelFolder.open(folder).config
        (folder / "config.json").write_text(json.dumps({**older, "text_config": text}), "utf-8")
        assert ModelFolder.open(folder).config == published

    def test_it_is_parsed_once(self, folder: Path) -> None:
        opened = ModelFolder.open(folder)
        assert opened.config is opened.config

    def test_an_unsupported_model_is_called_so_whatever_else_the_folder_lacks(self, tmp_path: Path) -> None:
        (tmp_path / "config.json").write_text(json.dumps({"architectures": ["Qwen3ForCausalLM"]}), "utf-8")
        with pytest.raises(UnsupportedModelError):
            _ = ModelFolder.open(tmp_path).config


class TestWeights:
    def index(self, folder: Path, content: object) -> ModelFolder:
        (folder / INDEX).write_text(json.dumps(content), "utf-8")
        return ModelFolder.open(folder)

    def test_a_single_file(self, folder: Path) -> None:
        assert ModelFolder.open(folder).weights == (folder / "model.safetensors",)

    def test_the_files_an_index_lists_in_order(self, sharded: Path) -> None:
        (sharded / "model-00009-of-00009.safetensors").write_bytes(b"not listed")
        assert ModelFolder.open(sharded).weights == tuple(sharded / name for name in SHARDS)

    def test_a_single_file_goes_before_an_index(self, folder: Path) -> None:
        opened = self.index(folder, {"weight_map": {"a": "other.safetensors"}})
        assert opened.weights == (folder / "model.safetensors",)

    def test_none(self, folder: Path) -> None:
        (folder / "model.safetensors").unlink()
        assert refused(lambda: ModelFolder.open(folder).weights) == ("checkpoint_file_missing", "model.safetensors")

    @pytest.mark.parametrize("name", SHARDS)
    def test_a_listed_file_that_is_missing(self, sharded: Path, name: str) -> None:
        (sharded / name).unlink()
        assert refused(lambda: ModelFolder.open(sharded).weights) == ("checkpoint_file_missing", name)

    def test_a_damaged_index(self, sharded: Path) -> None:
        opened = self.index(sharded, "no object")
        assert refused(lambda: opened.weights) == ("checkpoint_file_damaged", INDEX)

    @pytest.mark.parametrize(
        "content",
        [
            {},
            {"weight_map": []},
            {"weight_map": {}},
            {"weight_map": None},
            {"weight_map": {"a": ["b"]}},
            {"weight_map": {"a": 5}},
        ],
    )
    def test_an_index_that_lists_no_files(self, sharded: Path, content: object) -> None:
        opened = self.index(sharded, content)
        assert refused(lambda: opened.weights) == ("index_damaged", INDEX)

    @pytest.mark.parametrize("name", ["../model.safetensors", "/etc/model.safetensors", "sub/model.safetensors", ".."])
    def test_an_index_that_leads_outside_the_folder(self, folder: Path, sharded: Path, name: str) -> None:
        shutil.copy(folder / "model.safetensors", sharded.parent)  # the file it points to is there, and still refused
        opened = self.index(sharded, {"weight_map": {"a": SHARDS[0], "b": name}})
        assert refused(lambda: opened.weights) == ("index_damaged", INDEX)

    def test_pickled_weights_are_never_named(self, sharded: Path) -> None:
        (sharded / "pytorch_model.bin").write_bytes(b"")
        opened = self.index(sharded, {"weight_map": {"a": "pytorch_model.bin"}})
        assert refused(lambda: opened.weights) == ("index_damaged", INDEX)
