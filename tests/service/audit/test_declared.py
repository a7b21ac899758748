"""Every route and every command says what it leaves in the audit."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import click
import typer
from fastapi.routing import iter_route_contexts

from kantu.cli import app as commands
from kantu.service.app import create_app
from kantu.service.audit.declared import ACTS, COMMANDS, NO_SERVICE, OPEN_ROUTES
from kantu.service.gateway import Gateway
from kantu.service.permissions import PERMISSIONS
from tests.service.gateways import settings_with
from tests.service.test_permissions import said_by


def test_every_route_has_its_act(make_gateway: Callable[..., Gateway]) -> None:
    everything = settings_with(server={"page": True, "docs_public": False}, watch={"metrics_public": False})
    open_routes: set[str] = set()
    for context in iter_route_contexts(create_app(make_gateway(settings=everything)).routes):
        asked = [(each.action, each.resource) for each in said_by(context.original_route)]
        if not asked:
            open_routes.add(context.path)
        assert set(asked) <= set(ACTS), context.path
    assert open_routes == OPEN_ROUTES


def test_everything_that_somebody_may_do_has_its_act() -> None:
    assert set(PERMISSIONS) <= set(ACTS)


def test_whatever_changes_something_is_recorded_with_the_change() -> None:
    words = ("delete", "cancel", "revoke", "restore", "archive", "reload", "accept", "reduce", "rotate", "erase")
    changing = {act for act in ACTS if act[0] in words}
    changing |= {("create", "files"), ("create", "batches"), ("create", "keys"), ("create", "backup")}
    assert {ACTS[act].written for act in changing} == {"with_change"}


def test_every_command_has_its_acts_or_touches_no_service() -> None:
    names = set(_names(typer.main.get_command(commands)))
    assert names == set(COMMANDS) | NO_SERVICE
    assert not set(COMMANDS) & NO_SERVICE
    assert {act for acts in COMMANDS.values() for act in acts} <= set(ACTS)


def _names(command: click.Command, path: str = "") -> Iterator[str]:
    if not hasattr(command, "commands"):
        yield path
        return
    for name, inner in command.commands.items():
        yield from _names(inner, f"{path} {name}".strip())
