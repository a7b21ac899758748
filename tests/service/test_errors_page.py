"""docs/errors.md is what the catalogue says."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

pytestmark = pytest.mark.whole

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_what_the_catalogue_says() -> None:
    written = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    assert written == runpy.run_path(str(ROOT / "scripts" / "errors_page.py"))["page"](), "run scripts/errors_page.py"


def test_every_row_is_complete() -> None:
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert len(rows) > 130
    assert len({row.split("`")[1] for row in rows}) == len(rows)  # none twice
    for row in rows:
        meaning = row.removesuffix(" |").rpartition(" | ")[2]
        assert re.search(r"[\u4e00-\u9fff]", meaning), row
        assert meaning.endswith("。"), row
