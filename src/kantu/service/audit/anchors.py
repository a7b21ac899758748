"""Signed statements of how far the chain reached, to be kept where whoever can change the database cannot."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kantu.errors import error
from kantu.service.audit.event import canonical_json
from kantu.service.audit.head import Head, Link
from kantu.service.audit.keys import Algorithm, AuditKeys

_DOMAIN = "kantu-audit-anchor"
_NAME = "kantu_audit_anchor"
_MOST_LINE = 4096


@dataclass(frozen=True, slots=True)
class Anchor:
    """The entry `sequence` existed and had this signature."""

    sequence: int
    mac: bytes
    recorded_ms: int
    algorithm: str
    key_id: str
    signature: bytes

    @classmethod
    def of(cls, head: Head, keys: AuditKeys, algorithm: Algorithm) -> Anchor:
        """Of the chain's end."""
        unsigned = cls(head.last.sequence, head.last.mac, head.recorded_ms, algorithm, keys.current_id, b"")
        return cls(*unsigned._signed_fields(), keys.sign(unsigned._bytes(), algorithm))

    def is_signed(self, keys: AuditKeys) -> bool:
        """Whether one of the keys has signed it."""
        return keys.is_signed(self._bytes(), self.signature, self.algorithm, self.key_id)

    @property
    def link(self) -> Link:
        """The place in the chain."""
        return Link(self.sequence, self.mac)

    def line(self) -> str:
        """As a line of JSON."""
        return canonical_json(
            {
                _NAME: 1,
                "sequence": self.sequence,
                "mac": self.mac.hex(),
                "recorded_ms": self.recorded_ms,
                "algorithm": self.algorithm,
                "key_id": self.key_id,
                "signature": self.signature.hex(),
            }
        ).decode("ascii")

    def _signed_fields(self) -> tuple[int, bytes, int, str, str]:
        return self.sequence, self.mac, self.recorded_ms, self.algorithm, self.key_id

    def _bytes(self) -> bytes:
        sequence, mac, recorded_ms, algorithm, key_id = self._signed_fields()
        return canonical_json([_DOMAIN, 1, sequence, mac.hex(), recorded_ms, algorithm, key_id])


def read_anchor(line: str) -> Anchor | None:
    """The anchor in a line, wherever in it: a syslog server puts words of its own before it. None: there is none."""
    start = line.find("{")
    if start < 0 or len(line) > _MOST_LINE:
        return None
    try:
        read: Any = json.loads(line[start:])
        if read[_NAME] != 1:
            return None
        return Anchor(
            int(read["sequence"]),
            bytes.fromhex(read["mac"]),
            int(read["recorded_ms"]),
            str(read["algorithm"]),
            str(read["key_id"]),
            bytes.fromhex(read["signature"]),
        )
    except (ValueError, KeyError, TypeError):
        return None


def read_anchors(path: Path) -> Iterator[Anchor]:
    """The anchors in a file; lines that are none are passed over.

    Raises:
        StoreError: `audit_file_unreadable`.
    """
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                if (anchor := read_anchor(line)) is not None:
                    yield anchor
        return
    except OSError:
        pass
    raise error("audit_file_unreadable", path=path)
