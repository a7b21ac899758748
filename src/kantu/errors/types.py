"""The one tree of exceptions. Every error a user can cause carries a Chinese message and a stable English code."""

from __future__ import annotations

from functools import partial
from typing import Any


class KantuError(Exception):
    """Root of everything Kantu raises on purpose.

    Attributes:
        code: stable English identifier, safe to match on.
        message: what went wrong and what to do, in Chinese; never a library's own text.
        message_en: the same in English.
        param: the argument, field or file at fault, if one is.
    """

    def __init__(self, code: str, message: str, message_en: str, *, param: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.message_en = message_en
        self.param = param

    def __reduce__(self) -> tuple[Any, ...]:
        """Errors cross processes: exceptions are otherwise rebuilt from their message alone."""
        return type(self), (self.code, self.message, self.message_en), {"param": self.param}

    def __str__(self) -> str:
        return f"{self.message} [{self.code}]"


class InvalidRequestError(KantuError):
    """An argument, message or parameter that cannot be served as given."""


class ImageError(InvalidRequestError):
    """A picture that is not accepted: wrong type, damaged, too large, too thin."""


class PromptTooLongError(InvalidRequestError):
    """The prompt with its visual tokens does not fit the model's context."""


class CheckpointError(KantuError):
    """A model folder that cannot be loaded: missing, damaged or mismatched files."""


class UnsupportedModelError(CheckpointError):
    """A model folder that is recognised but not yet supported (MoE, Thinking, other families and quantizations)."""


class ModelNotFoundError(KantuError):
    """A model name or path that leads nowhere."""


class DownloadError(KantuError):
    """Fetching a model failed or its contents did not match their checksum."""


class OutOfMemoryError(KantuError):
    """Loading a model or running a request needs more memory than the device has left."""


class MissingDependencyError(KantuError):
    """A feature whose optional package or system file is not installed."""


class OverloadedError(KantuError):
    """The queue is full; nothing was started.

    Attributes:
        retry_after_seconds: when trying again is worth it, from the rate at which requests finish now.
    """

    def __init__(
        self, code: str, message: str, message_en: str, *, retry_after_seconds: float, param: str | None = None
    ) -> None:
        super().__init__(code, message, message_en, param=param)
        self.retry_after_seconds = retry_after_seconds

    def __reduce__(self) -> tuple[Any, ...]:
        rebuild = partial(type(self), retry_after_seconds=self.retry_after_seconds)
        return rebuild, (self.code, self.message, self.message_en), {"param": self.param}


class NotReadyError(OverloadedError):
    """The engine or the service is loading, restarting or stopping; nothing was started."""


class DeadlineExceededError(KantuError):
    """A request was not finished within the time it allowed itself."""


class CancelledError(KantuError):
    """A request was cancelled before it finished, by its caller or because the engine closed."""


class EngineError(KantuError):
    """The engine could not finish a request through no fault of the request's; others go on."""


class UpstreamError(KantuError):
    """A remote server that answers for the engine failed, refused or could not be reached."""


class AuthenticationError(KantuError):
    """A key that is missing, unknown, expired or revoked; a login that is wrong, a session that is over."""


class PermissionDeniedError(KantuError):
    """A key or a session that is good, but not for this."""


class NotFoundError(KantuError):
    """Something named by its id that does not exist, or that belongs to somebody else."""


class ConflictError(KantuError):
    """Something that cannot be done in the state that its object is in."""


class LimitExceededError(OverloadedError):
    """A key has used up what it may use in this minute or day; `retry_after_seconds` is when the next begins."""


class StoreError(KantuError):
    """The database or the disk of the service cannot be used right now; what was asked has not been done."""
