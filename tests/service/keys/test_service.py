"""Keys: made once, kept as digests, and what changes about them holds from the next request."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from kantu.errors import AuthenticationError, InvalidRequestError, KantuError, NotFoundError, StoreError
from kantu.service.actor import Limits
from kantu.service.database import Database
from kantu.service.keys import repository
from kantu.service.keys.api_key import ApiKey
from kantu.service.keys.service import KeyService
from tests.service.audits import LOG
from tests.service.clock import Clock

pytestmark = [pytest.mark.whole, pytest.mark.anyio]

LIMITS = Limits(requests_per_minute=10, visual_tokens_per_day=100_000)


@pytest.fixture
def clock() -> Clock:
    return Clock(1_800_000_000.5)


@pytest.fixture
def keys(database: Database, clock: Clock) -> KeyService:
    return KeyService(database, LOG, clock)


@pytest.fixture
def sqlite_keys(sqlite: Database, clock: Clock) -> KeyService:
    """For tests to which it cannot matter which database there is."""
    return KeyService(sqlite, LOG, clock)


def everything_kept(database: Database) -> str:
    with database.session(read_only=True) as session:
        return repr(session.execute(text("SELECT * FROM api_keys")).all())


async def refused(keys: KeyService, authorization: str | None) -> str:
    with pytest.raises(AuthenticationError) as caught:
        await keys.authenticate(authorization)
    return caught.value.code


async def test_a_key_opens_what_it_was_made_for(keys: KeyService) -> None:
    key, plain = keys.create("财务", models=["kantu-mini"], endpoints=["chat", "models"], limits=LIMITS)
    actor = await keys.authenticate(f"Bearer {plain}")
    assert (actor.key_id, actor.tenant) == (key.id, key.id)
    assert actor.models == ("kantu-mini",)
    assert actor.endpoints == ("chat", "models")
    assert actor.limits == LIMITS


async def test_by_default_a_key_is_for_everything_without_limit_and_shares_with_nobody(keys: KeyService) -> None:
    first, plain = keys.create("a")
    second, _ = keys.create("a")
    actor = await keys.authenticate(f"Bearer {plain}")
    assert (actor.models, actor.endpoints, actor.limits) == (None, None, Limits())
    assert first.owner != second.owner


async def test_keys_with_the_same_owner_see_the_same(keys: KeyService) -> None:
    actors = [await keys.authenticate(f"Bearer {keys.create(name, owner='team')[1]}") for name in ("a", "b")]
    assert {actor.tenant for actor in actors} == {"team"}


def test_a_key_is_256_random_bits_of_which_only_a_digest_and_the_beginning_are_kept(
    keys: KeyService, database: Database
) -> None:
    key, plain = keys.create("a")
    assert re.fullmatch(r"kt-[A-Za-z0-9_-]{43}", plain)
    assert re.fullmatch(r"key_[0-9a-f]{24}", key.id)
    assert key.hint == plain[:7]
    assert plain[7:] not in everything_kept(database)
    assert plain[7:] not in repr(key)
    assert len({keys.create("a")[1] for _ in range(20)}) == 20


def test_the_list_is_every_key_oldest_first_as_it_was_made(keys: KeyService, clock: Clock) -> None:
    made = []
    for name in ("一", "二", "三"):
        made.append(keys.create(name, models=["m"], limits=LIMITS, expires_at=2_000_000_000)[0])
        clock.now += 1
    keys.revoke(made[1].id)
    listed = keys.list()
    assert [key.name for key in listed] == ["一", "二", "三"]
    assert listed[0] == made[0]
    assert [key.state(clock.now) for key in listed] == ["active", "revoked", "active"]
    assert listed[0].state(2_000_000_000) == "expired"


async def test_a_key_is_good_until_the_second_it_expires(keys: KeyService, clock: Clock) -> None:
    _, plain = keys.create("a", expires_at=int(clock.now) + 100)
    clock.now += 99
    await keys.authenticate(f"Bearer {plain}")
    clock.now += 1
    assert await refused(keys, f"Bearer {plain}") == "expired_api_key"


async def test_a_revoked_key_is_refused_from_the_next_request_on_by_every_server(
    keys: KeyService, database_url: str, clock: Clock
) -> None:
    key, plain = keys.create("a")
    other = Database(database_url)
    try:
        server = KeyService(other, LOG, clock)
        await server.authenticate(f"Bearer {plain}")
        keys.revoke(key.id)
        assert await refused(server, f"Bearer {plain}") == "revoked_api_key"
    finally:
        other.close()


async def test_a_key_is_read_again_only_when_somebody_has_written(
    sqlite_keys: KeyService, sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[str] = []
    find = repository.find_by_digest

    def noted(session: Session, digest: str) -> ApiKey | None:
        reads.append(digest)
        return find(session, digest)

    monkeypatch.setattr(repository, "find_by_digest", noted)
    key, plain = sqlite_keys.create("a")
    await sqlite_keys.authenticate(f"Bearer {plain}")  # notes its use
    await sqlite_keys.authenticate(f"Bearer {plain}")
    reads.clear()
    for _ in range(5):
        await sqlite_keys.authenticate(f"Bearer {plain}")
    assert reads == []
    statement = f"UPDATE api_keys SET revoked_at = 1 WHERE id = '{key.id}'"
    path = sqlite.engine.url.database
    assert path is not None
    run = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute(sys.argv[2]); c.commit()"
    subprocess.run([sys.executable, "-c", run, path, statement], check=True)  # as `kantu keys revoke` does
    assert await refused(sqlite_keys, f"Bearer {plain}") == "revoked_api_key"


async def test_what_was_read_while_the_database_changed_is_not_remembered(
    sqlite_keys: KeyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, plain = sqlite_keys.create("a")
    await sqlite_keys.authenticate(f"Bearer {plain}")
    sqlite_keys.create("b")  # whatever was known is forgotten
    find = repository.find_by_digest

    def revoked_meanwhile(session: Session, digest: str) -> ApiKey | None:
        found = find(session, digest)
        sqlite_keys.revoke(key.id)
        return found

    with monkeypatch.context() as patched:
        patched.setattr(repository, "find_by_digest", revoked_meanwhile)
        await sqlite_keys.authenticate(f"Bearer {plain}")
    assert await refused(sqlite_keys, f"Bearer {plain}") == "revoked_api_key"


def test_revoking_again_changes_nothing(keys: KeyService, clock: Clock) -> None:
    key, _ = keys.create("a")
    revoked = keys.revoke(key.id)
    clock.now += 1000
    assert keys.revoke(key.id) == revoked


def test_an_unknown_key_cannot_be_revoked(keys: KeyService) -> None:
    with pytest.raises(NotFoundError) as caught:
        keys.revoke("key_" + 24 * "f")
    assert caught.value.code == "key_not_found"


GOOD = "kt-" + 43 * "A"


@pytest.mark.parametrize("authorization", [None, ""])
async def test_no_header_is_a_missing_key(sqlite_keys: KeyService, authorization: str | None) -> None:
    assert await refused(sqlite_keys, authorization) == "missing_api_key"


@pytest.mark.parametrize(
    "header",
    ["Bearer {}", "bearer {}", "BEARER {}", "Bearer    {}", "Bearer\t{}", "Bearer {}  ", "  bearer {}", "bEARER {}\t"],
)
async def test_the_scheme_s_case_and_blanks_around_do_not_matter(sqlite_keys: KeyService, header: str) -> None:
    key, plain = sqlite_keys.create("a")
    assert (await sqlite_keys.authenticate(header.format(plain))).key_id == key.id


@pytest.mark.parametrize(
    "authorization",
    [
        f"Bearer {GOOD}",
        GOOD,
        f"Bearer{GOOD}",
        f"Bearer {GOOD} {GOOD}",
        f"Bearer {GOOD.replace('kt-', 'KT-')}",
        f"Bearer\u00a0{GOOD}",
        f"Bearer {GOOD}\n",
        f"Bearer {GOOD}\x00",
        f"Bearer {GOOD}=",
        f"Bearer {GOOD[:-1]}",
        f"Bearer sk-{43 * 'A'}",
        f"Bearer kt-{42 * 'A'}ａ",
        "Bearer ' OR 1=1; DROP TABLE api_keys; --",
        "Bearer kt-' UNION SELECT digest FROM api_keys --",
        "Bearer \r\nX-Injected: 1",
        "Bearer \x1b[2J\x07",
        "Bearer " + 10_240 * "A",
        "Basic a2FudHU6a2FudHU=",
        "Bearer undefined",
    ],
)
async def test_whatever_is_no_key_of_ours_is_refused_and_told_to_nobody(
    sqlite_keys: KeyService, authorization: str, caplog: pytest.LogCaptureFixture
) -> None:
    _, plain = sqlite_keys.create("a")
    with caplog.at_level(logging.DEBUG), pytest.raises(AuthenticationError) as caught:
        await sqlite_keys.authenticate(authorization)
    assert caught.value.code == "invalid_api_key"
    for said in (caplog.text, str(caught.value), caught.value.message_en, repr(caught.value.__context__)):
        assert authorization[7:].strip()[:20] not in said
    await sqlite_keys.authenticate(f"Bearer {plain}")


@pytest.mark.parametrize("authorization", ["Bearer", "Bearer ", " "])
async def test_a_header_without_a_key_is_as_invalid(sqlite_keys: KeyService, authorization: str) -> None:
    assert await refused(sqlite_keys, authorization) == "invalid_api_key"


async def test_what_has_not_the_form_of_a_key_costs_no_look_into_the_database(keys: KeyService) -> None:
    keys._database.close()
    statements: list[str] = []
    event.listen(keys._database.engine, "before_cursor_execute", lambda *it: statements.append(it[2]))
    assert await refused(keys, "Bearer nonsense") == "invalid_api_key"
    assert statements == []
    assert await refused(keys, f"Bearer {GOOD}") == "invalid_api_key"
    assert len([statement for statement in statements if "api_keys" in statement]) == 1


async def test_the_last_use_is_noted_once_a_minute(keys: KeyService, clock: Clock) -> None:
    _, plain = keys.create("a")
    assert keys.list()[0].last_used_at is None
    noted = []
    for seconds in (0, 59, 1):
        clock.now += seconds
        await keys.authenticate(f"Bearer {plain}")
        noted.append(keys.list()[0].last_used_at)
    start = 1_800_000_000
    assert noted == [start, start, start + 60]


async def test_a_use_that_cannot_be_noted_does_not_turn_a_good_key_away_and_is_tried_once_a_minute(
    keys: KeyService, clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    key, plain = keys.create("a")

    def full(*_: object) -> None:
        raise StoreError("store_unavailable", "满", "full")

    monkeypatch.setattr("kantu.service.keys.repository.set_used", full)
    tries = []
    for seconds in (0, 59, 1):
        clock.now += seconds
        assert (await keys.authenticate(f"Bearer {plain}")).key_id == key.id
        tries.append(len(caplog.records))
    assert tries == [1, 1, 2]
    assert {record.message for record in caplog.records} == {"key_use_not_noted"}


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"name": ""}, "invalid_key_name"),
        ({"name": "   "}, "invalid_key_name"),
        ({"name": 101 * "a"}, "invalid_key_name"),
        ({"name": "a\nb"}, "invalid_key_name"),
        ({"name": "\x1b[31mred"}, "invalid_key_name"),
        ({"name": "\ud800"}, "invalid_key_name"),
        ({"owner": "a\x00b"}, "invalid_key_owner"),
        ({"owner": 101 * "a"}, "invalid_key_owner"),
        ({"models": []}, "invalid_key_models"),
        ({"models": [""]}, "invalid_key_models"),
        ({"endpoints": []}, "invalid_key_endpoints"),
        ({"endpoints": ["chat", "admin"]}, "invalid_key_endpoints"),
        ({"limits": Limits(requests_per_day=0)}, "invalid_key_limits"),
        ({"limits": Limits(output_tokens_per_minute=-1)}, "invalid_key_limits"),
        ({"limits": Limits(visual_tokens_per_day=2**53 + 1)}, "invalid_key_limits"),
        ({"expires_at": 1_800_000_000}, "invalid_key_expiry"),
    ],
)
def test_a_key_that_makes_no_sense_is_not_made(sqlite_keys: KeyService, given: dict[str, Any], code: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        sqlite_keys.create(**{"name": "a", **given})
    assert caught.value.code == code
    assert sqlite_keys.list() == []


def test_names_may_be_in_any_language_and_hold_quotes(keys: KeyService) -> None:
    for name in ("财务部 🧾", "Robert'); DROP TABLE api_keys; --"):
        assert keys.create(name)[0].name == name
    assert len(keys.list()) == 2


@pytest.mark.parametrize(
    "call", [lambda keys: keys.list(), lambda keys: keys.create("a"), lambda keys: keys.revoke("a")]
)
def test_a_lost_database_is_said_to_be_lost(call: Callable[[KeyService], object]) -> None:
    with pytest.raises(KantuError) as caught:
        call(KeyService(Database("sqlite:////nowhere/kantu.db"), LOG))
    assert caught.value.code == "store_unavailable"
