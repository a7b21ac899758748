"""What is used is counted by day, actor, task and model; nothing counted is lost while the database is away."""

from __future__ import annotations

import pytest

from kantu.errors import StoreError, error
from kantu.service.actor import Actor
from kantu.service.database import Database
from kantu.service.usage import repository
from kantu.service.usage.ledger import UsageLedger
from kantu.service.usage.repository import DIMENSIONS, Dimension, Scope, Spent, Total
from tests.service.clock import Clock

NOON = 1_800_014_400.0  # 2027-01-15, 12:00 UTC
ACTOR, OTHER = Actor("key_1", "team"), Actor("per_2", "other")


def found(database: Database, *by: Dimension, scope: Scope | None = None) -> list[Total]:
    with database.session(read_only=True) as session:
        return repository.totals(session, scope or Scope(), by or DIMENSIONS, 100)


def count(ledger: UsageLedger, actor: Actor = ACTOR, task: str = "chat", tokens: int = 10) -> None:
    ledger.count(actor, task, "mini", visual_tokens=tokens, output_tokens=1)


def test_counts_of_one_day_add_up_over_any_number_of_writes_and_processes(database: Database) -> None:
    clock = Clock(NOON)
    first, second = UsageLedger(database, clock), UsageLedger(database, clock)
    for ledger in (first, second, first):
        count(ledger)
        count(ledger, task="order", tokens=7)
        ledger.write()
    totals = {total.task: total for total in found(database)}
    assert totals["chat"] == Total("2027-01-15", "key_1", None, "team", "chat", "mini", Spent(3, 30, 3))
    assert totals["order"].spent == Spent(3, 21, 3)


def test_a_day_ends_at_midnight_of_utc(database: Database) -> None:
    clock = Clock(NOON)
    ledger = UsageLedger(database, clock)
    count(ledger)
    clock.now = NOON + 12 * 3600
    count(ledger)
    ledger.write()
    assert [(total.day, total.spent.requests) for total in found(database, "day")] == [
        ("2027-01-15", 1),
        ("2027-01-16", 1),
    ]


def test_sums_are_by_what_is_asked_for_and_the_largest_comes_first(database: Database) -> None:
    ledger = UsageLedger(database, Clock(NOON))
    count(ledger)
    for _ in range(2):
        count(ledger, OTHER, "order")
    ledger.write()
    assert [(total.actor_id, total.tenant, total.task) for total in found(database, "actor")] == [
        ("per_2", "other", None),
        ("key_1", "team", None),
    ]
    assert [total.spent.requests for total in found(database, "model")] == [3]
    assert [total.task for total in found(database, "task", scope=Scope(tenant="team"))] == ["chat"]
    assert found(database, "day", scope=Scope(since="2027-01-16")) == []
    assert found(database, "day", scope=Scope(until="2027-01-14")) == []


def test_what_could_not_be_written_is_written_the_next_time(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = UsageLedger(sqlite, Clock(NOON))
    count(ledger)

    def away(*_: object) -> None:
        count(ledger)  # meanwhile
        raise error("store_unavailable")

    with monkeypatch.context() as broken:
        broken.setattr(repository, "add", away)
        with pytest.raises(StoreError):
            ledger.write()
    ledger.write()
    ledger.write()
    assert [total.spent for total in found(sqlite)] == [Spent(2, 20, 2)]
