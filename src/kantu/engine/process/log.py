"""The log of the child, on standard error: where an error happened and of which type it was, never its words."""

from __future__ import annotations

import logging
import traceback
from typing import Any


class TypesOnly(logging.Formatter):
    """Leaves out what exceptions say: a library's words may quote the request that it failed on."""

    def formatException(self, ei: tuple[Any, ...]) -> str:  # noqa: N802
        kind, _, where = ei
        return "".join((*traceback.format_tb(where), getattr(kind, "__name__", "")))


def log_types_only() -> None:
    """Set it up. An engine's factory that sets up a log of its own, with `force`, replaces it."""
    handler = logging.StreamHandler()
    handler.setFormatter(TypesOnly("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
