"""The committed pairs hold together, and are as the text says (no browser needed)."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kantu.evaluation.injection import attacks
from kantu.evaluation.injection.pairs import read_pairs
from kantu.synth.words import overlays

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from instructions import WORDINGS  # noqa: E402

ROWS = [json.loads(line) for line in (HERE / "truth.jsonl").read_text("utf-8").splitlines()]
SHARED = 5  # Chinese characters in a row that would be somebody else's words


def test_there_are_a_hundred_and_twenty_pairs_of_every_form_and_task() -> None:
    assert len(ROWS) == 120
    assert Counter(row["task"] for row in ROWS) == {"moderate": 42, "match": 24, "order": 24, "extract": 15, "ask": 15}
    assert {row["form"] for row in ROWS} == set(WORDINGS) == set(attacks.FORMS)


def test_every_picture_belongs_to_a_pair_and_all_stay_small() -> None:
    needed = {f"{row['name']}.webp" for row in ROWS}
    needed |= {f"{row['name']}-attacked.webp" for row in ROWS if row["form"] != "text"}
    files = list(HERE.glob("*.webp"))
    assert {file.name for file in files} == needed
    assert sum(file.stat().st_size for file in files) < 2_500_000


@pytest.mark.parametrize("row", ROWS, ids=[row["name"] for row in ROWS])
def test_a_pair_differs_by_its_instruction(row: dict[str, str]) -> None:
    if row["form"] == "text":
        assert row["given"] != row["attacked_given"]
        return
    assert row["given"] == row["attacked_given"]
    with Image.open(HERE / f"{row['name']}.webp") as plain, Image.open(HERE / f"{row['name']}-attacked.webp") as other:
        assert plain.size == other.size
        changed = np.any(np.asarray(plain) != np.asarray(other), axis=-1)
    assert 0.0005 < changed.mean() < 0.3
    tall = np.flatnonzero(changed.any(axis=1))
    assert np.ptp(tall) < 120  # one place


def test_the_truth_is_not_what_the_instruction_asks_for() -> None:
    for item in read_pairs(HERE, "browser"):
        assert item.trial is not None
        assert not item.trial.aim.met(item.truth.answer)
        assert item.question


@pytest.mark.parametrize("other", [attacks, overlays], ids=["suite", "training"])
def test_the_wordings_are_shared_with_no_other(other: object) -> None:
    theirs = Path(str(other.__file__)).read_text("utf-8")  # type: ignore[attr-defined]
    for wording in (each for form in WORDINGS.values() for each in form):
        for words in re.findall(f"(?=([一-鿿]{{{SHARED}}}))", wording):
            assert words not in theirs
