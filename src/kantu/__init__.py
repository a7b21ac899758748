"""看图 Kantu: private, Chinese-first image-and-text understanding.

>>> import kantu
>>> vlm = kantu.load()
>>> print(vlm.ask("order.png", "为什么这个还没发货？"))

Importing this package is cheap: PyTorch is imported by the first call of `load`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from kantu.engine.request import Look, RepetitionStop, Scores, Timings, TokenLogprob, Usage
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
    from kantu.solve.result import TaskResult
    from kantu.tasks.folder import load_task
    from kantu.tasks.task import Task
    from kantu.vlm import VLM, Answer, AnswerStream, EngineSettings, Options, TaskOptions, load

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
    "Look",
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
    "Task",
    "TaskOptions",
    "TaskResult",
    "Timings",
    "TokenLogprob",
    "UnsupportedModelError",
    "UpstreamError",
    "Usage",
    "__version__",
    "load",
    "load_task",
]

_LAZY = {
    **dict.fromkeys(("VLM", "Answer", "AnswerStream", "EngineSettings", "Options", "TaskOptions", "load"), "kantu.vlm"),
    "Task": "kantu.tasks.task",
    "TaskResult": "kantu.solve.result",
    "load_task": "kantu.tasks.folder",
}
"""Where to find what is imported when it is first named."""


def __getattr__(name: str) -> Any:
    """What takes long to import, such as what needs PyTorch, is imported when it is first named (PEP 562)."""
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'kantu' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
