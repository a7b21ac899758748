"""Maths problems: answers are right, problems are printed as they are transcribed, numbers point at what they name."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from fractions import Fraction

import pytest

from kantu.synth.ask.scene import texts_of
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.faces import closest
from kantu.synth.draw.reading_order import transcription
from kantu.synth.draw.typesetting import Type
from kantu.synth.families.problem.family import PROBLEM
from kantu.synth.families.problem.stories import story
from kantu.synth.families.problem.sums import NUMBERS, Problem
from kantu.synth.families.problem.typeset import Setting, written
from kantu.synth.page import Page
from kantu.tasks.builtin import PROBLEM as PROBLEM_TASK
from kantu.tasks.results import ProblemResult
from tests.synth.families.everyday import asked, assert_drawn_well, assert_truth_is_whole

pytestmark = [pytest.mark.usefixtures("needs_fonts"), pytest.mark.whole]

_SIZES = ((256, 256), (320, 448), (448, 320), (576, 416), (768, 640), (512, 1216))
_SHORT = re.compile(r"^[\d./+\-×÷（）()]+$")


@pytest.fixture(scope="module")
def pages(needs_fonts: None) -> list[Page]:
    """180 pages of six sizes."""
    return [PROBLEM.draw(seed, _SIZES[seed % len(_SIZES)]) for seed in range(180)]


def _value(expression: str) -> Fraction:
    """What plain arithmetic is worth."""
    assert _SHORT.match(expression), expression
    code = expression.replace("×", "*").replace("÷", "/").replace("（", "(").replace("）", ")")
    code = re.sub(r"(\d+(?:\.\d+)?)", r"Fraction('\1')", code)
    value: Fraction = eval(code, {"Fraction": Fraction})  # digits and signs only, see above
    return value


def _made(sort: str, count: int = 120) -> list[Problem]:
    rng = random.Random(sort)
    makers = [maker for maker, _ in NUMBERS]
    found = [problem for _ in range(count) for maker in makers if (problem := maker(rng)).sort == sort]
    assert found, sort
    return found


@pytest.mark.parametrize("sort", ["sum", "fraction", "decimal", "mixed"])
def test_sums_are_worth_their_answers(sort: str) -> None:
    for problem in _made(sort):
        assert _value(problem.text.rstrip("=")) == _value(problem.answer), problem


def test_filled_blanks_make_true_sums() -> None:
    for problem in _made("missing"):
        left, right = re.sub(r"□|（ +）|_+", problem.answer, problem.text).split("=")
        assert _value(left) == _value(right), problem


def test_compared_numbers_stand_in_the_relation_that_is_answered() -> None:
    for problem in _made("compare"):
        left, right = (_value(side.strip()) for side in problem.text.split("○"))
        assert {"<": left < right, ">": left > right, "=": left == right}[problem.answer], problem


def test_equations_hold_for_their_solution() -> None:
    for problem in _made("equation"):
        letter, number = problem.answer.split("=")
        left, right = problem.text.split("=")
        left = re.sub(rf"(\d){letter}", rf"\1×{number}", left).replace(letter, number)
        assert _value(left) == _value(right), problem


def test_the_right_option_is_among_four_different_ones() -> None:
    for problem in _made("choice"):
        assert len(set(problem.options)) == 4
        assert problem.answer in "ABCD"


def test_steps_are_true_and_end_at_the_answer() -> None:
    rng = random.Random(5)
    for problem in [story(rng) for _ in range(300)] + _made("mixed"):
        for step in problem.steps:
            left, right = step.split("=")
            assert _value(left) == _value(right), problem
        assert problem.steps[-1].endswith(f"={problem.answer}")


def test_stacked_fractions_read_from_left_to_right() -> None:
    setting = Setting(Type(closest("sans", 400), 24, (0, 0, 0)), stacked=True, leading=1.5, spaced=False)
    canvas = Canvas(400, 100, (255, 255, 255))
    written("1. 3/4+1/12=", setting, 380, name="one").draw(canvas, 10, 20)
    assert transcription(canvas.lines).replace(" ", "") == "1.3/4+1/12="
    (three, four) = (next(line for line in canvas.lines if line.text == "3/4").char_boxes[i] for i in (0, 2))
    assert three[3] <= four[1]


def test_pages_of_all_sizes_are_drawn_well(pages: list[Page]) -> None:
    assert_drawn_well(pages)
    assert_truth_is_whole(pages, least=6)
    assert [page.image.size for page in pages[:6]] == list(_SIZES)


def test_equal_seeds_give_equal_pages(pages: list[Page]) -> None:
    again = PROBLEM.draw(7, _SIZES[1])
    assert again.image.tobytes() == pages[7].image.tobytes()
    assert again.questions == pages[7].questions


def test_what_is_transcribed_is_printed(pages: list[Page]) -> None:
    read = [(page, question) for page, question in asked(pages, "transcribe") if not question.values]
    assert len(read) > 60
    for page, question in read:
        printed = "".join("".join(text.text.split()) for text in texts_of(page))
        first = question.answer.splitlines()[0]
        upright = re.fullmatch(r"(\d+)[-－+×](\d+)=", first)
        if upright and "".join(first.split()) not in printed:
            assert all(number in [line.text for line in page.lines] for number in upright.groups()), question
        else:
            assert "".join(first.split()) in printed, question


def test_answers_asked_by_number_are_those_of_the_problem_with_that_number(pages: list[Page]) -> None:
    checked = 0
    for page, question in asked(pages, "answer"):
        found = re.search(r"第 ?(\d+) ?[题道]", question.question)
        if not found:
            continue
        texts = ["".join(text.text.split()) for text in texts_of(page)]
        for text in texts:
            sum_ = re.fullmatch(rf"(?:第{found[1]}题|[（(]?{found[1]}[.．、)）])(\d+[-－+×÷]\d+)=", text)
            if sum_:
                assert _value(sum_[1].replace("－", "-")) == int(question.values[0]), (page.seed, question)
                checked += 1
    assert checked > 25


def test_boxes_hold_the_problem_they_name(pages: list[Page]) -> None:
    for page, question in asked(pages, "box"):
        (found,) = json.loads(question.answer)
        number = re.fullmatch(r"第(\d+)题", found["label"])
        if number:
            elements = [
                element for element in page.elements if element.kind == "problem" and element.label == number[1]
            ]
            assert len(elements) == 1
            scale = 1000 / page.image.width
            assert abs(elements[0].box[0] * scale - found["bbox_2d"][0]) <= 1


def test_the_task_is_answered_in_its_form(pages: list[Page]) -> None:
    results = [PROBLEM_TASK.parse(q.answer) for _, q in asked(pages, "task") if q.task == "problem"]
    assert len(results) > 10
    assert all(isinstance(result, ProblemResult) and result.answer and result.steps for result in results)


def test_what_was_filled_in_is_called_right_only_when_it_is(pages: list[Page]) -> None:
    more = [PROBLEM.draw(seed, (448, 416)) for seed in range(300, 420)]
    checks = [
        question for page in more for question in page.questions if question.kind == "choice" and question.forbidden
    ]
    assert checks
    assert all(question.answer.startswith(("对", "做对")) for question in checks)


def test_one_small_step_is_asked_for_most(pages: list[Page]) -> None:
    kinds = Counter(question.kind for page in pages for question in page.questions)
    assert kinds["answer"] > 0.2 * kinds.total()
    assert {"answer", "steps", "transcribe", "choice", "count", "box", "task", "unanswerable", "vague"} <= set(kinds)
    small = [q.values[0] for _, q in asked(pages, "answer") if q.values[0].isdigit()]
    assert sum(int(value) <= 100 for value in small) > 0.85 * len(small)
