"""Sessions over HTTP: logging in, who one is, logging out; cookies, tokens, and what ends a session."""

from __future__ import annotations

import time
from collections.abc import Callable
from http.cookies import SimpleCookie

import httpx
import pytest

from kantu.service.app import create_app
from kantu.service.gateway import Gateway
from kantu.service.people import repository
from kantu.service.sessions.cookie import NAME
from tests.service.gateways import MODEL, question
from tests.service.people.visitors import PASSWORD, add_person, browsers, cheap, outcome, session_of

pytestmark = pytest.mark.anyio
Make = Callable[..., Gateway]

SESSION = "/v1/session"


async def test_a_person_logs_in_asks_and_logs_out(make_gateway: Make) -> None:
    gateway = make_gateway(settings=cheap())
    person = add_person(gateway.database, "li.lei")
    async with browsers(gateway) as (browser,):
        assert await browser.code("GET", SESSION) == (401, "missing_api_key")
        told = (await browser.log_in(" Li.Lei ")).json()
        assert (told["person_id"], told["role"], told["role_name"], told["unfinished"]) == (
            person.id,
            "member",
            "成员",
            None,
        )
        assert (await browser.ask("GET", SESSION)).json() == told
        answer = await browser.ask("POST", "/v1/chat/completions", **question("这是什么？"))
        assert answer.json()["model"] == MODEL
        assert await browser.code("DELETE", SESSION) == (204, None)
        assert await browser.code("GET", SESSION) == (401, "missing_api_key")  # the browser has forgotten it


async def test_the_cookie_is_for_this_host_and_tls_and_no_script(make_gateway: Make) -> None:
    gateway = make_gateway(settings=cheap())
    add_person(gateway.database, "a")
    async with browsers(gateway) as (browser,):
        for scheme in ("https", "http"):  # as it looks behind a proxy that says nothing
            answer = await browser.client.post(f"{scheme}://gateway{SESSION}", json={"name": "a", "password": PASSWORD})
            (kept,) = SimpleCookie(answer.headers["set-cookie"]).values()
            assert kept.key == NAME == "__Host-kantu_session"
            assert (kept["secure"], kept["httponly"], kept["samesite"], kept["path"]) == (True, True, "strict", "/")
            assert (kept["domain"], kept["max-age"], kept["expires"]) == ("", "", "")
            assert answer.headers["cache-control"] == "no-store"


async def test_every_change_needs_the_token_of_its_session(make_gateway: Make) -> None:
    gateway = make_gateway(settings=cheap())
    ours, theirs = (session_of(gateway.database, add_person(gateway.database, name)) for name in "ab")
    transport = httpx.ASGITransport(create_app(gateway))
    async with httpx.AsyncClient(transport=transport, base_url="https://gateway") as client:
        for token in (None, "", "x", theirs["X-CSRF-Token"], "看图"):
            given = {"Cookie": ours["Cookie"]} | ({} if token is None else {"X-CSRF-Token": token.encode()})
            for method, path in (("POST", "/v1/chat/completions"), ("DELETE", SESSION), ("DELETE", "/v1/files/x")):
                answer = await client.request(method, path, headers=given)
                assert outcome(answer) == (403, "wrong_csrf_token")
            assert (await client.get(SESSION, headers=given)).status_code == 200
        assert (await client.delete(SESSION, headers=ours)).status_code == 204


async def test_a_login_that_a_page_of_another_site_can_send_is_none(make_gateway: Make) -> None:
    """Forms send no JSON, and scripts of other origins are asked about first (a preflight that nobody grants)."""
    gateway = make_gateway(settings=cheap())
    add_person(gateway.database, "a")
    async with browsers(gateway) as (browser,):
        body = f'{{"name": "a", "password": "{PASSWORD}"}}'.encode()
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
            answer = await browser.client.post(SESSION, content=body, headers={"content-type": kind})
            assert answer.status_code == 400
            assert "set-cookie" not in answer.headers


async def test_a_session_that_was_put_into_a_browser_is_not_the_one_after_login(make_gateway: Make) -> None:
    gateway = make_gateway(settings=cheap())
    attacker, victim = (add_person(gateway.database, name) for name in ("mallory", "alice"))
    planted = session_of(gateway.database, attacker)
    async with browsers(gateway) as (browser,):
        browser.client.headers.update(planted)
        begun = await browser.log_in("alice")
        (kept,) = SimpleCookie(begun.headers["set-cookie"]).values()
        assert kept.value not in planted["Cookie"]
        assert begun.json()["person_id"] == victim.id
        answer = await browser.client.get(SESSION, headers=planted)
        assert outcome(answer) == (401, "session_ended")  # and the planted one is over
        again = await browser.log_in("alice")
        (other,) = SimpleCookie(again.headers["set-cookie"]).values()
        assert other.value != kept.value


@pytest.mark.parametrize(
    "changes",
    [{"generation": 0}, {"expires_at": 1}, {"last_used_at": int(time.time()) - 1801}],
    ids=["revoked", "too old", "idle"],
)
async def test_a_session_that_is_over_opens_nothing(make_gateway: Make, changes: dict[str, int]) -> None:
    gateway = make_gateway(settings=cheap())
    headers = session_of(gateway.database, add_person(gateway.database, "a"), **changes)
    async with browsers(gateway) as (browser,):
        assert outcome(await browser.client.get(SESSION, headers=headers)) == (401, "session_ended")


@pytest.mark.parametrize("text", ["x", "é", "x" * 43, "x" * 5000, "a b"])
async def test_a_cookie_of_ours_that_we_never_gave_opens_nothing(make_gateway: Make, text: str) -> None:
    async with browsers(make_gateway(settings=cheap())) as (browser,):
        answer = await browser.client.get(SESSION, headers={"Cookie": f"{NAME}={text}".encode()})
        assert outcome(answer) == (401, "session_ended")


async def test_who_is_disabled_is_out_from_the_next_request(make_gateway: Make) -> None:
    gateway = make_gateway(settings=cheap())
    person = add_person(gateway.database, "a")
    async with browsers(gateway) as (browser,):
        await browser.log_in("a")
        with gateway.database.session() as session:
            repository.change(session, person.id, disabled_at=1)
        assert await browser.code("GET", SESSION) == (401, "session_ended")
        assert outcome(await browser.log_in("a")) == (401, "wrong_credentials")


async def test_a_role_that_is_taken_away_is_gone_at_the_next_request(make_gateway: Make) -> None:
    gateway = make_gateway(settings=cheap())
    person = add_person(gateway.database, "a", "security")
    headers = session_of(gateway.database, person)
    async with browsers(gateway) as (browser,):
        assert (await browser.client.get("/v1/people", headers=headers)).status_code == 200
        with gateway.database.session() as session:
            repository.change(session, person.id, role="member")
        answer = await browser.client.get("/v1/people", headers=headers)
        assert outcome(answer) == (403, "role_not_allowed")


async def test_a_key_counts_more_than_a_cookie(make_gateway: Make) -> None:
    gateway = make_gateway(settings=cheap())
    headers = session_of(gateway.database, add_person(gateway.database, "a"))
    _, text = gateway.keys.create("k")
    async with browsers(gateway) as (browser,):
        for key, expected in ((text, (403, "endpoint_not_allowed")), ("kt-wrong", (401, "invalid_api_key"))):
            answer = await browser.client.get(SESSION, headers=headers | {"Authorization": f"Bearer {key}"})
            assert outcome(answer) == expected


async def test_where_one_session_is_allowed_a_login_ends_the_others(make_gateway: Make) -> None:
    for several in (True, False):
        gateway = make_gateway(settings=cheap(several_sessions=several))
        if several:
            add_person(gateway.database, "a")
        async with browsers(gateway, 2) as (first, second):
            await first.log_in("a")
            await second.log_in("a")
            assert (await first.ask("GET", SESSION)).status_code == (200 if several else 401)
            assert (await second.ask("GET", SESSION)).status_code == 200


async def test_one_sees_and_ends_one_s_own_sessions_and_nobody_else_s(make_gateway: Make) -> None:
    gateway = make_gateway(settings=cheap())
    for name in "ab":
        add_person(gateway.database, name)
    async with browsers(gateway, 3) as (first, second, other):
        for browser, name in ((first, "a"), (second, "a"), (other, "b")):
            await browser.log_in(name)
        ids = [one["id"] for one in (await first.ask("GET", "/v1/account/sessions")).json()["data"]]
        assert len(ids) == 2
        mine = (await first.ask("GET", SESSION)).json()["id"]
        (theirs,) = set(ids) - {mine}
        assert await other.code("DELETE", f"/v1/account/sessions/{theirs}") == (404, "session_not_found")
        assert await first.code("DELETE", f"/v1/account/sessions/{theirs}") == (204, None)
        assert await second.code("GET", SESSION) == (401, "session_ended")
        assert await other.code("GET", SESSION) == (200, None)


async def test_dangerous_acts_ask_for_the_password_again(make_gateway: Make) -> None:
    gateway = make_gateway(settings=cheap())
    chief, other = add_person(gateway.database, "chief", "system"), add_person(gateway.database, "other")
    stale = session_of(gateway.database, chief, authenticated_at=int(time.time()) - 601)
    fresh = session_of(gateway.database, chief)
    async with browsers(gateway) as (browser,):
        path = f"/v1/people/{other.id}/disable"
        assert outcome(await browser.client.post(path, headers=stale)) == (403, "reauthentication_required")
        assert outcome(await browser.client.post(path, headers=fresh)) == (200, None)


async def test_the_password_makes_a_session_fresh_again_under_another_cookie(make_gateway: Make) -> None:
    gateway = make_gateway(settings=cheap())
    stale = session_of(gateway.database, add_person(gateway.database, "a"), authenticated_at=1)
    async with browsers(gateway) as (browser,):
        browser.client.headers.update(stale)
        assert (await browser.ask("GET", SESSION)).json()["is_fresh"] is False
        path = f"{SESSION}/reauthentication"
        assert await browser.code("POST", path, password="wrong") == (401, "wrong_credentials")
        renewed = await browser.ask("POST", path, password=PASSWORD)
        assert renewed.json()["is_fresh"] is True
        assert outcome(await browser.client.get(SESSION, headers=stale)) == (401, "session_ended")
        del browser.client.headers["Cookie"]
        assert (await browser.ask("GET", SESSION)).json()["is_fresh"] is True


async def test_of_many_sessions_of_one_person_the_oldest_make_room(make_gateway: Make) -> None:
    gateway = make_gateway(settings=cheap())
    person = add_person(gateway.database, "a")
    old = [session_of(gateway.database, person, created_at=number) for number in range(22)]
    async with browsers(gateway) as (browser,):
        await browser.log_in("a")
        seen = (await browser.ask("GET", "/v1/account/sessions")).json()["data"]
        assert len(seen) == 20
        for headers, status in ((old[2], 401), (old[3], 200)):
            assert (await browser.client.get(SESSION, headers=headers)).status_code == status
