"""A file of JSON lines is whole whatever ends the program that writes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from kantu.errors import InvalidRequestError
from kantu.json_lines import DamagedLineError, LineFile, read_line, read_lines, rewrite

ODD = {"文": "第一行\n第二行\u2028\ud800"}


def held(path: Path) -> list[object]:
    return [line.value for line in read_lines(path)]


def test_what_is_added_is_there_at_once(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.jsonl"
    with LineFile.open(path) as file:
        starts = [file.add(value) for value in (1, ODD, [None])]
        assert held(path) == [1, ODD, [None]]
    assert [line.start for line in read_lines(path)] == starts
    with path.open("rb") as opened:
        assert read_line(opened, starts[1]) == ODD


@pytest.mark.parametrize("padding", [0, 70_000])  # more than what is read at once
def test_half_a_line_is_dropped(tmp_path: Path, padding: int) -> None:
    path = tmp_path / "a.jsonl"
    with LineFile.open(path) as file:
        file.add("first")
        file.add("x" * padding)
    path.write_bytes(path.read_bytes()[:-2])
    assert held(path) == ["first"]
    with LineFile.open(path) as file:
        file.add("third")
    assert held(path) == ["first", "third"]


def test_a_file_of_nothing_but_half_a_line_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"a":')
    with LineFile.open(path) as file:
        file.add(1)
    assert held(path) == [1]


def test_a_last_line_that_only_lacks_its_end_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('1\n{"a": 2}')
    with LineFile.open(path) as file:
        file.add(3)
    assert held(path) == [1, {"a": 2}, 3]


def test_a_damaged_line_is_told_by_its_number(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"1\n\xff\n3\n")
    with pytest.raises(DamagedLineError) as caught:
        held(path)
    assert caught.value.number == 2


def test_it_belongs_to_one_program_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with LineFile.open(path):
        with pytest.raises(InvalidRequestError) as caught:
            LineFile.open(path)
        assert caught.value.code == "file_in_use"
    LineFile.open(path).close()


def test_what_another_program_has_open_is_not_rewritten(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with LineFile.open(path) as file:
        with pytest.raises(InvalidRequestError, match="file_in_use"):
            rewrite(path, [1])
        file.add(2)
    assert held(path) == [2]


def test_what_is_rewritten_takes_the_place_of_the_old(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("1\n2\n")
    rewrite(path, (value for value in held(path) if value != 1))
    assert held(path) == [2]
    assert list(tmp_path.iterdir()) == [path]
