"""People in tests: accounts that are ready to be used, and browsers that ask in their sessions."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx

from kantu.service.actor import ADMINISTRATORS, Role
from kantu.service.app import create_app
from kantu.service.database import Database
from kantu.service.gateway import Gateway
from kantu.service.identity import passwords_of
from kantu.service.people import repository
from kantu.service.people.person import PERSON_IDS, Person
from kantu.service.people.service import new_person
from kantu.service.sessions import repository as sessions
from kantu.service.sessions.cookie import NAME
from kantu.service.sessions.record import SESSION_IDS, SessionRecord, csrf_token_of, digest_of, new_text
from kantu.service.settings import PeopleSettings, Settings
from tests.service.gateways import settings_with

CHEAP = {"hash_memory_kib": 64, "hash_passes": 1, "hash_lanes": 1}
PASSWORD = "Correct-Horse-9"
_HASH = passwords_of(PeopleSettings(**CHEAP)).hash(PASSWORD)


def cheap(**people: Any) -> Settings:
    """Settings under which passwords cost nothing."""
    return settings_with(people=CHEAP | people)


def add_person(database: Database, name: str, role: Role = "member", **changes: Any) -> Person:
    """An account whose password is `PASSWORD`, with nothing left to do first."""
    now = int(time.time())
    person = new_person(
        PERSON_IDS.new(),
        name,
        display_name=None,
        tenant=None,
        role=role,
        password_hash=_HASH,
        now=now,
        one_time_seconds=0,
    )
    ready = {"one_time_until": None, "totp_since": now if role in ADMINISTRATORS else None}
    person = replace(person, **ready | changes)
    with database.session() as session:
        repository.add(session, person)
    return person


def session_of(database: Database, person: Person, **changes: Any) -> dict[str, str]:
    """The headers of a browser in a fresh session of the person's."""
    text, now = new_text(), int(time.time())
    digest = digest_of(text)
    assert digest is not None
    record = SessionRecord(
        SESSION_IDS.new(), digest, person.id, person.generation, "192.0.2.1", now, now, now, now + 3600
    )
    with database.session() as session:
        sessions.add(session, replace(record, **changes))
    return {"Cookie": f"{NAME}={text}", "X-CSRF-Token": csrf_token_of(text)}


class Browser:
    """Keeps cookies, and sends the token that it was told last with everything."""

    def __init__(self, app: Any) -> None:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url="https://gateway")

    async def ask(self, method: str, path: str, /, **body: Any) -> httpx.Response:
        """A request like the page's."""
        answer = await self.client.request(method, path, **({"json": body} if body or method != "GET" else {}))
        if answer.status_code == 200 and (token := answer.json().get("csrf_token")):
            self.client.headers["X-CSRF-Token"] = token
        return answer

    async def log_in(self, name: str, password: str = PASSWORD, **more: Any) -> httpx.Response:
        return await self.ask("POST", "/v1/session", name=name, password=password, **more)

    async def code(self, method: str, path: str, /, **body: Any) -> tuple[int, str | None]:
        """(status, code of the error)."""
        return outcome(await self.ask(method, path, **body))


def outcome(answer: httpx.Response) -> tuple[int, str | None]:
    """(status, code of the error)."""
    return answer.status_code, None if answer.status_code < 400 else answer.json()["error"]["code"]


@asynccontextmanager
async def browsers(gateway: Gateway, count: int = 1) -> AsyncIterator[list[Browser]]:
    """Several, while the application runs."""
    app = create_app(gateway)
    opened = [Browser(app) for _ in range(count)]
    async with app.router.lifespan_context(app):
        yield opened
        for browser in opened:
            await browser.client.aclose()
