"""What can go wrong in a step, as errors of ours."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Iterator

import torch

from kantu.errors import EngineError, KantuError, OutOfMemoryError

_log = logging.getLogger(__name__)

# On the CPU PyTorch has no type of its own for it.
_OUT_OF_MEMORY = re.compile(r"out of memory|can't allocate memory|not enough memory", re.IGNORECASE)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a library's error means that there was no memory left."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError | OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and _OUT_OF_MEMORY.search(str(error)) is not None


def out_of_memory(cause: BaseException) -> OutOfMemoryError:
    """The error a user sees for it."""
    error = OutOfMemoryError(
        "out_of_memory",
        "内存或显存不足。请调小 max_pixels 或 max_tokens，或换用更小的模型（kantu doctor 会列出本机能跑哪些）。",
        "Out of memory; lower max_pixels or max_tokens, or use a smaller model (see kantu doctor).",
    )
    error.__cause__ = cause
    return error


@contextlib.contextmanager
def typed_out_of_memory() -> Iterator[None]:
    """Turn running out of memory inside into our error."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise out_of_memory(error) from error


def typed(error: Exception) -> KantuError:
    """Any error of one request as one of ours; what is nobody's fault but ours goes to the log."""
    if isinstance(error, KantuError):
        return error
    if is_out_of_memory(error):
        return out_of_memory(error)
    _log.error("a request failed", exc_info=error)
    return unexpected(error)


def unexpected(cause: BaseException) -> EngineError:
    """The error a user sees for a mistake that is not the request's."""
    error = EngineError(
        "engine_failed",
        "引擎处理这个请求时出错，其他请求不受影响；请重试，或查看日志。",
        "The engine failed on this request; others go on. Try again, or see the log.",
    )
    error.__cause__ = cause
    return error
