"""/v1/usage: everybody sees what they may, and no spreadsheet runs what somebody has called a key."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest

from kantu.service.actor import Role
from kantu.service.gateway import Gateway
from tests.service.gateways import png, question
from tests.service.people.visitors import Browser, add_person, browsers, cheap, session_of

pytestmark = pytest.mark.anyio
Make = Callable[..., Gateway]


def enter(gateway: Gateway, browser: Browser, name: str, role: Role, tenant: str) -> str:
    person = add_person(gateway.database, name, role, tenant=tenant)
    browser.client.headers.update(session_of(gateway.database, person))
    return person.id


async def test_an_answer_is_counted_with_its_tokens(make_gateway: Make) -> None:
    gateway = make_gateway(settings=cheap())
    async with browsers(gateway) as (member,):
        person_id = enter(gateway, member, "li", "member", "team")
        answer = await member.ask("POST", "/v1/chat/completions", **question("这是什么？", png()))
        usage = answer.json()["usage"]
        (total,) = (await member.ask("GET", "/v1/usage")).json()["data"]
    assert (total["actor_id"], total["actor_name"], total["tenant"]) == (person_id, "li", "team")
    assert (total["task"], total["model"], total["requests"]) == ("chat", "scripted", 1)
    assert total["visual_tokens"] == usage["visual_tokens"] > 0
    assert total["output_tokens"] == usage["completion_tokens"]


async def test_a_request_that_is_refused_has_used_nothing(make_gateway: Make) -> None:
    gateway = make_gateway(settings=cheap())
    async with browsers(gateway) as (member,):
        enter(gateway, member, "li", "member", "team")
        body = {**question("这是什么？", png()), "model": "none"}
        assert (await member.ask("POST", "/v1/chat/completions", **body)).status_code == 404
        assert (await member.ask("GET", "/v1/usage")).json()["data"] == []


async def test_a_member_sees_their_own_an_operator_the_tenants_the_system_administrator_all(make_gateway: Make) -> None:
    gateway = make_gateway(settings=cheap())
    async with browsers(gateway, 4) as (member, operator, stranger, admin):
        own = enter(gateway, member, "li", "member", "team")
        other = enter(gateway, operator, "wang", "operator", "team")
        third = enter(gateway, stranger, "zhao", "operator", "elsewhere")
        enter(gateway, admin, "admin", "system", "admin")
        for browser in (member, operator, stranger):
            assert (await browser.ask("POST", "/v1/chat/completions", **question())).status_code == 200

        async def actors(browser: Browser, query: str = "") -> set[str]:
            found = (await browser.ask("GET", f"/v1/usage?by=actor{query}")).json()["data"]
            return {total["actor_id"] for total in found}

        assert await actors(member) == {own}
        assert await actors(operator) == {own, other}
        assert await actors(stranger) == {third}
        assert await actors(admin) == {own, other, third}
        assert await actors(member, f"&actor_id={other}") == set()
        assert await actors(stranger, f"&actor_id={own}") == set()
        assert await actors(admin, f"&actor_id={own}") == {own}


async def test_there_may_be_more_than_was_asked_for(make_gateway: Make) -> None:
    gateway = make_gateway(settings=cheap())
    async with browsers(gateway, 2) as (admin, member):
        enter(gateway, member, "li", "member", "team")
        enter(gateway, admin, "admin", "system", "admin")
        for browser in (member, admin):
            await browser.ask("POST", "/v1/chat/completions", **question())
        page = (await admin.ask("GET", "/v1/usage?limit=1")).json()
        assert (len(page["data"]), page["has_more"]) == (1, True)
        assert (await admin.ask("GET", "/v1/usage?by=month")).status_code == 400
        assert (await admin.ask("GET", "/v1/usage?since=yesterday")).status_code == 400


async def test_what_a_key_is_called_is_no_formula_in_a_spreadsheet(make_gateway: Make) -> None:
    gateway = make_gateway(settings=cheap())
    name = '=cmd|" /C calc"!A0'
    _, text = gateway.keys.create(name, owner="+team")
    async with browsers(gateway, 2) as (admin, program):
        enter(gateway, admin, "admin", "system", "admin")
        program.client.headers["Authorization"] = f"Bearer {text}"
        assert (await program.ask("POST", "/v1/chat/completions", **question())).status_code == 200
        table = await admin.client.get("/v1/usage/export")
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert table.headers["content-disposition"] == 'attachment; filename="kantu-usage.csv"'
    rows = list(csv.reader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert rows[0][1:4] == ["编号", "名称", "租户"]
    assert rows[1][2] == f"'{name}"
    assert rows[1][3] == "'+team"
    assert rows[1][-3:] == ["1", "0", "2"]
