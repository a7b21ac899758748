"""docs/errors.md lists every code that a client can read, and no other."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "kantu"
LISTED = set(re.findall(r"^\| `(\w+)` \|", (ROOT / "docs" / "errors.md").read_text(encoding="utf-8"), re.MULTILINE))
FIRST_ARGUMENT = re.compile(r"""\b\w+Error\(\s*(?:#[^\n]*\n\s*)?"([a-z][a-z0-9_]+)",""")


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "scripts" / "errors_page.py"))


def test_the_page_is_what_the_source_says(script: dict[str, Any]) -> None:
    written = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    assert written == script["page"](), "run scripts/errors_page.py"


def test_every_code_is_listed_and_every_listed_one_exists(script: dict[str, Any]) -> None:
    heard, batches = script["codes"]()
    assert {*heard, *batches} == LISTED


def test_no_code_of_the_service_escapes_the_script(script: dict[str, Any]) -> None:
    """The same question asked without the script's reading of the source: plain text, in the service's own files."""
    elsewhere, silent = script["_ELSEWHERE"], script["_NOT_HEARD"]
    found = {
        code
        for path in (SOURCE / "service").rglob("*.py")
        if path.relative_to(SOURCE).as_posix() not in elsewhere
        for code in FIRST_ARGUMENT.findall(path.read_text(encoding="utf-8"))
    }
    assert len(found) > 50
    assert found - set(silent) <= LISTED


def test_the_script_has_no_words_for_what_is_gone(script: dict[str, Any]) -> None:
    assert script["unused"]() == set()


def test_every_row_is_complete() -> None:
    rows = [
        line for line in (ROOT / "docs" / "errors.md").read_text(encoding="utf-8").splitlines() if line[:3] == "| `"
    ]
    assert len(rows) == len(LISTED)  # none twice
    for row in rows:
        meaning = row.removesuffix(" |").rpartition(" | ")[2]
        assert re.search(r"[\u4e00-\u9fff]", meaning), row
        assert meaning.endswith("。"), row


@pytest.mark.parametrize(
    ("source", "codes"),
    [
        ('def f():\n    raise ImageError("one", "一。", "1")', {"one": "一。"}),
        ('def f(x):\n    raise ImageError("one", f"一{x}。", "1")', {"one": "一…。"}),
        ('def f(x):\n    raise ImageError("one" if x else "two", "一。", "1")', {"one": "一。", "two": "一。"}),
        (
            'def _no(name, rule):\n    return ImageError(f"bad_{name}", f"{name}{rule}。", "")\n'
            'def _check(name, value):\n    raise _no(name, "错")\n'
            'def f():\n    _check("n", 1)\n    _no("m", "坏")',
            {"bad_n": "n错。", "bad_m": "m坏。"},
        ),
        (
            'def f():\n    for n, code in ((1, "one"), (2, "two")):\n        raise ImageError(code, "一。", "1")',
            {"one": "一。", "two": "一。"},
        ),
    ],
)
def test_codes_are_found_however_they_are_given(
    script: dict[str, Any], tmp_path: Path, source: str, codes: dict[str, str]
) -> None:
    (tmp_path / "a.py").write_text(source, encoding="utf-8")
    assert {made.code: made.message for made in _found_in(script, tmp_path)} == codes


def test_a_code_that_cannot_be_read_is_an_error(script: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def f(x):\n    raise ImageError(x + y(), '一。', '1')\nf(z())", encoding="utf-8")
    with pytest.raises(script["UnreadableCodeError"], match="in the module"):
        _found_in(script, tmp_path)


def _found_in(script: dict[str, Any], folder: Path) -> list[Any]:
    return list(script["all_made"](folder))
