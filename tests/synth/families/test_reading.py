"""Reading pages: text that can be read, questions whose answers stand on the page."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter

import pytest

from kantu.synth.ask.scene import texts_of
from kantu.synth.families.reading.family import draw
from kantu.synth.page import Page
from kantu.synth.words import vocabulary
from tests.synth.geometry import outside, overlaps

_SIZES = ((320, 320), (320, 416), (416, 320), (448, 896), (640, 480), (896, 896))
_ALPHABET = {*vocabulary.HAN, *vocabulary.PUNCTUATION, "·", *map(chr, range(0x20, 0x7F))}


@pytest.fixture(scope="module")
def pages(needs_fonts: None) -> list[Page]:
    """120 pages of six sizes."""
    return [draw(seed, _SIZES[seed % len(_SIZES)]) for seed in range(120)]


def _joined(page: Page) -> list[str]:
    return [text.text.strip() for text in texts_of(page)]


def test_text_stands_inside_the_page_and_nowhere_on_other_text(pages: list[Page]) -> None:
    for page in pages:
        assert page.image.size == _SIZES[page.seed % len(_SIZES)]
        assert outside(page) == [], page.seed
        assert overlaps(page) == [], page.seed


def test_text_has_a_box_a_character_and_only_drawable_characters(pages: list[Page]) -> None:
    for page in pages:
        assert len(page.lines) >= 4
        for line in page.lines:
            assert len(line.char_boxes) == len(line.text)
            assert set(line.text) <= _ALPHABET


def test_every_field_is_drawn_with_its_value(pages: list[Page]) -> None:
    assert sum(bool(page.fields) for page in pages) > 0.9 * len(pages)
    for page in pages:
        texts = _joined(page)
        for label, value in page.fields.items():
            assert any(text.rstrip("：: ") == label for text in texts), (page.seed, label)
            assert value in texts, (page.seed, value)


def test_pages_do_not_repeat_labels_values_or_places(pages: list[Page]) -> None:
    fields = [pair for page in pages for pair in page.fields.items()]
    assert len({value for _, value in fields}) > 0.85 * len(fields)
    cells = [{tuple(round(edge / 16) for edge in line.box[:2]) for line in page.lines} for page in pages]
    places = Counter(place for page in cells for place in page)  # pages that begin a line in this square of 16 pixels
    # The busiest square is a column's top left corner, on a fifth to a quarter of the pages (23 to 35 of 120). Its
    # standard deviation is 4 %: four of them above, chance still passes, a layout that repeats does not.
    assert places.most_common(1)[0][1] < 0.4 * len(pages)


def test_a_page_has_6_to_10_distinct_questions_of_several_kinds(pages: list[Page]) -> None:
    for page in pages:
        assert 6 <= len(page.questions) <= 10
        assert len({(question.question, question.answer) for question in page.questions}) == len(page.questions)
        assert len({question.kind for question in page.questions}) >= 2
    kinds = Counter(question.kind for page in pages for question in page.questions)
    assert {"value", "label_of", "at_box", "box", "transcribe", "record", "unanswerable", "below", "right"} <= set(
        kinds
    )
    assert kinds["value"] > 0.2 * kinds.total()
    phrasings = {question.question for page in pages for question in page.questions}
    assert len(phrasings) > 0.9 * kinds.total()


def test_answers_contain_their_values(pages: list[Page]) -> None:
    for page in pages:
        for question in page.questions:
            answer = question.answer
            if question.kind == "record":
                assert set(question.values) == set(json.loads(answer).values()) - {None}
            else:
                assert all(value in answer for value in question.values), question


def test_answers_that_quote_the_page_are_on_it(pages: list[Page]) -> None:
    quoting = {"value", "label_of", "below", "above", "left", "right", "largest", "title", "button", "cell", "color"}
    for page in pages:
        texts = _joined(page)
        for question in page.questions:
            if question.kind in quoting:
                (value,) = question.values
                assert any(value in text for text in texts), (page.seed, question)


def test_unanswerable_labels_are_not_on_the_page(pages: list[Page]) -> None:
    asked = [(page, q) for page in pages for q in page.questions if q.kind == "unanswerable"]
    assert asked
    for page, question in asked:
        assert "没有" in question.answer
        everything = "".join(line.text for line in page.lines)
        label = max(page_label(question.answer), key=len)
        assert label not in everything, (page.seed, question)


def page_label(answer: str) -> list[str]:
    """The label an unanswerable answer speaks of: what remains without the answers' own words."""
    return re.sub(r"图里|图上|图中|图片里|这张|没有|写|看到|提到|显示|这一项|。", " ", answer).split()


def test_boxes_are_thousandths_and_hold_what_they_name(pages: list[Page]) -> None:
    seen = 0
    for page in pages:
        width, height = page.image.size
        for question in page.questions:
            if question.kind != "box":
                continue
            ((x1, y1, x2, y2), label) = next((e["bbox_2d"], e["label"]) for e in json.loads(question.answer))
            assert 0 <= x1 < x2 <= 1000
            assert 0 <= y1 < y2 <= 1000
            lines = [line.box for line in page.lines if label in line.text]
            named = lines + [element.box for element in page.elements if label == element.label]
            found = [(b[0] / width, b[1] / height, b[2] / width, b[3] / height) for b in named]
            assert any(
                max(abs(1000 * a - b) for a, b in zip(box, (x1, y1, x2, y2), strict=True)) <= 1 for box in found
            ), question
            seen += 1
    assert seen > 20


def test_what_is_asked_at_a_box_is_drawn_there(pages: list[Page]) -> None:
    seen = 0
    for page in pages:
        width, height = page.image.size
        for question in page.questions:
            if question.kind != "at_box":
                continue
            x1, y1, x2, y2 = map(int, re.findall(r"\d+", question.question)[:4])
            box = (x1 * width / 1000 - 1, y1 * height / 1000 - 1, x2 * width / 1000 + 1, y2 * height / 1000 + 1)
            inside = [
                "".join(
                    character
                    for character, b in zip(line.text, line.char_boxes, strict=True)
                    if box[0] <= b[0] and b[2] <= box[2] and box[1] <= b[1] and b[3] <= box[3]
                )
                for line in page.lines
            ]
            assert question.answer in inside, question
            seen += 1
    assert seen > 40


def test_whole_pages_are_transcribed_only_when_short(pages: list[Page]) -> None:
    for page in pages:
        for question in page.questions:
            if question.kind == "transcribe":
                assert sum(map(len, question.values)) <= 120


def test_equal_seeds_give_equal_pages_in_another_process(needs_fonts: None) -> None:
    program = (
        "import hashlib; from kantu.synth.families.reading.family import draw as d; p = d(5, (320, 416));"
        "print(hashlib.sha256(p.image.tobytes() + repr((p.lines, p.questions, p.fields)).encode()).hexdigest())"
    )
    runs = {subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout for _ in range(2)}
    assert len(runs) == 1
