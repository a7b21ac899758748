"""What is counted: lines of code, bytes on the disk, prices."""

from __future__ import annotations

from pathlib import Path

import pytest

from kantu.compare.disk import package_bytes, path_bytes
from kantu.compare.glue import code_lines, kantu_lines, pipeline_lines
from kantu.compare.price import Prices, Use, by_thousand, read_prices
from kantu.errors import InvalidRequestError

SOURCE = '''"""A page of words."""

import os  # used below


# A comment.
def name() -> str:
    """More words,
    on two lines."""
    text = """kept
as it is"""
    return (
        os.name
        + text
    )
'''


def test_blank_lines_comments_and_docstrings_are_no_code(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text(SOURCE)
    assert code_lines([file]) == 8


def test_the_pipeline_takes_more_glue_than_one_model() -> None:
    assert 0 < kantu_lines() < pipeline_lines()


def test_a_folder_is_as_large_as_its_files_and_a_file_as_itself(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "w").write_bytes(bytes(100))
    (tmp_path / "c").write_bytes(bytes(20))
    assert path_bytes(tmp_path) == 120
    assert path_bytes(tmp_path / "c") == 20


def test_what_a_package_needs_is_counted_once() -> None:
    assert package_bytes("rich") > package_bytes("markdown-it-py") > 0  # which rich needs
    assert package_bytes("rich", "markdown-it-py", "rich") == package_bytes("rich")
    assert package_bytes("no-such-package-here") == 0


def test_prices_are_read_as_they_are_entered() -> None:
    assert read_prices(["input=2", "hour=1.5"]) == Prices(input=2, hour=1.5)
    for wrong in ("input", "input=x", "tokens=1", "ocr=-1", "ocr=nan", "ocr=inf"):
        with pytest.raises(InvalidRequestError) as caught:
            read_prices([wrong])
        assert caught.value.code == "invalid_price"


def test_a_thousand_pictures_cost_machine_time_tokens_and_reading() -> None:
    pipeline = Use(machine_seconds=3.6, prompt_tokens=500, completion_tokens=100, stitched=True)
    assert by_thousand(pipeline, Prices(input=2, output=8, ocr=1.5, hour=2)) == pytest.approx(2 + 1 + 0.8 + 1.5)
    ours = Use(machine_seconds=0.36, prompt_tokens=500, completion_tokens=100, stitched=False)
    assert by_thousand(ours, Prices(input=2, output=8, ocr=1.5, hour=2)) == pytest.approx(0.2)


def test_what_has_no_price_costs_nobody_knows_what() -> None:
    ours = Use(machine_seconds=1, prompt_tokens=1, completion_tokens=1, stitched=False)
    assert by_thousand(ours, Prices(input=2)) is None
    assert by_thousand(ours, Prices()) is None
