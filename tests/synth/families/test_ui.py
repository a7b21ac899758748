"""Interfaces: controls of known kind, label, state and box, and questions whose answers they give."""

from __future__ import annotations

import json
import random

import pytest
from PIL import ImageChops

from kantu.synth.draw import controls
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.style import make_style
from kantu.synth.families.ui.family import UI, draw
from kantu.synth.families.ui.phrases import KINDS, STATES
from kantu.synth.page import Element, Page
from kantu.tasks.builtin import TASKS
from kantu.tasks.results import Control, Controls
from tests.synth.families.everyday import asked, assert_drawn_well, assert_truth_is_whole

_SIZES = ((256, 256), (320, 480), (448, 640), (770, 1220), (640, 448), (416, 896))


@pytest.fixture(scope="module")
def pages(needs_fonts: None) -> list[Page]:
    """Ninety-six interfaces of six sizes."""
    return [draw(seed, _SIZES[seed % len(_SIZES)]) for seed in range(96)]


def _controls(page: Page) -> list[Element]:
    return [each for each in page.elements if each.kind in KINDS]


def _named(page: Page, label: str) -> Element:
    (found,) = [each for each in _controls(page) if each.label == label]
    return found


def test_text_stands_inside_and_answers_hold_their_values(pages: list[Page]) -> None:
    assert_drawn_well(pages)
    assert_truth_is_whole(pages, least=6)


def test_every_kind_of_control_is_drawn_in_every_state(pages: list[Page]) -> None:
    drawn = {(each.kind, each.state) for page in pages for each in _controls(page)}
    assert {kind for kind, _ in drawn} == set(KINDS)
    assert {"on", "off", "disabled"} <= {state for kind, state in drawn if kind == "switch"}
    assert {"selected", "unselected"} <= {state for kind, state in drawn if kind == "tab"}
    assert {"", "disabled"} <= {state for kind, state in drawn if kind == "button"}


def test_labels_of_switches_and_buttons_can_be_read_beside_them(pages: list[Page]) -> None:
    for page in pages:
        printed = "".join(line.text for line in page.lines)
        for each in _controls(page):
            if each.kind in ("switch", "button", "tab", "checkbox", "radio", "menu_item"):
                assert each.label in printed, (page.seed, each)


def test_a_list_of_tabs_has_one_that_is_selected(pages: list[Page]) -> None:
    for page, question in asked(pages, "state"):
        if question.values and any(each.kind == "tab" and each.label in question.values for each in page.elements):
            assert _named(page, question.values[0]).state in ("selected", "disabled", "on", "off", "unselected")
    tabs = [[each for each in page.elements if each.kind == "tab"] for page in pages]
    assert sum(1 for each in tabs if each) > 20
    for each in tabs:
        assert not each or any(tab.state == "selected" for tab in each)


def test_names_are_those_of_controls(pages: list[Page]) -> None:
    for page, question in asked(pages, "name"):
        labels = {each.label for each in _controls(page)} | set(KINDS.values())
        assert set(question.values) <= labels, question


def test_boxes_are_those_of_controls(pages: list[Page]) -> None:
    for page, question in asked(pages, "box"):
        ((box, label),) = [(each["bbox_2d"], each["label"]) for each in json.loads(question.answer)]
        element = _named(page, label)
        assert element.box[0] / page.image.width * 1000 == pytest.approx(max(box[0], 0), abs=4)


def test_counts_agree_with_what_is_drawn(pages: list[Page]) -> None:
    whole = 0
    for page, question in asked(pages, "count"):
        (number,) = question.values
        counts = {sum(each.kind == kind for each in page.elements) for kind in KINDS}
        states = {sum((e.kind, e.state) == (kind, state) for e in page.elements) for kind in KINDS for state in STATES}
        assert int(number) in counts | states, question
        whole += int(number) in counts
    assert whole > 10


def test_tasks_are_answered_with_their_results(pages: list[Page]) -> None:
    for page, question in asked(pages, "task"):
        result = TASKS[question.task].parse(question.answer)
        assert result is not None, question
        if isinstance(result, Control):
            assert _named(page, result.label)
        elif isinstance(result, Controls):
            assert len(result.root) == len(_controls(page))


def test_what_is_missing_is_not_on_the_page(pages: list[Page]) -> None:
    for page, question in asked(pages, "unanswerable"):
        assert "没有" in question.answer
        assert "第" in question.answer or not any(f"“{each.label}”" in question.answer for each in _controls(page)), (
            question
        )


def test_the_state_of_a_switch_is_told_by_its_form() -> None:
    for seed in range(40):  # drawn in one colour, on and off are still two pictures
        rng = random.Random(seed)
        style = make_style(rng, 400)
        looks = controls.make_looks(rng, style)
        looks = type(looks)(**{**vars(looks), "off": looks.on})
        pictures = []
        for on in (False, True):
            canvas = Canvas(80, 40, style.card)
            controls.switch(canvas, (10, 6, 10 + looks.switch_width, 6 + looks.switch_height), looks, on=on)
            pictures.append(canvas.image)
        assert ImageChops.difference(*pictures).getbbox() is not None, looks.switch


def test_its_sizes_reach_from_phones_to_desks() -> None:
    sizes = [UI.choose_size(random.Random(seed)) for seed in range(200)]
    assert min(width for width, _ in sizes) >= 380
    assert max(width for width, _ in sizes) >= 1080
