"""Every kind of tampering, at every position, is found, and the first wrong place is named."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sqlalchemy import text

from kantu.service.audit.acting import event
from kantu.service.audit.anchors import Anchor
from kantu.service.audit.event import FIELDS, VERSION, Entry, canonical, storable
from kantu.service.audit.head import START, Head, Link, sealed
from kantu.service.audit.keys import AuditKeys
from kantu.service.audit.repository import Search
from kantu.service.audit.service import AuditService
from kantu.service.audit.verify import Fault, Verdict, verify
from kantu.service.database import Database
from tests.service.audits import KEYS, LOG, disarm, record

LENGTH = 9
OTHER = AuditKeys([b"x" * 32])
EVENT = event("delete", "files", "file-1", before={"bytes": 1})


def chain(length: int = LENGTH, keys: AuditKeys = KEYS) -> list[Entry]:
    made: list[Entry] = []
    for number in range(1, length + 1):
        previous = made[-1].mac if made else b""
        unsigned = Entry(
            VERSION,
            number,
            1000 + number,
            "hmac-sha256",
            keys.current_id,
            **storable(EVENT),
            previous=previous,
            mac=b"",
        )
        made.append(replace(unsigned, mac=keys.sign(canonical(unsigned), "hmac-sha256")))
    return made


CHAIN = chain()
END = Link(CHAIN[-1].sequence, CHAIN[-1].mac)
POSITIONS = st.integers(1, LENGTH)


def check(entries: list[Entry], anchors: list[Anchor] | None = None, end: Link | None = END) -> Verdict:
    return verify(lambda: iter(entries), KEYS, end=end, anchors=anchors or [])


def renumbered(entries: list[Entry]) -> list[Entry]:
    return [replace(entry, sequence=number) for number, entry in enumerate(entries, 1)]


def anchor(entry: Entry, keys: AuditKeys = KEYS) -> Anchor:
    head = Head(START, Link(entry.sequence, entry.mac), entry.recorded_ms, "", "", b"")
    return Anchor.of(sealed(head, keys, "hmac-sha256"), keys, "hmac-sha256")


def test_a_chain_as_it_was_recorded_is_good() -> None:
    assert check(CHAIN, [anchor(CHAIN[3]), anchor(CHAIN[-1])]) == Verdict(LENGTH, 1, LENGTH, 2, None)
    assert check([], end=START) == Verdict(0, 0, 0, 0, None)


def test_more_may_follow_while_it_is_read() -> None:
    assert check(chain(LENGTH + 2)).fault is None


@given(POSITIONS, st.sampled_from(sorted(set(FIELDS) - {"sequence", "previous", "mac"})), st.data())
def test_an_edited_field_is_found(position: int, name: str, data: st.DataObject) -> None:
    entry = CHAIN[position - 1]
    old = getattr(entry, name)
    value = data.draw(st.integers(0, 2**40) if isinstance(old, int) else st.none() | st.text(max_size=20))
    assume(value != old)
    if value is None and name in ("algorithm", "key_id"):
        value = ""
    entries = [*CHAIN[: position - 1], replace(entry, **{name: value}), *CHAIN[position:]]
    assert check(entries) == Verdict(position - 1, min(position - 1, 1), position - 1, 0, Fault("edited", position))


@given(POSITIONS, st.sampled_from(["previous", "mac"]), st.integers(0, 31), st.integers(1, 255))
def test_an_edited_signature_is_found(position: int, name: str, place: int, flip: int) -> None:
    entry = CHAIN[position - 1]
    old = bytearray(getattr(entry, name) or bytes(32))
    old[place] ^= flip
    entries = [*CHAIN[: position - 1], replace(entry, **{name: bytes(old)}), *CHAIN[position:]]
    assert check(entries).fault == Fault("edited", position)


@given(st.sets(POSITIONS, min_size=1), st.booleans())
def test_deleted_entries_are_found_whether_or_not_the_rest_is_renumbered(gone: set[int], renumber: bool) -> None:
    left = [entry for entry in CHAIN if entry.sequence not in gone]
    first = min(gone)
    is_end = len(left) < first  # nothing is left behind the gap
    found = check(renumbered(left) if renumber else left).fault
    assert found == Fault("truncated" if is_end else "deleted", first)


@given(st.integers(0, LENGTH - 1))
def test_a_missing_end_is_found_by_the_head_and_by_any_anchor_behind_it(left: int) -> None:
    expected = Fault("truncated", left + 1)
    assert check(CHAIN[:left]).fault == expected
    assert check(CHAIN[:left], [anchor(CHAIN[left])], end=None).fault == expected
    assert check(CHAIN[:left], end=None).fault is None  # which is why anchors go elsewhere


@given(st.permutations(range(LENGTH)))
def test_entries_in_another_order_are_found(order: list[int]) -> None:
    first = next((place for place, number in enumerate(order) if place != number), None)
    assume(first is not None)
    assert first is not None
    expected = Fault("reordered", first + 1)
    shuffled = [CHAIN[number] for number in order]
    assert check(renumbered(shuffled)).fault == expected
    found = check(shuffled).fault  # as in a file, whose lines were moved
    assert found is not None
    assert found.kind == "reordered"


@given(POSITIONS, POSITIONS)
def test_a_copy_of_an_entry_is_found(position: int, copied: int) -> None:
    entries = [*CHAIN[:position], CHAIN[copied - 1], *CHAIN[position:]]
    in_its_place = copied == position + 1
    assert check(renumbered(entries)).fault == Fault("reordered", position + 1 + in_its_place)


@given(POSITIONS)
def test_an_entry_that_somebody_made_up_is_found(position: int) -> None:
    fake = replace(CHAIN[position - 1], target_id="file-2")
    forged = replace(fake, mac=OTHER.sign(canonical(fake), "hmac-sha256"))
    assert check([*CHAIN[: position - 1], forged, *CHAIN[position:]]).fault == Fault("edited", position)
    signed = replace(fake, key_id=OTHER.current_id)
    signed = replace(signed, mac=OTHER.sign(canonical(signed), "hmac-sha256"))
    assert check([*CHAIN[: position - 1], signed, *CHAIN[position:]]).fault == Fault("wrong_key", position)


def test_another_key_is_told_from_an_edit() -> None:
    assert check(chain(keys=OTHER), end=None).fault == Fault("wrong_key", 1)


@given(st.integers(1, LENGTH - 1))
def test_a_chain_that_was_written_anew_with_the_stolen_key_does_not_fit_the_anchors(position: int) -> None:
    again = CHAIN[: position - 1]
    for number in range(position, LENGTH + 1):
        unsigned = replace(CHAIN[number - 1], target_id="file-2", previous=again[-1].mac if again else b"", mac=b"")
        again = [*again, replace(unsigned, mac=KEYS.sign(canonical(unsigned), "hmac-sha256"))]
    assert check(again, end=None).fault is None
    assert check(again, [anchor(CHAIN[-1])], end=None).fault == Fault("edited", LENGTH)


def test_an_anchor_that_is_not_ours_proves_nothing() -> None:
    far = replace(CHAIN[-1], sequence=LENGTH + 5)
    assert check(CHAIN, [anchor(far, OTHER)]) == Verdict(LENGTH, 1, LENGTH, 0, None)
    assert check(CHAIN, [anchor(far)]).fault == Fault("truncated", LENGTH + 1)


# in the database, by somebody who may do anything to it but has no key

_RESEAL = "UPDATE audit_head SET sequence = {0}, mac = (SELECT mac FROM audit_events WHERE sequence = {0})"


@pytest.mark.parametrize("position", [1, 3, 5])
@pytest.mark.parametrize(
    ("statements", "kind"),
    [
        (["UPDATE audit_events SET actor_id = 'other' WHERE sequence = {0}"], "edited"),
        (["DELETE FROM audit_events WHERE sequence = {0}"], "deleted"),
        (
            [
                "DELETE FROM audit_events WHERE sequence = {0}",
                "UPDATE audit_events SET sequence = sequence + 100 WHERE sequence > {0}",
                "UPDATE audit_events SET sequence = sequence - 101 WHERE sequence > {0}",
            ],
            "deleted",
        ),
        (["DELETE FROM audit_events WHERE sequence >= {0}"], "truncated"),
        (["DELETE FROM audit_events WHERE sequence >= {0}", _RESEAL.replace("{0}", "{0} - 1")], "truncated"),
        (
            [
                "UPDATE audit_events SET sequence = 100 WHERE sequence = {0}",
                "UPDATE audit_events SET sequence = {0} WHERE sequence = {0} + 1",
                "UPDATE audit_events SET sequence = {0} + 1 WHERE sequence = 100",
            ],
            "reordered",
        ),
    ],
)
def test_tampering_with_the_table_is_found(database: Database, position: int, statements: list[str], kind: str) -> None:
    record(database, *[event("create", "files", f"file-{number}") for number in range(6)])
    disarm(database)
    with database.engine.begin() as connection:
        for statement in statements:
            if position == 1 and "audit_head" in statement:
                statement = "UPDATE audit_head SET sequence = 0, mac = base_mac"
            connection.execute(text(statement.format(position)))
    found = AuditService(database, LOG).verify().fault
    assert found == Fault(kind, position)  # type: ignore[arg-type]


def test_a_beginning_that_was_cut_off_is_told_from_an_archived_one(database: Database) -> None:
    record(database, EVENT, EVENT, EVENT, EVENT)
    disarm(database)
    with database.engine.begin() as connection:
        mac = "(SELECT mac FROM audit_events WHERE sequence = 2)"
        connection.execute(text(f"UPDATE audit_head SET base_sequence = 2, base_mac = {mac}"))
        connection.execute(text("DELETE FROM audit_events WHERE sequence <= 2"))
    assert AuditService(database, LOG).verify().fault == Fault("deleted", 1)


def test_going_on_after_a_break_does_not_hide_it(database: Database) -> None:
    record(database, EVENT, EVENT, EVENT, EVENT)
    disarm(database)
    with database.engine.begin() as connection:
        connection.execute(text("DELETE FROM audit_events WHERE sequence = 4"))
        connection.execute(text(_RESEAL.format(3)))
    service = AuditService(database, LOG)
    assert service.accept("磁盘坏了，王经理同意继续").fault == Fault("truncated", 4)
    record(database, EVENT)
    found = service.search(Search(action="accept"))
    assert found[0].before == '{"checked":3,"fault":"truncated","fault_sequence":4,"last":3}'
    assert service.verify().fault is None  # the table is a chain again, and says itself what it had lost
