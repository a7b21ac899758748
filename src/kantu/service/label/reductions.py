"""Whoever has generated content labelled less than the standard asks for has decided something, and it is recorded."""

from __future__ import annotations

import logging

from kantu.aigc import LabelPolicy
from kantu.service.audit.acting import event
from kantu.service.audit.event import AuditEvent

_log = logging.getLogger(__name__)


def reductions(policy: LabelPolicy) -> list[AuditEvent]:
    """Events of all that has less than a whole label, which are told to the log, too.

    Recorded with every start, before anything is served. This is the one place where it becomes known: labels are
    settings, and settings change with a start.
    """
    for kind, mode in policy.reductions.items():
        _log.warning("label_reduced", extra={"reason": f"{kind or 'all'}={mode}"})
    return [event("reduce", "label", kind or "all", after={"mode": mode}) for kind, mode in policy.reductions.items()]
