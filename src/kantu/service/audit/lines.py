"""Entries as lines: JSON to keep and to read again, and syslog (RFC 5424) for whoever collects such lines."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from kantu.service.audit.event import FIELDS, Entry, canonical_json

Format = Literal["jsonl", "syslog"]

_FACILITY = 13  # log audit
_SEVERITY: Mapping[str, int] = {"ok": 5, "refused": 4, "failed": 3}
_NOT_PRINTED = re.compile(r"[^!-~]")
_BYTES = ("previous", "mac")
_NUMBERS = ("version", "sequence", "recorded_ms")


def json_line(entry: Entry) -> str:
    """All of an entry, in ASCII: no text in it can begin a new line or a field. `read_json_line` reads it."""
    return canonical_json(as_json(entry)).decode("ascii")


def as_json(entry: Entry) -> dict[str, Any]:
    """All of an entry by name; `time` is said once more for people."""
    values = {name: getattr(entry, name) for name in FIELDS}
    return values | {name: values[name].hex() for name in _BYTES} | {"time": time_of(entry.recorded_ms)}


def read_json_line(line: str) -> Entry | None:
    """The entry in a line; None where the line is none."""
    try:
        read = json.loads(line)
        values: dict[str, Any] = {name: read[name] for name in FIELDS}
        values |= {name: bytes.fromhex(values[name]) for name in _BYTES}
    except (ValueError, KeyError, TypeError):
        return None
    return Entry(**values) if all(isinstance(values[name], int) for name in _NUMBERS) else None


def syslog_line(entry: Entry, host: str | None = None) -> str:
    """The entry as a message of RFC 5424, its JSON as the text."""
    severity = _SEVERITY.get(entry.result, 3)
    return syslog_message(json_line(entry), f"{entry.resource}.{entry.action}", entry.recorded_ms, severity, host)


def syslog_message(text: str, kind: str, time_ms: int, severity: int = 5, host: str | None = None) -> str:
    """A message of RFC 5424.

    Args:
        text: in ASCII, on one line.
        kind: MSGID, by which collectors filter.
    """
    name = _NOT_PRINTED.sub("", host or socket.gethostname())[:255] or "-"
    msgid = _NOT_PRINTED.sub("", kind)[:32] or "-"
    return f"<{_FACILITY * 8 + severity}>1 {time_of(time_ms)} {name} kantu - {msgid} - {text}"


def time_of(milliseconds: int) -> str:
    """UTC, as RFC 3339 writes it."""
    return (
        datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{milliseconds % 1000:03}Z"
    )
