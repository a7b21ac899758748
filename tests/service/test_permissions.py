"""One table decides who may do what: all of it, every route is in it, and what is not in it is denied."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any, Literal, cast, get_args

import httpx
import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.routing import Mount

from kantu.errors import PermissionDeniedError
from kantu.service.access import Authorize, Note
from kantu.service.actor import ADMINISTRATORS, ENDPOINTS, Actor, Role, Unfinished
from kantu.service.app import create_app
from kantu.service.gateway import Gateway
from kantu.service.people.person import Person
from kantu.service.people.repository import find
from kantu.service.permissions import PERMISSIONS, Action, Permission, Resource, check, check_model, may_use_model
from tests.service.gateways import settings_with
from tests.service.people.visitors import CHEAP, add_person, session_of

NEEDS_NO_KEY = {
    *(("GET", path) for path in ("/", "/health", "/healthz", "/readyz")),
    *(("POST", "/v1/session"), ("GET", "/v1/session/providers")),
    *(("GET", "/v1/session/oidc"), ("GET", "/v1/session/oidc/callback"), ("POST", "/v1/session/oidc")),
}
ROLES = get_args(Role)

Pair = tuple[Action, Resource]


def is_allowed(actor: Actor, pair: Pair) -> bool:
    try:
        check(actor, *pair)
    except PermissionDeniedError:
        return False
    return True


def person(role: Role, **more: Any) -> Actor:
    return Actor("per_1", "t", person_id="per_1", role=role, **{"is_fresh": True, **more})


@pytest.mark.parametrize(("pair", "permission"), PERMISSIONS.items())
def test_each_row_asks_a_key_for_its_endpoint_and_for_nothing_else(pair: Pair, permission: Permission) -> None:
    assert is_allowed(Actor("k", "o"), pair) is permission.keys
    for one in ENDPOINTS:
        allowed = permission.keys and permission.endpoint in (None, one)
        assert is_allowed(Actor("k", "o", endpoints=(one,)), pair) is allowed
    assert is_allowed(Actor("k", "o", endpoints=()), pair) is (permission.keys and permission.endpoint is None)


@pytest.mark.parametrize(("pair", "permission"), PERMISSIONS.items())
def test_each_row_asks_a_person_for_a_role_and_what_else_it_says(pair: Pair, permission: Permission) -> None:
    for role in ROLES:
        allowed = role in permission.roles
        assert is_allowed(person(role), pair) is allowed
        assert is_allowed(person(role, is_fresh=False), pair) is (allowed and not permission.dangerous)
        for unfinished in get_args(Unfinished):
            assert is_allowed(person(role, unfinished=unfinished), pair) is (allowed and permission.unfinished)


def test_what_is_not_in_the_table_is_denied_to_everybody() -> None:
    others = set(product(get_args(Action), get_args(Resource))) - set(PERMISSIONS)
    assert others
    for actor in (Actor("k", "o"), *map(person, ROLES)):
        assert not [pair for pair in others if is_allowed(actor, pair)]


def test_whatever_a_key_can_be_limited_to_stands_in_the_table() -> None:
    assert {permission.endpoint for permission in PERMISSIONS.values()} == {*ENDPOINTS, None}


def test_the_three_powers_share_nothing_but_to_look_on_and_to_end_sessions() -> None:
    """Nobody makes accounts and grants them powers, and nobody who does either reads what is recorded of it."""
    shared: set[Pair] = {
        pair
        for pair, permission in PERMISSIONS.items()
        if len(permission.roles & set(ADMINISTRATORS)) > 1 and not permission.unfinished
    }
    assert shared == {
        ("read", "models"),
        ("read", "document"),
        ("read", "people"),
        ("read", "sessions"),
        ("delete", "sessions"),
    }
    assert not [pair for pair in shared if "audit" in PERMISSIONS[pair].roles]


def test_no_key_administers() -> None:
    of_people = {"account", "people", "roles", "factors", "sessions", "policies", "audit", "settings", "backup"}
    assert not [pair for pair, permission in PERMISSIONS.items() if pair[1] in of_people and permission.keys]


def said_by(route: object) -> list[Authorize | Note]:
    """What a route says of itself before it answers: whom it asks, or what it has recorded."""
    return list(_found(route.dependant)) if isinstance(route, APIRoute) else []


def closed_app(make_gateway: Callable[..., Gateway]) -> tuple[Gateway, FastAPI]:
    """With every route that settings can switch on, and none open that they can close."""
    settings = settings_with(server={"page": True, "docs_public": False}, watch={"metrics_public": False}, people=CHEAP)
    gateway = make_gateway(settings=settings)
    return gateway, create_app(gateway)


def guarded_routes(app: FastAPI) -> Iterator[tuple[str, str, Authorize]]:
    """(method, path, what it asks the table) of every route that somebody is asked at."""
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if context.path == "/page" or isinstance(route, Mount):
            continue
        assert isinstance(route, APIRoute), context.path
        for method in route.methods:
            if (method, context.path) not in NEEDS_NO_KEY:
                (authorize,) = said_by(route)
                assert isinstance(authorize, Authorize)
                assert context.path is not None
                yield method, context.path, authorize


def test_every_route_asks_the_table_and_every_row_has_a_route(make_gateway: Callable[..., Gateway]) -> None:
    _, app = closed_app(make_gateway)
    asked: set[Pair] = {(authorize.action, authorize.resource) for _, _, authorize in guarded_routes(app)}
    assert asked == set(PERMISSIONS)


@pytest.mark.anyio
@pytest.mark.parametrize("role", [None, "key", *ROLES])
async def test_every_route_lets_in_whom_the_table_names_and_nobody_else(
    make_gateway: Callable[..., Gateway], role: Role | Literal["key"] | None
) -> None:
    """Over HTTP, with every role, with a key and with nothing; whoever may is told what else is wrong."""
    gateway, app = closed_app(make_gateway)
    who = None if role in (None, "key") else add_person(gateway.database, "someone", cast(Role, role))
    _, key = gateway.keys.create("k")
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),  # without it MCP answers nothing
        httpx.AsyncClient(transport=transport, base_url="https://gateway") as client,
    ):
        for method, template, authorize in guarded_routes(app):
            permission = PERMISSIONS[authorize.action, authorize.resource]
            headers = {} if who is None else session_of(gateway.database, as_it_is(gateway, who))
            if role == "key":
                headers = {"Authorization": f"Bearer {key}"}
            path = re.sub(r"{[^}]+}", "nothing", template)
            answer = await client.request(method, path, headers=headers, json=None if method == "GET" else {})
            code = None if answer.status_code < 400 else _code(answer)
            refusal: str | None = None
            if role is None:
                refusal = "missing_api_key"
            elif role == "key":
                refusal = None if permission.keys else "endpoint_not_allowed"
            elif role not in permission.roles:
                refusal = "role_not_allowed"
            refusals = {"missing_api_key", "endpoint_not_allowed", "role_not_allowed"}
            assert (code if code in refusals else None) == refusal, (method, path, answer.text)
            if refusal is None:
                assert answer.status_code not in (401, 403, 500), (method, path, answer.text)


def as_it_is(gateway: Gateway, who: Person) -> Person:
    """The account now: some requests end the sessions of whoever sends them."""
    with gateway.database.session(read_only=True) as session:
        found = find(session, who.id)
    assert found is not None
    return found


def _code(answer: httpx.Response) -> str:
    body = answer.json()
    found: str = body["error"].get("code") or body["error"]["details"]["error_code"]
    return found


def _found(dependant: Dependant) -> Iterator[Authorize | Note]:
    for inner in dependant.dependencies:
        if isinstance(inner.call, Authorize | Note):
            yield inner.call
        yield from _found(inner)


@pytest.mark.parametrize(("models", "allowed"), [(None, True), (("a",), True), (("b", "c"), False), ((), False)])
def test_a_key_is_for_all_models_or_for_those_it_names(models: tuple[str, ...] | None, allowed: bool) -> None:
    actor = Actor("k", "o", models)
    assert may_use_model(actor, "a") is allowed
    if not allowed:
        with pytest.raises(PermissionDeniedError, match="model_not_allowed"):
            check_model(actor, "a")
    else:
        check_model(actor, "a")
