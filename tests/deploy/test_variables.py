"""Every variable of ours that a file in deploy/ or a page about it names is one that the gateway knows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.deploy.files import DEPLOY, ROOT, known_variables

PAGES = [ROOT / "docs/deploy.md", ROOT / "docs/air-gap.md"]
FILES = sorted(path for path in DEPLOY.rglob("*") if path.is_file() and path.suffix != ".json")


@pytest.mark.parametrize("path", [*FILES, *PAGES], ids=lambda path: path.relative_to(ROOT).as_posix())
def test_each_variable_named_is_a_setting(path: Path) -> None:
    named = set(re.findall(r"\bKANTU_[A-Z][A-Z_]*[A-Z]\b", path.read_text(encoding="utf-8")))
    assert named - known_variables() == set()


def test_the_deployment_files_do_name_variables() -> None:
    text = " ".join(path.read_text(encoding="utf-8") for path in FILES)
    assert "KANTU_STORE_DATABASE_URL_FILE" in text
    assert "KANTU_STORE_DATABASE_URL_FILE" in known_variables()
