"""Scenes say which things they show, how many, where, and what is not there."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from kantu.synth.ask.scene import relative
from kantu.synth.families import draw
from kantu.synth.page import Page
from kantu.synth.words.pictures import pictured
from kantu.tasks.builtin import TASKS
from kantu.tasks.truth import Truth
from tests.synth.families.everyday import asked, assert_drawn_well, assert_truth_is_whole, unworn

pytestmark = [pytest.mark.usefixtures("needs_fonts"), pytest.mark.whole]

CALLED = {word: each.name for each in pictured() for word in (each.name, *each.others)}


@pytest.fixture(scope="module")
def pages(needs_fonts: None) -> list[Page]:
    """A hundred and fifty scenes as they were drawn, before any wear that tilts their boxes."""
    return unworn("scene", range(150))


def counts(page: Page) -> Counter[str]:
    return Counter(element.label for element in page.elements if element.kind == "thing")


def test_pages_are_drawn_and_asked_well(pages: list[Page]) -> None:
    assert_drawn_well(pages)
    assert_truth_is_whole(pages, least=5)


def test_every_thing_lies_inside_and_can_be_told_from_its_neighbours(pages: list[Page]) -> None:
    for page in pages:
        boxes = [element.box for element in page.elements if element.kind == "thing"]
        assert boxes, page.seed
        for box in boxes:
            assert box[0] >= 0, page.seed
            assert box[1] >= 0, page.seed
            assert box[2] <= page.image.width, page.seed
            assert box[3] <= page.image.height, page.seed
        for index, a in enumerate(boxes):
            for b in boxes[index + 1 :]:
                width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
                smaller = min((c[2] - c[0]) * (c[3] - c[1]) for c in (a, b))
                assert max(width, 0) * max(height, 0) < 0.35 * smaller, page.seed


def test_counts_are_those_of_what_was_drawn(pages: list[Page]) -> None:
    checked = 0
    for page, question in asked(pages, "how_many"):
        named = [word for word in CALLED if word in question.question]
        if named and len(question.values) == 1:
            longest = max(named, key=len)
            if CALLED[longest] in counts(page):
                assert question.values[0] == str(counts(page)[CALLED[longest]]), question
                checked += 1
    assert checked > 60


def test_what_is_listed_is_there_and_in_order_from_left_to_right(pages: list[Page]) -> None:
    for page, question in asked(pages, "which"):
        first: dict[str, float] = {}
        for element in page.elements:
            first.setdefault(element.label, element.box[0] + element.box[2])
        if question.absent:
            denied = max((word for word in CALLED if word in question.answer), key=len)
            assert CALLED[denied] not in first, question
        elif all(value in first for value in question.values):
            middles = [first[value] for value in question.values]
            assert middles == sorted(middles), question


def test_boxes_are_those_of_the_things(pages: list[Page]) -> None:
    for page, question in asked(pages, "box"):
        shown = [(element.label, relative(element.box, page)) for element in page.elements]
        for each in json.loads(question.answer):
            assert (each["label"], each["bbox_2d"]) in shown, question


def test_a_sentence_that_does_not_fit_names_what_the_picture_contradicts(pages: list[Page]) -> None:
    verdicts: Counter[str] = Counter()
    for page, question in asked(pages, "task"):
        parsed = TASKS[question.task].parse(question.answer)
        assert parsed is not None, question
        if question.task == "match":
            result = json.loads(question.answer)
            verdicts[result["verdict"]] += 1
            assert (result["conflict"] is None) == (result["verdict"] == "一致"), question
            counted = re.search(r"文字：\D*(\d+)\D(\w+)", question.question)
            if result["conflict"] and counted:
                shown = {f"{number}" for name, number in counts(page).items() if counted[2].startswith(name)}
                assert counted[1] not in shown, question
    assert set(verdicts) == {"一致", "不一致"}


def test_what_is_not_there_is_denied(pages: list[Page]) -> None:
    for _, question in asked(pages, "unanswerable"):
        assert question.absent
        assert TASKS["ask"].score(Truth(question.answer, absent=True), question.answer) == 1, question


def test_the_vocabulary_has_a_name_for_every_emoji_once() -> None:
    characters = [each.character for each in pictured()]
    assert len(characters) == len(set(characters)) > 480
    assert all(each.name and each.measure for each in pictured())
    assert {each.zone for each in pictured()} == {"land", "air", "water", "any"}


@pytest.mark.parametrize("size", [(256, 256), (300, 700), (770, 1220)])
def test_small_and_large_scenes_are_whole(size: tuple[int, int]) -> None:
    pages = [draw("scene", seed, size) for seed in range(20)]
    assert {page.image.size for page in pages} == {size}
    assert_truth_is_whole(pages, least=4)
