"""One table decides who may do what: all of it, every route is in it, and what is not in it is denied."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import get_args

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from kantu.errors import PermissionDeniedError
from kantu.service.access import Authorize
from kantu.service.actor import ENDPOINTS, Actor
from kantu.service.app import create_app
from kantu.service.gateway import Gateway
from kantu.service.permissions import PERMISSIONS, ROLES, Action, Resource, check, check_model, may_use_model
from tests.service.gateways import settings_with

NEEDS_NO_KEY = {"/", "/page", "/health", "/healthz", "/readyz"}

Pair = tuple[Action, Resource]


def is_allowed(actor: Actor, pair: Pair) -> bool:
    try:
        check(actor, *pair)
    except PermissionDeniedError:
        return False
    return True


@pytest.mark.parametrize(("pair", "endpoint"), PERMISSIONS.items())
def test_each_row_asks_for_its_endpoint_and_for_nothing_else(pair: Pair, endpoint: str | None) -> None:
    assert is_allowed(Actor("k", "o"), pair)
    for one in ENDPOINTS:
        assert is_allowed(Actor("k", "o", endpoints=(one,)), pair) is (endpoint in (None, one))
    assert is_allowed(Actor("k", "o", endpoints=()), pair) is (endpoint is None)


def test_what_is_not_in_the_table_is_denied_to_everybody() -> None:
    others = set(product(get_args(Action), get_args(Resource))) - set(PERMISSIONS)
    assert set(ROLES) < others  # those are for people
    assert others
    assert not [pair for pair in others if is_allowed(Actor("k", "o"), pair)]


def test_whatever_a_key_can_be_limited_to_stands_in_the_table() -> None:
    assert set(PERMISSIONS.values()) == {*ENDPOINTS, None}


def test_every_route_asks_the_table_and_every_row_has_a_route(make_gateway: Callable[..., Gateway]) -> None:
    closed = settings_with(server={"page": True, "docs_public": False}, watch={"metrics_public": False})
    asked: set[Pair] = set()
    for context in iter_route_contexts(create_app(make_gateway(settings=closed)).routes):
        route = context.original_route
        if context.path in NEEDS_NO_KEY:
            continue
        (authorize,) = authorize_of(route)
        asked.add((authorize.action, authorize.resource))
    assert asked == set(PERMISSIONS) | set(ROLES)


def authorize_of(route: object) -> list[Authorize]:
    """What a route asks before it answers."""
    return list(_authorize(route.dependant)) if isinstance(route, APIRoute) else []


def _authorize(dependant: Dependant) -> Iterator[Authorize]:
    for inner in dependant.dependencies:
        if isinstance(inner.call, Authorize):
            yield inner.call
        yield from _authorize(inner)


@pytest.mark.parametrize(("models", "allowed"), [(None, True), (("a",), True), (("b", "c"), False), ((), False)])
def test_a_key_is_for_all_models_or_for_those_it_names(models: tuple[str, ...] | None, allowed: bool) -> None:
    actor = Actor("k", "o", models)
    assert may_use_model(actor, "a") is allowed
    if not allowed:
        with pytest.raises(PermissionDeniedError, match="model_not_allowed"):
            check_model(actor, "a")
    else:
        check_model(actor, "a")
