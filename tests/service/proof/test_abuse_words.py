"""Abuse by words: ids of others in every address, names that are lines, formulas or commands where they are read."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import quote

import pytest

from kantu.service.actor import Limits
from kantu.service.gateway import Gateway
from kantu.service.retention.keyring import MasterKey, write_keys
from tests.service.audits import entries_of
from tests.service.gateways import ScriptedEngine, png, question, settings_with
from tests.service.people.test_tenants import CHAT, Team, running, upload
from tests.service.people.visitors import CHEAP, add_person, browsers, cheap, outcome, session_of

pytestmark = pytest.mark.anyio

_PARAMETER = re.compile(r"{(\w+)(?::\w+)?}")
_FOR_EVERYBODY = {"name", "task"}  # of models and tasks: no secrets, and nobody's
FORGED = [
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("https://evil.test","a")',
    "+1+1",
    "-2+3",
    "@SUM(1)",
    '{"sequence": 1}',
    '","result":"ok","x":"',
    "<104>1 2026-01-01T00:00:00Z h kantu - x - y",
]
LINES = "a\n{}\r\n<104>1 -\x1b[2J\x9b\u2028\u202e"


@pytest.fixture
async def team(make_gateway: Callable[..., Gateway], tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Team]:
    path = tmp_path_factory.mktemp("keys") / "master"
    write_keys(path, [MasterKey.new()])
    retention = {"days": 30, "key_file": path}
    settings = settings_with(people=CHEAP, retention=retention, server={"max_memory_bytes": 2**32})
    async with running(make_gateway(ScriptedEngine(), settings)) as team:
        yield team


async def test_an_id_that_is_guessed_right_is_to_another_as_one_that_nobody_has(team: Team) -> None:
    """Every address with an id in it, asked by another tenant's person and key; what is private, by colleagues too."""
    gateway, wei = team.gateway, team.clients["wei"]
    _, lines = await upload(wei)
    created = {"input_file_id": lines, "endpoint": CHAT, "completion_window": "24h"}
    batch = (await wei.post("/v1/batches", json=created)).json()["id"]
    await wei.post(CHAT, json=question("问", png()))
    kept, *_ = (await wei.get("/v1/history")).json()["data"]  # the batch may have been answered by now too
    own = (await wei.get("/v1/account/sessions")).json()["data"][0]["id"]
    ids = {"file_id": lines, "batch_id": batch, "history_id": kept["id"], "number": "0", "session_id": own}
    ids["person_id"] = team.people["wei"].id
    ids["key_id"] = gateway.keys.create("theirs", owner=team.people["wei"].tenant)[0].id
    ids["group_id"] = (await gateway.groups.create(team.people["wei"].tenant, "组", Limits())).id
    other_key = gateway.keys.create("k", owner="others")[1]
    team.clients["other key"] = team._client({"Authorization": f"Bearer {other_key}"})
    private = ("history_id", "session_id")
    seen = set()
    for template, operations in team.app.openapi()["paths"].items():
        names = set(_PARAMETER.findall(template)) - _FOR_EVERYBODY
        if not names:
            continue
        seen |= names
        whoever = ["stranger", "other key", *(["li", "key"] if names & set(private) else [])]
        for method, who in [(method, who) for method in operations for who in whoever]:
            told = []
            for given in (ids, {name: re.sub(r"[0-9a-f]{24}", "e" * 24, one) for name, one in ids.items()}):
                path = _PARAMETER.sub(lambda match, given=given: given[match[1]], template)  # type: ignore[misc]
                told.append(await team.code(who, method.upper(), path))
            assert told[0] == told[1], (who, method, template)
            managed = names & {"person_id", "key_id", "group_id"}  # by administrators alone
            assert told[0][0] == (403 if managed or ("session_id" in names and "key" in who) else 404)
    assert seen == set(ids)
    for path in (f"/v1/files/{lines}", f"/v1/batches/{batch}", f"/v1/history/{kept['id']}", "/v1/session"):
        assert (await wei.get(path)).status_code == 200, path  # and nothing has come of it


async def test_no_word_is_a_line_or_a_formula_in_what_auditors_export(make_gateway: Callable[..., Gateway]) -> None:
    gateway = make_gateway(settings=cheap())
    system, auditor = (add_person(gateway.database, role, role) for role in ("system", "audit"))
    member = session_of(gateway.database, add_person(gateway.database, "member"))
    async with browsers(gateway) as (browser,):
        headers = session_of(gateway.database, system)
        for number, words in enumerate(FORGED):
            made = {"name": f"n{number}", "display_name": words, "tenant": words}
            assert outcome(await browser.client.post("/v1/people", json=made, headers=headers)) == (200, None)
            upload: dict[str, Any] = {"purpose": (None, "vision"), "file": (words, png())}
            assert outcome(await browser.client.post("/v1/files", files=upload, headers=member)) == (200, None)
        for words in (*FORGED, LINES):
            refused = await browser.client.post(f"/v1/tasks/{quote(words, safe='')}", json={}, headers=member)
            assert refused.status_code in (400, 404)
            given = {"name": words, "password": words, "code": words}
            agent = {"User-Agent": re.sub(r"[^\x1b-~]", " ", words)}
            assert outcome(await browser.client.post("/v1/session", json=given, headers=agent))[0] in (401, 429)
        assert gateway.audit_writer.flush(30)
        count = len(entries_of(gateway.database))
        asked = session_of(gateway.database, auditor)
        exports = {
            form: (await browser.client.get(f"/v1/audit/export?format={form}", headers=asked)).content
            for form in ("jsonl", "syslog")
        }
    for number, (form, content) in enumerate(exports.items(), 1):
        rows = content.decode("ascii").split("\n")[:-1]
        assert len(rows) == count + number  # each export stands in itself
        for row in rows:
            assert row.isprintable()
            assert row[0] == ("{" if form == "jsonl" else "<")  # no cell of a spreadsheet begins with anything else
            json.loads(row[row.index("{") :])
    assert b"evil.test" in exports["jsonl"]  # as what it is
