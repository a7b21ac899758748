"""A model's name, its engine, and what of its folder the HTTP side needs. No PyTorch in this process."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from kantu import hub
from kantu.engine.generation_config import GenerationConfig
from kantu.engine.process import ProcessEngine, ProcessSettings
from kantu.engine.protocol import Engine
from kantu.engine.remote.engine import RemoteEngine, Upstream
from kantu.engine.request import DEFAULT_MAX_TOKENS
from kantu.errors import error
from kantu.model.folder import ModelFolder
from kantu.processing.chat import ChatProcessor
from kantu.processing.image_config import ImageConfig
from kantu.service.models.load import load_engine
from kantu.service.settings import ModelSettings
from kantu.service.watch.log_file import LogFile
from kantu.solve.calibration import Calibration

_HALF = (0.5, 0.5, 0.5)
# The published folders of Qwen3-VL; what an upstream really does with a picture, it does not say.
_PUBLISHED = ImageConfig(16, 2, 2, _HALF, _HALF, min_pixels=65_536, max_pixels=16_777_216)


@dataclass(frozen=True)
class ServedModel:
    """What answers.

    Attributes:
        name: by which clients ask for it.
        chat: counts a prompt's tokens; None where an upstream holds the tokenizer.
        default_max_tokens: of an answer, where a request does not say.
        most_waiting: requests that its queue holds.
        context_tokens: most of a prompt; None where an upstream does not say. The engine's own bound is lower where its
            KV cache is smaller.
        calibration: what makes confidences of its probabilities.
        created: when it began to be served, in seconds since 1970.
    """

    name: str
    engine: Engine
    image_config: ImageConfig
    chat: ChatProcessor | None
    default_max_tokens: int
    most_waiting: int
    context_tokens: int | None = None
    calibration: Calibration = field(default_factory=Calibration)
    created: int = field(default_factory=lambda: int(time.time()))

    @property
    def state(self) -> str:
        """ "ready", or why it is not: see `ProcessEngine.state`; "unreachable" where no upstream answers."""
        if isinstance(self.engine, ProcessEngine):
            return self.engine.state
        return "ready" if self.engine.stats().gauges.get("upstreams_healthy", 1) else "unreachable"

    @property
    def is_full(self) -> bool:
        """Whether its queue takes no more requests."""
        return self.engine.stats().gauges.get("waiting", 0) >= self.most_waiting


def open_model(settings: ModelSettings, log_level: str = "info", log_file: LogFile | None = None) -> ServedModel:
    """Start what the settings name. Returns at once; loading goes on in the engine's process.

    Args:
        log_level, log_file: of the engine's process; None is standard error.

    Raises:
        ModelNotFoundError, CheckpointError: the folder cannot be read.
        InvalidRequestError: `invalid_settings`, `invalid_upstream`: an upstream that is not fully described.
    """
    if settings.is_upstream:
        return _upstream(settings)
    path = hub.locate(settings.name)
    folder = ModelFolder.open(path)
    image_config, chat = ImageConfig.from_folder(folder), ChatProcessor.from_folder(folder)
    default_max_tokens = GenerationConfig.from_folder(folder).max_tokens
    sizes: dict[str, Any] = {
        name: getattr(settings, name) for name in ("max_running", "max_waiting", "kv_bytes", "vision_bytes")
    }
    make = partial(load_engine, str(path), settings.quantize, settings.device, sizes, log_level, log_file)
    name = settings.served_name or (path.name if path.is_dir() else settings.name)
    engine = ProcessEngine(make, ProcessSettings(hang_seconds=settings.hang_seconds))
    context_tokens = folder.config.text.max_position_embeddings
    return ServedModel(
        name,
        engine,
        image_config,
        chat,
        default_max_tokens,
        settings.max_waiting,
        context_tokens,
        Calibration.from_folder(folder),
    )


def _upstream(settings: ModelSettings) -> ServedModel:
    if settings.upstream_model is None or settings.quantize is not None:
        raise error("invalid_settings.upstream")
    key = None if settings.upstream_key is None else settings.upstream_key.get_secret_value()
    upstreams = [
        Upstream(url.strip(), settings.upstream_model, key, settings.upstream_dialect)
        for url in settings.name.split(",")
    ]
    name = settings.served_name or settings.upstream_model
    return ServedModel(name, RemoteEngine(upstreams), _PUBLISHED, None, DEFAULT_MAX_TOKENS, settings.max_waiting)
