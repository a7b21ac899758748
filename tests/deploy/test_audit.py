"""scripts/audit.py: a database that was not reached is said by name, and is never called success."""

from __future__ import annotations

import runpy
from typing import Any

import pytest

from tests.deploy.files import ROOT

SCRIPT = runpy.run_path(str(ROOT / "scripts" / "audit.py"))
NOT_RUN, verdict = SCRIPT["NOT_RUN"], SCRIPT["verdict"]

FINE = {"name": "a", "version": "1", "vulns": []}
BAD = {"name": "b", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3"]}]}
SKIPPED = {"name": "c", "skip_reason": "Dependency not found on PyPI and could not be audited: c (3)"}


@pytest.mark.parametrize("found", [None, [], [SKIPPED, SKIPPED]])
def test_nothing_looked_up_is_not_run(found: list[dict[str, Any]] | None) -> None:
    assert verdict(found) == (NOT_RUN, 0)


def test_a_vulnerability_fails_and_is_named() -> None:
    said, status = verdict([FINE, BAD, SKIPPED])
    assert status == 1
    assert "2 packages looked up, 1 unknown to the database, 1 vulnerabilities" in said
    assert "b 2: PYSEC-1" in said


def test_none_known_passes() -> None:
    assert verdict([FINE])[1] == 0


def test_every_list_of_the_container_is_asked_about() -> None:
    asked = {path.name for path in SCRIPT["FOLDER"].glob("*.txt")}
    assert asked == {"build.txt", "torch-cpu.txt", "service.txt", "pipeline.txt"}
