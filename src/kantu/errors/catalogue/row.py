"""One row of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kantu.errors.types import KantuError


@dataclass(frozen=True, slots=True)
class Row:
    """One message of one code.

    Attributes:
        kind: class of the error.
        status: HTTP status; None where no request is answered with it, as it ends a command, the start of the service
            or a call in Python, or is told of a batch.
        zh, en: the message, with {named} placeholders.
        param: the argument, field or file at fault, where it is always the same; may have placeholders too.
        retry_after_seconds: when trying again is worth it, where it is always the same.
        headers: what the HTTP answer carries beside the usual.
        meaning: what docs/errors.md says of the code, where this message says less than a reader needs.
    """

    kind: type[KantuError]
    status: int | None
    zh: str = field(kw_only=True)
    en: str = field(kw_only=True)
    param: str | None = field(default=None, kw_only=True)
    retry_after_seconds: float | None = field(default=None, kw_only=True)
    headers: Mapping[str, str] = field(default_factory=dict, kw_only=True)
    meaning: str | None = field(default=None, kw_only=True)
