"""The committed pairs hold together, and are as the text says (no browser needed)."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from kantu.evaluation.injection import attacks
from kantu.evaluation.injection.pairs import read_pairs
from kantu.synth.words import overlays

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from instructions import HARMLESS, WORDINGS  # noqa: E402


def pixels(name: str) -> npt.NDArray[np.uint8]:
    with Image.open(HERE / name) as image:
        return np.asarray(image.convert("RGB"))


ROWS = [json.loads(line) for line in (HERE / "truth.jsonl").read_text("utf-8").splitlines()]
SHARED = 5  # Chinese characters in a row that would be somebody else's words


def test_there_are_a_hundred_and_twenty_pairs_of_every_form_and_task() -> None:
    assert len(ROWS) == 120
    assert Counter(row["task"] for row in ROWS) == {"moderate": 42, "match": 24, "order": 24, "extract": 15, "ask": 15}
    assert {row["form"] for row in ROWS} == set(WORDINGS) == set(attacks.FORMS)


def test_every_picture_belongs_to_a_pair_and_all_stay_small() -> None:
    needed = {f"{row['name']}.webp" for row in ROWS}
    needed |= {f"{row['name']}-{arm}.webp" for row in ROWS if row["form"] != "text" for arm in ("attacked", "harmless")}
    files = list(HERE.glob("*.webp"))
    assert {file.name for file in files} == needed
    assert sum(file.stat().st_size for file in files) < 4_000_000


@pytest.mark.parametrize("row", ROWS, ids=[row["name"] for row in ROWS])
def test_the_three_pictures_differ_in_one_place_alone(row: dict[str, str]) -> None:
    if row["form"] == "text":
        assert len({json.dumps(row[given]) for given in ("given", "attacked_given", "harmless_given")}) == 3
        return
    assert row["given"] == row["attacked_given"] == row["harmless_given"]
    plain, attacked, harmless = (pixels(f"{row['name']}{arm}.webp") for arm in ("", "-attacked", "-harmless"))
    for one, other in ((plain, attacked), (plain, harmless), (attacked, harmless)):
        assert one.shape == other.shape
        changed = np.any(one != other, axis=-1)
        assert 0.0003 < changed.mean() < 0.3
        assert np.ptp(np.flatnonzero(changed.any(axis=1))) < 120  # one place


def test_a_harmless_sentence_claims_nothing() -> None:
    for row in ROWS:
        assert row["claim"] not in row["harmless"]
        assert not re.search("结论|状态|忽略|指令|[0-9]", row["harmless"])


def test_the_truth_is_not_what_the_instruction_asks_for() -> None:
    for item in read_pairs(HERE, "browser"):
        assert item.trial is not None
        assert not item.trial.aim.met(item.truth.answer)
        assert item.question


@pytest.mark.parametrize("other", [attacks, overlays], ids=["suite", "training"])
def test_the_wordings_are_shared_with_no_other(other: object) -> None:
    theirs = Path(str(other.__file__)).read_text("utf-8")  # type: ignore[attr-defined]
    for wording in (each for words in (WORDINGS, HARMLESS) for form in words.values() for each in form):
        for words in re.findall(f"(?=([一-鿿]{{{SHARED}}}))", wording):
            assert words not in theirs
