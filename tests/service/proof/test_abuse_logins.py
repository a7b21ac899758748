"""Abuse of the login: other spellings and addresses to guess with, names found out, codes replayed, clocks set back."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher

from kantu.errors import KantuError
from kantu.service.app import create_app
from kantu.service.clock import SteadyClock
from kantu.service.database import Database
from kantu.service.gateway import Gateway
from kantu.service.http.addresses import client_of
from kantu.service.identity import Identity, open_identity
from kantu.service.keys.wrong_keys import WrongKeys
from kantu.service.people import totp
from kantu.service.people.factors import Factors
from kantu.service.people.sealing import open_sealer
from kantu.service.sessions.endpoints import LOGIN
from kantu.service.settings import PeopleSettings
from tests.service.audits import LOG
from tests.service.clock import Clock
from tests.service.gateways import settings_with
from tests.service.people.test_login import World, code_now, with_totp
from tests.service.people.visitors import CHEAP, PASSWORD, add_person, browsers, cheap, outcome, session_of

pytestmark = pytest.mark.anyio
Make = Callable[..., Gateway]

PEER = "203.0.113.9"
REAUTHENTICATION, OWN_PASSWORD = f"{LOGIN}/reauthentication", "/v1/account/password"
HOUR = 3600


@contextmanager
def hashing(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every computation of argon2, by the cost that it had: what time tells, without a clock."""
    costs: list[str] = []
    verify, make = PasswordHasher.verify, PasswordHasher.hash

    def verifying(self: PasswordHasher, kept: Any, password: Any) -> Any:
        costs.append("$".join(kept.split("$")[1:4]))
        return verify(self, kept, password)

    def making(self: PasswordHasher, password: Any, **more: Any) -> str:
        costs.append("hash")
        return make(self, password, **more)

    with monkeypatch.context() as patch:
        patch.setattr(PasswordHasher, "verify", verifying)
        patch.setattr(PasswordHasher, "hash", making)
        yield costs


# Guessing


@pytest.mark.parametrize(
    ("name", "spellings"),
    [
        (
            "li.lei@a",
            ["LI.LEI@A", "  li.lei@a\t", "ｌｉ．ｌｅｉ＠ａ", "ⓛⓘ.lei@a", "𝐥𝐢.lei@a", "Li.Lei@a\u3000", "l\u2170.lei@a"],
        ),
        ("李雷k", ["\uf9e1雷k", "李\uf949k", "李雷\u212a", "李雷Ｋ", "\u2003李雷k", "李雷K "]),  # compatibility forms
    ],
)
async def test_no_spelling_of_a_name_has_tries_of_its_own(
    world: World, monkeypatch: pytest.MonkeyPatch, name: str, spellings: list[str]
) -> None:
    add_person(world.database, name)
    for number, spelling in enumerate(spellings):  # they are the name
        assert await world.log_in(spelling, address=f"198.51.100.{number}") == ""
    with hashing(monkeypatch) as costs:
        told = [
            await world.log_in(spelling, "wrong", address=f"192.0.2.{number}")
            for number, spelling in enumerate([*spellings, *spellings])
        ]
    assert told == ["wrong_credentials"] * 5 + ["login_locked"] * (2 * len(spellings) - 5)
    assert len(costs) == 5
    assert {await world.log_in(spelling) for spelling in [name, *spellings]} == {"login_locked"}


@pytest.mark.parametrize("place", ["name", "password", "code"])
@pytest.mark.parametrize("text", ["\x00", "a\x00", "\ud800", "\udfff" * 6, "\ufdfa" * 250, "' OR 1=1 --", "%", "*", ""])
async def test_what_is_no_text_is_only_wrong(database: Database, tmp_path: Path, place: str, text: str) -> None:
    """Neither a defect, which would say that something is unlike other names, nor anybody's."""
    world = World(database, tmp_path)
    with_totp(world, "a")
    given = {"name": "a", "password": PASSWORD, "code": code_now(totp.new_secret())} | {place: text}
    expected = "wrong_totp_code" if place == "code" else "wrong_credentials"
    assert await world.log_in(**given) == expected


@pytest.mark.parametrize(
    ("trusted", "peer", "lie", "client"),
    [
        ([], PEER, "198.51.100.{}", PEER),
        ([], PEER, "198.51.100.{}, 127.0.0.1", PEER),
        ([], "::ffff:203.0.113.9", "10.0.0.{}", PEER),
        (["10.0.0.0/8"], PEER, "10.0.0.{}", PEER),  # not by way of our proxy
        (["10.0.0.0/8"], "10.0.0.1", "198.51.100.{}, 203.0.113.9", PEER),  # what the client itself wrote is on the left
        (["10.0.0.0/8"], "10.0.0.1", "10.9.9.{}, 203.0.113.9, 10.0.0.2", PEER),
        (["10.0.0.0/8"], "10.0.0.1", "198.51.100.{}, x, 203.0.113.9", PEER),
        ([], "2001:db8:1:2:0:0:0:{}", "198.51.100.1", "2001:db8:1:2::/64"),  # all of these are one subscriber's
    ],
)
async def test_no_header_makes_another_address_of_one(
    make_gateway: Make, monkeypatch: pytest.MonkeyPatch, trusted: list[str], peer: str, lie: str, client: str
) -> None:
    seen = []

    async def noted(self: WrongKeys, address: str | None, hint: str | None) -> None:
        seen.append(client_of(address or ""))

    monkeypatch.setattr(WrongKeys, "delay", noted)
    app = create_app(make_gateway(settings=settings_with(people=CHEAP, server={"trusted_proxies": trusted})))
    for number in range(1, 4):
        transport = httpx.ASGITransport(app, client=(peer.format(number), 1))
        headers = {"X-Forwarded-For": lie.format(number), "Forwarded": f"for={number}", "X-Real-IP": f"1.1.1.{number}"}
        async with httpx.AsyncClient(transport=transport, base_url="https://gateway", headers=headers) as browser:
            answer = await browser.post(LOGIN, json={"name": f"n{number}", "password": "wrong"})
            assert outcome(answer) == (401, "wrong_credentials")
    assert seen == [client] * 3


async def test_wherever_a_password_is_asked_for_the_tries_are_the_same_ones(
    make_gateway: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = make_gateway(settings=cheap())
    add_person(gateway.database, "a")
    async with browsers(gateway, 2) as (thief, guesser):
        await thief.log_in("a")
        new = "Ein-Anderes-Wort-2"
        with hashing(monkeypatch) as costs:
            for _ in range(2):
                assert await thief.code("POST", REAUTHENTICATION, password="wrong") == (401, "wrong_credentials")
                wrong = {"old_password": "wrong", "new_password": new}
                assert await thief.code("PUT", OWN_PASSWORD, **wrong) == (401, "wrong_credentials")
            assert outcome(await guesser.log_in("a", "wrong")) == (401, "wrong_credentials")
            right = {"old_password": PASSWORD, "new_password": new}
            assert await thief.code("PUT", OWN_PASSWORD, **right) == (429, "login_locked")
            assert await thief.code("POST", REAUTHENTICATION, password=PASSWORD) == (429, "login_locked")
            assert outcome(await guesser.log_in("a")) == (429, "login_locked")
        assert len(costs) == 5


# Finding names out


def _without_numbers(text: str) -> str:
    """But for ids, and for the seconds that are left."""
    return re.sub(r"req_\w+|\d+", "0", text)


async def test_an_answer_to_a_name_that_nobody_has_is_the_same_to_the_letter(
    make_gateway: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = make_gateway(settings=cheap())
    add_person(gateway.database, "known")
    add_person(gateway.database, "chief", "system")
    add_person(gateway.database, "disabled", disabled_at=1)
    add_person(gateway.database, "expired", one_time_until=1)
    add_person(gateway.database, "old", password_changed_at=1)
    names = ["known", "chief", "disabled", "expired", "old", "nobody", "看图", "x" * 64, "a b"]

    async def at_once(self: WrongKeys, address: str | None, hint: str | None) -> None: ...

    monkeypatch.setattr(WrongKeys, "delay", at_once)
    told = []
    async with browsers(gateway) as (browser,):
        for name in names:
            answers = []
            with hashing(monkeypatch) as costs:
                for _ in range(7):
                    answer = await browser.log_in(name, "wrong")
                    answers.append((answer.status_code, *map(_without_numbers, (str(answer.headers), answer.text))))
            told.append((answers, costs))
    assert told == [told[0]] * len(names)
    answers, costs = told[0]
    assert [status for status, _, _ in answers] == [401] * 5 + [429] * 2
    assert costs == ["argon2id$v=19$m=64,t=1,p=1"] * 5


async def test_whoever_may_not_look_at_accounts_cannot_tell_which_there_are(make_gateway: Make) -> None:
    gateway = make_gateway(settings=cheap())
    somebody = add_person(gateway.database, "somebody")
    asking = {role: add_person(gateway.database, f"the.{role}", role) for role in ("member", "operator", "audit")}
    paths = [("GET", ""), ("POST", "/disable"), ("POST", "/password"), ("DELETE", "/totp"), ("GET", "/sessions")]
    async with browsers(gateway) as (browser,):
        for role, person in asking.items():
            headers = session_of(gateway.database, person)
            for method, rest in paths:
                for person_id in (somebody.id, "per_" + 24 * "e", "x"):
                    answer = await browser.client.request(method, f"/v1/people/{person_id}{rest}", headers=headers)
                    assert outcome(answer) == (403, "role_not_allowed"), (role, method, rest)


# Codes


async def test_a_code_that_opened_one_door_opens_no_other(make_gateway: Make, tmp_path: Path) -> None:
    gateway = make_gateway(settings=cheap())
    person, secret = with_totp(World(gateway.database, tmp_path), "chief")
    assert person.role == "system"
    async with browsers(gateway, 2) as (browser, thief):
        used, before, next_one = code_now(secret), code_now(secret, -1), code_now(secret, 1)
        assert outcome(await browser.log_in("chief", code=used)) == (200, None)
        for code in (used, before, f" {used[:3]} {used[3:]} ", used[:3] + "-" + used[3:]):
            again = await browser.code("POST", REAUTHENTICATION, password=PASSWORD, code=code)
            assert again == (401, "wrong_totp_code")
        assert outcome(await thief.log_in("chief", code=next_one)) == (200, None)
        assert outcome(await thief.log_in("chief", code=used)) == (401, "wrong_totp_code")  # nor does it come back


async def test_codes_that_were_used_stay_used_when_the_clock_is_set_back(sqlite: Database, tmp_path: Path) -> None:
    clock = Clock(1_800_000_000.0)
    factors = Factors(open_sealer(None, tmp_path), clock)
    person, secret = with_totp(World(sqlite, tmp_path), "a")
    sealed = open_sealer(None, tmp_path).seal(secret, person.id)
    person = replace(person, totp_secret=sealed)

    def check(at: float) -> str | None:
        code = totp.code_at(secret, int(at) // totp.STEP_SECONDS)
        with sqlite.session() as session:
            return factors.check(session, person, code)

    start = clock.now
    assert check(start) == "totp"
    for back in (0, 30, 600, 86_400):
        clock.now = start - back
        assert check(clock.now) is None
        assert check(start) is None
    clock.now = start + 30
    assert check(clock.now) == "totp"


# Clocks that are set back


async def test_a_session_ends_in_time_whatever_the_clock_of_the_machine_says(
    make_gateway: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the service runs: what it goes by is not the clock that can be set."""
    gateway = make_gateway(settings=cheap())
    person, now = add_person(gateway.database, "a", "system"), int(time.time())
    idle = session_of(gateway.database, person, last_used_at=now - 1801)
    old = session_of(gateway.database, person, expires_at=now - 1)
    stale = session_of(gateway.database, person, authenticated_at=now - 601)
    async with browsers(gateway) as (browser,):
        real = time.time
        monkeypatch.setattr(time, "time", lambda: real() - 2 * HOUR)
        for headers in (idle, old):
            assert outcome(await browser.client.get(LOGIN, headers=headers)) == (401, "session_ended")
        answer = await browser.client.post("/v1/people", headers=stale, json={"name": "x"})
        assert outcome(answer) == (403, "reauthentication_required")


class Machine:
    """A service on a machine whose clock can be set, and which can be started anew."""

    def __init__(self, database: Database, home: Path) -> None:
        self.database, self.home = database, home
        self.wall, self.elapsed = Clock(1_800_000_000.0), Clock(0.0)
        self.start()

    def start(self) -> None:
        async def at_once(seconds: float) -> None: ...

        self.identity: Identity = open_identity(
            PeopleSettings(**CHEAP),
            self.home,
            self.database,
            LOG,
            clock=SteadyClock(self.wall, self.elapsed),
            wrong_passwords=WrongKeys(self.elapsed, at_once),
        )

    def wait(self, seconds: float) -> None:
        self.wall.now += seconds
        self.elapsed.now += seconds

    async def log_in(self, password: str = PASSWORD) -> str:
        try:
            return (await self.identity.sessions.begin("a", password, None)).text
        except KantuError as failure:
            return failure.code

    async def ask(self, text: str) -> str | bool:
        """Whether the password was given lately, in a good session; or the code of the error."""
        try:
            return (await self.identity.sessions.authenticate(text, None, changes=False)).is_fresh
        except KantuError as failure:
            return failure.code


@pytest.fixture
def machine(sqlite: Database, tmp_path: Path) -> Machine:
    add_person(sqlite, "a")
    return Machine(sqlite, tmp_path)


async def test_a_clock_that_is_set_back_lengthens_nothing(machine: Machine) -> None:
    text = await machine.log_in()
    machine.wall.now -= 30 * 86_400
    assert await machine.ask(text) is True
    machine.wait(600)
    assert await machine.ask(text) is False
    machine.wait(1800)
    assert await machine.ask(text) == "session_ended"


async def test_a_service_that_starts_with_its_clock_behind_believes_no_session_of_the_future(machine: Machine) -> None:
    text = await machine.log_in()
    machine.wall.now -= 1799  # less than a session may be idle: nobody is thrown out over a clock that is put right
    machine.start()
    assert await machine.ask(text) is False  # but for what is dangerous
    machine.wall.now -= 30 * 86_400
    machine.start()
    assert await machine.ask(text) == "session_ended"


async def test_a_lock_holds_though_the_clock_is_set_back(machine: Machine) -> None:
    for _ in range(5):
        assert await machine.log_in("wrong") == "wrong_credentials"
    for back in (0, HOUR, 30 * 86_400):
        machine.wall.now -= back
        assert await machine.log_in() == "login_locked"
        machine.start()
        assert await machine.log_in() == "login_locked"


@pytest.fixture
def world(sqlite: Database, tmp_path: Path) -> World:
    return World(sqlite, tmp_path)
