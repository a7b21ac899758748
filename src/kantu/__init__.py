"""看图 Kantu: private, Chinese-first image-and-text understanding.

>>> import kantu
>>> vlm = kantu.load()
>>> print(vlm.ask("order.png", "为什么这个还没发货？"))

Importing this package is cheap: PyTorch is imported by the first call of `load`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kantu.engine.request import RepetitionStop, Scores, Timings, TokenLogprob, Usage
from kantu.errors import (
    AuthenticationError,
    CancelledError,
    CheckpointError,
    ConflictError,
    DeadlineExceededError,
    DownloadError,
    EngineError,
    ImageError,
    InvalidRequestError,
    KantuError,
    LimitExceededError,
    MissingDependencyError,
    ModelNotFoundError,
    NotFoundError,
    NotReadyError,
    OutOfMemoryError,
    OverloadedError,
    PermissionDeniedError,
    PromptTooLongError,
    StoreError,
    UnsupportedModelError,
    UpstreamError,
)

if TYPE_CHECKING:
    from kantu.vlm import VLM, Answer, AnswerStream, EngineSettings, Options, load

__version__ = "0.1.0"

__all__ = [
    "VLM",
    "Answer",
    "AnswerStream",
    "AuthenticationError",
    "CancelledError",
    "CheckpointError",
    "ConflictError",
    "DeadlineExceededError",
    "DownloadError",
    "EngineError",
    "EngineSettings",
    "ImageError",
    "InvalidRequestError",
    "KantuError",
    "LimitExceededError",
    "MissingDependencyError",
    "ModelNotFoundError",
    "NotFoundError",
    "NotReadyError",
    "Options",
    "OutOfMemoryError",
    "OverloadedError",
    "PermissionDeniedError",
    "PromptTooLongError",
    "RepetitionStop",
    "Scores",
    "StoreError",
    "Timings",
    "TokenLogprob",
    "UnsupportedModelError",
    "UpstreamError",
    "Usage",
    "__version__",
    "load",
]

_LAZY = frozenset({"VLM", "Answer", "AnswerStream", "EngineSettings", "Options", "load"})


def __getattr__(name: str) -> Any:
    """What needs PyTorch is imported when it is first named (PEP 562)."""
    if name in _LAZY:
        from kantu import vlm

        return getattr(vlm, name)
    raise AttributeError(f"module 'kantu' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
