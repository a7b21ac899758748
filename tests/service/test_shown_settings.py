"""/v1/settings: everything that is set and where it comes from, and no secret."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kantu.service.gateway import Gateway
from kantu.service.settings import Settings, read_settings, sections
from kantu.service.shown_settings import MASK, SettingObject, shown
from tests.service.people.visitors import CHEAP, add_person, browsers, session_of


def setting(settings: Settings, section: str, name: str) -> SettingObject:
    return next(one for one in shown(settings).data if (one.section, one.name) == (section, name))


def test_every_setting_is_there_in_its_section() -> None:
    told = shown(Settings())
    assert {(one.section, one.name) for one in told.data} == {
        (section, name) for section, kind in sections().items() for name in kind.model_fields
    }
    assert {one.name: one.title for one in told.sections}["server"] == "监听与时限。"
    assert {one.source for one in told.data} == {"default"}


def test_a_setting_says_which_of_its_sources_counts(tmp_path: Path) -> None:
    file = tmp_path / "kantu.yaml"
    file.write_text("server: {port: 1, docs: false, mcp: false}\n")
    environment = {"KANTU_SERVER_PORT": "2", "KANTU_SERVER_DOCS": "true", "KANTU_STORE_MAX_FILES": ""}
    settings = read_settings(file, environment, {"server": {"port": 3, "host": None}})
    told = {name: setting(settings, "server", name) for name in ("port", "docs", "mcp", "host")}
    assert {name: (one.value, one.source) for name, one in told.items()} == {
        "port": (3, "flag"),
        "docs": (True, "environment"),
        "mcp": (False, "file"),
        "host": ("127.0.0.1", "default"),
    }
    assert told["port"].variable == "KANTU_SERVER_PORT"
    assert setting(settings, "store", "max_files").source == "default"


@pytest.mark.anyio
async def test_secrets_are_masked_and_those_that_are_not_set_are_not(make_gateway: Callable[..., Gateway]) -> None:
    given = {"redis_url": "redis://:hunter2@127.0.0.1:1/0"}
    gateway = make_gateway(settings=read_settings(None, {}, {"store": given, "people": CHEAP}))
    async with browsers(gateway) as (admin,):
        admin.client.headers.update(session_of(gateway.database, add_person(gateway.database, "admin", "system")))
        answer = await admin.ask("GET", "/v1/settings")
    assert "hunter2" not in answer.text
    values = {one["name"]: one["value"] for one in answer.json()["data"] if one["section"] == "store"}
    assert values["redis_url"] == MASK
    assert values["database_url"] is None
