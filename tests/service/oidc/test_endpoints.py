"""Logging in at the identity provider, in a browser: there and back, and everything that must not come of it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import replace
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from kantu.service.actor import ADMINISTRATORS, Role
from kantu.service.database import Database
from kantu.service.gateway import Gateway
from kantu.service.oidc.provider import Provider
from kantu.service.people import repository, totp
from kantu.service.people.person import Person
from kantu.service.sessions.cookie import NAME
from kantu.service.settings import Settings
from tests.service.audits import entries_of
from tests.service.gateways import ScriptedEngine, gateway_over, question, settings_with
from tests.service.oidc.identity_provider import CALLBACK, CLIENT, ISSUER, SECRET, IdentityProvider
from tests.service.people.visitors import CHEAP, PASSWORD, Browser, add_person, browsers, outcome, session_of

pytestmark = pytest.mark.anyio
OIDC, SESSION, GROUPS = "/v1/session/oidc", "/v1/session", "/v1/groups"
ROLES = ["kantu-system=system", "kantu-security=security", "kantu-audit=audit", "kantu-ops=operator", "kantu=member"]
ATTEMPT = "__Host-kantu_oidc"


def oidc_settings(**more: Any) -> Settings:
    oidc = {
        "issuer": ISSUER,
        "client_id": CLIENT,
        "client_secret": SECRET,
        "redirect_uri": CALLBACK,
        "roles": ROLES,
        "tenants": ["dept-a=研发", "dept-b=市场"],
    }
    return settings_with(people=CHEAP, oidc=oidc | more)


class House:
    """A gateway, its provider, and browsers that go from one to the other."""

    def __init__(self, gateway: Gateway) -> None:
        self.idp = IdentityProvider()
        provider = Provider(gateway.settings.oidc, self.idp)
        self.gateway = replace(gateway, oidc=replace(gateway.oidc, provider=provider))

    async def leave(self, browser: Browser, *, fresh: bool = False) -> str:
        """Where a browser is sent that wants to log in."""
        answer = await browser.client.get(OIDC, params={"fresh": "true"} if fresh else None)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    async def log_in(
        self, browser: Browser, subject: str, *groups: str, fresh: bool = False, **user: Any
    ) -> httpx.Response:
        """There and back; what the callback answers. The browser knows its token then."""
        url = await self.leave(browser, fresh=fresh)
        user = {"preferred_username": subject, "auth_time": int(time.time()), **user}
        return await self.come_back(browser, self.idp.log_in(url, sub=subject, groups=list(groups), **user))

    async def come_back(self, browser: Browser, address: str) -> httpx.Response:
        answer = await browser.client.get(address)
        if answer.headers.get("location") == "https://gateway/":
            await browser.ask("GET", SESSION)
        return answer

    def person(self, subject: str) -> Person:
        with self.gateway.database.session(read_only=True) as session:
            found = repository.find_external(session, ISSUER, subject)
        assert found is not None
        return found

    def count(self) -> int:
        with self.gateway.database.session(read_only=True) as session:
            return len(repository.find_all(session))


Make = Callable[..., Gateway]


@pytest.fixture
def house(make_gateway: Make) -> House:
    return House(make_gateway(settings=oidc_settings()))


def code_now(secret: str, offset: int = 0) -> str:
    return totp.code_at(secret, int(time.time()) // totp.STEP_SECONDS + offset)


async def test_a_person_comes_for_the_first_time_asks_and_leaves(house: House) -> None:
    async with browsers(house.gateway) as (browser,):
        answer = await house.log_in(browser, "u-1", "kantu", "dept-a", preferred_username="Li.Lei", name="李雷")
        assert (answer.status_code, answer.headers["location"]) == (303, "https://gateway/")
        told = (await browser.ask("GET", SESSION)).json()
        person = house.person("u-1")
        assert (told["person_id"], told["name"], told["display_name"]) == (person.id, "li.lei", "李雷")
        assert (told["role"], told["tenant"], told["unfinished"], told["is_fresh"]) == ("member", "研发", None, True)
        assert (await browser.ask("POST", "/v1/chat/completions", **question("？"))).status_code == 200
        assert await browser.code("DELETE", SESSION) == (204, None)
        assert await browser.code("GET", SESSION) == (401, "missing_api_key")
        await house.log_in(browser, "u-1", "kantu", "dept-a")
        assert house.person("u-1").id == person.id
        assert house.count() == 1


async def test_the_cookies_of_a_login(house: House) -> None:
    async with browsers(house.gateway) as (browser,):
        leaving = await browser.client.get(OIDC)
        (attempt,) = SimpleCookie(leaving.headers["set-cookie"]).values()
        assert attempt.key == ATTEMPT
        assert (attempt["secure"], attempt["httponly"], attempt["samesite"], attempt["path"]) == (
            True,
            True,
            "lax",
            "/",
        )
        assert (attempt["domain"], attempt["max-age"]) == ("", "600")
        back = await browser.client.get(house.idp.log_in(leaving.headers["location"], sub="u", groups=["kantu"]))
        kept = {one.key: one for text in back.headers.get_list("set-cookie") for one in SimpleCookie(text).values()}
        assert kept[ATTEMPT]["max-age"] == "0"  # forgotten
        session = kept[NAME]
        assert (session["secure"], session["httponly"], session["samesite"]) == (True, True, "strict")
        assert attempt.value not in session.value
        assert leaving.headers["cache-control"] == back.headers["cache-control"] == "no-store"


async def test_what_leaves_with_the_browser_tells_nothing_that_comes_back_from_it(house: House) -> None:
    """Whoever reads the address, as proxies and histories do, can finish nothing with it."""
    async with browsers(house.gateway) as (browser,):
        url = await house.leave(browser)
        query = parse_qs(urlsplit(url).query)
        text = browser.client.cookies[ATTEMPT]
        assert not {text, SECRET} & {value for values in query.values() for value in values}
        others = parse_qs(urlsplit(await house.leave(browser)).query)
        assert not any(query[name] == others[name] for name in ("state", "nonce", "code_challenge"))


# Who is let in


async def refused(house: House, *groups: str, subject: str = "u-1", **user: Any) -> tuple[int, str | None]:
    async with browsers(house.gateway) as (browser,):
        answer = await house.log_in(browser, subject, *groups, **user)
        assert NAME not in browser.client.cookies
        return outcome(answer)


async def test_whoever_no_group_stands_for_is_not_let_in(house: House) -> None:
    assert await refused(house, "everybody", "dept-a") == (403, "oidc_not_admitted")
    assert await refused(house) == (403, "oidc_not_admitted")
    assert house.count() == 0


async def test_nobody_gets_two_of_the_three_powers(house: House) -> None:
    assert await refused(house, "kantu", "kantu-system", "kantu-audit") == (403, "oidc_powers_conflict")
    assert await refused(house, "kantu", "dept-a", "dept-b") == (403, "oidc_tenants_conflict")
    assert house.count() == 0


async def test_who_has_been_one_administrator_never_becomes_another(house: House) -> None:
    add_person(house.gateway.database, "chief", "system")
    async with browsers(house.gateway) as (browser,):
        await house.log_in(browser, "u-1", "kantu-system")
        await house.log_in(browser, "u-1", "kantu")
    assert await refused(house, "kantu-audit") == (409, "powers_exclude_each_other")
    assert house.person("u-1").role == "member"


async def test_who_is_disabled_stays_out(house: House) -> None:
    async with browsers(house.gateway) as (browser,):
        await house.log_in(browser, "u-1", "kantu")
        with house.gateway.database.session() as session:
            repository.change(session, house.person("u-1").id, disabled_at=1)
        assert await browser.code("GET", SESSION) == (401, "session_ended")
    assert await refused(house, "kantu-ops") == (401, "account_disabled")
    assert house.person("u-1").role == "member"


async def test_a_role_follows_the_provider_at_the_next_login(house: House) -> None:
    async with browsers(house.gateway) as (browser,):
        for groups, role, tenant in (
            (["kantu", "dept-a"], "member", "研发"),
            (["kantu", "kantu-ops", "dept-b"], "operator", "市场"),
            (["kantu"], "member", None),
        ):
            await house.log_in(browser, "u-1", *groups)
            person = house.person("u-1")
            assert (person.role, person.tenant) == (role, tenant or person.id)
            assert (await browser.ask("GET", SESSION)).json()["role"] == role


async def test_whoever_the_provider_puts_out_is_out_everywhere(house: House) -> None:
    """A login that is refused ends the sessions that an earlier one began."""
    async with browsers(house.gateway, 2) as (first, second):
        await house.log_in(first, "u-1", "kantu")
        assert outcome(await house.log_in(second, "u-1", "everybody")) == (403, "oidc_not_admitted")
        assert await first.code("GET", SESSION) == (401, "session_ended")


@pytest.mark.parametrize("role", ADMINISTRATORS)
async def test_the_last_administrator_of_a_kind_stays_one_and_is_not_let_in(house: House, role: Role) -> None:
    async with browsers(house.gateway) as (browser,):
        await house.log_in(browser, "u-1", f"kantu-{role}")
        assert outcome(await house.log_in(browser, "u-1", "kantu")) == (409, "last_administrator")
        assert house.person("u-1").role == role
        assert await browser.code("GET", SESSION) == (401, "session_ended")
        add_person(house.gateway.database, "another", role)
        assert (await house.log_in(browser, "u-1", "kantu")).status_code == 303
        assert house.person("u-1").role == "member"


async def test_the_last_local_administrator_is_the_last(house: House) -> None:
    """Whoever the provider makes one is none when the provider is away."""
    local = add_person(house.gateway.database, "chief", "system")
    async with browsers(house.gateway) as (browser,):
        await house.log_in(browser, "u-1", "kantu-system")
        await _enrol(browser)
        assert await browser.code("POST", f"/v1/people/{local.id}/disable") == (409, "last_administrator")
        add_person(house.gateway.database, "second", "system")
        assert await browser.code("POST", f"/v1/people/{local.id}/disable") == (200, None)


# What is theirs and what is ours


async def test_nobody_gets_the_account_of_a_local_person_by_its_name(house: House) -> None:
    local = add_person(house.gateway.database, "admin", "system")
    async with browsers(house.gateway) as (browser,):
        await house.log_in(browser, "u-1", "kantu", preferred_username="Admin")
        told = (await browser.ask("GET", SESSION)).json()
        assert told["person_id"] != local.id
        assert told["name"].startswith("oidc-")


@pytest.mark.parametrize("name", [None, "", "a b", "x" * 99, 7, ["a"], "<script>", "а"])  # the last one is Cyrillic
async def test_a_name_that_cannot_be_one_here_is_replaced(house: House, name: Any) -> None:
    async with browsers(house.gateway) as (browser,):
        await house.log_in(browser, "u-1", "kantu", preferred_username=name, name="\u202e")
        told = (await browser.ask("GET", SESSION)).json()
        assert told["name"].startswith("oidc-")
        assert told["display_name"] == told["name"]


async def test_another_subject_is_another_person_whatever_their_name(house: House) -> None:
    async with browsers(house.gateway) as (browser,):
        for subject in ("u-1", "U-1", "u-1 "):
            await house.log_in(browser, subject, "kantu", preferred_username="li.lei")
        assert house.count() == 3


async def test_there_is_no_password_here_for_people_of_the_provider(house: House) -> None:
    chief = add_person(house.gateway.database, "chief", "system")
    security = add_person(house.gateway.database, "safe", "security")
    async with browsers(house.gateway, 3) as (browser, local, other):
        await house.log_in(browser, "li.lei", "kantu")
        person = house.person("li.lei")
        for password in ("", PASSWORD):
            assert outcome(await other.log_in("li.lei", password)) == (401, "wrong_credentials")
        chosen = {"old_password": "", "new_password": "Eine-Neue-Losung-1"}
        assert await browser.code("PUT", "/v1/account/password", **chosen) == (409, "external_account")
        again = {"password": "", "code": None}
        assert await browser.code("POST", f"{SESSION}/reauthentication", **again) == (409, "external_account")
        for who, method, path, body in (
            (chief, "POST", f"/v1/people/{person.id}/password", {}),
            (security, "PUT", f"/v1/people/{person.id}/role", {"role": "operator"}),
        ):
            local.client.headers.update(session_of(house.gateway.database, who))
            assert await local.code(method, path, **body) == (409, "external_account")


async def test_local_accounts_log_in_while_the_provider_is_away(house: House) -> None:
    add_person(house.gateway.database, "chief", "operator")
    house.idp.is_away = True
    async with browsers(house.gateway) as (browser,):
        answer = await browser.client.get(OIDC, headers={"Accept-Language": "zh"})
        assert outcome(answer) == (502, "oidc_unreachable")
        assert "现在连不上身份提供方" in answer.json()["error"]["message"]
        assert (await browser.log_in("chief")).status_code == 200


async def test_a_browser_is_shown_a_page_and_a_program_the_envelope(house: House) -> None:
    house.idp.is_away = True
    async with browsers(house.gateway) as (browser,):
        answer = await browser.client.get(OIDC, headers={"Accept": "text/html,*/*", "Accept-Language": "zh-CN"})
        assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html; charset=utf-8")
        assert "现在连不上身份提供方" in answer.text
        assert 'href="https://gateway/"' in answer.text
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        asked = f"{OIDC}/callback?error=%3Cscript%3E&error_description=%3Cscript%3E"
        assert "<script>" not in (await browser.client.get(asked, headers={"Accept": "text/html"})).text


async def test_without_a_provider_there_is_none(make_gateway: Make) -> None:
    async with browsers(make_gateway(settings=settings_with(people=CHEAP))) as (browser,):
        assert (await browser.ask("GET", f"{SESSION}/providers")).json()["data"] == []
        for path in (OIDC, f"{OIDC}/callback?code=a&state=b"):
            assert await browser.code("GET", path) == (404, "oidc_not_configured")
        assert await browser.code("POST", OIDC, code="123456") == (401, "oidc_login_over")


async def test_the_page_hears_what_the_button_is_called(house: House) -> None:
    async with browsers(house.gateway) as (browser,):
        (provider,) = (await browser.ask("GET", f"{SESSION}/providers")).json()["data"]
        assert (provider["label"], provider["path"]) == ("公司账号登录", OIDC)


# Abuse


OVER = (401, "oidc_login_over")


async def test_a_login_that_another_browser_began_is_none_here(house: House) -> None:
    """Login CSRF: somebody is sent to the callback with a code and a state of the attacker's."""
    async with browsers(house.gateway, 2) as (attacker, victim):
        address = house.idp.log_in(await house.leave(attacker), sub="mallory", groups=["kantu"])
        assert outcome(await victim.client.get(address)) == OVER  # began nothing
        await house.leave(victim)
        assert outcome(await victim.client.get(address)) == OVER  # began another one
        assert NAME not in victim.client.cookies
        assert (await house.come_back(attacker, address)).status_code == 303


@pytest.mark.parametrize("state", ["", "x", "é", None])
async def test_a_wrong_state_is_none(house: House, state: str | None) -> None:
    async with browsers(house.gateway) as (browser,):
        address = house.idp.log_in(await house.leave(browser), sub="u", groups=["kantu"])
        query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        query = {name: value for name, value in {**query, "state": state}.items() if value is not None}
        assert outcome(await browser.client.get(f"{OIDC}/callback", params=query)) == OVER


async def test_an_answer_counts_once(house: House) -> None:
    house.idp.codes_last = True  # the provider would take the code again
    async with browsers(house.gateway) as (browser,):
        url = await house.leave(browser)
        attempt = {"Cookie": f"{ATTEMPT}={browser.client.cookies[ATTEMPT]}"}
        address = house.idp.log_in(url, sub="u", groups=["kantu"])
        assert (await browser.client.get(address)).status_code == 303
        assert outcome(await browser.client.get(address)) == OVER  # the browser has forgotten it
        asked = len(house.idp.asked)
        assert outcome(await browser.client.get(address, headers=attempt)) == OVER  # and so have we
        again = house.idp.log_in(url, sub="u", groups=["kantu"])  # another code for the same attempt
        assert outcome(await browser.client.get(again, headers=attempt)) == OVER
        assert len(house.idp.asked) == asked


async def test_a_code_that_was_used_is_refused(house: House) -> None:
    async with browsers(house.gateway, 2) as (browser, other):
        address = house.idp.log_in(await house.leave(browser), sub="u", groups=["kantu"])
        await house.come_back(browser, address)
        code = parse_qs(urlsplit(address).query)["code"][0]
        state = parse_qs(urlsplit(await house.leave(other)).query)["state"][0]
        stolen = await other.client.get(f"{OIDC}/callback", params={"code": code, "state": state})
        assert outcome(stolen) == (401, "oidc_code_refused")


async def test_an_attempt_has_its_time(house: House) -> None:
    async with browsers(house.gateway) as (browser,):
        address = house.idp.log_in(await house.leave(browser), sub="u", groups=["kantu"])
        text = browser.client.cookies[ATTEMPT]
        random, started, *rest = text.split(".")
        for seconds in (-601, 601, 1):
            other = ".".join([random, str(int(started) + seconds), *rest])
            headers = {"Cookie": f"{ATTEMPT}={other}"}
            assert outcome(await browser.client.get(address, headers=headers)) == OVER, seconds
        for wrong in ("", "x", "é", text + "x", "." * 4, "a" * 5000):
            headers = {"Cookie": f"{ATTEMPT}={wrong}".encode()}
            assert outcome(await browser.client.get(address, headers=headers)) == OVER, wrong


async def test_another_issuer_s_answer_is_not_mixed_up_with_ours(house: House) -> None:
    async with browsers(house.gateway) as (browser,):
        address = house.idp.log_in(await house.leave(browser), sub="u", groups=["kantu"])
        assert outcome(await browser.client.get(address.replace("idp.example", "evil.example"))) == OVER


@pytest.mark.parametrize("query", [{"error": "access_denied"}, {"error": "x", "code": "y"}, {}, {"code": ""}], ids=str)
async def test_who_cancels_at_the_provider_is_not_logged_in(house: House, query: dict[str, str]) -> None:
    async with browsers(house.gateway) as (browser,):
        state = parse_qs(urlsplit(await house.leave(browser)).query)["state"][0]
        answer = await browser.client.get(f"{OIDC}/callback", params={"state": state, **query})
        assert outcome(answer) == (401, "oidc_refused")
        assert NAME not in browser.client.cookies


@pytest.mark.parametrize("name", ["next", "return_to", "redirect", "redirect_uri", "url", "RelayState"])
async def test_no_address_of_a_request_is_gone_to(house: House, name: str) -> None:
    evil = "https://evil.example/"
    async with browsers(house.gateway) as (browser,):
        begun = await browser.client.get(OIDC, params={name: evil})
        assert "evil" not in begun.headers.get("location", "")
        url = await house.leave(browser)
        address = f"{house.idp.log_in(url, sub='u', groups=['kantu'])}&{name}={evil}"
        headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Referer": evil}
        answer = await browser.client.get(address, headers=headers)
        assert answer.headers["location"] == "https://gateway/"


async def test_a_session_that_was_put_into_the_browser_ends_at_login(house: House) -> None:
    add_person(house.gateway.database, "mallory")
    async with browsers(house.gateway) as (browser,):
        await browser.log_in("mallory")
        planted = {"Cookie": f"{NAME}={browser.client.cookies[NAME]}"}
        await house.log_in(browser, "u-1", "kantu")
        assert (await browser.ask("GET", SESSION)).json()["name"] == "u-1"
        browser.client.cookies.clear()
        assert outcome(await browser.client.get(SESSION, headers=planted)) == (401, "session_ended")


async def test_one_address_does_not_take_all_turns_at_the_provider(house: House) -> None:
    async with browsers(house.gateway, 6) as opened:
        addresses = [
            house.idp.log_in(await house.leave(one), sub=f"u-{n}", groups=["kantu"]) for n, one in enumerate(opened)
        ]
        house.idp.gate = asyncio.Event()
        asked = [asyncio.create_task(one.client.get(at)) for one, at in zip(opened, addresses, strict=True)]
        soon = asyncio.as_completed(asked)
        refused = [outcome(await next(soon)) for _ in range(2)]  # the others wait
        assert refused == [(429, "too_many_logins")] * 2
        house.idp.gate.set()
        assert sorted(answer.status_code for answer in await asyncio.gather(*asked)) == [303] * 4 + [429] * 2


# Dangerous acts and the second factor


async def _enrol(browser: Browser) -> str:
    secret: str = (await browser.ask("POST", "/v1/account/totp")).json()["secret"]
    assert (await browser.ask("PUT", "/v1/account/totp", code=code_now(secret))).status_code == 200
    return secret


async def test_dangerous_acts_ask_that_the_password_was_given_at_the_provider(house: House) -> None:
    add_person(house.gateway.database, "chief", "security")
    async with browsers(house.gateway) as (browser,):
        for auth_time in (None, int(time.time()) - 3600):
            await house.log_in(browser, "u-1", "kantu-security", auth_time=auth_time)
            assert (await browser.ask("GET", SESSION)).json()["is_fresh"] is False
            assert await browser.code("POST", "/v1/account/totp") == (403, "reauthentication_required")
        await house.log_in(browser, "u-1", "kantu-security", fresh=True)
        assert (await browser.ask("GET", SESSION)).json()["is_fresh"] is True
        await _enrol(browser)
        assert await browser.code("POST", GROUPS, tenant="t", name="n") == (200, None)
        stale = await house.log_in(browser, "u-1", "kantu-security", fresh=True, auth_time=int(time.time()) - 3600)
        assert outcome(stale) == (401, "oidc_not_fresh")


async def test_administrators_give_a_code_here_too(house: House) -> None:
    add_person(house.gateway.database, "chief", "audit")
    async with browsers(house.gateway, 2) as (browser, other):
        await house.log_in(browser, "u-1", "kantu-audit")
        assert await browser.code("GET", "/v1/audit") == (403, "totp_required")
        secret = await _enrol(browser)
        assert await browser.code("GET", "/v1/audit") == (200, None)
        answer = await house.log_in(other, "u-1", "kantu-audit")
        assert answer.headers["location"] == "https://gateway/#second-factor"
        assert NAME not in other.client.cookies
        assert await other.code("GET", "/v1/audit") == (401, "missing_api_key")
        assert await other.code("POST", OIDC, code=code_now(secret)) == (401, "wrong_totp_code")  # it was used
        assert await browser.code("POST", OIDC, code=code_now(secret, 1)) == OVER  # a browser that has not come back
        assert await other.code("POST", OIDC, code=code_now(secret, 1)) == (200, None)
        assert await other.code("GET", "/v1/audit") == (200, None)
        assert await other.code("POST", OIDC, code=code_now(secret, 1)) == OVER


async def test_codes_cannot_be_tried_without_end(house: House) -> None:
    add_person(house.gateway.database, "chief", "audit")
    async with browsers(house.gateway, 2) as (browser, other):
        await house.log_in(browser, "u-1", "kantu-audit")
        secret = await _enrol(browser)
        await house.log_in(other, "u-1", "kantu-audit")
        codes = [(await other.code("POST", OIDC, code="000000"))[1] for _ in range(5)]
        assert codes == ["wrong_totp_code"] * 5
        assert (await other.code("POST", OIDC, code=code_now(secret, 1)))[1] == "login_locked"


async def test_who_is_disabled_between_password_and_code_stays_out(house: House) -> None:
    add_person(house.gateway.database, "chief", "audit")
    async with browsers(house.gateway, 2) as (browser, other):
        await house.log_in(browser, "u-1", "kantu-audit")
        secret = await _enrol(browser)
        await house.log_in(other, "u-1", "kantu-audit")
        with house.gateway.database.session() as session:
            repository.change(session, house.person("u-1").id, disabled_at=1)
        assert await other.code("POST", OIDC, code=code_now(secret, 1)) == (401, "account_disabled")


# Groups, and what is recorded


async def test_whoever_changes_tenant_leaves_the_group_of_the_old_one(house: House) -> None:
    chief = add_person(house.gateway.database, "chief", "security")
    async with browsers(house.gateway, 2) as (browser, local):
        await house.log_in(browser, "u-1", "kantu", "dept-a")
        person = house.person("u-1")
        local.client.headers.update(session_of(house.gateway.database, chief))
        made = await local.ask("POST", GROUPS, tenant="研发", name="g", limits={"requests_per_day": 1})
        path = f"{GROUPS}/{made.json()['id']}/people"
        assert await local.code("PUT", f"{path}/{person.id}") == (200, None)
        await house.log_in(browser, "u-1", "kantu", "dept-b")
        assert (await local.ask("GET", path)).json()["data"] == []


async def test_everything_is_recorded(database: Database, tmp_path: Any) -> None:
    house = House(gateway_over(ScriptedEngine(), tmp_path, database, oidc_settings()))
    async with browsers(house.gateway) as (browser,):
        await house.log_in(browser, "u-1", "kantu")
        await house.log_in(browser, "u-1", "kantu-ops", "dept-a")
        await house.log_in(browser, "u-1", "everybody")
        await house.log_in(browser, "u-2", "everybody")
        await house.leave(browser)
        await browser.client.get(f"{OIDC}/callback?state=x&code=y")
    person = house.person("u-1")
    told = [one for one in entries_of(database) if one.resource in ("people", "roles", "sessions")]
    assert [(one.action, one.resource, one.actor_kind, one.actor_id, one.target_id, one.result) for one in told] == [
        ("create", "people", "system", ISSUER, person.id, "ok"),
        ("create", "sessions", "person", person.id, person.id, "ok"),
        ("update", "roles", "system", ISSUER, person.id, "ok"),
        ("create", "sessions", "person", person.id, person.id, "ok"),
        ("delete", "sessions", "system", ISSUER, person.id, "ok"),
        ("create", "sessions", "anonymous", None, person.id, "refused"),
        ("create", "sessions", "anonymous", None, "u-2", "refused"),
        ("create", "sessions", "anonymous", None, None, "refused"),
    ]
    change = told[2]
    assert change.before is not None
    assert change.after is not None
    before, after = json.loads(change.before), json.loads(change.after)
    assert (before["role"], after["role"]) == ("member", "operator")
    assert (before["tenant"], after["tenant"]) == (person.id, "研发")
    codes = [json.loads(one.after or "{}").get("code") for one in told[-3:]]
    assert codes == ["oidc_not_admitted", "oidc_not_admitted", "oidc_login_over"]
    assert all(one.address for one in told)
    assert not any(SECRET in str(one) for one in told)
