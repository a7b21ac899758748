"""Small engines and requests for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from kantu.engine.constraint import ConstraintCompiler
from kantu.engine.generation_config import GenerationConfig
from kantu.engine.local import EngineSettings, LocalEngine
from kantu.engine.preparation import Preparation
from kantu.engine.protocol import DeltaStream
from kantu.engine.request import Delta, End, Request, SamplingParams
from kantu.model.checkpoint import load_model
from kantu.model.folder import ModelFolder
from kantu.model.qwen3vl import Qwen3VL
from kantu.processing.chat import ChatProcessor
from kantu.processing.conversation import Turn
from kantu.processing.image import CleanImage, ImageConfig, prepare

CPU = torch.device("cpu")


class Parts:
    """What engines over one folder share."""

    def __init__(self, folder: Path) -> None:
        opened = ModelFolder.open(folder)
        self.model: Qwen3VL = load_model(opened, device=CPU, dtype=torch.float32)
        self.chat = ChatProcessor.from_folder(opened)
        self.image_config: ImageConfig = ImageConfig.from_folder(opened)
        self.generation_config = GenerationConfig.from_folder(opened)
        self.constraints = ConstraintCompiler(opened, self.model.config.text.vocab_size, self.generation_config.end_ids)

    @contextmanager
    def engine(
        self, *, model: Any = None, generation_config: GenerationConfig | None = None, **settings: Any
    ) -> Iterator[LocalEngine]:
        """An engine, checked and closed at the end."""
        sizes = EngineSettings(**{"block_size": 8, "kv_bytes": 2**22, "max_running": 16} | settings)
        preparation = Preparation(
            self.chat,
            self.image_config,
            generation_config or self.generation_config,
            self.constraints,
            sizes.block_size,
        )
        engine = LocalEngine(lambda: model or self.model, preparation, device=CPU, dtype=torch.float32, settings=sizes)
        try:
            yield engine
            engine.check()
        finally:
            engine.close()


def picture(parts: Parts, width: int, height: int, seed: int = 0) -> CleanImage:
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return prepare(Image.fromarray(noise), parts.image_config)


def request(
    images: Sequence[CleanImage] = (), text: str = "这是什么？", *, tenant: str = "", line: str = "", **sampling: Any
) -> Request:
    turn = Turn("user", (*(None for _ in images), text))
    return Request((turn,), tuple(images), SamplingParams(**sampling), tenant=tenant, line=line)


def run(engine: LocalEngine, asked: Request) -> list[Delta]:
    return list(DeltaStream(engine, asked))


def end_of(deltas: Sequence[Delta]) -> End:
    end = deltas[-1].end
    assert end is not None
    return end


def tokens(deltas: Sequence[Delta]) -> list[int]:
    return [token for delta in deltas for token in delta.token_ids]
