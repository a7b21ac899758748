"""People over HTTP: the first start, managing accounts, and the three powers that nobody puts together."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import get_args

import httpx
import pytest

from kantu.service.actor import ADMINISTRATORS, Role
from kantu.service.app import create_app
from kantu.service.gateway import Gateway
from kantu.service.identity import passwords_of
from kantu.service.people import totp
from kantu.service.people.first_administrator import ensure_first_administrator
from kantu.service.people.person import Person
from tests.service.audits import LOG
from tests.service.people.visitors import (
    PASSWORD,
    Browser,
    add_person,
    browsers,
    cheap,
    outcome,
    session_of,
)

pytestmark = pytest.mark.anyio
Make = Callable[..., Gateway]
NOBODY = "per_" + 24 * "f"


def code_of(secret: str, offset: int = 0) -> str:
    return totp.code_at(secret, int(time.time()) // totp.STEP_SECONDS + offset)


async def enrol(browser: Browser) -> tuple[str, list[str]]:
    """The secret and the recovery codes of a fresh second factor."""
    secret = (await browser.ask("POST", "/v1/account/totp")).json()["secret"]
    answer = await browser.ask("PUT", "/v1/account/totp", code=code_of(secret))
    return secret, answer.json()["recovery_codes"]


async def test_from_a_fresh_start_to_three_powers(make_gateway: Make, tmp_path: Path) -> None:
    gateway = make_gateway(settings=cheap())
    path = ensure_first_administrator(
        gateway.database, tmp_path, LOG, passwords_of(gateway.settings.people), one_time_seconds=3600
    )
    assert path is not None
    name, secret = path.read_text().split()
    async with browsers(gateway, 4) as (admin, security, auditor, operator):
        assert (await admin.log_in(name, secret)).json()["unfinished"] == "password"
        assert await admin.code("GET", "/v1/people") == (403, "password_change_required")
        chosen = {"old_password": secret, "new_password": "Eine-Neue-Losung-1"}
        assert (await admin.ask("PUT", "/v1/account/password", **chosen)).json()["unfinished"] == "totp"
        assert await admin.code("GET", "/v1/people") == (403, "totp_required")
        totp_secret, _ = await enrol(admin)
        assert (await admin.ask("GET", "/v1/session")).json()["unfinished"] is None

        made = {}
        for role, browser in (("operator", operator), ("audit", auditor), ("security", security)):
            new = (await admin.ask("POST", "/v1/people", name=f"the.{role}", role=role)).json()
            made[role] = new["person"]["id"]
            first = await browser.log_in(f"the.{role}", new["one_time_password"])
            assert first.json()["unfinished"] == "password"
            await change(browser, new["one_time_password"], f"Neue-Losung-{len(role)}")
        assert await admin.code("POST", "/v1/people", name="late", role="operator") == (403, "roles_are_granted")
        for browser in (security, auditor):
            await enrol(browser)

        late = (await admin.ask("POST", "/v1/people", name="late")).json()["person"]["id"]
        grant = f"/v1/people/{late}/role"
        assert await admin.code("PUT", grant, role="operator") == (403, "role_not_allowed")
        assert await auditor.code("PUT", grant, role="operator") == (403, "role_not_allowed")
        assert await operator.code("PUT", grant, role="operator") == (403, "role_not_allowed")
        assert (await security.ask("PUT", grant, role="operator")).json()["role"] == "operator"
        assert await security.code("POST", "/v1/people", name="x") == (403, "role_not_allowed")
        assert await security.code("PUT", f"/v1/people/{made['security']}/role", role="system") == (
            409,
            "not_oneself",
        )
        assert await admin.code("DELETE", "/v1/session") == (204, None)
        answer = await admin.log_in(name, "Eine-Neue-Losung-1", code=code_of(totp_secret, 1))
        assert answer.json()["unfinished"] is None


def powers(gateway: Gateway) -> dict[Role, Person]:
    return {role: add_person(gateway.database, f"the.{role}", role) for role in get_args(Role)}


@pytest.fixture
def gateway(make_gateway: Make) -> Gateway:
    return make_gateway(settings=cheap())


class Desk:
    """Asks as whoever is named."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway, self.people = gateway, powers(gateway)
        transport = httpx.ASGITransport(create_app(gateway), raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url="https://gateway")

    async def ask(self, role: Role, method: str, path: str, /, **body: str) -> httpx.Response:
        headers = session_of(self.gateway.database, self.people[role])
        return await self.client.request(method, path, headers=headers, json=body if method != "GET" else None)

    async def code(self, role: Role, method: str, path: str, /, **body: str) -> tuple[int, str | None]:
        return outcome(await self.ask(role, method, path, **body))


@pytest.fixture
def desk(gateway: Gateway) -> Desk:
    return Desk(gateway)


async def test_an_account_is_made_with_a_password_of_its_own(desk: Desk) -> None:
    answers = [await desk.ask("system", "POST", "/v1/people", name=name) for name in ("李雷", "han.meimei")]
    secrets = {answer.json()["one_time_password"] for answer in answers}
    assert len(secrets) == 2
    assert all(re.fullmatch(r"([a-z2-9]{5}-){3}[a-z2-9]{5}", secret) for secret in secrets)
    person = answers[0].json()["person"]
    assert (person["name"], person["display_name"], person["tenant"], person["role"]) == (
        "李雷",
        "李雷",
        person["id"],
        "member",
    )
    assert "password" not in str(person)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"name": "The.Member "}, (409, "person_exists")),
        ({"name": "a b"}, (400, "invalid_person_name")),
        ({"name": "аdmin"}, (400, "invalid_person_name")),  # the first letter is Cyrillic
        ({"name": ""}, (400, "invalid_person_name")),
        ({"name": "x", "display_name": "a\u202eb"}, (400, "invalid_person_label")),
        ({"name": "x", "tenant": " "}, (400, "invalid_person_label")),
        ({"name": "x", "role": "root"}, (400, "invalid_parameter")),
        ({"name": "x", "power": "system"}, (400, "unknown_parameter")),
        ({}, (400, "missing_parameter")),
    ],
)
async def test_accounts_that_cannot_be_made(desk: Desk, body: dict[str, str], code: tuple[int, str]) -> None:
    assert await desk.code("system", "POST", "/v1/people", **body) == code


async def test_accounts_are_listed_by_name_a_page_at_a_time(desk: Desk) -> None:
    page = (await desk.ask("security", "GET", "/v1/people?limit=2")).json()
    assert [one["name"] for one in page["data"]] == ["the.audit", "the.member"]
    rest = (await desk.ask("security", "GET", f"/v1/people?after={page['last_id']}")).json()
    assert [one["name"] for one in rest["data"]] == ["the.operator", "the.security", "the.system"]
    assert (page["has_more"], rest["has_more"]) == (True, False)
    assert await desk.code("system", "GET", f"/v1/people?after={NOBODY}") == (404, "person_not_found")


@pytest.mark.parametrize("person_id", [NOBODY, "x", "per_", "..%2f..", "1 OR 1=1"])
async def test_an_id_that_nobody_has_is_not_found(desk: Desk, person_id: str) -> None:
    asked = [
        ("system", "GET", ""),
        ("system", "POST", "/disable"),
        ("system", "POST", "/password"),
        ("security", "DELETE", "/totp"),
        ("security", "GET", "/sessions"),
        ("security", "DELETE", "/sessions"),
    ]
    for role, method, rest in asked:
        found = await desk.code(role, method, f"/v1/people/{person_id}{rest}")  # type: ignore[arg-type]
        assert found in ((404, "person_not_found"), (404, "endpoint_not_found")), (method, rest)


async def test_the_last_of_each_power_stays(desk: Desk, gateway: Gateway) -> None:
    other_system, other_security = (add_person(gateway.database, role, role) for role in ("system", "security"))
    paths = {role: f"/v1/people/{person.id}" for role, person in desk.people.items()}
    assert await desk.code("system", "POST", f"{paths['audit']}/disable") == (409, "last_administrator")
    assert await desk.code("security", "PUT", f"{paths['audit']}/role", role="member") == (409, "last_administrator")
    # Of the others there are two; when one of them is gone, the other one stays.
    assert await desk.code("system", "POST", f"/v1/people/{other_security.id}/disable") == (200, None)
    assert await desk.code("system", "POST", f"{paths['security']}/disable") == (409, "last_administrator")
    assert await desk.code("security", "PUT", f"/v1/people/{other_system.id}/role", role="member") == (200, None)
    assert await desk.code("security", "PUT", f"{paths['system']}/role", role="member") == (409, "last_administrator")


async def test_nobody_changes_their_own_account_as_an_administrator(desk: Desk) -> None:
    mine = {role: f"/v1/people/{person.id}" for role, person in desk.people.items()}
    for method, rest in (("POST", "/disable"), ("POST", "/password"), ("POST", "/unlock"), ("POST", "/enable")):
        assert await desk.code("system", method, mine["system"] + rest) == (409, "not_oneself")
    for role in get_args(Role):
        assert await desk.code("security", "PUT", f"{mine['security']}/role", role=role) == (409, "not_oneself")
    assert await desk.code("security", "DELETE", f"{mine['security']}/totp") == (409, "not_oneself")


async def test_who_has_had_one_power_never_has_another(desk: Desk, gateway: Gateway) -> None:
    add_person(gateway.database, "second", "audit")
    path = f"/v1/people/{desk.people['audit'].id}/role"
    for role in ("system", "security"):
        assert await desk.code("security", "PUT", path, role=role) == (409, "powers_exclude_each_other")
    assert (await desk.code("security", "PUT", path, role="member"))[0] == 200
    for role in ("system", "security"):
        assert await desk.code("security", "PUT", path, role=role) == (409, "powers_exclude_each_other")
    assert (await desk.code("security", "PUT", path, role="audit"))[0] == 200


async def test_neither_who_resets_passwords_nor_who_removes_factors_takes_over_an_administrator(desk: Desk) -> None:
    """The password alone opens nothing, and neither does a lost factor: it takes two people."""
    audit = f"/v1/people/{desk.people['audit'].id}"
    assert await desk.code("system", "DELETE", f"{audit}/totp") == (403, "role_not_allowed")
    assert await desk.code("security", "POST", f"{audit}/password") == (403, "role_not_allowed")
    secret = (await desk.ask("system", "POST", f"{audit}/password")).json()["one_time_password"]
    answer = await desk.client.post("/v1/session", json={"name": "the.audit", "password": secret})
    assert outcome(answer) == (401, "totp_code_required")


async def test_a_reset_password_ends_every_session_of_its_person(desk: Desk, gateway: Gateway) -> None:
    headers = session_of(gateway.database, desk.people["member"])
    assert outcome(await desk.client.get("/v1/session", headers=headers)) == (200, None)
    answer = await desk.ask("system", "POST", f"/v1/people/{desk.people['member'].id}/password")
    assert outcome(await desk.client.get("/v1/session", headers=headers)) == (401, "session_ended")
    new = {"name": "the.member", "password": answer.json()["one_time_password"]}
    assert (await desk.client.post("/v1/session", json=new)).json()["unfinished"] == "password"
    old = {"name": "the.member", "password": PASSWORD}
    assert outcome(await desk.client.post("/v1/session", json=old)) == (401, "wrong_credentials")


async def test_a_disabled_account_is_there_and_can_be_enabled(desk: Desk) -> None:
    path = f"/v1/people/{desk.people['member'].id}"
    assert (await desk.ask("system", "POST", f"{path}/disable")).json()["state"] == "disabled"
    body = {"name": "the.member", "password": PASSWORD}
    assert outcome(await desk.client.post("/v1/session", json=body)) == (401, "wrong_credentials")
    assert (await desk.ask("system", "GET", path)).json()["disabled_at"] is not None
    assert (await desk.ask("system", "POST", f"{path}/enable")).json()["state"] == "active"
    assert outcome(await desk.client.post("/v1/session", json=body)) == (200, None)
    assert await desk.code("system", "DELETE", path) == (405, "method_not_allowed")  # it is never deleted


async def test_an_administrator_unlocks_an_account(desk: Desk) -> None:
    wrong, right = ({"name": "the.member", "password": password} for password in ("wrong", PASSWORD))
    for _ in range(5):
        await desk.client.post("/v1/session", json=wrong)
    assert outcome(await desk.client.post("/v1/session", json=right)) == (429, "login_locked")
    await desk.ask("system", "POST", f"/v1/people/{desk.people['member'].id}/unlock")
    assert outcome(await desk.client.post("/v1/session", json=right)) == (200, None)


async def test_sessions_of_others_are_seen_and_ended(desk: Desk, gateway: Gateway) -> None:
    headers = session_of(gateway.database, desk.people["member"])
    path = f"/v1/people/{desk.people['member'].id}/sessions"
    (seen,) = (await desk.ask("security", "GET", path)).json()["data"]
    assert seen["address"] == "192.0.2.1"
    assert headers["Cookie"].partition("=")[2] not in str(seen)
    assert await desk.code("security", "DELETE", path) == (204, None)
    assert outcome(await desk.client.get("/v1/session", headers=headers)) == (401, "session_ended")


# one's own account


async def change(browser: Browser, old: str, new: str) -> tuple[int, str | None]:
    return await browser.code("PUT", "/v1/account/password", old_password=old, new_password=new)


async def test_a_new_password_ends_the_sessions_elsewhere_and_changes_this_one_s_cookie(gateway: Gateway) -> None:
    add_person(gateway.database, "a")
    async with browsers(gateway, 3) as (here, elsewhere, thief):
        await here.log_in("a")
        await elsewhere.log_in("a")
        thief.client.cookies = httpx.Cookies(here.client.cookies)
        assert await change(here, "wrong", "Ein-Anderes-Wort-2") == (401, "wrong_credentials")
        assert await change(here, PASSWORD, "short") == (400, "weak_password")
        assert await change(here, PASSWORD, "Ein-Anderes-Wort-2") == (200, None)
        assert await here.code("GET", "/v1/session") == (200, None)
        assert await elsewhere.code("GET", "/v1/session") == (401, "session_ended")
        assert await thief.code("GET", "/v1/session") == (401, "session_ended")


async def test_former_passwords_do_not_come_again_too_soon(make_gateway: Make) -> None:
    gateway = make_gateway(settings=cheap(password_history=2))
    add_person(gateway.database, "a")
    words = [PASSWORD, *(f"Ein-Anderes-Wort-{number}" for number in range(3))]
    async with browsers(gateway) as (browser,):
        await browser.log_in("a")
        assert await change(browser, PASSWORD, PASSWORD) == (400, "password_used_before")
        for old, new in pairwise(words):
            assert await change(browser, old, new) == (200, None)
        assert await change(browser, words[3], words[2]) == (400, "password_used_before")
        assert await change(browser, words[3], words[1]) == (400, "password_used_before")
        assert await change(browser, words[3], words[0]) == (200, None)  # long ago


async def test_an_old_password_has_to_be_changed_first(gateway: Gateway) -> None:
    add_person(gateway.database, "a", password_changed_at=int(time.time()) - 90 * 86_400)
    async with browsers(gateway) as (browser,):
        assert (await browser.log_in("a")).json()["unfinished"] == "password"
        assert await browser.code("GET", "/v1/files") == (403, "password_change_required")
        await change(browser, PASSWORD, "Ein-Anderes-Wort-2")
        assert await browser.code("GET", "/v1/files") == (200, None)


async def test_a_member_takes_a_second_factor_and_leaves_it(gateway: Gateway) -> None:
    add_person(gateway.database, "a")
    async with browsers(gateway, 2) as (browser, other):
        await browser.log_in("a")
        await other.log_in("a")
        secret, recovery = await enrol(browser)
        assert await other.code("GET", "/v1/session") == (401, "session_ended")  # it has not seen the factor
        assert await browser.code("POST", "/v1/account/totp") == (409, "totp_enrolled")
        assert outcome(await other.log_in("a")) == (401, "totp_code_required")
        assert outcome(await other.log_in("a", code=code_of(secret))) == (401, "wrong_totp_code")  # used to enrol
        assert outcome(await other.log_in("a", code=recovery[0])) == (200, None)
        renewed = (await browser.ask("POST", "/v1/account/recovery-codes")).json()["recovery_codes"]
        assert outcome(await other.log_in("a", code=recovery[1])) == (401, "wrong_totp_code")
        assert outcome(await other.log_in("a", code=renewed[0])) == (200, None)
        assert await browser.code("DELETE", "/v1/account/totp") == (200, None)
        assert outcome(await other.log_in("a")) == (200, None)


async def test_a_secret_counts_only_once_a_code_has_been_seen(gateway: Gateway) -> None:
    add_person(gateway.database, "a")
    async with browsers(gateway, 2) as (browser, other):
        await browser.log_in("a")
        secret = (await browser.ask("POST", "/v1/account/totp")).json()["secret"]
        wrong = f"{(int(code_of(secret)) + 1) % 10**6:06}"
        assert await browser.code("PUT", "/v1/account/totp", code=wrong) == (400, "wrong_enrolment_code")
        assert outcome(await other.log_in("a")) == (200, None)


async def test_an_administrator_never_is_without_a_second_factor(gateway: Gateway, desk: Desk) -> None:
    for role in ADMINISTRATORS:
        assert await desk.code(role, "DELETE", "/v1/account/totp") == (409, "totp_is_required")


async def test_second_factors_can_be_asked_of_everybody(make_gateway: Make) -> None:
    gateway = make_gateway(settings=cheap(totp_for_all=True))
    add_person(gateway.database, "a")
    async with browsers(gateway) as (browser,):
        assert (await browser.log_in("a")).json()["unfinished"] == "totp"
        await enrol(browser)
        assert await browser.code("GET", "/v1/files") == (200, None)
        assert await browser.code("DELETE", "/v1/account/totp") == (409, "totp_is_required")


async def test_the_secret_of_a_factor_is_not_in_the_database(gateway: Gateway, tmp_path: Path) -> None:
    add_person(gateway.database, "a")
    async with browsers(gateway) as (browser,):
        await browser.log_in("a")
        secret, recovery = await enrol(browser)
        stored = b"".join(path.read_bytes() for path in tmp_path.glob("kantu.db*"))
    assert b"per_" in stored
    for hidden in (secret, *recovery, PASSWORD):
        assert hidden.encode() not in stored
        assert hidden.replace("-", "").encode() not in stored
