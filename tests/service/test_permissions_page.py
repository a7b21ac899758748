"""docs/permissions.md is what the table and the routes say."""

from __future__ import annotations

import runpy
from pathlib import Path

from kantu.service.permissions import PERMISSIONS

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_what_the_table_and_the_routes_say() -> None:
    page: str = runpy.run_path(str(ROOT / "scripts" / "permissions_page.py"))["page"]()
    assert (ROOT / "docs" / "permissions.md").read_text(encoding="utf-8") == page, "run scripts/permissions_page.py"
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert len(rows) == len(PERMISSIONS)
    assert not [row for row in rows if row.endswith("|  |")]  # each has a route
