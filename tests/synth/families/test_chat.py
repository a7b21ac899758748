"""Chats: who said what and what came after it is told by what the window shows."""

from __future__ import annotations

import json
import random

import pytest

from kantu.synth.ask.scene import texts_of
from kantu.synth.families.chat.family import draw
from kantu.synth.families.chat.record import Message, Stamp, make_conversation
from kantu.synth.families.chat.shown import Shown
from kantu.synth.page import Page
from tests.synth.families.everyday import asked, assert_drawn_well, assert_truth_is_whole

pytestmark = pytest.mark.whole

_SIZES = ((256, 256), (320, 480), (448, 640), (770, 1220), (640, 448), (416, 896))


@pytest.fixture(scope="module")
def pages(needs_fonts: None) -> list[Page]:
    """Ninety-six chats of six sizes."""
    return [draw(seed, _SIZES[seed % len(_SIZES)]) for seed in range(96)]


def _said(page: Page) -> list[str]:
    """The texts of its messages from top to bottom."""
    found = [text for text in texts_of(page) if page.lines[text.index].role == "message"]
    return [text.text for text in sorted(found, key=lambda each: each.box[1])]


def test_text_stands_inside_and_answers_hold_their_values(pages: list[Page]) -> None:
    assert_drawn_well(pages)
    assert_truth_is_whole(pages, least=6)


def test_bubbles_hold_the_words_of_their_messages(pages: list[Page]) -> None:
    for page in pages:
        said = _said(page)
        for bubble in page.elements:
            if bubble.kind == "bubble" and bubble.label and not any(line.role == "instruction" for line in page.lines):
                assert bubble.label in said, (page.seed, bubble)


def test_lines_that_are_asked_for_are_shown(pages: list[Page]) -> None:
    seen = 0
    for page, question in asked(pages, "line"):
        (value,) = question.values
        printed = [text.text for text in texts_of(page)]
        if value not in ("图片", "表情"):
            assert any(value in text for text in printed), (page.seed, question)
            seen += 1
    assert seen > 100


def test_the_last_message_is_the_lowest(pages: list[Page]) -> None:
    last = [(p, q) for p, q in asked(pages, "line") if q.question.startswith("最后一条消息") and "谁" not in q.question]
    assert last
    for page, question in last:
        bubbles = [each for each in page.elements if each.kind == "bubble"]
        lowest = max(bubbles, key=lambda each: each.box[3])
        assert question.values[0] in lowest.label or question.values[0] in ("图片", "表情"), (page.seed, question)


def test_boxes_are_those_of_bubbles(pages: list[Page]) -> None:
    bubbles = 0
    for page, question in asked(pages, "box"):
        ((box, label),) = [(each["bbox_2d"], each["label"]) for each in json.loads(question.answer)]
        found = [each for each in page.elements if each.kind == "bubble" and each.label == label]
        if found and "气泡" in question.question:
            assert abs(found[0].box[1] / page.image.height * 1000 - box[1]) <= 2
            bubbles += 1
    assert bubbles > 5


def test_the_sides_are_where_the_bubbles_stand(pages: list[Page]) -> None:
    for page, question in asked(pages, "choice"):
        quoted = [
            bubble
            for bubble in page.elements
            if bubble.kind == "bubble" and len(bubble.label) >= 5 and bubble.label[:5] in question.question
        ]
        if len(quoted) != 1:
            continue
        left, right = quoted[0].box[0], page.image.width - quoted[0].box[2]
        if any(element.kind == "column" for element in page.elements):
            continue  # a list of chats stands at the left
        assert (left < right) == (question.answer in ("左边", "左边的人", "对方")), (page.seed, question)


def test_counts_are_those_of_bubbles(pages: list[Page]) -> None:
    whole = 0
    for page, question in asked(pages, "count"):
        bubbles = sum(each.kind == "bubble" for each in page.elements)
        assert 0 <= int(question.values[0]) <= bubbles
        whole += int(question.values[0]) == bubbles
    assert whole > 5


def test_who_is_not_there_is_not_named(pages: list[Page]) -> None:
    for _, question in asked(pages, "unanswerable"):
        assert question.absent
        assert "没有" in question.answer


@pytest.mark.usefixtures("needs_fonts")
def test_a_message_may_hold_an_instruction() -> None:
    pages = [draw(seed, (448, 640)) for seed in range(60)]
    for _, question in asked(pages, "injected"):
        assert question.forbidden


def test_a_conversation_says_nothing_twice_and_its_times_go_on() -> None:
    for seed in range(60):
        chat = make_conversation(random.Random(seed), 15)
        said = [each.text for each in chat.entries if isinstance(each, Message) and each.text]
        assert len(set(said)) == len(said)
        clocks = [each.text[-5:] for each in chat.entries if isinstance(each, Stamp) and "午" not in each.text]
        assert clocks == sorted(clocks)
        assert len([each for each in chat.entries if isinstance(each, Message)]) == 15


def test_a_time_belongs_to_the_message_under_it() -> None:
    first, second = Message("甲", False, "text", "一"), Message("乙", True, "text", "二")
    chat = make_conversation(random.Random(0), 1)
    shown = Shown(chat, True, ((Stamp("9:05"), ""), (first, ""), (second, "")))
    assert (shown.time_of(first), shown.time_of(second)) == ("9:05", "")
    assert shown.speakers == ("甲", "乙")
