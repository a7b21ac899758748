"""A folder's tokens and its compiler of constraints, without its network."""

from __future__ import annotations

from pathlib import Path

from kantu.engine.constraint import ConstraintCompiler
from kantu.engine.generation_config import GenerationConfig
from kantu.model.folder import ModelFolder
from kantu.processing.tokenizer import Tokenizer


class FolderTokens:
    """What a constrained answer is made of."""

    def __init__(self, folder: Path) -> None:
        opened = ModelFolder.open(folder)
        self.vocab_size = opened.config.text.vocab_size
        self.tokenizer = Tokenizer.from_folder(opened)
        self.end_ids = GenerationConfig.from_folder(opened).end_ids
        self.compiler = ConstraintCompiler(opened, self.vocab_size, self.end_ids)
