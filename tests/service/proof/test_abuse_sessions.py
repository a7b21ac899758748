"""Abuse of sessions: planted ones, requests that other sites send, cookies on the wire, answers that a browser runs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import httpx
import pytest
from fastapi import FastAPI

from kantu.service.actor import Role
from kantu.service.app import create_app
from kantu.service.database import Database
from kantu.service.gateway import Gateway
from kantu.service.people.person import Person
from kantu.service.people.repository import find
from kantu.service.permissions import PERMISSIONS
from kantu.service.sessions.cookie import NAME
from kantu.service.sessions.endpoints import LOGIN
from tests.service.audits import acts_of
from tests.service.gateways import MODEL, ScriptedEngine, png, question, settings_with
from tests.service.people.test_login import World, code_now, with_totp
from tests.service.people.visitors import (
    CHEAP,
    PASSWORD,
    Browser,
    add_person,
    browsers,
    cheap,
    outcome,
    session_of,
)
from tests.service.test_permissions import guarded_routes

pytestmark = pytest.mark.anyio
Make = Callable[..., Gateway]

NEW = "Ein-Anderes-Wort-2"
MARKUP = "<script>alert(1)</script><img src=x onerror=alert(1)>"
EVIL = "https://evil.test"
ELSEWHERE = ("/v1", "https://gateway//evil.test/", "/v1//evil.test", "/page", "/%5Cevil.test", "/%2F%2Fevil.test")
"""Addresses that some servers answer by leading to a host."""

DATA = {
    *("application/json", "application/jsonl", "application/octet-stream"),
    *("text/csv", "text/event-stream", "text/plain"),
}
"""Kinds of content that no browser runs, sniffing forbidden."""


def whole_app(make_gateway: Make, **server: Any) -> tuple[Gateway, FastAPI]:
    """With every route that settings can switch on, under lock and key."""
    server = {"page": True, "docs_public": False, **server}
    gateway = make_gateway(settings=settings_with(server=server, watch={"metrics_public": False}, people=CHEAP))
    return gateway, create_app(gateway)


def routes(app: FastAPI) -> Iterator[tuple[str, str, Role]]:
    """(method, path, a role that may) of every route that somebody is asked at."""
    for method, path, asked in guarded_routes(app):
        yield method, path, min(PERMISSIONS[asked.action, asked.resource].roles)


def as_it_is(database: Database, who: Person) -> Person:
    """The account now: some requests end the sessions of whoever sends them."""
    with database.session(read_only=True) as session:
        return cast(Person, find(session, who.id))


def cookies_of(answer: httpx.Response) -> list[str]:
    return [value for name, value in answer.headers.multi_items() if name == "set-cookie"]


def kind_of(answer: httpx.Response) -> str:
    """What it says that it is; nothing, where it is nothing."""
    return "application/json" if not answer.content else answer.headers["content-type"].partition(";")[0]


def text_of(answer: httpx.Response) -> str:
    """The text of the session that an answer begins, or renews."""
    (kept,) = SimpleCookie(answer.headers["set-cookie"]).values()
    assert kept.key == NAME
    return kept.value


async def grow(browser: Browser) -> list[httpx.Response]:
    """Every answer that hands a session out, from the login to a second factor and back."""
    answers = [await browser.log_in("a")]
    answers.append(await browser.ask("POST", f"{LOGIN}/reauthentication", password=PASSWORD))
    answers.append(await browser.ask("PUT", "/v1/account/password", old_password=PASSWORD, new_password=NEW))
    secret = (await browser.ask("POST", "/v1/account/totp")).json()["secret"]
    answers.append(await browser.ask("PUT", "/v1/account/totp", code=code_now(secret)))
    answers.append(await browser.ask("DELETE", "/v1/account/totp"))
    assert [answer.status_code for answer in answers] == [200] * 5
    return answers


# Planted sessions


async def test_whenever_somebody_becomes_more_the_session_has_another_text(make_gateway: Make) -> None:
    gateway = make_gateway(settings=cheap())
    add_person(gateway.database, "a")
    async with browsers(gateway, 2) as (browser, thief):
        texts = [text_of(answer) for answer in await grow(browser)]
        assert len(set(texts)) == 5
        assert await browser.code("GET", LOGIN) == (200, None)
        for text in texts[:-1]:
            answer = await thief.client.get(LOGIN, headers={"Cookie": f"{NAME}={text}"})
            assert outcome(answer) == (401, "session_ended")


@pytest.mark.parametrize("place", ["query", "authorization", "other name", "other case", "header", "body"])
async def test_a_session_is_only_taken_from_its_cookie(make_gateway: Make, place: str) -> None:
    """Nobody makes a browser send another cookie of this name than we gave it: `__Host-` forbids it."""
    gateway = make_gateway(settings=cheap())
    text = session_of(gateway.database, add_person(gateway.database, "a"))["Cookie"].partition("=")[2]
    places: dict[str, dict[str, Any]] = {
        "query": {"params": {NAME: text, "session": text}},
        "authorization": {"headers": {"Authorization": f"Bearer {text}"}},
        "other name": {"headers": {"Cookie": f"kantu_session={text}; session={text}; __Secure-kantu_session={text}"}},
        "other case": {"headers": {"Cookie": f"{NAME.upper()}={text}"}},
        "header": {"headers": {NAME: text, "X-Session": text}},
        "body": {"content": json.dumps({NAME: text})},
    }
    async with browsers(gateway) as (browser,):
        answer = await browser.client.request("GET", LOGIN, **places[place])
        expected = "invalid_api_key" if place == "authorization" else "missing_api_key"
        assert outcome(answer) == (401, expected)


# Requests that other sites send


async def test_no_change_anywhere_without_the_token_of_its_own_session(make_gateway: Make) -> None:
    """Every route that changes something, asked by somebody who may, as a page of another site has a browser ask."""
    gateway, app = whole_app(make_gateway)
    people = {role: add_person(gateway.database, f"the.{role}", role) for role in ("system", "security", "audit")}
    people |= {role: add_person(gateway.database, f"the.{role}", role) for role in ("operator", "member")}
    other = session_of(gateway.database, add_person(gateway.database, "other"))["X-CSRF-Token"]
    changing = [route for route in routes(app) if route[0] not in ("GET", "HEAD", "OPTIONS")]
    assert len(changing) > 25
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="https://gateway") as client,
    ):
        assert gateway.audit_writer.flush(30)
        before = acts_of(gateway.database)
        for method, template, role in changing:
            path = re.sub(r"{[^}]+}", people["member"].id, template)
            ours = session_of(gateway.database, people[role])
            earlier = session_of(gateway.database, people[role])["X-CSRF-Token"]  # the same person's, elsewhere
            cookie = {"Cookie": ours["Cookie"], "Origin": EVIL, "Sec-Fetch-Site": "cross-site"}
            cookie["Cookie"] += f"; csrf_token={ours['X-CSRF-Token']}"  # what comes by itself is no token
            for token in (None, "", other, earlier, ours["X-CSRF-Token"].upper(), ours["X-CSRF-Token"][:-1]):
                headers = cookie if token is None else {**cookie, "X-CSRF-Token": token}
                query = {"csrf_token": ours["X-CSRF-Token"], "X-CSRF-Token": ours["X-CSRF-Token"]}
                answer = await client.request(method, path, headers=headers, params=query, json=query)
                assert answer.status_code == 403, (method, template, answer.text)
                assert "wrong_csrf_token" in answer.text
        assert gateway.audit_writer.flush(30)
        new = acts_of(gateway.database)[len(before) :]
    assert new
    assert {act.rpartition(" ")[2] for act in new} == {"refused"}


def test_nothing_is_changed_by_what_needs_no_token(make_gateway: Make) -> None:
    _, app = whole_app(make_gateway)
    asked = {authorize.action for method, _, authorize in guarded_routes(app) if method == "GET"}
    assert asked == {"read", "export"}


@pytest.mark.parametrize("origins", [[], ["https://app.example"], ["*"]], ids=str)
async def test_no_other_origin_is_let_in_with_a_cookie(make_gateway: Make, origins: list[str]) -> None:
    gateway, app = whole_app(make_gateway, cors_origins=origins)
    ours = session_of(gateway.database, add_person(gateway.database, "a"))
    asked = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "x-csrf-token,content-type"}
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="https://gateway") as client:
        for origin in (EVIL, "null", "https://gateway.evil.test", "https://app.example"):
            for method, path in (("OPTIONS", LOGIN), ("OPTIONS", "/v1/account/password"), ("GET", LOGIN)):
                more = asked if method == "OPTIONS" else ours
                answer = await client.request(method, path, headers={"Origin": origin, **more})
                # Without it browsers show no answer to a page that sent cookies, and send no change after a preflight.
                assert "access-control-allow-credentials" not in answer.headers
                if not origins:
                    assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("kind", [None, "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
async def test_a_login_that_a_page_can_send_without_asking_is_none(make_gateway: Make, kind: str | None) -> None:
    """Nobody finds themselves in somebody else's account: a form, or a script that sends bytes without a kind."""
    gateway = make_gateway(settings=cheap())
    add_person(gateway.database, "a")
    async with browsers(gateway) as (browser,):
        body = json.dumps({"name": "a", "password": PASSWORD}).encode()
        headers = {"Origin": EVIL} | ({} if kind is None else {"content-type": kind})
        answer = await browser.client.post(LOGIN, content=body, headers=headers)
        assert answer.status_code == 400
        assert cookies_of(answer) == []


# What browsers are told


@pytest.mark.parametrize("said", [{}, {"X-Forwarded-Proto": "http"}, {"X-Forwarded-Proto": "https"}], ids=str)
@pytest.mark.parametrize("trusted", [[], ["127.0.0.1"]], ids=str)
async def test_every_cookie_is_for_tls_and_this_host_and_no_script_whatever_a_proxy_says(
    make_gateway: Make, said: dict[str, str], trusted: list[str]
) -> None:
    gateway = make_gateway(settings=settings_with(people=CHEAP, server={"trusted_proxies": trusted}))
    add_person(gateway.database, "a")
    async with browsers(gateway) as (browser,):
        answers = await grow(browser)
        kept, token = text_of(answers[-1]), answers[-1].json()["csrf_token"]
    proxied = httpx.ASGITransport(create_app(gateway), client=("127.0.0.1", 1))  # as a proxy that ends TLS hands it on
    headers = {"X-Forwarded-Host": "evil.test", "X-CSRF-Token": token, **said}
    async with httpx.AsyncClient(transport=proxied, base_url="http://gateway", headers=headers) as client:
        for method, path, body in (("POST", f"{LOGIN}/reauthentication", {"password": NEW}), ("DELETE", LOGIN, None)):
            answers.append(
                await client.request(method, path, headers={"Cookie": f"{NAME}={kept}"} | headers, json=body)
            )
            assert answers[-1].status_code in (200, 204)
            if body is not None:
                kept, headers["X-CSRF-Token"] = text_of(answers[-1]), answers[-1].json()["csrf_token"]
    given = [one for answer in answers for one in cookies_of(answer)]
    assert len(given) == 7
    for one in given:
        parts = {part.strip().lower() for part in one.split(";")}
        assert one.startswith(f"{NAME}=")
        assert {"secure", "httponly", "samesite=strict", "path=/"} <= parts
        assert not [part for part in parts if part.startswith("domain=")]


@pytest.mark.parametrize("signed_in", [False, True])
async def test_no_answer_leads_elsewhere_and_none_is_run(make_gateway: Make, signed_in: bool) -> None:
    """Every route, with markup and other hosts in every place that a client fills in."""
    gateway, app = whole_app(make_gateway)
    people: dict[Role, Person] = {}
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    elsewhere = dict.fromkeys(("next", "redirect", "redirect_uri", "return_to", "url", "continue"), EVIL)
    asked: list[tuple[str, str, Role]] = [("POST", LOGIN, "member"), *routes(app)]
    asked += [("GET", path, "member") for path in ELSEWHERE]
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="https://gateway") as client,
    ):
        for method, template, role in asked:
            path = re.sub(r"{[^}]+}", quote(MARKUP, safe=""), template)
            headers = {"Host": "evil.test", "Referer": EVIL, "Origin": EVIL, "Accept": "text/html"}
            if signed_in:
                if role not in people:
                    people[role] = add_person(gateway.database, f"the.{role}", role)
                headers |= session_of(gateway.database, as_it_is(gateway.database, people[role]))
            body = {"name": MARKUP, "password": MARKUP, MARKUP: MARKUP, **elsewhere}
            for query in ({}, elsewhere, {MARKUP: MARKUP}):
                sent = None if method == "GET" else body
                answer = await client.request(method, path, headers=headers, params=query, json=sent)
                where = (method, template, answer.status_code)
                assert not 300 <= answer.status_code < 400, where
                assert "location" not in answer.headers, where
                assert "refresh" not in answer.headers, where
                assert "evil.test" not in str(answer.headers), where
                assert kind_of(answer) in DATA, where
                assert answer.headers["x-content-type-options"] == "nosniff", where
                assert answer.status_code < 500, (where, answer.text)


async def test_after_the_login_nobody_is_sent_anywhere(make_gateway: Make) -> None:
    gateway = make_gateway(settings=cheap())
    add_person(gateway.database, "a")
    async with browsers(gateway) as (browser,):
        refused = await browser.log_in("a", next=EVIL)
        assert outcome(refused) == (400, "unknown_parameter")
        body = {"name": "a", "password": PASSWORD}
        answer = await browser.client.post(LOGIN, params={"next": EVIL}, json=body, headers={"Referer": EVIL})
        assert answer.status_code == 200
        assert "location" not in answer.headers
        assert "evil" not in answer.text + str(answer.headers)


async def test_markup_that_was_stored_comes_back_as_data(make_gateway: Make, tmp_path: Path) -> None:
    """In names of people, files and batches, and in what the model answers."""
    engine = ScriptedEngine([MARKUP, MARKUP])
    settings = settings_with(people=CHEAP)
    gateway = make_gateway(engine, settings)
    with_totp(World(gateway.database, tmp_path), "chief")
    line = json.dumps({"custom_id": MARKUP, "method": "POST", "url": "/v1/chat/completions", "body": question(MARKUP)})
    uploads = [("vision", "a.png", png()), ("batch", "b.jsonl", line.encode())]
    async with browsers(gateway) as (browser,):
        chief = session_of(gateway.database, add_person(gateway.database, "boss", "system"))
        member = session_of(gateway.database, add_person(gateway.database, "a", display_name=MARKUP, tenant=MARKUP))
        made = {"name": "b", "display_name": MARKUP, "tenant": MARKUP}
        answers = [await browser.client.post("/v1/people", json=made, headers=chief)]
        answers.append(await browser.client.get("/v1/people", headers=chief))
        answers.append(await browser.client.get(LOGIN, headers=member))
        ids = []
        for purpose, ending, content in uploads:
            form: dict[str, Any] = {"purpose": (None, purpose), "file": (f"{MARKUP}{ending}", content, "text/html")}
            answers.append(await browser.client.post("/v1/files", files=form, headers=member))
            ids.append(answers[-1].json()["id"])
        batch = {"input_file_id": ids[1], "endpoint": "/v1/chat/completions", "completion_window": "24h"}
        answers.append(
            await browser.client.post("/v1/batches", json=batch | {"metadata": {"a": MARKUP}}, headers=member)
        )
        for path in ("/v1/files", "/v1/batches", *(f"/v1/files/{one}/content" for one in ids)):
            answers.append(await browser.client.get(path, headers=member))
        for stream in (False, True):
            body = question(MARKUP, model=MODEL, stream=stream)
            answers.append(await browser.client.post("/v1/chat/completions", json=body, headers=member))
    assert [answer.status_code for answer in answers] == [200] * len(answers)
    for answer in answers:
        assert kind_of(answer) in DATA
        assert answer.headers["x-content-type-options"] == "nosniff"
        if kind_of(answer) == "application/octet-stream":
            assert answer.headers["content-disposition"].startswith("attachment; ")
            assert "<" not in answer.headers["content-disposition"]
    assert sum("alert(1)" in answer.text for answer in answers) >= 8  # it is there, as it was given
