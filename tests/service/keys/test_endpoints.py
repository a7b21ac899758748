"""/v1/keys: the security administrator makes, sees and revokes keys; nobody else does."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from kantu.service.gateway import Gateway
from tests.service.audits import entries_of
from tests.service.people.visitors import Browser, add_person, browsers, cheap, session_of

pytestmark = pytest.mark.anyio
Make = Callable[..., Gateway]


def as_security(gateway: Gateway, browser: Browser, **session: int) -> None:
    person = add_person(gateway.database, "security", "security")
    browser.client.headers.update(session_of(gateway.database, person, **session))


async def test_a_key_is_shown_once_and_opens_what_it_was_made_for(make_gateway: Make) -> None:
    gateway = make_gateway(settings=cheap())
    async with browsers(gateway, 2) as (security, program):
        as_security(gateway, security)
        limits = {"requests_per_minute": 9}
        expires = int(time.time()) + 3600
        asked = {"name": "财务", "tenant": "team", "endpoints": ["models"], "limits": limits, "expires_at": expires}
        made = (await security.ask("POST", "/v1/keys", **asked)).json()
        text, key = made["text"], made["key"]
        assert (key["name"], key["tenant"], key["endpoints"], key["models"]) == ("财务", "team", ["models"], None)
        assert (key["state"], key["expires_at"]) == ("active", expires)
        assert key["limits"]["requests_per_minute"] == 9
        assert text.startswith(key["hint"])
        program.client.headers["Authorization"] = f"Bearer {text}"
        assert (await program.ask("GET", "/v1/models")).status_code == 200
        assert await program.code("GET", "/v1/tasks") == (403, "endpoint_not_allowed")
        listed = await security.ask("GET", "/v1/keys")
    assert [one["id"] for one in listed.json()["data"]] == [key["id"]]
    assert text not in listed.text


async def test_a_revoked_key_opens_nothing_from_the_next_request(make_gateway: Make) -> None:
    gateway = make_gateway(settings=cheap())
    async with browsers(gateway, 2) as (security, program):
        as_security(gateway, security)
        made = (await security.ask("POST", "/v1/keys", name="a")).json()
        program.client.headers["Authorization"] = f"Bearer {made['text']}"
        assert (await program.ask("GET", "/v1/models")).status_code == 200
        revoked = await security.ask("DELETE", f"/v1/keys/{made['key']['id']}")
        assert revoked.json()["state"] == "revoked"
        assert await program.code("GET", "/v1/models") == (401, "revoked_api_key")
        assert await security.code("DELETE", "/v1/keys/key_none") == (404, "key_not_found")


async def test_making_one_needs_the_password_again_revoking_one_does_not(make_gateway: Make) -> None:
    gateway = make_gateway(settings=cheap())
    key, _ = gateway.keys.create("old")
    async with browsers(gateway) as (security,):
        as_security(gateway, security, authenticated_at=0)
        assert await security.code("POST", "/v1/keys", name="a") == (403, "reauthentication_required")
        assert await security.code("DELETE", f"/v1/keys/{key.id}") == (200, None)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"name": ""}, "invalid_key_name"),
        ({"name": "a\nb"}, "invalid_key_name"),
        ({"tenant": " "}, "invalid_key_owner"),
        ({"models": []}, "invalid_key_models"),
        ({"endpoints": ["everything"]}, "invalid_key_endpoints"),
        ({"limits": {"requests_per_day": 0}}, "invalid_key_limits"),
        ({"expires_at": 1}, "invalid_key_expiry"),
        ({"owner": "team"}, "unknown_parameter"),
    ],
)
async def test_what_a_key_cannot_be_is_refused(make_gateway: Make, wrong: dict[str, object], code: str) -> None:
    gateway = make_gateway(settings=cheap())
    async with browsers(gateway) as (security,):
        as_security(gateway, security)
        assert await security.code("POST", "/v1/keys", **{"name": "a", **wrong}) == (400, code)
        assert (await security.ask("GET", "/v1/keys")).json()["data"] == []


async def test_the_audit_says_who_made_and_revoked_it_and_never_its_text(make_gateway: Make) -> None:
    gateway = make_gateway(settings=cheap())
    async with browsers(gateway) as (security,):
        as_security(gateway, security)
        made = (await security.ask("POST", "/v1/keys", name="a", tenant="team")).json()
        await security.ask("DELETE", f"/v1/keys/{made['key']['id']}")
    entries = [entry for entry in entries_of(gateway.database) if entry.resource == "keys"]
    told = [(entry.action, entry.actor_kind, entry.role, entry.target_id) for entry in entries]
    assert told == [(action, "person", "security", made["key"]["id"]) for action in ("create", "revoke")]
    assert json.loads(entries[0].after or "")["owner"] == "team"
    assert json.loads(entries[1].before or "") == {"revoked_at": None}
    assert made["text"] not in "".join(map(repr, entries_of(gateway.database)))
