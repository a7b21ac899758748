"""Tables: cells are found where row and column cross, sums add up, what is asked for is printed."""

from __future__ import annotations

import json
import random
from collections import Counter

import pytest

from kantu.synth.facts import Table
from kantu.synth.families.table.content import make_content, number
from kantu.synth.families.table.family import TABLE
from kantu.synth.page import Page
from kantu.tasks.builtin import CHART
from kantu.tasks.results import ChartKind, ChartResult
from tests.synth.families.everyday import asked, assert_drawn_well, assert_truth_is_whole

pytestmark = pytest.mark.usefixtures("needs_fonts")

_SIZES = ((256, 256), (320, 448), (448, 320), (576, 416), (768, 640), (512, 1216))


@pytest.fixture(scope="module")
def pages(needs_fonts: None) -> list[Page]:
    """120 pages of six sizes."""
    return [TABLE.draw(seed, _SIZES[seed % len(_SIZES)]) for seed in range(120)]


def test_pages_of_all_sizes_are_drawn_well(pages: list[Page]) -> None:
    assert_drawn_well(pages)
    assert_truth_is_whole(pages, least=7)
    assert [page.image.size for page in pages[:6]] == list(_SIZES)


def test_equal_seeds_give_equal_pages(pages: list[Page]) -> None:
    again = TABLE.draw(7, _SIZES[1])
    assert again.image.tobytes() == pages[7].image.tobytes()
    assert again.questions == pages[7].questions


def test_printed_sums_are_the_sums_of_their_columns() -> None:
    rng = random.Random(1)
    summed = [c for _ in range(300) for c in make_content(rng, 5).columns if c.total]
    assert len(summed) > 100
    for column in summed:
        assert number(column.total) == pytest.approx(sum(map(number, column.cells)))


def test_every_cell_of_a_table_is_printed(pages: list[Page]) -> None:
    for page in pages:
        printed = Counter(line.text for line in page.lines)
        for table in page.facts:
            if isinstance(table, Table):
                for row in table.rows:
                    assert all(cell in printed for cell in row), (page.seed, row)


def test_cells_asked_for_are_of_their_row_and_column(pages: list[Page]) -> None:
    checked = 0
    for page, question in asked(pages, "cell"):
        tables = [fact for fact in page.facts if isinstance(fact, Table)]
        (value,) = question.values
        assert any(value in row for table in tables for row in table.rows)
        for table in tables:
            for row in table.rows:
                named = [name for name in table.header if name in question.question]
                if len(tables) == 1 and row[0] in question.question and len(row[0]) > 3 and len(named) == 1:
                    assert value in row, question
                    checked += 1
    assert checked > 60


def test_rows_as_json_hold_what_their_cells_say(pages: list[Page]) -> None:
    for page, question in asked(pages, "record"):
        cells = {cell for fact in page.facts if isinstance(fact, Table) for row in fact.rows for cell in row}
        for key, value in json.loads(question.answer).items():
            if value is None:
                assert key not in "".join(line.text for line in page.lines)
            else:
                assert value in cells


def test_the_task_is_answered_in_its_form(pages: list[Page]) -> None:
    for page, question in asked(pages, "task"):
        result = CHART.parse(question.answer)
        assert isinstance(result, ChartResult)
        assert result.kind is ChartKind.TABLE
        (table,) = (fact for fact in page.facts if isinstance(fact, Table))
        assert [tuple(row) for row in result.rows[: len(table.rows)]] == list(table.rows)


def test_questions_are_of_many_kinds_and_wordings(pages: list[Page]) -> None:
    kinds = Counter(question.kind for page in pages for question in page.questions)
    wanted = {
        "cell",
        "extreme",
        "compare",
        "arithmetic",
        "count",
        "box",
        "record",
        "title",
        "transcribe",
        "unanswerable",
    }
    assert wanted <= set(kinds)
    assert kinds["cell"] > 0.2 * kinds.total()
    wordings = {question.question for page in pages for question in page.questions if question.kind != "task"}
    assert len(wordings) > 0.9 * (kinds.total() - kinds["task"])
