"""Events are there if and only if what they record is; in one chain, whoever writes, whatever the clock says."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from kantu.errors import StoreError
from kantu.service.audit.acting import event
from kantu.service.audit.keys import AuditKeys
from kantu.service.audit.log import AuditLog
from kantu.service.audit.service import AuditService
from kantu.service.database import Database
from tests.service.audits import LOG, acts_of, entries_of, log_with, record
from tests.service.clock import Clock

ONE = event("create", "keys", "key_1", after={"name": "客服部"})


def test_an_event_is_written_with_everything_that_it_says(database: Database) -> None:
    record(database, ONE, log=log_with(Clock(1_700_000_000.5)))
    (entry,) = entries_of(database)
    assert (entry.sequence, entry.recorded_ms, entry.previous) == (1, 1_700_000_000_500, b"")
    assert (entry.actor_kind, entry.action, entry.resource, entry.target_id) == ("system", "create", "keys", "key_1")
    assert entry.after == '{"name":"\\u5ba2\\u670d\\u90e8"}'
    assert (entry.result, entry.before, entry.version) == ("ok", None, 1)


def test_each_entry_holds_the_signature_of_the_one_before(database: Database) -> None:
    record(database, ONE, ONE, ONE)
    entries = entries_of(database)
    assert [entry.sequence for entry in entries] == [1, 2, 3]
    assert [entry.previous for entry in entries[1:]] == [entry.mac for entry in entries[:-1]]


def test_what_is_rolled_back_was_never_recorded(database: Database) -> None:
    record(database)

    def fail() -> None:
        with database.session() as session:
            LOG.record(session, ONE)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    record(database)
    assert [entry.sequence for entry in entries_of(database)] == [1, 2]


def test_a_clock_that_is_set_back_is_recorded_and_the_order_stays(database: Database) -> None:
    clock = Clock(1_700_000_000.0)
    log = log_with(clock)
    record(database, log=log)
    clock.now -= 3600
    record(database, log=log)
    record(database, log=log)
    entries = entries_of(database)
    assert acts_of(database) == ["create keys ok", "move_back clock ok", "create keys ok", "create keys ok"]
    assert [entry.sequence for entry in entries] == [1, 2, 3, 4]
    assert (entries[1].before, entries[1].after) == ('{"recorded_ms":1700000000000}', '{"recorded_ms":1699996400000}')
    assert AuditService(database, log).verify().fault is None


def test_clocks_that_differ_by_less_than_a_second_are_no_event(database: Database) -> None:
    clock = Clock(1_700_000_000.0)
    log = log_with(clock)
    record(database, log=log)
    clock.now -= 0.9
    record(database, log=log)
    assert [entry.recorded_ms for entry in entries_of(database)] == [1_700_000_000_000] * 2


def test_writers_at_the_same_time_keep_one_chain(database: Database, database_url: str) -> None:
    others = [Database(database_url) for _ in range(4)]

    def write(other: Database) -> None:
        for number in range(10):
            record(other, event("create", "files", f"file-{number}"))

    with ThreadPoolExecutor(len(others)) as threads:
        list(threads.map(write, others))
    for other in others:
        other.close()
    verdict = AuditService(database, LOG).verify()
    assert (verdict.fault, verdict.checked) == (None, 40)


def test_the_algorithm_may_change_within_a_chain(database: Database) -> None:
    for algorithm in ("hmac-sha256", "hmac-sm3", "hmac-sha256"):
        record(database, log=AuditLog(LOG.keys, algorithm))  # type: ignore[arg-type]
    assert [entry.algorithm for entry in entries_of(database)] == ["hmac-sha256", "hmac-sm3", "hmac-sha256"]
    assert AuditService(database, LOG).verify().fault is None


def test_the_key_may_change_while_the_old_one_is_known(database: Database) -> None:
    record(database, log=AuditLog(AuditKeys([b"o" * 32])))
    both = AuditLog(AuditKeys([b"o" * 32, b"n" * 32]))
    record(database, log=both)
    assert AuditService(database, both).verify().fault is None


def _delete_head(database: Database) -> None:
    _execute(database, "DELETE FROM audit_head")


def _move_head(database: Database) -> None:
    _execute(database, "UPDATE audit_head SET sequence = 1")


@pytest.mark.parametrize("tamper", [_delete_head, _move_head])
def test_nothing_is_added_to_a_chain_whose_end_is_not_ours(
    database: Database, tamper: Callable[[Database], None]
) -> None:
    record(database, ONE, ONE)
    tamper(database)
    with pytest.raises(StoreError, match="audit_chain_broken"):
        record(database)
    assert len(entries_of(database)) == 2


def test_nothing_is_added_with_another_key(database: Database) -> None:
    record(database)
    with pytest.raises(StoreError, match="audit_key_wrong"):
        record(database, log=AuditLog(AuditKeys([b"x" * 32])))


@pytest.mark.parametrize("statement", ["UPDATE audit_events SET result = 'ok'", "DELETE FROM audit_events"])
def test_the_database_itself_refuses_to_change_entries(database: Database, statement: str) -> None:
    record(database)
    with pytest.raises(DatabaseError, match="append-only"):
        _execute(database, statement)


def _execute(database: Database, statement: str) -> None:
    with database.engine.begin() as connection:
        connection.execute(text(statement))
