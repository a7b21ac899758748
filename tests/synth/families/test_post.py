"""Posts show what they are asked for; texts fit or contradict them as is said; verdicts rest on what can be read."""

from __future__ import annotations

import json
import random
from collections import Counter

import pytest

from kantu.synth.ask.scene import texts_of
from kantu.synth.families.post.family import draw
from kantu.synth.families.post.match import matched
from kantu.synth.families.post.record import Post, Shot, make_case
from kantu.synth.page import Page, Question
from kantu.tasks.builtin import MATCH, MODERATE
from kantu.tasks.results import MatchResult, MatchVerdict, ModerateResult, ModerateVerdict, Side
from tests.synth.geometry import outside, overlaps

pytestmark = pytest.mark.whole

_SIZES = ((256, 256), (320, 480), (448, 704), (640, 416), (770, 1220))


@pytest.fixture(scope="module")
def pages(needs_fonts: None) -> list[Page]:
    """200 posts of five sizes."""
    return [draw(seed, _SIZES[seed % len(_SIZES)]) for seed in range(200)]


def asked(pages: list[Page], kind: str, task: str | None = None) -> list[tuple[Page, Question]]:
    found = [(p, q) for p in pages for q in p.questions if q.kind == kind and task in (None, q.task)]
    assert found, kind
    return found


def whole(page: Page) -> str:
    return "\n".join(text.text for text in texts_of(page))


def test_text_stands_inside_the_page_and_nowhere_on_other_text(pages: list[Page]) -> None:
    for page in pages:
        assert page.image.size == _SIZES[page.seed % len(_SIZES)]
        assert outside(page) == overlaps(page) == [], page.seed
        assert 6 <= len(page.questions) <= 11


def test_pictures_stay_within_the_page(pages: list[Page]) -> None:
    for page in pages:
        for element in page.elements:
            if element.kind == "picture":
                x1, y1, x2, y2 = element.box
                assert min(x1, y1) > -8  # a tilt may move a corner out
                assert x2 < page.image.width + 8
                assert y2 < page.image.height + 8


def test_values_that_are_asked_for_are_on_the_page(pages: list[Page]) -> None:
    for page, question in asked(pages, "field"):
        (value,) = question.values
        drawn = {element.label for element in page.elements if element.kind == "picture"}
        assert value in whole(page) or value in drawn, (page.seed, question)


def test_things_are_counted_as_they_are_drawn(pages: list[Page]) -> None:
    for page, question in asked(pages, "count"):
        drawn = [element.label for element in page.elements if element.kind == "picture"]
        if "评论" in question.question or "留言" in question.question:
            continue
        assert int(question.values[0]) == len(drawn), (page.seed, question)


def test_what_a_verdict_rests_on_can_be_read(pages: list[Page]) -> None:
    sides = Counter[str]()
    for page, question in asked(pages, "task", MODERATE.name):
        told = ModerateResult.model_validate_json(question.answer)
        seen = whole(page) + question.question
        assert all(words in seen for words in told.evidence), (page.seed, question)
        assert (told.verdict == ModerateVerdict.FINE) == (told.side is None)
        if told.side == Side.TEXT:
            assert told.evidence[0] in question.question
        sides[told.side or "合规"] += 1
    assert len(sides) >= 3
    assert 0.25 < sides["合规"] / sides.total() < 0.75


def test_text_and_picture_together_can_break_what_neither_does_alone() -> None:
    cases = [make_case(random.Random(seed)) for seed in range(900)]
    paired = [case for case in cases if case.judgement.side == Side.BOTH and case.needed]
    guilty = {case.judgement.text for case in paired if case.judgement.verdict == ModerateVerdict.VIOLATES}
    free = {case.judgement.text for case in paired if case.judgement.verdict == ModerateVerdict.FINE}
    assert len(guilty) > 30
    assert guilty & free  # the same words are fine beside another picture
    for case in paired:
        assert case.post.shots[0].caption == case.needed[0]


def test_texts_match_as_is_said() -> None:
    post = Post(
        "海风", "昨天 12:30", "青岛", "", "出门走走", (), (Shot("🍎", 3, "今日特价12元"),), (("likes", "58"),), ()
    )
    seen = frozenset(("author", "time", "place", "likes", "caption", "shots"))
    truths = ("3个苹果", "三个苹果", "今日特价12元", "海风", "青岛", "58")
    verdicts = Counter[str]()
    for seed in range(300):
        told = matched(random.Random(seed), post, seen)
        assert told is not None
        verdicts[told.verdict] += 1
        if told.verdict is MatchVerdict.CONFLICTS:
            assert told.conflict
            assert told.conflict in told.text
            assert told.conflict not in truths
        else:
            assert told.conflict is None
        if told.verdict is MatchVerdict.FITS:
            assert any(truth in told.text for truth in truths)
    assert all(verdicts[verdict] > 30 for verdict in MatchVerdict)


def test_only_what_is_seen_is_claimed() -> None:
    post = Post("海风", "昨天", "青岛", "", "出门", (), (Shot("🍎", 3),), (("likes", "58"),), ())
    for seed in range(100):
        told = matched(random.Random(seed), post, frozenset(("shots",)))
        assert told is not None
        assert not any(word in told.text for word in ("海风", "青岛", "58"))


def test_answers_about_matching_agree_with_their_verdict(pages: list[Page]) -> None:
    for _, question in asked(pages, "match"):
        assert question.values[0] in question.answer
        assert not any(word in question.answer for word in question.forbidden)
    for _, question in asked(pages, "task", MATCH.name):
        told = MatchResult.model_validate_json(question.answer)
        assert (told.conflict is not None) == (told.verdict == MatchVerdict.CONFLICTS)
        assert told.conflict is None or told.conflict in question.question


def test_records_hold_what_is_shown(pages: list[Page]) -> None:
    for page, question in asked(pages, "record"):
        assert all(value is None or value in whole(page) for value in json.loads(question.answer).values())


def test_posts_and_questions_do_not_repeat(pages: list[Page]) -> None:
    questions = [question.question for page in pages for question in page.questions]
    assert len(set(questions)) > 0.85 * len(questions)
    assert {"field", "count", "match", "verdict", "box", "record", "choice", "unanswerable", "task", "injected"} <= {
        question.kind for page in pages for question in page.questions
    }
