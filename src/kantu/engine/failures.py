"""What can go wrong in a step, as errors of ours."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Iterator

import torch

from kantu.errors import KantuError, OutOfMemoryError, error

_log = logging.getLogger(__name__)

# On the CPU PyTorch has no type of its own for it.
_OUT_OF_MEMORY = re.compile(r"out of memory|can't allocate memory|not enough memory", re.IGNORECASE)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a library's error means that there was no memory left."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError | OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and _OUT_OF_MEMORY.search(str(error)) is not None


def out_of_memory(cause: BaseException) -> KantuError:
    """The error a user sees for it."""
    failure = error("out_of_memory")
    failure.__cause__ = cause
    return failure


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


def unexpected(cause: BaseException) -> KantuError:
    """The error a user sees for a mistake that is not the request's."""
    failure = error("engine_failed")
    failure.__cause__ = cause
    return failure
