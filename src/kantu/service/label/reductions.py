"""Whoever has generated content labelled less than the standard asks for has decided something, and it is recorded."""

from __future__ import annotations

import logging

from kantu.aigc import LabelPolicy

_log = logging.getLogger(__name__)


def record_reductions(policy: LabelPolicy) -> None:
    """Record what has less than a whole label. `server.serve` calls this at every start, before anything is served.

    This is the one place where it becomes known: labels are settings, and settings change with a start.
    """
    for kind, mode in policy.reductions.items():
        _log.warning("label_reduced", extra={"reason": f"{kind or 'all'}={mode}"})
