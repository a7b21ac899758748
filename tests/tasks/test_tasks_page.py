"""docs/tasks.md tells of every key, and what it shows works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kantu.errors import InvalidRequestError
from kantu.tasks.checks import forms as checks
from kantu.tasks.own import read_task
from kantu.tasks.task import Task

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "tasks.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
NEEDED = {"name": "own", "title": "自己的", "instruction": "看图。", "fields": "{付款方式: }"}
FORMS = {"unit_price": lambda text: None}


def read(folder: Path, text: str) -> Task:
    path = folder / "card.yaml"
    path.write_text(text, encoding="utf-8")
    return read_task(path, FORMS)


def first_column(title: str) -> set[str]:
    """What stands in code in the first column of the table that begins with this title."""
    (table,) = re.findall(rf"^\| {title} \|.*\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    return {name for row in table.splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1])}


def test_the_table_has_every_check() -> None:
    assert first_column("检查") == set(checks.FORMS)


def test_the_table_has_every_key(tmp_path: Path) -> None:
    told = first_column("键")
    with pytest.raises(InvalidRequestError) as caught:
        read(tmp_path, "name: own\nfileds: {}\n")
    assert told == set(caught.value.message.partition("这里可以写：")[2].rstrip("。").split("、"))


@pytest.mark.parametrize("block", [block for block in BLOCKS if not block.startswith("examples:")])
def test_what_it_shows_is_part_of_a_task(tmp_path: Path, block: str) -> None:
    keys = set(re.findall(r"^(\w+):", block, re.MULTILINE))
    keys |= {"fields"} if "schema" in keys else set()
    missing = "".join(f"{key}: {value}\n" for key, value in NEEDED.items() if key not in keys)
    task = read(tmp_path, block + missing)
    assert task.schema() is not None


def test_the_notes_below_the_instruction_are_those_of_the_example() -> None:
    example = Path(__file__).resolve().parents[2] / "examples" / "tasks" / "express_label.yaml"
    told = read_task(example, {"tracking_number": lambda text: None, "phone": lambda text: None}).instruct()
    (shown,) = re.findall(r"```text\n(付款方式.*)\n```", PAGE)
    assert shown in told.splitlines()


def test_the_fault_is_told_as_it_shows(tmp_path: Path) -> None:
    (shown,) = re.findall(r"```text\n(card\.yaml.*?)……", PAGE)
    with pytest.raises(InvalidRequestError) as caught:
        read(tmp_path, "name: own\ntitle: a\ninstruction: a\n\n\nfileds: {}\n")
    assert str(caught.value).startswith(shown)
