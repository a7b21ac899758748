"""Samples on the disk, and how pictures are divided."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kantu.errors import InvalidRequestError
from kantu.evaluation.calibration.samples import About, SampleFile, split
from tests.evaluation.calibration.drawn import records

ABOUT = About("everyday", "1", "toy", "0" * 64, "float32")


def test_a_file_that_was_cut_off_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    first, second, third = records(3)
    with SampleFile.open(path, ABOUT) as file:
        file.add(first)
        file.add(second)
    path.write_text(path.read_text("utf-8")[:-20], "utf-8")  # as a kill leaves it
    with SampleFile.open(path, ABOUT) as file:
        assert file.judged == {first.key: first}
        file.add(third)
    with SampleFile.open(path, ABOUT) as file:
        assert list(file.judged.values()) == [first, third]


def test_samples_of_other_weights_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    with SampleFile.open(path, ABOUT):
        pass
    with pytest.raises(InvalidRequestError) as caught:
        SampleFile.open(path, replace(ABOUT, weights="1" * 64))
    assert caught.value.code == "samples_of_another"


@pytest.mark.parametrize("text", ["", "{}\n", "[]\n", '{"suite": 1}\n', "x\n"])
def test_another_file_is_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "samples.jsonl"
    path.write_text(text, "utf-8")
    with pytest.raises(InvalidRequestError) as caught:
        SampleFile.open(path, ABOUT)
    assert caught.value.code == "samples_invalid"
    assert path.read_text("utf-8") == text


def test_pictures_are_divided_and_questions_are_not() -> None:
    drawn = records(600)
    parts = split(drawn)
    assert {record.picture for record in parts.fit}.isdisjoint(record.picture for record in parts.test)
    assert len(parts.fit) + len(parts.test) == 600
    assert 0.35 < len(parts.fit) / 600 < 0.65
    assert split(reversed(drawn)).fit == tuple(reversed(parts.fit))


def test_browser_drawn_pictures_only_test() -> None:
    drawn = [replace(record, origin="browser") for record in records(30)]
    parts = split(drawn)
    assert (len(parts.fit), len(parts.test), len(parts.browser)) == (0, 0, 30)
