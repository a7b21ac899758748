"""A model folder: the files it has, each read at most once, and the configuration of the network.

This module reads the files. The layer that uses a file interprets it, in `X.from_folder(folder)`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from kantu.errors import KantuError, error
from kantu.model.config import Block, ModelConfig, parse_config, parse_fp8_block

MAX_FILE_BYTES = 1 << 26  # of a file that is read whole; the largest published one, a tokenizer.json, has 11 MB

_WEIGHTS = "model.safetensors"
_INDEX = "model.safetensors.index.json"
_TEMPLATES = ("chat_template.jinja", "chat_template.json", "tokenizer_config.json")


@dataclass(frozen=True)
class ModelFolder:
    """A model folder as it was when it was opened. Safe to share between threads.

    A file is read when it is first needed, and kept: all users of this object see the same content even if the file
    changes. Weights are mapped by `kantu.model.checkpoint`, never read here.

    Attributes:
        path: where it is.
        files: names of the files directly in it, including symbolic links to files.
    """

    path: Path
    files: frozenset[str]
    _contents: dict[str, bytes] = field(default_factory=dict, init=False, repr=False, compare=False)
    _objects: dict[str, Mapping[str, Any]] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def open(cls, path: Path) -> ModelFolder:
        """List the folder; nothing is read yet.

        Raises:
            ModelNotFoundError: `model_folder_not_found`: there is no folder at `path`.
            CheckpointError: `checkpoint_file_damaged`: it cannot be listed.
        """
        try:
            return cls(path, frozenset(entry.name for entry in path.iterdir() if entry.is_file()))
        except (FileNotFoundError, NotADirectoryError):
            raise error("model_folder_not_found", path=path) from None
        except OSError as failure:
            raise error("checkpoint_file_damaged.folder", path=path) from failure

    def text(self, name: str) -> str:
        """A text file.

        Raises:
            CheckpointError: `checkpoint_file_missing`, or `checkpoint_file_damaged`: it cannot be read, is larger than
                `MAX_FILE_BYTES` or is not UTF-8.
        """
        try:
            return self._read(name).decode("utf-8")
        except UnicodeDecodeError as failure:
            raise error("checkpoint_file_damaged.text", name=name, path=self.path) from failure

    def json(self, name: str, *, missing_ok: bool = False) -> Mapping[str, Any]:
        """The object in a JSON file; callers must not change it.

        Args:
            missing_ok: a missing file counts as an empty object.

        Raises:
            CheckpointError: as `text`; `checkpoint_file_damaged` also if it is not a JSON object.
        """
        if missing_ok and name not in self.files:
            return {}
        if name not in self._objects:
            self._objects[name] = self._parse(name)
        return self._objects[name]

    @cached_property
    def config(self) -> ModelConfig:
        """The content of `config.json`.

        Raises:
            CheckpointError: the file is missing, damaged, or lacks or contradicts something the network needs.
            UnsupportedModelError: the folder's kind is recognised but not supported.
        """
        return parse_config(self.json("config.json"), self.path / "config.json", self._templates())

    @cached_property
    def fp8_block(self) -> Block | None:
        """Rows and columns of a weight that share a scale; None where weights are stored as they are computed with."""
        return parse_fp8_block(self.json("config.json").get("quantization_config"))

    @cached_property
    def weights(self) -> tuple[Path, ...]:
        """The safetensors files: the single file, otherwise those in the index (as in transformers).

        Raises:
            CheckpointError: `checkpoint_file_missing`: there is none, or a file of the index is missing;
                `checkpoint_file_damaged`, `index_damaged`: the index is damaged.
        """
        names = self._listed_weights() if _INDEX in self.files and _WEIGHTS not in self.files else [_WEIGHTS]
        for name in names:
            if name not in self.files:
                raise self._missing(name)
        return tuple(self.path / name for name in names)

    def _listed_weights(self) -> list[str]:
        listed = self.json(_INDEX).get("weight_map")
        if not isinstance(listed, Mapping) or not listed:
            raise error("index_damaged", path=self.path)
        names = sorted({str(name) for name in listed.values()})
        for name in names:
            if Path(name).name != name or Path(name).suffix != ".safetensors":  # never outside the folder, no pickle
                raise error("index_damaged.name", name=name, path=self.path)
        return names

    def _templates(self) -> Iterator[str]:
        """The existing text files that may hold a chat template."""
        return (self._read(name).decode("utf-8", "replace") for name in _TEMPLATES if name in self.files)

    def _parse(self, name: str) -> Mapping[str, Any]:
        text = self.text(name)
        try:
            content = json.loads(text)
        except (ValueError, RecursionError) as failure:
            raise error("checkpoint_file_damaged.json", name=name, path=self.path) from failure
        if not isinstance(content, dict):
            raise error("checkpoint_file_damaged.object", name=name, path=self.path)
        return content

    def _read(self, name: str) -> bytes:
        if name not in self._contents:
            self._contents[name] = self._read_file(name)
        return self._contents[name]

    def _read_file(self, name: str) -> bytes:
        if name not in self.files:  # checked before opening: a named pipe would block for ever
            raise self._missing(name)
        try:
            with (self.path / name).open("rb") as file:
                content = file.read(MAX_FILE_BYTES + 1)
        except FileNotFoundError:
            raise self._missing(name) from None
        except OSError as failure:
            raise error("checkpoint_file_damaged.unreadable", name=name, path=self.path) from failure
        if len(content) > MAX_FILE_BYTES:
            most = MAX_FILE_BYTES >> 20
            raise error("checkpoint_file_damaged.size", name=name, most=most, path=self.path)
        return content

    def _missing(self, name: str) -> KantuError:
        return error("checkpoint_file_missing", name=name, path=self.path)
