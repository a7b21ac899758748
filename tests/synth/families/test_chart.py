"""Charts: what is asked for stands on the page or on a gridline, and what is largest is so plainly."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.style import make_style
from kantu.synth.families.chart.data import make_data
from kantu.synth.families.chart.family import CHART
from kantu.synth.families.chart.frame import FORMS, Shown, choose_plan, draw_chart
from kantu.synth.families.chart.look import CHART_ROLES, make_look
from kantu.synth.page import Page
from kantu.tasks.builtin import CHART as CHART_TASK
from kantu.tasks.results import ChartResult
from tests.synth.families.everyday import asked, assert_drawn_well, assert_truth_is_whole

pytestmark = [pytest.mark.usefixtures("needs_fonts"), pytest.mark.whole]

_SIZES = ((256, 256), (320, 448), (448, 320), (576, 416), (768, 640), (512, 1216))


@pytest.fixture(scope="module")
def pages(needs_fonts: None) -> list[Page]:
    """120 pages of six sizes."""
    return [CHART.draw(seed, _SIZES[seed % len(_SIZES)]) for seed in range(120)]


def _drawn(form: str, seed: int) -> tuple[Canvas, Shown] | None:
    rng = random.Random(seed)
    style = make_style(rng, 480, roles=CHART_ROLES)
    canvas = Canvas(480, 360, style.card)
    look = make_look(rng, style, style.card, labels=rng.random() < 0.6)
    plan = choose_plan(rng, look, 460, 340, form)
    shown = draw_chart(canvas, (10, 10, 470, 350), plan, look, rng, titled=True) if plan else None
    return (canvas, shown) if shown else None


def test_pages_of_all_sizes_are_drawn_well(pages: list[Page]) -> None:
    assert_drawn_well(pages)
    assert_truth_is_whole(pages, least=7)
    assert [page.image.size for page in pages[:6]] == list(_SIZES)


def test_equal_seeds_give_equal_pages(pages: list[Page]) -> None:
    again = CHART.draw(7, _SIZES[1])
    assert again.image.tobytes() == pages[7].image.tobytes()
    assert again.questions == pages[7].questions


@pytest.mark.parametrize("form", FORMS)
def test_printed_values_stand_on_the_picture(form: str) -> None:
    drawn = [found for seed in range(40) if (found := _drawn(form, seed))]
    assert len(drawn) > 12
    assert any(shown.printed for _, shown in drawn)
    for canvas, shown in drawn:
        texts = [line.text for line in canvas.lines]
        for series, category in shown.printed:
            value = shown.data.write(shown.data.values[series][category])
            assert any(value in text for text in texts), (form, value)


@pytest.mark.parametrize("form", ["bars", "lying", "line", "grouped"])
def test_a_value_without_its_number_is_readable_only_on_a_tick(form: str) -> None:
    bare = [found for seed in range(60) if (found := _drawn(form, seed)) and not found[1].labels]
    assert any(shown.readable for _, shown in bare)
    for canvas, shown in bare:
        ticks = {line.text for line in canvas.lines if line.role == "tick"}
        for series, category in shown.readable:
            assert shown.data.tick(shown.data.values[series][category]) in ticks


def test_the_largest_is_larger_than_all_others(pages: list[Page]) -> None:
    rng = random.Random(3)
    for _ in range(200):
        data = make_data(rng, series=1, categories=5, longest=6, exact=False, parts=True, stacked=False)
        if data:
            assert sum(data.values[0]) == 100 * 10**data.decimals
    for _, question in asked(pages, "extreme"):
        assert question.values[0] in question.answer


def test_titles_are_printed_and_asked_for(pages: list[Page]) -> None:
    for page, question in asked(pages, "title"):
        printed = "".join(line.text for line in page.lines if line.role == "title")
        assert question.values[0] in printed


def test_worked_sums_are_right(pages: list[Page]) -> None:
    for _, question in asked(pages, "arithmetic"):
        step = question.answer.split("，")[0].rstrip("。").replace(",", "").replace("%", "")
        left, right = step.split("=")
        a, sign, b = left.partition("+") if "+" in left else left.partition("-")
        result = "".join(character for character in right if character.isdigit())
        assert int(a) + (int(b) if sign == "+" else -int(b)) == int(result), question


def test_the_task_is_answered_in_its_form(pages: list[Page]) -> None:
    for page, question in asked(pages, "task"):
        assert question.task == "chart"
        result = CHART_TASK.parse(question.answer)
        assert isinstance(result, ChartResult)
        assert all(len(row) == len(result.header) for row in result.rows)
        if result.title:
            assert result.title in "".join(line.text for line in page.lines)


def test_what_is_not_in_the_chart_is_denied(pages: list[Page]) -> None:
    for _, question in asked(pages, "unanswerable"):
        assert question.absent
        assert "没" in question.answer


def test_questions_are_of_many_kinds_and_wordings(pages: list[Page]) -> None:
    kinds = Counter(question.kind for page in pages for question in page.questions)
    assert {"title", "value", "extreme", "compare", "arithmetic", "count", "box", "record", "choice"} <= set(kinds)
    assert kinds["value"] + kinds["extreme"] > 0.25 * kinds.total()
    wordings = {question.question for page in pages for question in page.questions if question.kind != "task"}
    assert len(wordings) > 0.9 * (kinds.total() - kinds["task"])
