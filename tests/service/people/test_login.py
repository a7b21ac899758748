"""Logging in: nothing tells which names there are, wrong passwords lock a name, and codes work once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from kantu.errors import KantuError, LimitExceededError, OverloadedError
from kantu.service.audit.acting import Acting, acting
from kantu.service.database import Database
from kantu.service.identity import Identity, open_identity
from kantu.service.keys.wrong_keys import WrongKeys
from kantu.service.people import repository, totp
from kantu.service.people.passwords import Passwords
from kantu.service.people.person import Person
from kantu.service.people.sealing import open_sealer
from kantu.service.settings import PeopleSettings
from tests.service.audits import LOG, break_chain, entries_of, record
from tests.service.people.visitors import CHEAP, PASSWORD, add_person

pytestmark = pytest.mark.anyio

HERE = "192.0.2.1"


class World:
    """An identity whose clock and waiting are a test's."""

    def __init__(self, database: Database, home: Path, **settings: Any) -> None:
        self.database, self.home = database, home
        self.now = time.time()
        self.waited: list[float] = []
        wrong = WrongKeys(lambda: self.now, self._wait)
        self.identity: Identity = open_identity(
            PeopleSettings(**CHEAP | settings),
            home,
            database,
            LOG,
            clock=lambda: self.now,
            wrong_passwords=wrong,
        )

    async def log_in(self, name: str, password: str = PASSWORD, code: str | None = None, address: str = HERE) -> str:
        """ "" where it worked, or else the code of the error."""
        token = acting.set(Acting(None, "anonymous", address=address, request_id="req_1"))
        try:
            await self.identity.sessions.begin(name, password, code)
        except KantuError as failure:
            return failure.code
        finally:
            acting.reset(token)
        return ""

    async def _wait(self, seconds: float) -> None:
        self.waited.append(seconds)


@pytest.fixture
def world(sqlite: Database, tmp_path: Path) -> World:
    return World(sqlite, tmp_path)


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str]]]:
    """What argon2 was asked: (cost, password)."""
    asked: list[tuple[str, str]] = []
    matches = Passwords.matches

    def counting(self: Passwords, kept: str | None, password: str) -> bool:
        cost = (self._nobodys if kept is None else kept).split("$")[1:4]
        asked.append(("$".join(cost), password))
        return matches(self, kept, password)

    with monkeypatch.context() as patch:
        patch.setattr(Passwords, "matches", counting)
        yield asked


async def test_a_name_that_nobody_has_costs_as_much_and_is_told_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not the clock: the same work is done, at the same cost, with the same waiting and the same words."""
    add_person(world.database, "known")
    add_person(world.database, "disabled", disabled_at=1)
    seen = []
    for name, password in (("known", "wrong"), ("unknown", "wrong"), ("disabled", PASSWORD), ("看图", "wrong")):
        fresh = World(world.database, world.home)
        with counted(monkeypatch) as asked:
            codes = [await fresh.log_in(name, password) for _ in range(7)]
        seen.append((codes, [cost for cost, _ in asked], fresh.waited))
    assert seen == [seen[0]] * 4
    codes, costs, waited = seen[0]
    assert codes == ["wrong_credentials"] * 5 + ["login_locked"] * 2
    assert costs == ["argon2id$v=19$m=64,t=1,p=1"] * 5
    assert waited == [0.1, 0.2]


async def test_a_name_is_locked_for_a_while_after_as_many_wrong_passwords_as_are_allowed(world: World) -> None:
    add_person(world.database, "a")
    for number in range(5):  # from wherever they come
        assert await world.log_in("a", "wrong", address=f"192.0.2.{number}") == "wrong_credentials"
    assert await world.log_in("a") == "login_locked"
    assert await world.log_in("A ") == "login_locked"  # the same name
    with pytest.raises(LimitExceededError) as refused:
        await world.identity.sessions.begin("a", PASSWORD, None)
    assert 899 <= refused.value.retry_after_seconds <= 900
    world.now += 900
    assert await world.log_in("a") == ""


async def test_trying_while_locked_does_not_lengthen_the_lock(world: World) -> None:
    add_person(world.database, "a")
    for _ in range(5):
        await world.log_in("a", "wrong")
    for _ in range(10):
        world.now += 60
        assert await world.log_in("a", "wrong") == "login_locked"
    world.now += 301
    assert await world.log_in("a") == ""


async def test_the_right_password_forgets_the_wrong_ones(world: World) -> None:
    add_person(world.database, "a")
    for _ in range(3):
        for _ in range(4):
            assert await world.log_in("a", "wrong") == "wrong_credentials"
        assert await world.log_in("a") == ""


async def test_of_many_at_once_no_more_are_tried_than_are_allowed(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(database, tmp_path)
    add_person(database, "a")
    with counted(monkeypatch) as asked:
        codes = await asyncio.gather(
            *(world.log_in("a", f"wrong{number}", address=f"192.0.2.{number}") for number in range(20))
        )
    assert len(asked) == 5
    assert sorted(codes) == ["login_locked"] * 15 + ["wrong_credentials"] * 5


async def test_one_address_does_not_take_every_thread(world: World) -> None:
    codes = await asyncio.gather(*(world.log_in(f"n{number}", "wrong") for number in range(12)))
    assert codes.count("too_many_logins") == 8


async def test_when_too_many_wait_the_next_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kantu.service.people.passwords._MOST_WAITING", 3)
    passwords = Passwords(memory_kib=64, passes=1, lanes=1)
    found = await asyncio.gather(
        *(passwords.run(lambda: passwords.matches(None, "x")) for _ in range(5)), return_exceptions=True
    )
    assert [type(one) for one in found].count(OverloadedError) == 2
    assert await passwords.run(lambda: 1) == 1


async def test_wrong_passwords_of_one_address_are_answered_later_and_later(world: World) -> None:
    for number in range(9):
        await world.log_in(f"n{number}", "wrong")
    assert world.waited == [0.1, 0.2, 0.4, 0.8]


async def test_one_time_passwords_have_their_time(world: World) -> None:
    add_person(world.database, "a", one_time_until=int(world.now) + 10)
    assert await world.log_in("a") == ""
    world.now += 10
    assert await world.log_in("a") == "one_time_password_expired"
    assert await world.log_in("a", "wrong") == "wrong_credentials"  # which only who knows it is told


async def test_a_password_that_was_hashed_at_another_cost_is_hashed_anew(world: World) -> None:
    person = add_person(world.database, "a")
    dearer = World(world.database, world.home, hash_passes=2)
    assert await dearer.log_in("a") == ""
    with world.database.session() as session:
        found = repository.find(session, person.id)
    assert found is not None
    assert "t=2" in found.password_hash
    assert await dearer.log_in("a") == ""


def with_totp(world: World, name: str) -> tuple[Person, str]:
    """A person with a second factor, and its secret."""
    person, secret = add_person(world.database, name, "system"), totp.new_secret()
    with world.database.session() as session:
        sealed = open_sealer(None, world.home).seal(secret, person.id)
        repository.change(session, person.id, totp_secret=sealed)
        repository.set_recovery_codes(session, person.id, totp.recovery_digests(["aaaa-bbbb"]))
    return person, secret


def code_now(secret: str, offset: int = 0) -> str:
    return totp.code_at(secret, int(time.time()) // totp.STEP_SECONDS + offset)


async def test_a_second_factor_is_asked_for_only_after_the_right_password(world: World) -> None:
    _, secret = with_totp(world, "a")
    assert await world.log_in("a", "wrong", code_now(secret)) == "wrong_credentials"
    assert await world.log_in("a") == "totp_code_required"
    assert await world.log_in("a", code=code_now(secret)) == ""


async def test_a_code_works_once_and_no_earlier_one_after_it(world: World) -> None:
    _, secret = with_totp(world, "a")
    used, earlier = code_now(secret), code_now(secret, -1)
    assert await world.log_in("a", code=used) == ""
    assert await world.log_in("a", code=used) == "wrong_totp_code"
    assert await world.log_in("a", code=earlier) == "wrong_totp_code"
    assert await world.log_in("a", code=code_now(secret, 1)) == ""


async def test_of_many_who_send_one_code_at_once_one_gets_in(database: Database, tmp_path: Path) -> None:
    world = World(database, tmp_path, lock_tries=50)
    _, secret = with_totp(world, "a")
    code = code_now(secret)
    codes = await asyncio.gather(*(world.log_in("a", code=code, address=f"192.0.2.{number}") for number in range(8)))
    assert sorted(codes) == [""] + ["wrong_totp_code"] * 7


async def test_guessing_codes_locks_too_and_asking_for_one_forgets_nothing(world: World) -> None:
    with_totp(world, "a")
    for _ in range(5):
        assert await world.log_in("a") == "totp_code_required"
        assert await world.log_in("a", code="000000") == "wrong_totp_code"
    assert await world.log_in("a") == "login_locked"


async def test_a_recovery_code_works_once(world: World) -> None:
    with_totp(world, "a")
    assert await world.log_in("a", code="AAAA bbbb") == ""
    assert await world.log_in("a", code="aaaa-bbbb") == "wrong_totp_code"


async def test_a_login_is_recorded_as_its_person_s_from_where_it_came(world: World) -> None:
    person = add_person(world.database, "a", tenant="team")
    await world.log_in("a", "wrong")
    assert await world.log_in("a") == ""
    (entry,) = entries_of(world.database)  # refusals are `AuditMiddleware`'s
    assert (entry.action, entry.resource, entry.target_id, entry.result) == ("create", "sessions", person.id, "ok")
    assert (entry.actor_kind, entry.actor_id, entry.role, entry.tenant) == ("person", person.id, "member", "team")
    assert (entry.address, entry.request_id) == (HERE, "req_1")


async def test_a_recovery_code_that_is_used_is_recorded_beside_its_login(world: World) -> None:
    person, _ = with_totp(world, "a")
    assert await world.log_in("a", code="aaaa-bbbb") == ""
    used, begun = entries_of(world.database)
    assert (used.action, used.resource, used.actor_id) == ("update", "account", person.id)
    assert used.after == '{"act":"use_recovery_code","left":0}'
    assert (begun.action, begun.resource) == ("create", "sessions")


async def test_a_login_that_cannot_be_recorded_is_none(world: World) -> None:
    with_totp(world, "a")
    record(world.database)
    break_chain(world.database)
    assert await world.log_in("a", code="aaaa-bbbb") == "audit_chain_broken"
    with world.database.session() as session:
        assert not session.execute(text("SELECT 1 FROM sessions")).all()
        assert session.execute(text("SELECT 1 FROM recovery_codes")).all()  # and the code has not been used


async def test_sessions_that_time_ends_are_recorded_once_and_those_that_were_ended_before_are_not(
    world: World,
) -> None:
    for name in ("idle", "changed"):
        add_person(world.database, name)
        assert await world.log_in(name) == ""
    with world.database.session() as session:
        changed = repository.find_by_name(session, "changed")
        assert changed is not None
        repository.end_sessions(session, changed.id)  # as another password does
    assert await world.identity.sessions.sweep() == 0
    world.now += 1801
    assert await world.identity.sessions.sweep() == 2
    assert await world.identity.sessions.sweep() == 0
    begun, _, *ended = entries_of(world.database)
    (entry,) = ended
    assert (entry.action, entry.resource, entry.target_id, entry.actor_kind) == (
        "expire",
        "sessions",
        begun.target_id,
        "system",
    )
    assert entry.after is not None
    assert '"because":"idle"' in entry.after
