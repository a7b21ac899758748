"""Every error that a user can cause: a class, a stable English code, a Chinese message and an English one.

Raising is one line, `raise error("image_too_thin", cap=200)`; the words stand in `catalogue`.
"""

from kantu.errors.expected import expected_by
from kantu.errors.install import install_command
from kantu.errors.raising import Words, blaming, blaming_within, error, listed, not_written, row_of
from kantu.errors.types import (
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

__all__ = [
    "AuthenticationError",
    "CancelledError",
    "CheckpointError",
    "ConflictError",
    "DeadlineExceededError",
    "DownloadError",
    "EngineError",
    "ImageError",
    "InvalidRequestError",
    "KantuError",
    "LimitExceededError",
    "MissingDependencyError",
    "ModelNotFoundError",
    "NotFoundError",
    "NotReadyError",
    "OutOfMemoryError",
    "OverloadedError",
    "PermissionDeniedError",
    "PromptTooLongError",
    "StoreError",
    "UnsupportedModelError",
    "UpstreamError",
    "Words",
    "blaming",
    "blaming_within",
    "error",
    "expected_by",
    "install_command",
    "listed",
    "not_written",
    "row_of",
]
