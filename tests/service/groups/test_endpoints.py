"""Groups over HTTP: people who use one quota together, and who decides about it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from kantu.service.actor import Role
from kantu.service.app import create_app
from kantu.service.database import Database
from kantu.service.gateway import Gateway
from kantu.service.people.person import Person
from tests.service.audits import entries_of
from tests.service.gateways import ScriptedEngine, gateway_over, question
from tests.service.people.visitors import add_person, browsers, cheap, outcome, session_of

pytestmark = pytest.mark.anyio
Make = Callable[..., Gateway]
CHAT = "/v1/chat/completions"
NO_GROUP, NOBODY = "grp_" + 24 * "f", "per_" + 24 * "f"


class Desk:
    """Asks as whoever is named; groups are the security administrator's."""

    def __init__(self, gateway: Gateway, client: httpx.AsyncClient) -> None:
        self.gateway, self.client = gateway, client
        self.chief = add_person(gateway.database, "chief", "security", tenant="lab")

    def person(self, name: str, tenant: str = "lab", role: Role = "member") -> Person:
        return add_person(self.gateway.database, name, role, tenant=tenant)

    async def ask(self, method: str, path: str, *, who: Person | None = None, **body: Any) -> httpx.Response:
        headers = session_of(self.gateway.database, who or self.chief)
        return await self.client.request(method, path, headers=headers, json=body if method != "GET" else None)

    async def code(self, method: str, path: str, *, who: Person | None = None, **body: Any) -> tuple[int, str | None]:
        return outcome(await self.ask(method, path, who=who, **body))

    async def group(self, name: str = "g", tenant: str = "lab", **limits: int) -> str:
        answer = await self.ask("POST", "/v1/groups", tenant=tenant, name=name, limits=limits)
        made: str = answer.json()["id"]
        return made

    async def chat(self, who: Person) -> tuple[int, str | None]:
        return await self.code("POST", CHAT, who=who, **question("这是什么？", max_completion_tokens=10))


@pytest.fixture
async def desk(make_gateway: Make) -> Any:
    gateway = make_gateway(settings=cheap())
    async with browsers(gateway) as (browser,):
        yield Desk(gateway, browser.client)


async def test_the_people_of_a_group_use_one_quota(desk: Desk) -> None:
    alice, bob, carol = (desk.person(name) for name in ("alice", "bob", "carol"))
    group = await desk.group(requests_per_day=3)
    for person in (alice, bob):
        assert await desk.code("PUT", f"/v1/groups/{group}/people/{person.id}") == (200, None)
    asked = [(await desk.chat(who))[1] for who in (alice, bob, alice, bob, alice, carol, carol)]
    refused = "request_limit_exceeded"
    assert asked == [None, None, None, refused, refused, None, None]


async def test_whoever_is_refused_hears_whose_limit_it_is(make_gateway: Make) -> None:
    gateway = make_gateway(settings=cheap(requests_per_day=2))
    async with browsers(gateway) as (browser,):
        desk = Desk(gateway, browser.client)
        alice, bob = desk.person("alice"), desk.person("bob")
        group = await desk.group(requests_per_day=3)
        for person in (alice, bob):
            await desk.ask("PUT", f"/v1/groups/{group}/people/{person.id}")
        for _ in range(2):
            assert await desk.chat(alice) == (200, None)
        own = await desk.ask("POST", CHAT, who=alice, **question("？"))
        assert "您的账号每天 2 次" in own.json()["error"]["message"]
        assert await desk.chat(bob) == (200, None)  # the third of the group: what was refused is not counted there
        shared = await desk.ask("POST", CHAT, who=bob, **question("？"))
        assert "您所在的组每天 3 次" in shared.json()["error"]["message"]


async def test_tokens_are_shared_too_and_given_back_to_the_group(desk: Desk) -> None:
    alice, bob = desk.person("alice"), desk.person("bob")
    group = await desk.group(output_tokens_per_day=13)
    for person in (alice, bob):
        await desk.ask("PUT", f"/v1/groups/{group}/people/{person.id}")
    assert await desk.chat(alice) == (200, None)  # of ten it used two
    assert await desk.chat(bob) == (200, None)
    assert (await desk.chat(alice))[1] == "output_token_limit_exceeded"


async def test_a_limit_holds_from_the_next_request_on(desk: Desk) -> None:
    alice = desk.person("alice")
    group = await desk.group(requests_per_day=1)
    member = f"/v1/groups/{group}/people/{alice.id}"
    await desk.ask("PUT", member)
    assert [(await desk.chat(alice))[0] for _ in range(2)] == [200, 429]
    changed = await desk.ask("PUT", f"/v1/groups/{group}", name="wide", limits={"requests_per_day": 5})
    assert (changed.json()["name"], changed.json()["limits"]["requests_per_day"]) == ("wide", 5)
    assert await desk.chat(alice) == (200, None)
    await desk.ask("PUT", f"/v1/groups/{group}", name="wide", limits={"requests_per_day": 1})
    assert (await desk.chat(alice))[0] == 429
    assert await desk.code("DELETE", member) == (204, None)
    assert await desk.chat(alice) == (200, None)


async def test_what_a_person_does_in_batches_counts_as_well(desk: Desk) -> None:
    alice = desk.person("alice")
    group = await desk.group(requests_per_day=7)
    await desk.ask("PUT", f"/v1/groups/{group}/people/{alice.id}")
    actor = await desk.gateway.sessions.actor(alice.id)
    assert actor.quota is not None
    assert (actor.quota.group_id, actor.quota.limits.requests_per_day) == (group, 7)


async def test_a_person_is_in_one_group_at_most(desk: Desk) -> None:
    alice = desk.person("alice")
    first, second = await desk.group("a"), await desk.group("b")
    for group in (first, second, second):
        assert await desk.code("PUT", f"/v1/groups/{group}/people/{alice.id}") == (200, None)
    members = [(await desk.ask("GET", f"/v1/groups/{group}/people")).json()["data"] for group in (first, second)]
    assert [[one["name"] for one in found] for found in members] == [[], ["alice"]]
    assert await desk.code("DELETE", f"/v1/groups/{first}/people/{alice.id}") == (404, "person_not_found")


async def test_a_group_and_its_people_are_of_one_tenant(desk: Desk) -> None:
    outsider = desk.person("outsider", tenant="elsewhere")
    group = await desk.group()
    member = f"/v1/groups/{group}/people/{outsider.id}"
    assert await desk.code("PUT", member) == (409, "group_of_another_tenant")
    assert await desk.code("PUT", f"/v1/groups/{group}", name="g", tenant="elsewhere") == (400, "unknown_parameter")


async def test_nobody_puts_themselves_into_a_group_or_out_of_it(desk: Desk) -> None:
    member = f"/v1/groups/{await desk.group()}/people/{desk.chief.id}"
    assert await desk.code("PUT", member) == (409, "not_oneself")
    assert await desk.code("DELETE", member) == (409, "not_oneself")


async def test_a_group_with_people_is_not_deleted(desk: Desk) -> None:
    alice = desk.person("alice")
    group = await desk.group()
    await desk.ask("PUT", f"/v1/groups/{group}/people/{alice.id}")
    assert await desk.code("DELETE", f"/v1/groups/{group}") == (409, "group_has_people")
    await desk.ask("DELETE", f"/v1/groups/{group}/people/{alice.id}")
    assert await desk.code("DELETE", f"/v1/groups/{group}") == (204, None)
    assert await desk.code("GET", f"/v1/groups/{group}") == (404, "group_not_found")


async def test_names_are_one_group_s_in_a_tenant(desk: Desk) -> None:
    await desk.group("a")
    other = await desk.group("b")
    assert await desk.code("POST", "/v1/groups", tenant="lab", name="a") == (409, "group_exists")
    assert await desk.code("PUT", f"/v1/groups/{other}", name="a") == (409, "group_exists")
    assert await desk.code("POST", "/v1/groups", tenant="elsewhere", name="a") == (200, None)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"tenant": "t"}, (400, "missing_parameter")),
        ({"tenant": " ", "name": "n"}, (400, "invalid_person_label")),
        ({"tenant": "t", "name": "\u202en"}, (400, "invalid_person_label")),
        ({"tenant": "t", "name": "n", "limits": {"requests_per_day": 0}}, (400, "invalid_value")),
        ({"tenant": "t", "name": "n", "limits": {"wishes_per_day": 3}}, (400, "unknown_parameter")),
    ],
)
async def test_what_is_no_group_is_refused(desk: Desk, body: dict[str, Any], code: tuple[int, str]) -> None:
    answer = await desk.ask("POST", "/v1/groups", **body)
    assert answer.status_code == code[0], answer.text


async def test_ids_that_nothing_has_are_not_found(desk: Desk) -> None:
    alice, group = desk.person("alice"), await desk.group()
    for wrong in (NO_GROUP, "grp_x", "x" * 300):
        assert await desk.code("GET", f"/v1/groups/{wrong}") == (404, "group_not_found")
        assert await desk.code("PUT", f"/v1/groups/{wrong}/people/{alice.id}") == (404, "group_not_found")
        assert await desk.code("GET", f"/v1/groups?after={wrong}") == (404, "group_not_found")
    assert await desk.code("PUT", f"/v1/groups/{group}/people/{NOBODY}") == (404, "person_not_found")


async def test_groups_are_listed_a_page_at_a_time(desk: Desk) -> None:
    made = [await desk.group(name) for name in "abc"]
    first = (await desk.ask("GET", "/v1/groups?limit=2")).json()
    rest = (await desk.ask("GET", f"/v1/groups?limit=2&after={first['last_id']}")).json()
    assert (first["has_more"], rest["has_more"]) == (True, False)
    assert {one["id"] for one in first["data"] + rest["data"]} == set(made)


async def test_every_change_is_recorded_before_and_after(database: Database, tmp_path: Any) -> None:
    gateway = gateway_over(ScriptedEngine(), tmp_path, database, cheap())
    transport = httpx.ASGITransport(create_app(gateway), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="https://gateway") as client:
        desk = Desk(gateway, client)
        alice = desk.person("alice")
        group = await desk.group("a", requests_per_day=1)
        await desk.ask("PUT", f"/v1/groups/{group}", name="b", limits={"requests_per_day": 2})
        await desk.ask("PUT", f"/v1/groups/{group}/people/{alice.id}")
        await desk.ask("DELETE", f"/v1/groups/{group}/people/{alice.id}")
        await desk.ask("DELETE", f"/v1/groups/{group}")
    told = [one for one in entries_of(database) if one.resource == "policies"]
    assert {(one.actor_id, one.role) for one in told} == {(desk.chief.id, "security")}
    a = {"tenant": "lab", "name": "a", "limits": {"requests_per_day": 1}}
    b = {"tenant": "lab", "name": "b", "limits": {"requests_per_day": 2}}
    changes = [tuple(json.loads(text) if text else None for text in (one.before, one.after)) for one in told]
    assert [(one.action, one.target_id, *change) for one, change in zip(told, changes, strict=True)] == [
        ("create", group, None, a),
        ("update", group, a, b),
        ("update", alice.id, {"group": None}, {"group": group}),
        ("update", alice.id, {"group": group}, {"group": None}),
        ("delete", group, b, None),
    ]
