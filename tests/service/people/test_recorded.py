"""What people do to accounts and sessions is in the audit, once, as `declared` says; and what is not, is not done."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import inspect, text

from kantu.errors import StoreError
from kantu.service.actor import Role
from kantu.service.audit.declared import ACTS
from kantu.service.audit.event import Entry
from kantu.service.gateway import Gateway
from kantu.service.people import repository, totp
from kantu.service.people.person import Person
from kantu.service.people.sealing import open_sealer
from kantu.service.sessions.repository import find_of_person
from tests.service.audits import break_chain, entries_of
from tests.service.people.visitors import PASSWORD, Browser, add_person, browsers, cheap, outcome, session_of

pytestmark = pytest.mark.anyio

NEW = "Ein-Anderes-Wort-2"


class Case(NamedTuple):
    """A request, and what it leaves.

    `{}` in the path is the id of somebody else's account.
    """

    role: Role
    method: str
    path: str
    body: dict[str, Any]
    act: tuple[str, str]
    name: str | None = None
    on_oneself: bool = False


CHANGES = [
    Case("system", "POST", "/v1/people", {"name": "new"}, ("create", "people")),
    Case("system", "POST", "/v1/people/{}/disable", {}, ("update", "people"), "disable"),
    Case("system", "POST", "/v1/people/{}/enable", {}, ("update", "people"), "enable"),
    Case("system", "POST", "/v1/people/{}/unlock", {}, ("update", "people"), "unlock"),
    Case("system", "POST", "/v1/people/{}/password", {}, ("update", "people"), "reset_password"),
    Case("security", "PUT", "/v1/people/{}/role", {"role": "operator"}, ("update", "roles"), "set_role"),
    Case("security", "DELETE", "/v1/people/{}/totp", {}, ("delete", "factors"), "remove_factor"),
    Case("security", "DELETE", "/v1/people/{}/sessions", {}, ("delete", "sessions")),
    Case("member", "DELETE", "/v1/session", {}, ("update", "account"), "logout", True),
    Case(
        *("member", "POST", "/v1/session/reauthentication", {"password": PASSWORD}),
        *(("update", "account"), "reauthenticate", True),
    ),
    Case(
        *("member", "PUT", "/v1/account/password", {"old_password": PASSWORD, "new_password": NEW}),
        *(("update", "account"), "change_password", True),
    ),
    Case("member", "POST", "/v1/account/totp", {}, ("update", "account"), "begin_totp", True),
    Case("member", "DELETE", "/v1/account/totp", {}, ("update", "account"), "remove_totp", True),
    Case("system", "POST", "/v1/account/recovery-codes", {}, ("update", "account"), "renew_recovery_codes", True),
]
OTHERS = {("create", "sessions"), ("expire", "sessions"), ("read", "people"), ("read", "sessions"), ("read", "account")}


def names(case: Case) -> str:
    return case.name or " ".join(case.act)


class Office:
    """Asks as whoever a case says, of an account of somebody else."""

    def __init__(self, gateway: Gateway, home: Path, browser: Browser) -> None:
        self.gateway, self.home, self.browser = gateway, home, browser
        self.somebody = add_person(gateway.database, "somebody")
        self.people: dict[Role, Person] = {}
        self.sessions: set[str] = set()

    def who(self, role: Role) -> Person:
        if role not in self.people:
            self.people[role] = add_person(self.gateway.database, f"the.{role}", role)
        return self.people[role]

    async def ask(self, case: Case) -> tuple[int, str | None]:
        who = self.who(case.role)
        headers = session_of(self.gateway.database, who)
        with self.gateway.database.session() as session:
            self.sessions = {record.id for record in find_of_person(session, who.id)}
        body = case.body if case.method != "GET" else None
        path = case.path.format(self.somebody.id)
        return outcome(await self.browser.client.request(case.method, path, headers=headers, json=body))

    def left(self, after: int = 0) -> list[Entry]:
        """What has been recorded behind the entry of a number."""
        assert self.gateway.audit_writer.flush(30)
        return [entry for entry in entries_of(self.gateway.database) if entry.sequence > after]


@pytest.fixture
def gateway(make_gateway: Callable[..., Gateway]) -> Gateway:
    return make_gateway(settings=cheap())


@pytest.fixture
async def office(gateway: Gateway, tmp_path: Path) -> AsyncIterator[Office]:
    async with browsers(gateway) as (browser,):
        yield Office(gateway, tmp_path, browser)


def details(entry: Entry) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(entry.after or "{}")
    return read


@pytest.mark.parametrize("case", CHANGES, ids=names)
async def test_a_change_leaves_one_event_of_whoever_made_it(office: Office, case: Case) -> None:
    before = office.left()[-1].sequence
    status, code = await office.ask(case)
    assert status < 300, code
    (entry,) = office.left(before)
    who = office.who(case.role)
    assert ACTS[case.act].written == "with_change"
    assert (entry.action, entry.resource, entry.result) == (*case.act, "ok")
    assert (entry.actor_kind, entry.actor_id, entry.role, entry.tenant) == ("person", who.id, case.role, who.tenant)
    assert entry.address is not None
    assert entry.request_id is not None
    assert entry.session_id in office.sessions
    assert details(entry).get("act") == case.name
    if case.act != ("create", "people"):
        assert entry.target_id == (who if case.on_oneself else office.somebody).id


def test_every_act_of_people_is_acted_here_or_in_test_login() -> None:
    of_people = {act for act in ACTS if act[1] in ("account", "people", "roles", "factors", "sessions")}
    assert {case.act for case in CHANGES} | OTHERS == of_people


async def test_a_second_factor_that_is_enrolled_and_a_session_that_is_ended_elsewhere_leave_one_event_each(
    office: Office,
) -> None:
    browser = office.browser
    session_of(office.gateway.database, office.somebody)  # elsewhere
    here = (await browser.log_in("somebody")).json()["id"]
    ids = {one["id"] for one in (await browser.ask("GET", "/v1/account/sessions")).json()["data"]}
    (elsewhere,) = ids - {here}
    secret = (await browser.ask("POST", "/v1/account/totp")).json()["secret"]
    before = office.left()[-1].sequence
    assert await browser.code("DELETE", f"/v1/account/sessions/{elsewhere}") == (204, None)
    code = totp.code_at(secret, int(time.time()) // totp.STEP_SECONDS)
    assert await browser.code("PUT", "/v1/account/totp", code=code) == (200, None)
    ended, enrolled = office.left(before)
    assert details(ended) == {"act": "logout", "ended": elsewhere}
    assert (details(enrolled)["act"], enrolled.actor_id) == ("enrol_totp", office.somebody.id)


async def test_a_grant_says_what_the_powers_were_and_are(office: Office) -> None:
    (grant,) = [case for case in CHANGES if case.name == "set_role"]
    await office.ask(grant)
    entry = office.left()[-1]
    assert entry.before is not None
    assert (json.loads(entry.before)["role"], details(entry)["role"]) == ("member", "operator")


@pytest.mark.parametrize("path", ["/v1/people", "/v1/people/{}", "/v1/people/{}/sessions"])
async def test_looking_at_others_leaves_one_event_too(office: Office, path: str) -> None:
    before = office.left()[-1].sequence
    act = ("read", "sessions" if path.endswith("sessions") else "people")
    assert await office.ask(Case("security", "GET", path, {}, act)) == (200, None)
    (entry,) = office.left(before)
    assert ACTS[act].written == "after_answer"
    assert (entry.action, entry.resource, entry.result) == (*act, "ok")
    assert entry.target_id == (office.somebody.id if "{}" in path else None)


async def test_looking_at_oneself_leaves_nothing(office: Office) -> None:
    before = office.left()[-1].sequence
    for path in ("/v1/session", "/v1/account/sessions"):
        await office.ask(Case("member", "GET", path, {}, ("read", "account")))
    assert ACTS["read", "account"].written == "refusals"
    assert office.left(before) == []


@pytest.mark.parametrize(
    ("case", "code"),
    [
        (CHANGES[0]._replace(role="member"), "role_not_allowed"),
        (CHANGES[0]._replace(body={"name": "somebody"}), "person_exists"),
        (CHANGES[5]._replace(role="system"), "role_not_allowed"),
        (CHANGES[9]._replace(body={"password": "wrong"}), "wrong_credentials"),
        (CHANGES[10]._replace(body={"old_password": "wrong", "new_password": NEW}), "wrong_credentials"),
        (CHANGES[10]._replace(body={"old_password": PASSWORD, "new_password": PASSWORD}), "password_used_before"),
    ],
)
async def test_a_refusal_leaves_one_event_and_nothing_of_what_was_typed(office: Office, case: Case, code: str) -> None:
    before = office.left()[-1].sequence
    assert (await office.ask(case))[1] == code
    (entry,) = office.left(before)
    assert (entry.action, entry.resource, entry.result) == (*case.act, "refused")
    assert (entry.actor_id, details(entry)["code"]) == (office.who(case.role).id, code)
    # Somebody could try passwords on a hash of what holds one.
    assert set(details(entry)) == {"path", "status", "code"}


# logging in


async def log_in(office: Office, name: str, password: str = PASSWORD, **code: str) -> str | None:
    answer = await office.browser.client.post("/v1/session", json={"name": name, "password": password, **code})
    return outcome(answer)[1]


def with_totp(office: Office) -> tuple[Person, str]:
    person, secret = office.who("system"), totp.new_secret()
    with office.gateway.database.session() as session:
        sealed = open_sealer(None, office.home).seal(secret, person.id)
        repository.change(session, person.id, totp_secret=sealed)
        repository.set_recovery_codes(session, person.id, totp.recovery_digests(["aaaa-bbbb"]))
    return person, totp.code_at(secret, int(time.time()) // totp.STEP_SECONDS)


async def test_a_login_is_its_person_s_and_a_wrong_one_is_nobody_s_but_says_whose_it_would_be(office: Office) -> None:
    before = office.left()[-1].sequence
    assert await log_in(office, "somebody", "wrong") == "wrong_credentials"
    assert await log_in(office, "my-secret-password", "wrong") == "wrong_credentials"
    office.left()  # refusals are written a moment later
    assert await log_in(office, "somebody") is None
    wrong, unknown, right = office.left(before)
    assert {(entry.action, entry.resource) for entry in (wrong, unknown, right)} == {("create", "sessions")}
    assert [entry.result for entry in (wrong, unknown, right)] == ["refused", "refused", "ok"]
    assert [entry.actor_kind for entry in (wrong, unknown, right)] == ["anonymous", "anonymous", "person"]
    assert [entry.target_id for entry in (wrong, unknown, right)] == [office.somebody.id, None, office.somebody.id]
    assert [bool(entry.session_id) for entry in (wrong, unknown, right)] == [False, False, True]
    assert details(wrong) == details(unknown) == {"path": "/v1/session", "status": 401, "code": "wrong_credentials"}
    assert "my-secret" not in str(office.left())
    assert ACTS["create", "sessions"].written == "with_change"


async def test_a_locked_name_is_recorded_as_locked(office: Office) -> None:
    for _ in range(5):
        await log_in(office, "somebody", "wrong")
    before = office.left()[-1].sequence
    assert await log_in(office, "somebody") == "login_locked"
    (entry,) = office.left(before)
    assert (entry.result, entry.target_id, details(entry)["code"]) == ("refused", office.somebody.id, "login_locked")


async def test_second_factors_are_recorded_wrong_missing_right_and_recovered(office: Office) -> None:
    person, code = with_totp(office)
    before = office.left()[-1].sequence
    assert await log_in(office, "the.system") == "totp_code_required"
    assert await log_in(office, "the.system", code="zzzz-zzzz") == "wrong_totp_code"
    office.left()
    assert await log_in(office, "the.system", code=code) is None
    assert await log_in(office, "the.system", code="aaaa-bbbb") is None
    missing, wrong, right, used, recovered = office.left(before)
    assert [details(entry).get("code") for entry in (missing, wrong)] == ["totp_code_required", "wrong_totp_code"]
    assert {entry.target_id for entry in (missing, wrong, right, used, recovered)} == {person.id}
    assert [details(entry)["with_code"] for entry in (right, recovered)] == [True, True]
    assert details(used) == {"act": "use_recovery_code", "left": 0}


async def test_a_flood_of_logins_is_counted_and_not_written(office: Office) -> None:
    before = office.left()[-1].sequence
    for number in range(35):
        await office.browser.client.post("/v1/session", json={"name": f"n{number}", "password": 7})
    assert len(office.left(before)) == 30


# when nothing can be recorded


@pytest.mark.parametrize("case", CHANGES, ids=names)
async def test_what_cannot_be_recorded_is_not_done(office: Office, case: Case) -> None:
    office.who(case.role)
    headers = session_of(office.gateway.database, office.who(case.role))
    break_chain(office.gateway.database)
    before = everything(office)
    path = case.path.format(office.somebody.id)
    answer = await office.browser.client.request(case.method, path, headers=headers, json=case.body)
    assert outcome(answer) == (503, "audit_chain_broken")
    assert everything(office) == before


async def test_no_key_is_made_or_revoked_that_cannot_be_recorded(office: Office) -> None:
    keys = office.gateway.keys
    key, _ = keys.create("k")
    break_chain(office.gateway.database)
    before = everything(office)
    for act in (lambda: keys.create("other"), lambda: keys.revoke(key.id)):
        with pytest.raises(StoreError, match="audit_chain_broken"):
            act()
    assert everything(office) == before


def everything(office: Office) -> dict[str, list[Any]]:
    """All rows of all tables, but for how often a password was wrong, which counts the more."""
    database = office.gateway.database
    names = set(inspect(database.engine).get_table_names()) - {"login_failures"}
    with database.engine.connect() as connection:
        return {name: [*connection.execute(text(f"SELECT * FROM {name}"))] for name in sorted(names)}
