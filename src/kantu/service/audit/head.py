"""Where the chain begins and ends, signed, so that its end cannot be taken off unnoticed."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kantu.service.audit.event import canonical_json
from kantu.service.audit.keys import Algorithm, AuditKeys

_DOMAIN = "kantu-audit-head"


@dataclass(frozen=True, slots=True)
class Link:
    """A place in the chain: an entry's number and its signature. Before the first entry it is (0, b"")."""

    sequence: int
    mac: bytes


START = Link(0, b"")


@dataclass(frozen=True, slots=True)
class Head:
    """What the one row of `audit_head` says.

    Attributes:
        base: the last entry that has been archived and is no longer in the table.
        last: the last entry.
        recorded_ms: time of the last entry.
        seal: signs the rest; empty as long as nothing has been recorded.
    """

    base: Link
    last: Link
    recorded_ms: int
    algorithm: str
    key_id: str
    seal: bytes

    @property
    def is_fresh(self) -> bool:
        """Whether nothing was ever recorded, as far as the table tells."""
        return not self.seal and self.base == self.last == START


def sealed(head: Head, keys: AuditKeys, algorithm: Algorithm) -> Head:
    """The head with the seal that it must have."""
    unsealed = replace(head, algorithm=algorithm, key_id=keys.current_id)
    return replace(unsealed, seal=keys.sign(_bytes(unsealed), algorithm))


def is_sealed(head: Head, keys: AuditKeys) -> bool:
    """Whether nobody but us has written it."""
    return head.is_fresh or keys.is_signed(_bytes(head), head.seal, head.algorithm, head.key_id)


def _bytes(head: Head) -> bytes:
    base, last = head.base, head.last
    places = [base.sequence, base.mac.hex(), last.sequence, last.mac.hex()]
    return canonical_json([_DOMAIN, 1, *places, head.recorded_ms, head.algorithm, head.key_id])
