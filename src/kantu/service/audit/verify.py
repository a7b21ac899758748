"""Reads a chain from its beginning and says where it is broken first, and how. In memory there is one entry."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

from kantu.service.audit.anchors import Anchor
from kantu.service.audit.event import Entry, canonical, canonical_as
from kantu.service.audit.head import START, Link
from kantu.service.audit.keys import AuditKeys

Kind = Literal["edited", "deleted", "truncated", "reordered", "wrong_key"]

Source = Callable[[], Iterable[Entry]]
"""Gives the entries in order, each time from the beginning."""


@dataclass(frozen=True, slots=True)
class Fault:
    """The first place where the chain is not what was recorded.

    Attributes:
        sequence: of the first entry that is wrong or missing.
    """

    kind: Kind
    sequence: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found.

    Attributes:
        checked: how many entries are good, up to the fault.
        first, last: their numbers; 0 where there are none.
        anchors: how many anchors agree.
        fault: None: all of it is as it was recorded.
    """

    checked: int
    first: int
    last: int
    anchors: int
    fault: Fault | None


def verify(
    source: Source, keys: AuditKeys, *, start: Link = START, end: Link | None = None, anchors: Iterable[Anchor] = ()
) -> Verdict:
    """Check a chain, or a part of one.

    Args:
        start: the entry before the first one.
        end: the last entry that there must be; more may follow. None does not know.
        anchors: signed by these keys; those before `start` are passed over.
    """
    # An anchor that another key has signed, or nobody, proves nothing; it is not the chain's fault.
    wanted = {anchor.sequence: anchor.mac for anchor in anchors if anchor.is_signed(keys)}
    furthest = max([*wanted, 0 if end is None else end.sequence])
    chain = _Chain(source, keys, start, furthest)
    checked = agreed = 0
    first, last = 0, start

    def verdict(fault: Fault | None) -> Verdict:
        return Verdict(checked, first, last.sequence if checked else 0, agreed, fault)

    for entry in source():
        kind = _kind(entry, last, chain)
        if kind is not None:
            sequence = last.sequence + 1 if kind == "deleted" else entry.sequence
            return verdict(Fault(kind, sequence))
        if wanted.get(entry.sequence, entry.mac) != entry.mac:  # by somebody who has the key
            return verdict(Fault("edited", entry.sequence))
        agreed += entry.sequence in wanted
        checked += 1
        first = first or entry.sequence
        last = Link(entry.sequence, entry.mac)
    return verdict(Fault("truncated", last.sequence + 1) if last.sequence < furthest else None)


@dataclass(frozen=True, slots=True)
class _Chain:
    """What an entry is compared with."""

    source: Source
    keys: AuditKeys
    start: Link
    furthest: int

    def is_genuine(self, entry: Entry) -> bool:
        return self.keys.is_signed(canonical(entry), entry.mac, entry.algorithm, entry.key_id)

    def is_renumbered(self, entry: Entry) -> bool:
        """Whether the entry was signed, under another number. There are no more numbers than these."""
        count = highest = 0
        for each in self.source():
            count, highest = count + 1, max(highest, each.sequence)
        numbers = range(1, max(highest, self.furthest) + count + 1)
        return any(
            self.keys.is_signed(signed, entry.mac, entry.algorithm, entry.key_id)
            for signed in canonical_as(entry, numbers)
        )

    def has_number(self, sequence: int) -> bool:
        return any(entry.sequence == sequence for entry in self.source())

    def has_mac(self, mac: bytes) -> bool:
        return mac == self.start.mac or any(entry.mac == mac for entry in self.source())


def _kind(entry: Entry, last: Link, chain: _Chain) -> Kind | None:
    """What is wrong with an entry behind `last`; None: nothing."""
    if not chain.is_genuine(entry):
        return _kind_of_fake(entry, chain)
    if entry.sequence == last.sequence + 1:
        return None if entry.previous == last.mac else "edited"
    return "deleted" if entry.sequence > last.sequence and not chain.has_number(last.sequence + 1) else "reordered"


def _kind_of_fake(entry: Entry, chain: _Chain) -> Kind:
    """The entry is not what was signed: was it only given another number, and does the one before it still exist?"""
    if entry.key_id not in chain.keys.ids:
        others = (replace(entry, key_id=key_id) for key_id in chain.keys.ids)
        return "edited" if any(chain.is_genuine(other) for other in others) else "wrong_key"
    if not chain.is_renumbered(entry):
        return "edited"
    return "reordered" if chain.has_mac(entry.previous) else "deleted"
