"""Requests do not wait for the disk; what cannot be written waits, and what is lost is counted and said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from kantu.errors import StoreError, error
from kantu.service.audit.acting import event
from kantu.service.audit.event import AuditEvent
from kantu.service.audit.log import AuditLog
from kantu.service.audit.writer import AuditWriter
from kantu.service.database import Database
from tests.service.audits import KEYS, acts_of, entries_of

ASKED = event("create", "chat")


class FailingLog(AuditLog):
    """Its store is away until a test says otherwise."""

    def __init__(self) -> None:
        super().__init__(KEYS)
        self.away = True

    def record_all(self, session: Session, events: object) -> None:
        if self.away:
            raise error("store_unavailable")
        super().record_all(session, events)  # type: ignore[arg-type]


@pytest.fixture
def make(database: Database) -> Callable[..., AuditWriter]:
    def make(log: AuditLog, **options: object) -> AuditWriter:
        options = {"gather_seconds": 0.001, "retry_seconds": 0.001} | options
        return AuditWriter(database, log, **options)  # type: ignore[arg-type]

    return make


@contextmanager
def running(writer: AuditWriter) -> Iterator[AuditWriter]:
    writer.start()
    try:
        yield writer
    finally:
        writer.close()


def put(writer: AuditWriter, count: int) -> None:
    for number in range(count):
        writer.put(event("create", "chat", f"{number}"))


def test_all_of_it_is_written_in_order(database: Database, make: Callable[..., AuditWriter]) -> None:
    with running(make(AuditLog(KEYS))) as writer:
        put(writer, 1200)
        assert writer.flush(30)
    assert [entry.target_id for entry in entries_of(database)] == [str(number) for number in range(1200)]


def test_what_is_left_at_the_end_is_written_then(database: Database, make: Callable[..., AuditWriter]) -> None:
    with running(make(AuditLog(KEYS), gather_seconds=60.0)) as writer:
        put(writer, 3)
    assert len(entries_of(database)) == 3


def test_many_events_are_one_transaction(database: Database, make: Callable[..., AuditWriter]) -> None:
    commits: list[int] = []

    class Counting(AuditLog):
        def record_all(self, session: Session, events: object) -> None:
            commits.append(len(list(events)))  # type: ignore[call-overload]
            super().record_all(session, events)  # type: ignore[arg-type]

    writer = make(Counting(KEYS))
    put(writer, 700)
    with running(writer):
        assert writer.flush(30)
    assert commits == [500, 200]


def test_what_cannot_be_written_waits(database: Database, make: Callable[..., AuditWriter]) -> None:
    log = FailingLog()
    with running(make(log)) as writer:
        put(writer, 2)
        assert not writer.flush(0.05)
        log.away = False
        assert writer.flush(30)
    assert acts_of(database) == ["create chat ok"] * 2


def test_what_does_not_fit_is_lost_and_the_loss_is_recorded(
    database: Database, make: Callable[..., AuditWriter]
) -> None:
    log = FailingLog()
    with running(make(log, most_waiting=3)) as writer:
        put(writer, 5)
        assert writer.lost == 2
        log.away = False
        assert writer.flush(30)
        assert writer.lost == 0
    assert acts_of(database) == [*["create chat ok"] * 3, "lose audit failed"]
    assert entries_of(database)[-1].after == '{"count":2}'


@pytest.mark.parametrize(("when_unwritable", "refused"), [("refuse", True), ("serve", False)])
def test_whether_requests_are_refused_is_a_setting(
    make: Callable[..., AuditWriter], when_unwritable: str, refused: bool
) -> None:
    log = FailingLog()
    with running(make(log, when_unwritable=when_unwritable)) as writer:
        writer.check()
        writer.put(ASKED)
        assert not writer.flush(0.05)
        if refused:
            with pytest.raises(StoreError, match="audit_unavailable"):
                writer.check()
        else:
            writer.check()
        log.away = False
        assert writer.flush(30)
        writer.check()


def test_a_broken_chain_is_no_place_to_write(database: Database, make: Callable[..., AuditWriter]) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE audit_head SET sequence = 1"))
    with running(make(AuditLog(KEYS), when_unwritable="refuse")) as writer:
        writer.put(ASKED)
        assert not writer.flush(0.05)
        with pytest.raises(StoreError, match="audit_unavailable"):
            writer.check()


def test_a_defect_does_not_end_the_thread(database: Database, make: Callable[..., AuditWriter]) -> None:
    failures = [ValueError("a defect")]

    class Defective(AuditLog):
        def record_all(self, session: Session, events: object) -> None:
            if failures:
                raise failures.pop()
            super().record_all(session, events)  # type: ignore[arg-type]

    with running(make(Defective(KEYS))) as writer:
        writer.put(AuditEvent("key_1", "key", None, None, None, "create", "chat"))
        assert writer.flush(30)
    assert acts_of(database) == ["create chat ok"]


def test_what_can_wait_leaves_the_last_room_to_what_cannot(
    database: Database, make: Callable[..., AuditWriter]
) -> None:
    tight = [True]
    with running(make(AuditLog(KEYS), lets_wait=lambda: tight[0])) as writer:
        put(writer, 2)
        assert not writer.flush(0.1)
        assert entries_of(database) == []
        tight[0] = False
        assert writer.flush(30)
    assert len(entries_of(database)) == 2
